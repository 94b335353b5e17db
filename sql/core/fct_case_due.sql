/* @model
description: >
  The due date of every received case and how it came about: promised or derived from the procedure's
  limit, moved by completed pauses, replaced by a statutory extension, never by an apology. A pause counts
  in working days; against a derived limit in working hours it counts in working minutes.
  One row per case.
grain: [case_code]
columns:
  case_code: "Mã hồ sơ. Case code."
  due_original_on: "Hạn trả ban đầu. Due day before pauses."
  due_source: "given, derived hoặc none. Where the due day comes from."
  pause_days: "Tổng ngày làm việc tạm dừng đã kết thúc. Working days of completed pauses."
  pause_count: "Số lần yêu cầu bổ sung. Requests for supplements."
  second_pause_on: "Ngày yêu cầu bổ sung lần hai. Day of the second request."
  extended_on: "Hạn trả theo văn bản gia hạn. Due day by the last statutory extension."
  apology_count: "Số lần xin lỗi, hẹn lại. Apologies."
  first_apology_on: "Ngày xin lỗi đầu tiên. Day of the first apology."
  due_on: "Hạn trả có hiệu lực. Effective due day."
  due_until_at: "Thời điểm đến hạn, chỉ khi so theo thời điểm. Due moment, only where compared by time."
  due_is_provisional: >-
    Hạn trả tính qua năm chưa có lịch nghỉ chính thức, nên còn có thể đổi.
    Counted through a year without official days off, so it may still move.
*/
with pauses as (
    select
        case_code,
        cast(coalesce(sum(pause_days), 0) as bigint) as pause_days,
        cast(coalesce(sum(pause_minutes), 0) as bigint) as pause_minutes,
        count(*) as pause_count,
        min(requested_on) filter (pause_no = 2) as second_pause_on,
        min(requested_on) filter (completed_on is not null) as first_paused_on,
        max(completed_on) as last_paused_on
    from core.fct_pause
    group by case_code
),

extensions as (
    select
        case_code,
        arg_max(new_due_at, extension_no) filter (kind = 'statutory') as extended_at,
        count(*) filter (kind = 'apology') as apology_count,
        local_day(min(issued_at) filter (kind = 'apology')) as first_apology_on
    from core.fct_extension
    group by case_code
),

limits as (
    select
        c.case_code,
        c.due_at,
        c.compare_by,
        c.received_at,
        d.is_working,
        d.working_day_no,
        limit_minute_no(d.is_working, d.working_day_no, c.received_at, p.time_limit_value) as target_minute_no,
        p.time_limit_value as n,
        p.time_limit_unit as unit
    from staging.case as c
    cross join meta.run_context as x
    left join core.dim_procedure as p on p.procedure_code = procedure_base(c.procedure_code)
    left join core.dim_date as d on d.day = local_day(c.received_at)
    where c.received_at <= x.as_of_at
),

targets as (
    select
        *,
        case when due_at is null then limit_working_day(unit, n, is_working, working_day_no, received_at) end
            as target_day_no,
        case when due_at is null then limit_calendar_day(unit, n, received_at) end as target_on
    from limits
),

originals as (
    select
        t.case_code,
        t.due_at,
        t.compare_by,
        local_day(t.received_at) as received_on,
        case when t.due_at is null and t.unit = 'working_hour' then t.target_minute_no end as target_minute_no,
        coalesce(local_day(t.due_at), w.day, r.next_working_on) as due_original_on,
        case
            when t.due_at is not null then 'given'
            when coalesce(w.day, r.next_working_on) is not null then 'derived'
            else 'none'
        end as due_source
    from targets as t
    left join core.dim_working_day as w on w.working_day_no = t.target_day_no
    left join core.dim_date as r on r.day = t.target_on
),

dues as (
    select
        o.case_code,
        o.due_original_on,
        o.due_source,
        o.received_on,
        coalesce(p.pause_days, 0) as pause_days,
        coalesce(p.pause_count, 0) as pause_count,
        p.second_pause_on,
        p.first_paused_on,
        p.last_paused_on,
        o.due_at,
        o.compare_by,
        e.extended_at,
        local_day(e.extended_at) as extended_on,
        coalesce(e.apology_count, 0) as apology_count,
        e.first_apology_on,
        case
            when e.extended_at is not null then local_day(e.extended_at)
            when o.target_minute_no is not null and p.pause_minutes > 0 then moved_hours.day
            when coalesce(p.pause_days, 0) = 0 then o.due_original_on
            else moved.day
        end as due_on
    from originals as o
    left join pauses as p on p.case_code = o.case_code
    left join extensions as e on e.case_code = o.case_code
    left join core.dim_date as d on d.day = o.due_original_on
    left join core.dim_working_day as moved on moved.working_day_no = d.working_day_no + p.pause_days
    left join core.dim_working_day as moved_hours
        on moved_hours.working_day_no = working_day_at(o.target_minute_no + p.pause_minutes)
)

-- What was counted: from reception to a derived due day, and over each pause that moved it. A promised day that
-- no pause moved and the day of an extension were counted by nobody here.
select d.* exclude (due_at, compare_by, extended_at, received_on, first_paused_on, last_paused_on),
    due_moment(d.compare_by, d.due_at, d.extended_at, d.due_on) as due_until_at,
    d.extended_at is null and d.due_on is not null and (
        (d.due_source = 'derived' and counts_provisionally(d.received_on, due.last_provisional_on))
        or counts_provisionally(d.first_paused_on, greatest(due.last_provisional_on, paused.last_provisional_on))
    ) as due_is_provisional
from dues as d
left join core.dim_date as due on due.day = d.due_on
left join core.dim_date as paused on paused.day = d.last_paused_on
