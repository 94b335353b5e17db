select procedure_base(procedure_code) as unit_id, string_agg(record_of(_batch_id, _page_no, _row_no), ',' order by service_id) as record,
    max(_version_at) as version_at, cast(min(published_on) as timestamptz) as happened_at
from staging.service where level in (3, 4) group by all
