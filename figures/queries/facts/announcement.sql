select a.decision_no || ' · ' || a.procedure_code as unit_id, a.decided_on, a.published_on,
    a.literal_due_on, a.rolled_due_on, a.working_due_on, d._batch_id as batch_id
from core.fct_announcement as a join staging.decision as d on d.decision_no = a.decision_no
