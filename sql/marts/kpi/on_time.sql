/* @model
description: >
  Cases returned on or before time, in five variants (contracts §4.1). Case-based, of the Centre.
  One row per variant, period and agency.
unit: case
*/
with cases as (
    select
        *,
        coalesce(received_on, local_day(submitted_at)) as came_on,
        case when not is_accepted then 'not_accepted' end as not_accepted,
        case when due_on is null then 'no_due_date' end as no_due_date
    from core.fct_case
    where is_centre
),

-- A, A_prime, C and D count the cases whose clock ended on a day; one that hasn't ended stands, not
-- counted, on the day it came.
units as (
    select
        v.variant, case_code as unit_id, agency_code, coalesce(end_on, came_on) as day,
        is_on_time as is_good,
        coalesce(not_accepted, case when end_on is null then 'not_ended' end, no_due_date) as exclusion
    from cases
    cross join (values ('A'), ('C')) as v (variant)
    union all
    select
        'A_prime', case_code, agency_code, coalesce(end_on, came_on), is_on_time,
        coalesce(
            not_accepted, case when end_on is null then 'not_ended' end, no_due_date,
            case when end_kind not in ('finished', 'returned') then 'ended_without_result' end
        )
    from cases
    union all
    select
        'D', case_code, agency_code, coalesce(handover_on, came_on), is_handover_on_time,
        coalesce(not_accepted, case when handover_on is null then 'not_ended' end, no_due_date)
    from cases
),

ended_days as (
    select
        variant, agency_code, day,
        count(*) filter (is_good) as numerator,
        count(*) as denominator
    from units
    where exclusion is null
    group by all
),

ended_periods as (
    select
        e.variant, p.period_kind, p.period_start, e.agency_code,
        sum(e.numerator) as numerator, sum(e.denominator) as denominator
    from ended_days as e
    join core.period_day as p on p.day = e.day
    group by all
),

-- B counts a case received in the period or ended in it, once.
received_in as (
    select
        c.case_code, c.agency_code, c.end_on, c.is_on_time, c.second_pause_on,
        coalesce(c.not_accepted, c.no_due_date) as exclusion,
        p.period_kind, p.period_start, p.evaluated_on
    from cases as c
    join core.period_day as p on p.day = c.came_on
    union all
    select
        c.case_code, c.agency_code, c.end_on, c.is_on_time, c.second_pause_on,
        coalesce(c.not_accepted, c.no_due_date),
        p.period_kind, p.period_start, p.evaluated_on
    from cases as c
    join core.period_day as p on p.day = c.end_on
    where c.came_on < p.period_start or c.came_on > p.evaluated_on
),

-- C adds to A's denominator what stands open and overdue on the day of judgement.
period_units as (
    select
        'B' as variant, r.period_kind, r.period_start, r.agency_code, r.case_code as unit_id,
        (r.second_pause_on is null or r.second_pause_on > r.evaluated_on)
            and case when r.end_on <= r.evaluated_on then r.is_on_time else o.case_code is null end as is_good,
        r.exclusion
    from received_in as r
    left join core.overdue_case as o on o.case_code = r.case_code and o.day = r.evaluated_on
    union all
    select 'C', p.period_kind, p.period_start, o.agency_code, o.case_code, false, null
    from core.dim_period as p
    join core.overdue_case as o on o.day = p.evaluated_on
),

agencies as (
    select variant, period_kind, period_start, agency_code, numerator, denominator from ended_periods
    union all
    select variant, period_kind, period_start, agency_code, count(*) filter (is_good), count(*)
    from period_units
    where exclusion is null
    group by all
)

select
    variant,
    period_kind,
    period_start,
    coalesce(agency_code, 'ALL') as agency_code,
    cast(sum(numerator) as bigint) as numerator,
    cast(sum(denominator) as bigint) as denominator
from agencies
group by grouping sets (
    (variant, period_kind, period_start, agency_code), (variant, period_kind, period_start)
)
