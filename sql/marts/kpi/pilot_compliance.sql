/* @model
description: >
  Online share of the Centre's accepted cases of procedures inside their Plan 179 window.
  One row per variant, period and agency.
unit: case
*/
with units as (
    select
        'A' as variant, c.case_code as unit_id, c.agency_code, c.received_on as day, c.filed_as = 'online' as is_good,
        case when not c.is_accepted then 'not_accepted' end as exclusion
    from core.fct_case as c
    semi join core.dim_service as s
        on s.procedure_code = c.procedure_code
        and s.pilot_from <= c.received_on
        and (s.pilot_to is null or s.pilot_to >= c.received_on)
    where c.is_centre
),

-- Daily counts first: a period's sum is then cheap, and the Centre's row is the sum of the agencies.
days as (
    select
        variant, agency_code, day,
        count(*) filter (is_good) as numerator,
        count(*) as denominator
    from units
    where exclusion is null
    group by all
)

select
    d.variant,
    p.period_kind,
    p.period_start,
    coalesce(d.agency_code, 'ALL') as agency_code,
    cast(sum(d.numerator) as bigint) as numerator,
    cast(sum(d.denominator) as bigint) as denominator
from days as d
join core.period_day as p on p.day = d.day
group by grouping sets (
    (d.variant, p.period_kind, p.period_start, d.agency_code), (d.variant, p.period_kind, p.period_start)
)
