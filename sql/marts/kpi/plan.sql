/* @model
description: >
  Tasks of plan 05/KH-VP that fell due and were completed in time.
  One row per variant, period and agency.
unit: task
each: {plan_05: 05/KH-VP, plan_42: 42/KH-UBND, plan_243: 243/KH-UBND}
*/
with units as (
    select
        'A' as variant, plan_no || ' · ' || task_id as unit_id, agency_code, due_on as day,
        -- Of plan 05 alone the product must have been accepted as well.
        is_completed_in_time and (plan_no not like '05/%' or coalesce(quality = 'passed', false)) as is_good,
        case when is_cancelled then 'cancelled' when is_due is not true then 'not_yet_due' end as exclusion
    from core.fct_plan_task
    where plan_no = '05/KH-VP'
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
