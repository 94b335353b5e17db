/* @model
description: >
  Procedures whose announcements in the period were all complete, accurate and in time; the worst one
  counts. A procedure announced by two agencies is one for the Centre. One row per period and agency.
unit: procedure
*/
with period_units as (
    select
        'A' as variant,
        p.period_kind,
        p.period_start,
        coalesce(a.agency_code, 'ALL') as agency_code,
        a.procedure_code as unit_id,
        bool_and(a.is_complete and a.is_accurate and a.is_in_time) as is_good,
        cast(null as varchar) as exclusion
    from core.fct_announcement as a
    join core.period_day as p on p.day = a.decided_on
    group by grouping sets (
        (p.period_kind, p.period_start, a.procedure_code, a.agency_code),
        (p.period_kind, p.period_start, a.procedure_code)
    )
)

select
    variant,
    period_kind,
    period_start,
    agency_code,
    count(*) filter (is_good) as numerator,
    count(*) as denominator
from period_units
where exclusion is null
group by variant, period_kind, period_start, agency_code
