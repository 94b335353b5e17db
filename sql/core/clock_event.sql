/* @model
description: >
  What may move a due day, in the order in which it was made: requests for supplements (all entries of a case with
  one requested_at are one) and statutory extensions that can count, each with the due day that stood before it and
  whether it was made in time. Since nothing that comes late counts, once one was late all after it are.
  One row per viewpoint, case and event.
grain: [viewpoint, case_code, event_no]
keyed: true
columns:
  viewpoint: "now, hoặc đợt thi đua và ngày. now, or campaign and day."
  case_code: "Mã hồ sơ. Case code."
  event_no: "Lần thứ. Number in time order."
  kind: "request yêu cầu bổ sung, extension gia hạn theo luật. Kind."
  made_at: "Yêu cầu hoặc ban hành lúc. Requested or issued."
  made_on: "Ngày yêu cầu hoặc ban hành. Day requested or issued."
  completed_at: "Bổ sung xong lúc. Completed."
  completed_on: "Ngày bổ sung xong. Day completed."
  new_due_at: "Hạn trả mới. New due."
  span_from_at: "Tạm dừng từ lúc, trong thời gian tính giờ. The clock stood still from."
  span_to_at: "Tạm dừng đến lúc, trong thời gian tính giờ. The clock stood still until."
  added_days: "Ngày làm việc tạm dừng mà các lần trước chưa tính. Working days that no earlier request paused."
  added_minutes: "Phút làm việc tạm dừng mà các lần trước chưa tính. Working minutes that no earlier request paused."
  due_before_on: "Hạn trả lúc đó, nếu các lần trước đều tính. Due day that stood then, if all before it counted."
  is_in_time: "Kịp thời: trước khi quá hạn, hoặc đang chờ bổ sung. Made in time: before it was overdue, or while it waited."
*/
-- `seq` and `reason` decide nothing: one request is all entries with one time.
with requests as (
    select
        c.viewpoint, c.case_code, c.clock_start_at, c.end_at,
        p.pause.requested_at as made_at,
        max(case when p.pause.completed_at <= v.seen_until_at then p.pause.completed_at end) as completed_at
    from core.seen_case as c
    join core.viewpoint as v on v.viewpoint = c.viewpoint
    cross join unnest(c.pauses) as p (pause)
    where p.pause.requested_at <= v.seen_until_at
    group by all
),

cut as (
    select *, greatest(made_at, clock_start_at) as span_from_at, least(completed_at, end_at) as span_to_at
    from requests
),

spans as (
    select
        c.viewpoint, c.case_code, c.made_at, c.completed_at, c.span_from_at, c.span_to_at,
        first_day.working_day_no as from_day_no,
        last_day.working_day_no as to_day_no,
        working_minute_no(first_day.is_working, first_day.working_day_no, c.span_from_at) as from_minute_no,
        working_minute_no(last_day.is_working, last_day.working_day_no, c.span_to_at) as to_minute_no
    from (
        select
            viewpoint, case_code, made_at, completed_at,
            case when completed_at is not null and span_from_at < span_to_at then span_from_at end as span_from_at,
            case when completed_at is not null and span_from_at < span_to_at then span_to_at end as span_to_at
        from cut
    ) as c
    left join core.dim_date as first_day on first_day.day = local_day(c.span_from_at)
    left join core.dim_date as last_day on last_day.day = local_day(c.span_to_at)
),

-- United: each request adds what lies beyond the latest end of those before it.
united as (
    select
        *,
        greatest(0, to_day_no - greatest(from_day_no, coalesce(max(to_day_no) over before, 0))) as added_days,
        greatest(0, to_minute_no - greatest(from_minute_no, coalesce(max(to_minute_no) over before, 0)))
            as added_minutes
    from spans
    window before as (
        partition by viewpoint, case_code order by made_at rows between unbounded preceding and 1 preceding
    )
),

events as (
    select
        viewpoint, case_code, 'request' as kind, made_at, completed_at, cast(null as timestamptz) as new_due_at,
        span_from_at, span_to_at,
        coalesce(added_days, 0) as added_days,
        coalesce(added_minutes, 0) as added_minutes
    from united
    union all
    -- Twice the same document says no more than once.
    select distinct
        viewpoint, case_code, 'extension', issued_at, cast(null as timestamptz), new_due_at,
        cast(null as timestamptz), cast(null as timestamptz), 0, 0
    from core.fct_extension
    where kind = 'statutory' and flaw is null
),

numbered as (
    select
        *,
        local_day(made_at) as made_on,
        -- Of the same moment, the document first: what was issued on that very day counts.
        cast(row_number() over in_order as integer) as event_no
    from events
    window in_order as (partition by viewpoint, case_code order by made_at, kind, new_due_at)
),

before as (
    select
        *,
        coalesce(sum(added_days) over earlier, 0) as moved_days,
        coalesce(sum(added_minutes) over earlier, 0) as moved_minutes,
        last_value(new_due_at ignore nulls) over earlier as extended_at,
        -- Waits at the end of the day: asked by then and not answered on or before it.
        coalesce(max(case when kind = 'request' then coalesce(local_day(completed_at), date '9999-12-31') end)
            over earlier > made_on, false) as is_waiting
    from numbered
    window earlier as (
        partition by viewpoint, case_code order by event_no rows between unbounded preceding and 1 preceding
    )
),

standing as (
    select
        b.*,
        o.due_at,
        o.compare_by,
        moved_due(
            b.extended_at, o.target_minute_no, b.moved_minutes, b.moved_days, o.due_original_on, by_minutes.day,
            by_days.day
        ) as due_before_on
    from before as b
    left join core.original_due as o on o.viewpoint = b.viewpoint and o.case_code = b.case_code
    left join core.dim_working_day as by_days on by_days.working_day_no = o.due_working_day_no + b.moved_days
    left join core.dim_working_day as by_minutes
        on by_minutes.working_day_no = working_day_at(o.target_minute_no + b.moved_minutes)
),

judged as (
    select
        *,
        is_waiting or coalesce(is_on_time(
            made_on, made_at, due_before_on, due_moment(compare_by, due_at, extended_at, due_before_on)
        ), true) as would_count
    from standing
)

select
    viewpoint,
    case_code,
    event_no,
    kind,
    made_at,
    made_on,
    completed_at,
    local_day(completed_at) as completed_on,
    new_due_at,
    span_from_at,
    span_to_at,
    cast(added_days as integer) as added_days,
    cast(added_minutes as integer) as added_minutes,
    due_before_on,
    bool_and(would_count) over (
        partition by viewpoint, case_code order by event_no rows between unbounded preceding and current row
    ) as is_in_time
from judged
