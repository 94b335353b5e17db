/* @model
description: >
  Valid ratings at the highest level, of those on a scale that has it, for cases of the Centre.
  One row per variant, period and agency.
unit: rating
*/
with units as (
    select
        'A' as variant, rating_id as unit_id, agency_code, rated_on as day,
        level_code = 'very_satisfied' as is_good,
        coalesce(
            exclusion, case when not is_centre then 'not_centre' when not has_top_level then 'no_top_level' end
        ) as exclusion
    from core.fct_rating
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
