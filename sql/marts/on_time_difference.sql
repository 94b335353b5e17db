/* @model
description: >
  Why two definitions of "on time" give different figures: the Centre's cases that variant A judges
  otherwise than another variant, counted by reason. One row per period, agency, variant, judgements and reason.
grain: [period_kind, period_start, agency_code, variant, judgement_a, judgement_other, reason]
columns:
  period_kind: "month, quarter, year, ytd. Kind of period."
  period_start: "Từ ngày. First day."
  agency_code: "Mã cơ quan, ALL là Trung tâm. Agency; ALL is the Centre."
  variant: "Biến thể so với A. The variant compared with A."
  judgement_a: "on_time, late, not_counted: theo A. Under A."
  judgement_other: "on_time, late, not_counted: theo biến thể kia. Under the other variant."
  reason: >-
    ended_without_result kết thúc không có kết quả; second_request bổ sung quá một lần; open_overdue quá hạn
    chưa giải quyết; open_in_time đang giải quyết trong hạn; returned_after_due trả cho dân sau hạn;
    returned_in_another_period trả ở kỳ khác; reason in words.
  case_count: "Số hồ sơ. Cases."
*/
with cases as (
    select * from core.fct_case where is_centre and is_accepted and due_on is not null
),

days as (
    select * from core.period_day where period_kind in ('month', 'quarter', 'year', 'ytd')
),

periods as (
    select * from core.dim_period where period_kind in ('month', 'quarter', 'year', 'ytd')
),

ended as (
    select
        c.*, d.period_kind, d.period_start, d.evaluated_on,
        case when c.is_on_time then 'on_time' else 'late' end as judgement_a
    from cases as c
    join days as d on d.day = c.end_on
),

without_result as (
    select
        period_kind, period_start, agency_code, 'A_prime' as variant, judgement_a,
        'not_counted' as judgement_other, 'ended_without_result' as reason
    from ended
    where end_kind not in ('finished', 'returned')
),

second_requests as (
    select
        period_kind, period_start, agency_code, 'B' as variant, judgement_a,
        'late' as judgement_other, 'second_request' as reason
    from ended
    where judgement_a = 'on_time' and second_pause_on <= evaluated_on
),

-- Received in the period and open on its day of judgement: in B, not in A.
open_cases as (
    select c.*, d.period_kind, d.period_start, d.evaluated_on
    from cases as c
    join days as d on d.day = c.received_on
    where c.end_on is null or c.end_on > d.evaluated_on
),

waiting as (
    select
        o.case_code, o.period_kind, o.period_start,
        min(f.requested_on) as requested_on, min(f.requested_at) as requested_at
    from open_cases as o
    join core.fct_pause as f
        on f.case_code = o.case_code and f.requested_on <= o.evaluated_on
        and (f.completed_on is null or f.completed_on > o.evaluated_on)
    group by all
),

open_in_b as (
    select
        o.period_kind, o.period_start, o.agency_code, 'B' as variant, 'not_counted' as judgement_a,
        case
            when o.second_pause_on <= o.evaluated_on then 'late'
            when coalesce(
                is_on_time(w.requested_on, w.requested_at, o.due_on, o.due_until_at),
                o.overdue_from_on > o.evaluated_on) then 'on_time'
            else 'late'
        end as judgement_other,
        case when o.second_pause_on <= o.evaluated_on then 'second_request' end as cause
    from open_cases as o
    left join waiting as w
        on w.case_code = o.case_code and w.period_kind = o.period_kind and w.period_start = o.period_start
),

returned as (
    select
        e.period_kind, e.period_start, e.agency_code, 'D' as variant, e.judgement_a,
        case when d.day is null then 'not_counted' when e.is_handover_on_time then 'on_time' else 'late' end
            as judgement_other,
        case when d.day is null then 'returned_in_another_period' else 'returned_after_due' end as reason
    from ended as e
    left join days as d
        on d.day = e.handover_on and d.period_kind = e.period_kind and d.period_start = e.period_start
),

differing as (
    select * from without_result
    union all
    select * from second_requests
    union all
    select
        period_kind, period_start, agency_code, variant, judgement_a, judgement_other,
        coalesce(cause, case judgement_other when 'late' then 'open_overdue' else 'open_in_time' end)
    from open_in_b
    union all
    select * from returned where judgement_a <> judgement_other
),

counts as (
    select period_kind, period_start, agency_code, variant, judgement_a, judgement_other, reason, count(*) as n
    from differing
    group by all
    union all
    select p.period_kind, p.period_start, o.agency_code, 'C', 'not_counted', 'late', 'open_overdue', o.overdue_count
    from periods as p
    join core.overdue_day as o on o.day = p.evaluated_on
)

select
    period_kind,
    period_start,
    coalesce(agency_code, 'ALL') as agency_code,
    variant,
    judgement_a,
    judgement_other,
    reason,
    cast(sum(n) as bigint) as case_count
from counts
group by grouping sets (
    (period_kind, period_start, agency_code, variant, judgement_a, judgement_other, reason),
    (period_kind, period_start, variant, judgement_a, judgement_other, reason)
)
