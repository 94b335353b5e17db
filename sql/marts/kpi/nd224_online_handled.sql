/* @model
description: >
  The Centre's cases that ended with a result, and those of them that were online from filing to result as far
  as the sources tell: received fully online, without recorded help at the Centre, a fee paid online, the
  result digital. A flag that is empty is not a yes, but for help, which is recorded where it was given.
  One row per variant, period and agency.
unit: case
*/
with sourced as (
    select bool_and(g.is_given) as is_given
    from core.source_given as g
    join seeds.kpi_sources as s on s.source = g.source and s.kpi_id = 'nd224_online_handled'
),

cases as (
    select
        c.case_code, c.procedure_code, c.agency_code, c.received_on,
        coalesce(c.end_on, c.received_on, local_day(c.submitted_at)) as day,
        c.filed_as = 'online'
            and not coalesce(c.assisted, false)
            and coalesce(c.result_digitised, false)
            and (coalesce(c.fee_total_vnd, 0) = 0 or coalesce(c.paid_online in (1, 2), false)) as is_online,
        case
            when not c.is_accepted then 'not_accepted'
            when c.end_on is null then 'not_ended'
            when c.end_kind not in ('finished', 'returned') then 'ended_without_result'
            when not s.is_given then 'no_source'
        end as exclusion
    from core.fct_case as c
    cross join sourced as s
    where c.is_centre
),

-- The procedures and days with a live fully online service; few, against the cases.
live as (
    select distinct c.procedure_code, c.received_on
    from (select distinct procedure_code, received_on from cases) as c
    semi join core.dim_service as s
        on s.procedure_code = c.procedure_code
        and s.level = 4
        and s.live_from <= c.received_on
        and (s.live_to is null or s.live_to > c.received_on)
),

units as (
    select
        'A' as variant, c.case_code as unit_id, c.agency_code, c.day,
        c.is_online and l.procedure_code is not null as is_good,
        c.exclusion
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
