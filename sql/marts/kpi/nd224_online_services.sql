/* @model
description: >
  Services (distinct procedures) live on some day of the period, and those with a fully online one (level 4) on
  some day of it. A of all services, B of those that take cases online (level 3 or 4).
  One row per variant, period and agency.
unit: any_service
*/
with live as (
    select
        p.period_kind, p.period_start, s.agency_code, s.procedure_code,
        bool_or(s.level = 4) as is_full,
        bool_or(s.is_online) as is_online
    from core.dim_period as p
    join core.dim_service as s
        on s.live_from <= p.evaluated_on
        and (s.live_to is null or s.live_to > p.period_start)
        -- withdrawn on the day it was published, it was live on no day
        and (s.live_to is null or s.live_to > s.live_from)
    group by all
),

services as (
    select
        period_kind, period_start, procedure_code,
        coalesce(agency_code, 'ALL') as agency_code,
        bool_or(is_full) as is_full,
        bool_or(is_online) as is_online
    from live
    group by grouping sets (
        (period_kind, period_start, procedure_code, agency_code), (period_kind, period_start, procedure_code)
    )
),

period_units as (
    select
        v.variant,
        s.period_kind,
        s.period_start,
        s.agency_code,
        s.procedure_code as unit_id,
        s.is_full as is_good,
        case when v.variant = 'B' and not s.is_online then 'not_online_service' end as exclusion
    from services as s
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
