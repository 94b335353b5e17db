select c.case_code as unit_id, c.procedure_code, c.received_on, c.due_on, c.end_on, c.end_kind,
    c.handover_on, c.duration_days, c.pause_count, c.channel, k.law_id as clock_law, c.batch_id
from core.fct_case as c
left join staging.case as s on s.case_code = c.case_code
left join meta.clock_start as k
    on k.cross_boundary = (coalesce(s.cross_boundary, false) and s.competent_received_at is not null)
    and k.valid_from <= c.received_on and coalesce(k.valid_to, date '9999-12-31') >= c.received_on
