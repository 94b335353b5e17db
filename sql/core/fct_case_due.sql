/* @model
description: >
  The due day of every received case and how it came about: promised or derived from the procedure's limit, moved by
  completed requests that were made in time, replaced by the last statutory extension issued in time, never by an
  apology. Requests are united and cut to the clock; they count in working days, and against a derived limit in
  working hours in working minutes. One row per viewpoint and case.
grain: [viewpoint, case_code]
keyed: true
columns:
  viewpoint: "now, hoặc đợt thi đua và ngày. now, or campaign and day."
  case_code: "Mã hồ sơ. Case code."
  due_original_on: "Hạn trả ban đầu. Due day before pauses."
  due_source: "given, derived hoặc none. Where the due day comes from."
  pause_days: "Tổng ngày làm việc tạm dừng đã kết thúc. Working days of all completed requests, united."
  moved_days: "Trong đó làm dời hạn. Of these, working days of requests made in time."
  pause_count: "Số lần yêu cầu bổ sung. Requests for supplements."
  second_pause_on: "Ngày yêu cầu bổ sung lần hai. Day of the second request."
  waiting_since_on: "Ngày yêu cầu bổ sung, kịp thời, còn đang chờ. Day of the request, made in time, that still waits."
  extended_on: "Hạn trả theo văn bản gia hạn. Due day by the last statutory extension that counts."
  apology_count: "Số lần xin lỗi, hẹn lại. Apologies."
  first_apology_on: "Ngày xin lỗi đầu tiên. Day of the first apology."
  due_on: "Hạn trả có hiệu lực. Effective due day."
  due_until_at: "Thời điểm đến hạn, chỉ khi so theo thời điểm. Due moment, only where compared by time."
  due_is_provisional: >-
    Hạn trả tính qua năm chưa có lịch nghỉ chính thức, nên còn có thể đổi.
    Counted through a year without official days off, so it may still move.
*/
with requests as (
    select *, row_number() over (partition by viewpoint, case_code order by made_at) as request_no
    from core.clock_event
    where kind = 'request'
),

pauses as (
    select
        viewpoint,
        case_code,
        cast(sum(added_days) as bigint) as pause_days,
        cast(coalesce(sum(added_days) filter (is_in_time), 0) as bigint) as moved_days,
        cast(coalesce(sum(added_minutes) filter (is_in_time), 0) as bigint) as moved_minutes,
        count(*) as pause_count,
        min(made_on) filter (request_no = 2) as second_pause_on,
        min(made_on) filter (is_in_time and completed_at is null) as waiting_since_on,
        local_day(min(span_from_at) filter (is_in_time)) as first_paused_on,
        local_day(max(span_to_at) filter (is_in_time)) as last_paused_on
    from requests
    group by viewpoint, case_code
),

extensions as (
    select viewpoint, case_code, arg_max(new_due_at, event_no) as extended_at
    from core.clock_event
    where kind = 'extension' and is_in_time
    group by viewpoint, case_code
),

apologies as (
    select viewpoint, case_code, count(*) as apology_count, local_day(min(issued_at)) as first_apology_on
    from core.fct_extension
    where kind = 'apology'
    group by viewpoint, case_code
),

dues as (
    select
        o.viewpoint,
        o.case_code,
        o.due_original_on,
        o.due_source,
        o.clock_start_on,
        o.due_at,
        o.compare_by,
        coalesce(p.pause_days, 0) as pause_days,
        coalesce(p.moved_days, 0) as moved_days,
        coalesce(p.pause_count, 0) as pause_count,
        p.second_pause_on,
        p.waiting_since_on,
        p.first_paused_on,
        p.last_paused_on,
        e.extended_at,
        local_day(e.extended_at) as extended_on,
        coalesce(a.apology_count, 0) as apology_count,
        a.first_apology_on,
        moved_due(
            e.extended_at, o.target_minute_no, p.moved_minutes, p.moved_days, o.due_original_on, by_minutes.day,
            by_days.day
        ) as due_on
    from core.original_due as o
    left join pauses as p on p.viewpoint = o.viewpoint and p.case_code = o.case_code
    left join extensions as e on e.viewpoint = o.viewpoint and e.case_code = o.case_code
    left join apologies as a on a.viewpoint = o.viewpoint and a.case_code = o.case_code
    left join core.dim_working_day as by_days on by_days.working_day_no = o.due_working_day_no + p.moved_days
    left join core.dim_working_day as by_minutes
        on by_minutes.working_day_no = working_day_at(o.target_minute_no + p.moved_minutes)
)

-- What was counted: from the start of the clock to a derived due day, and over each pause that moved it. A promised
-- day that no pause moved and the day of an extension were counted by nobody here.
select d.* exclude (due_at, compare_by, extended_at, clock_start_on, first_paused_on, last_paused_on),
    due_moment(d.compare_by, d.due_at, d.extended_at, d.due_on) as due_until_at,
    d.extended_at is null and d.due_on is not null and (
        (d.due_source = 'derived' and counts_provisionally(d.clock_start_on, due.last_provisional_on))
        or counts_provisionally(d.first_paused_on, greatest(due.last_provisional_on, paused.last_provisional_on))
    ) as due_is_provisional
from dues as d
left join core.dim_date as due on due.day = d.due_on
left join core.dim_date as paused on paused.day = d.last_paused_on
