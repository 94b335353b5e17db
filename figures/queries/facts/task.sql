select f.plan_no || ' · ' || f.task_id as unit_id, f.due_on, f.completed_on, f.has_product,
    f.quality, t._batch_id as batch_id
from core.fct_plan_task as f join staging.plan_task as t on t.plan_no = f.plan_no and t.task_id = f.task_id
