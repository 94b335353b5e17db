/* @model
description: >
  The Centre's accepted cases for drilling down, without a code that leads to a person: dates are given by
  month, and at least five cases share agency, procedure, channel and months (core.case_shown).
  One row per case.
grain: [case_no]
columns:
  case_no: "Số ngẫu nhiên, rút lại ở mỗi lần công bố. Random number, drawn anew for each published version."
  agency_code: "Mã cơ quan; OTHER là gộp. Agency code; OTHER is several together."
  agency_name: "Tên cơ quan. Agency name."
  procedure_code: "Mã thủ tục; OTHER là gộp. Procedure code; OTHER is several together."
  procedure_name: "Tên thủ tục. Procedure name."
  field_name: "Lĩnh vực; trống khi thủ tục được gộp. Field; null where procedures stand together."
  channel: "Kênh: mã và tên trong meta.channel; trống khi gộp. Channel, as in meta.channel; null where merged."
  received_month_on: "Tháng tiếp nhận; trống khi gộp. Month received; null where merged."
  ended_month_on: "Tháng kết thúc; trống khi gộp hoặc chưa kết thúc. Month ended; null where open or merged."
  state: "closed đã kết thúc, open đang giải quyết, waiting chờ bổ sung. State."
  end_kind: "Cách kết thúc. Why the clock ended."
  due_source: "Nguồn hạn trả. Where the due day comes from."
  due_is_provisional: "Hạn tính qua năm chưa có lịch nghỉ chính thức. Due day counted through a year without official days off."
  duration_days: "Số ngày làm việc giải quyết. Working days taken."
  pause_days: "Số ngày làm việc tạm dừng. Working days paused."
  pause_count: "Số lần bổ sung. Requests for supplements."
  days_late: "Số ngày làm việc trễ hạn; âm là sớm. Working days late; negative is early."
  has_statutory_extension: "Có gia hạn theo luật. Extended by law."
  apology_count: "Số lần xin lỗi. Apologies."
  on_time_a: "Đúng hạn theo A. On time under A; null when not counted."
  on_time_a_prime: "Đúng hạn theo A′. On time under A_prime."
  on_time_b: "Đúng hạn theo B đến hôm nay. On time under B as of today."
  on_time_c: "Đúng hạn theo C đến hôm nay. On time under C as of today."
  on_time_d: "Đúng hạn theo D. On time under D."
*/
select
    n.case_no,
    s.agency_code,
    s.agency_name,
    s.procedure_code,
    s.procedure_name,
    s.field_name,
    s.channel,
    s.received_month_on,
    s.ended_month_on,
    case when c.end_on is not null then 'closed' when c.waiting_since_on is not null then 'waiting' else 'open' end
        as state,
    c.end_kind,
    c.due_source,
    c.due_is_provisional,
    c.duration_days,
    c.pause_days,
    c.pause_count,
    judged.working_day_no - due.working_day_no as days_late,
    c.has_statutory_extension,
    c.apology_count,
    c.is_on_time as on_time_a,
    case when c.end_kind in ('finished', 'returned') then c.is_on_time end as on_time_a_prime,
    case when c.due_on is not null then c.pause_count <= 1 and case
        when c.end_on is not null then c.is_on_time
        else c.waiting_since_on is not null or c.overdue_from_on > x.as_of_on
    end end as on_time_b,
    case
        when c.end_on is not null then c.is_on_time
        when c.waiting_since_on is null and c.overdue_from_on <= x.as_of_on then false
    end as on_time_c,
    c.is_handover_on_time as on_time_d
from core.fct_case as c
cross join meta.run_context as x
join core.case_number as n on n.case_code = c.case_code
join core.case_shown as s on s.case_code = c.case_code
left join core.dim_date as due on due.day = c.due_on
left join core.dim_date as judged on judged.day = coalesce(c.end_on, x.as_of_on)
