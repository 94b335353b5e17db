/* @model
description: >
  Announcements published within five days of the decision, counted three ways; not yet due ones are left out.
  One row per variant, period and agency.
unit: announcement
*/
with units as (
    select
        v.variant,
        a.decision_no || ' · ' || a.procedure_code as unit_id,
        a.agency_code,
        a.decided_on as day,
        coalesce(a.published_on <= v.due_on, false) as is_good,
        case when a.published_on is null and not coalesce(v.due_on < x.as_of_on, false) then 'not_yet_due' end
            as exclusion
    from core.fct_announcement as a
    cross join meta.run_context as x
    cross join lateral (
        values ('literal', a.literal_due_on), ('rolled', a.rolled_due_on), ('working', a.working_due_on)
    ) as v (variant, due_on)
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
