/* @model
description: >
  The periods whose figures rest on a calendar that isn't official yet: something counted in them, or open at
  their end, has a provisional due day. By what the due day is of, as seeds.kpi_variants names it in
  `calendar_basis`. One row per basis, period and agency; ALL is the Centre.
grain: [calendar_basis, period_kind, period_start, agency_code]
columns:
  calendar_basis: >-
    case hồ sơ theo ngày kết thúc; handover theo ngày trả; rolled, working công bố thủ tục; feedback phản ánh.
    What the due days are of: cases by their end, cases by their return, announcements by two of their limits, feedback.
  period_kind: "Loại kỳ. Kind of period."
  period_start: "Từ ngày. First day."
  agency_code: "Mã cơ quan, ALL là Trung tâm. Agency; ALL is the Centre."
*/
with clocks as (
    select 'case' as calendar_basis, agency_code, received_on, end_on as closed_on
    from core.fct_case
    where is_centre and is_accepted and due_is_provisional
    union all
    select 'handover', agency_code, received_on, handover_on
    from core.fct_case
    where is_centre and is_accepted and due_is_provisional
),

spells as (
    select distinct
        c.calendar_basis,
        c.agency_code,
        least(c.received_on, c.closed_on) as first_on,
        coalesce(c.closed_on, x.as_of_on) as last_on,
        c.closed_on
    from clocks as c
    cross join meta.run_context as x
),

-- Open at the end of a day, or counted on it.
days as (
    select distinct s.calendar_basis, s.agency_code, d.day, s.closed_on is not distinct from d.day as is_counted
    from spells as s
    join core.dim_date as d on d.day between s.first_on and s.last_on
    union
    select 'rolled', agency_code, decided_on, true from core.fct_announcement where rolled_due_is_provisional
    union
    select 'working', agency_code, decided_on, true from core.fct_announcement where working_due_is_provisional
    union
    select 'feedback', agency_code, received_on, true from core.fct_feedback where due_is_provisional
)

select
    d.calendar_basis,
    p.period_kind,
    p.period_start,
    coalesce(d.agency_code, 'ALL') as agency_code
from days as d
join core.period_day as p on p.day = d.day and (d.is_counted or p.day = p.evaluated_on)
group by grouping sets (
    (d.calendar_basis, p.period_kind, p.period_start, d.agency_code),
    (d.calendar_basis, p.period_kind, p.period_start)
)
