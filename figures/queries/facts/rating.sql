select r.rating_id as unit_id, f.case_code, f.rated_on, f.level_code, f.scale, f.top_level_basis,
    r._batch_id as batch_id
from core.fct_rating as f join staging.rating as r on r.rating_id = f.rating_id
