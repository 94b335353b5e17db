/* @model
description: >
  Online services (distinct procedures, level 3 or 4) live on some day of the period, and those with an
  accepted online case of the Centre in it. B counts only services with a case on any channel.
  One row per variant, period and agency.
unit: service
*/
with live as (
    select distinct
        p.period_kind, p.period_start, s.agency_code, s.procedure_code
    from core.dim_period as p
    join core.dim_service as s
        on s.is_online
        and s.live_from <= p.evaluated_on
        and (s.live_to is null or s.live_to > p.period_start)
        -- withdrawn on the day it was published, it was live on no day
        and (s.live_to is null or s.live_to > s.live_from)
),

case_days as (
    select distinct c.procedure_code, c.received_on, c.filed_as = 'online' as is_online
    from core.fct_case as c
    where c.is_centre and c.is_accepted
),

demand as (
    select p.period_kind, p.period_start, c.procedure_code, bool_or(c.is_online) as has_online
    from case_days as c
    join core.period_day as p on p.day = c.received_on
    group by all
),

services as (
    select
        l.period_kind,
        l.period_start,
        l.procedure_code,
        coalesce(l.agency_code, 'ALL') as agency_code
    from live as l
    group by grouping sets (
        (l.period_kind, l.period_start, l.procedure_code, l.agency_code),
        (l.period_kind, l.period_start, l.procedure_code)
    )
),

counted as (
    select
        s.*,
        d.procedure_code is not null as has_case,
        coalesce(d.has_online, false) as has_online
    from services as s
    left join demand as d
        on d.period_kind = s.period_kind
        and d.period_start = s.period_start
        and d.procedure_code = s.procedure_code
),

period_units as (
    select
        v.variant,
        c.period_kind,
        c.period_start,
        c.agency_code,
        c.procedure_code as unit_id,
        c.has_online as is_good,
        case when v.variant = 'B' and not c.has_case then 'no_case' end as exclusion
    from counted as c
    cross join (values ('A'), ('B')) as v (variant)
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
