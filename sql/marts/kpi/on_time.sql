/* @model
description: >
  Cases returned on or before time, in five variants (contracts §4.1). Case-based, of the Centre.
  One row per variant, period and agency.
grain: [variant, period_kind, period_start, agency_code]
columns:
  variant: "Biến thể. Variant."
  period_kind: "Loại kỳ. Kind of period."
  period_start: "Từ ngày. First day."
  agency_code: "Mã cơ quan, ALL là Trung tâm. Agency; ALL is the Centre."
  numerator: "Tử số. Numerator."
  denominator: "Mẫu số. Denominator."
*/
with judged as (
    select * from core.fct_case where is_centre and is_accepted and due_on is not null
),

-- A, A_prime and D count the cases whose clock ended on a day.
ended as (
    select 'A' as variant, agency_code, end_on as day, end_on <= due_on as is_on_time
    from judged where end_on is not null
    union all
    select 'A_prime', agency_code, end_on, end_on <= due_on
    from judged where end_kind in ('finished', 'returned')
    union all
    select 'D', agency_code, handover_on, handover_on <= due_on
    from judged where handover_on is not null
),

ended_days as (
    select
        variant, agency_code, day,
        count(*) filter (is_on_time) as numerator,
        count(*) as denominator
    from ended
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

-- C adds to A's denominator what stands open and overdue on the day of judgement.
overdue_periods as (
    select
        'C' as variant, p.period_kind, p.period_start, o.agency_code,
        0 as numerator, o.overdue_count as denominator
    from core.dim_period as p
    join core.overdue_day as o on o.day = p.evaluated_on
    union all
    select 'C', period_kind, period_start, agency_code, numerator, denominator
    from ended_periods
    where variant = 'A'
),

-- B counts a case received in the period or ended in it, once.
received_in as (
    select
        c.case_code, c.agency_code, c.end_on, c.due_on, c.second_pause_on, c.pause_count,
        p.period_kind, p.period_start, p.evaluated_on
    from judged as c
    join core.period_day as p on p.day = c.received_on
    union all
    select
        c.case_code, c.agency_code, c.end_on, c.due_on, c.second_pause_on, c.pause_count,
        p.period_kind, p.period_start, p.evaluated_on
    from judged as c
    join core.period_day as p on p.day = c.end_on
    where c.received_on < p.period_start or c.received_on > p.evaluated_on
),

waiting as (
    select r.case_code, r.period_kind, r.period_start, min(f.requested_on) as requested_on
    from received_in as r
    join core.fct_pause as f
        on f.case_code = r.case_code
        and f.requested_on <= r.evaluated_on
        and (f.completed_on is null or f.completed_on > r.evaluated_on)
    where r.pause_count > 0 and (r.end_on is null or r.end_on > r.evaluated_on)
    group by all
),

b_periods as (
    select
        'B' as variant, r.period_kind, r.period_start, r.agency_code,
        count(*) filter (
            (r.second_pause_on is null or r.second_pause_on > r.evaluated_on)
            and r.due_on >= case
                when r.end_on <= r.evaluated_on then r.end_on
                else coalesce(w.requested_on, r.evaluated_on)
            end
        ) as numerator,
        count(*) as denominator
    from received_in as r
    left join waiting as w
        on w.case_code = r.case_code
        and w.period_kind = r.period_kind
        and w.period_start = r.period_start
    group by r.period_kind, r.period_start, r.agency_code
),

agencies as (
    select variant, period_kind, period_start, agency_code, numerator, denominator from ended_periods
    union all
    select * from overdue_periods
    union all
    select * from b_periods
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
