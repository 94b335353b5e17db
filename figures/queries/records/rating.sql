select rating_id as unit_id, record_of(_batch_id, _page_no, _row_no) as record, _version_at as version_at, rated_at as happened_at
from staging.rating
