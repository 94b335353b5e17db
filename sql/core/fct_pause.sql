/* @model
description: Requests for supplements, the clock standing still meanwhile. One row per case and request, in time order.
grain: [case_code, pause_no]
columns:
  case_code: "Mã hồ sơ. Case code."
  pause_no: "Lần thứ. Number of the request in time order."
  requested_at: "Yêu cầu bổ sung lúc. Requested."
  completed_at: "Bổ sung xong lúc. Completed."
  requested_on: "Ngày yêu cầu. Day requested."
  completed_on: "Ngày bổ sung xong. Day completed."
  pause_days: "Số ngày làm việc tạm dừng. Working days from the request to its completion."
  pause_minutes: "Số phút làm việc tạm dừng. Working minutes from the request to its completion."
*/
with known as (
    select
        c.case_code,
        p.pause.requested_at as requested_at,
        case when p.pause.completed_at <= x.as_of_at then p.pause.completed_at end as completed_at
    from staging.case as c
    cross join meta.run_context as x
    cross join unnest(c.pauses) as p (pause)
    where p.pause.requested_at <= x.as_of_at
)

select
    k.case_code,
    cast(row_number() over (partition by k.case_code order by k.requested_at, k.completed_at) as integer)
        as pause_no,
    k.requested_at,
    k.completed_at,
    local_day(k.requested_at) as requested_on,
    local_day(k.completed_at) as completed_on,
    case when k.completed_at is not null
         then greatest(0, done.working_day_no - asked.working_day_no) end as pause_days,
    case when k.completed_at is not null then greatest(
        0,
        working_minute_no(done.is_working, done.working_day_no, k.completed_at)
        - working_minute_no(asked.is_working, asked.working_day_no, k.requested_at)
    ) end as pause_minutes
from known as k
left join core.dim_date as asked on asked.day = local_day(k.requested_at)
left join core.dim_date as done on done.day = local_day(k.completed_at)
