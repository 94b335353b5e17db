select f.feedback_id as unit_id, f.received_on, f.due_on, f.answered_on, s._batch_id as batch_id
from core.fct_feedback as f join staging.feedback as s on s.feedback_id = f.feedback_id
