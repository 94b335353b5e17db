/* @model
description: >
  Online share of the Centre's accepted cases: A of all, B of those whose procedure had a live online service on the reception day.
  One row per variant, period and agency.
unit: case
*/
with cases as (
    select
        c.case_code, c.procedure_code, c.agency_code, c.received_on, c.filed_as = 'online' as is_good,
        case when not c.is_accepted then 'not_accepted' end as exclusion
    from core.fct_case as c
    where c.is_centre
),

-- The procedures and days with a live online service; few, against the cases.
live as (
    select distinct c.procedure_code, c.received_on
    from (select distinct procedure_code, received_on from cases) as c
    semi join core.dim_service as s
        on s.procedure_code = c.procedure_code
        and s.is_online
        and s.live_from <= c.received_on
        and (s.live_to is null or s.live_to > c.received_on)
),

units as (
    select
        'A' as variant, case_code as unit_id, agency_code, received_on as day, is_good, exclusion
    from cases
    union all
    select
        'B', c.case_code, c.agency_code, c.received_on, c.is_good,
        coalesce(c.exclusion, case when l.procedure_code is null then 'no_live_service' end)
    from cases as c
    left join live as l on l.procedure_code = c.procedure_code and l.received_on = c.received_on
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
