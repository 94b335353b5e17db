/* @model
description: >
  Requests for supplements, the clock standing still meanwhile; all entries of a case with one requested_at are
  one request. One row per case and request, in time order.
grain: [case_code, pause_no]
keyed: true
columns:
  case_code: "Mã hồ sơ. Case code."
  pause_no: "Lần thứ. Number of the request in time order."
  requested_at: "Yêu cầu bổ sung lúc. Requested."
  completed_at: "Bổ sung xong lúc. Completed."
  requested_on: "Ngày yêu cầu. Day requested."
  completed_on: "Ngày bổ sung xong. Day completed."
  pause_days: >-
    Số ngày làm việc tạm dừng mà các lần trước chưa tính, trong thời gian tính giờ.
    Working days within the clock that no earlier request paused.
  is_in_time: "Yêu cầu trước khi quá hạn hoặc đang chờ bổ sung. Asked before it was overdue, or while it waited."
*/
select
    case_code,
    cast(row_number() over (partition by case_code order by made_at) as integer) as pause_no,
    made_at as requested_at,
    completed_at,
    made_on as requested_on,
    completed_on,
    added_days as pause_days,
    is_in_time
from core.clock_event
where viewpoint = 'now' and kind = 'request'
