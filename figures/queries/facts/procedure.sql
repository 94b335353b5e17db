select a.procedure_code as unit_id, string_agg(a.decision_no, ', ' order by a.decided_on)
    as decision_nos, bool_and(a.is_complete) as is_complete, bool_and(a.is_accurate) as is_accurate,
    bool_and(a.is_in_time) as is_in_time, string_agg(distinct d._batch_id, ', ') as batch_id
from core.fct_announcement as a
join core.period_day as p on p.day = a.decided_on
join staging.decision as d on d.decision_no = a.decision_no group by all
