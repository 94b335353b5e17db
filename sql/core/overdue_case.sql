/* @model
description: >
  The Centre's accepted cases that stood open and overdue at the end of a day, those waiting for a
  supplement that was asked for in time left out: the one rule of what is overdue on a day, for every list and figure.
  One row per day and such case.
grain: [day, case_code]
columns:
  day: "Ngày. Day."
  case_code: "Mã hồ sơ. Case code."
  agency_code: "Mã cơ quan. Agency code."
*/
with spells as (
    select
        c.case_code,
        c.agency_code,
        greatest(c.overdue_from_on, c.received_on) as first_on,
        coalesce(c.end_on - 1, x.as_of_on) as last_on
    from core.fct_case as c
    cross join meta.run_context as x
    where c.is_centre and c.is_accepted and c.due_on is not null
        and greatest(c.overdue_from_on, c.received_on) <= coalesce(c.end_on - 1, x.as_of_on)
),

days as (
    select s.case_code, s.agency_code, d.day
    from spells as s
    join core.dim_date as d on d.day between s.first_on and s.last_on
),

paused as (
    select distinct d.case_code, d.day
    from days as d
    join core.fct_pause as p
        on p.case_code = d.case_code
        and p.is_in_time
        and p.requested_on <= d.day
        and (p.completed_on is null or p.completed_on > d.day)
)

select d.day, d.case_code, d.agency_code
from days as d
anti join paused as p on p.case_code = d.case_code and p.day = d.day
