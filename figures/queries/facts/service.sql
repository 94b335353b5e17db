select procedure_base(procedure_code) as unit_id, string_agg(service_id, ', ' order by service_id)
    as service_ids, min(published_on) as published_on, max(withdrawn_on) as withdrawn_on,
    string_agg(distinct _batch_id, ', ') as batch_id
from staging.service where level in (3, 4) group by all
