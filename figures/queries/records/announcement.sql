select a.decision_no || ' · ' || a.procedure_code as unit_id, record_of(_batch_id, _page_no, _row_no) as record, _version_at as version_at,
    cast(coalesce(a.published_on, a.working_due_on + 1) as timestamptz) as happened_at
from core.fct_announcement as a join staging.decision as d on d.decision_no = a.decision_no
