select a.procedure_code as unit_id, string_agg(record_of(_batch_id, _page_no, _row_no), ',' order by a.decision_no) as record,
    max(_version_at) as version_at, cast(max(a.decided_on) as timestamptz) as happened_at
from core.fct_announcement as a
join core.period_day as p on p.day = a.decided_on and p.period_kind = $period_kind
    and p.period_start = $period_start
join staging.decision as d on d.decision_no = a.decision_no group by all
