/* @model
description: >
  The fewest working days within which half (median) or 90 % (p90) of the Centre's cases were settled, of those
  that ended with a result in the period: the nearest rank, a whole number that some case really took.
  Quantiles don't add up, so the Centre's row has cases of its own. One row per variant, period and agency.
unit: case
columns:
  numerator: "Số ngày làm việc. Working days: the quantile itself."
  denominator: "Số hồ sơ. Cases."
*/
with cases as (
    select
        case_code, agency_code, duration_days,
        coalesce(end_on, received_on, local_day(submitted_at)) as day,
        case
            when not is_accepted then 'not_accepted'
            when end_on is null then 'not_ended'
            when end_kind not in ('finished', 'returned') then 'ended_without_result'
            when duration_days is null then 'no_duration'
        end as exclusion
    from core.fct_case
    where is_centre
),

-- Counts by day and duration first: a year has few different durations, and many cases.
day_counts as (
    select agency_code, day, duration_days, count(*) as case_count
    from cases
    where exclusion is null
    group by all
),

spread as (
    select
        p.period_kind, p.period_start, coalesce(d.agency_code, 'ALL') as agency_code, d.duration_days,
        sum(d.case_count) as case_count
    from day_counts as d
    join core.period_day as p on p.day = d.day
    group by grouping sets (
        (p.period_kind, p.period_start, d.duration_days, d.agency_code),
        (p.period_kind, p.period_start, d.duration_days)
    )
),

ranked as (
    select
        period_kind, period_start, agency_code, duration_days,
        sum(case_count) over (
            partition by period_kind, period_start, agency_code order by duration_days
        ) as settled_count,
        sum(case_count) over (partition by period_kind, period_start, agency_code) as whole_count
    from spread
),

quantiles as (
    select
        v.variant, r.period_kind, r.period_start, r.agency_code,
        min(r.duration_days) as numerator,
        max(r.whole_count) as denominator
    from ranked as r
    cross join (values ('median', 50), ('p90', 90)) as v (variant, percent)
    where r.settled_count * 100 >= r.whole_count * v.percent
    group by v.variant, r.period_kind, r.period_start, r.agency_code
),

-- Read by explain alone: a case is good where it took no longer than the figure.
period_units as (
    select
        c.variant, p.period_kind, p.period_start, c.row_code as agency_code, c.case_code as unit_id,
        c.duration_days <= q.numerator as is_good, c.exclusion
    from (
        select c.*, v.variant, case when a.is_whole then 'ALL' else c.agency_code end as row_code
        from cases as c
        cross join (values (true), (false)) as a (is_whole)
        cross join (values ('median'), ('p90')) as v (variant)
    ) as c
    join core.period_day as p on p.day = c.day
    left join quantiles as q
        on q.variant = c.variant
        and q.period_kind = p.period_kind
        and q.period_start = p.period_start
        and q.agency_code = c.row_code
)

select
    variant,
    period_kind,
    period_start,
    agency_code,
    cast(numerator as bigint) as numerator,
    cast(denominator as bigint) as denominator
from quantiles
