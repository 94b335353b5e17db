select f.feedback_id as unit_id, record_of(_batch_id, _page_no, _row_no) as record, _version_at as version_at,
    cast(coalesce(f.answered_on, f.due_on + 1) as timestamptz) as happened_at
from core.fct_feedback as f join staging.feedback as s on s.feedback_id = f.feedback_id
