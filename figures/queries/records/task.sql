select plan_no || ' · ' || task_id as unit_id, record_of(_batch_id, _page_no, _row_no) as record, _version_at as version_at,
    cast(greatest(due_on, completed_on) as timestamptz) as happened_at
from staging.plan_task
