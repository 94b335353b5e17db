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
    returned_before_end trả trong hạn, xử lý xong sau hạn; returned_in_another_period trả ở kỳ khác;
    ended_in_another_period kết thúc ở kỳ khác; reason in words.
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

-- Received in the period and in B, not in A: open on its day of judgement, or ended before the period began, as a
-- typing error may say.
received_only as (
    select
        c.case_code, c.agency_code, c.second_pause_on, c.is_on_time,
        c.end_on < d.period_start as has_ended, d.period_kind, d.period_start, d.evaluated_on
    from cases as c
    join days as d on d.day = c.received_on
    where c.end_on is null or c.end_on > d.evaluated_on or c.end_on < d.period_start
),

judged_in_b as (
    select
        r.*,
        coalesce(r.second_pause_on <= r.evaluated_on, false) as is_asked_twice,
        case when r.has_ended then r.is_on_time else o.case_code is null end as is_good
    from received_only as r
    left join core.overdue_case as o on o.case_code = r.case_code and o.day = r.evaluated_on
),

received_in_b as (
    select
        period_kind, period_start, agency_code, 'B' as variant, 'not_counted' as judgement_a,
        case when is_good and not is_asked_twice then 'on_time' else 'late' end as judgement_other,
        case
            when is_asked_twice then 'second_request'
            when has_ended then 'ended_in_another_period'
            when is_good then 'open_in_time'
            else 'open_overdue'
        end as reason
    from judged_in_b
),

returned as (
    select
        e.period_kind, e.period_start, e.agency_code, 'D' as variant, e.judgement_a,
        case when d.day is null then 'not_counted' when e.is_handover_on_time then 'on_time' else 'late' end
            as judgement_other,
        case
            when d.day is null then 'returned_in_another_period'
            when e.is_on_time then 'returned_after_due'
            else 'returned_before_end'
        end as reason
    from ended as e
    left join days as d
        on d.day = e.handover_on and d.period_kind = e.period_kind and d.period_start = e.period_start
),

returned_only as (
    select
        d.period_kind, d.period_start, c.agency_code, 'D' as variant, 'not_counted' as judgement_a,
        case when c.is_handover_on_time then 'on_time' else 'late' end as judgement_other,
        'ended_in_another_period' as reason
    from cases as c
    join days as d on d.day = c.handover_on
    where c.end_on < d.period_start or c.end_on > d.evaluated_on
),

differing as (
    select * from without_result
    union all
    select * from second_requests
    union all
    select * from received_in_b
    union all
    select * from returned where judgement_a <> judgement_other
    union all
    select * from returned_only
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
