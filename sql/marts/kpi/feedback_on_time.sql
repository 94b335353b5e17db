/* @model
description: >
  Feedback answered within 15 working days, of all that was answered or is overdue.
  One row per variant, period and agency.
unit: feedback
*/
with units as (
    select
        'A' as variant, feedback_id as unit_id, agency_code, received_on as day, is_on_time as is_good,
        case when is_counted is not true then 'not_yet_due' end as exclusion
    from core.fct_feedback
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
