/* @model
description: >
  The Centre's open cases that are overdue or due within 3 working days, those waiting for a supplement
  that was asked for in time left out: what can still be saved today. Agency and procedure as in marts.case_fact. One row per case.
grain: [case_no]
columns:
  case_no: "Số ngẫu nhiên, rút lại ở mỗi lần công bố. Random number, drawn anew for each published version."
  agency_code: "Mã cơ quan; OTHER là gộp. Agency code; OTHER is several together."
  agency_name: "Tên cơ quan. Agency name."
  procedure_code: "Mã thủ tục; OTHER là gộp. Procedure code; OTHER is several together."
  procedure_name: "Tên thủ tục. Procedure name."
  due_on: "Hạn trả. Due on."
  due_is_provisional: "Hạn tính qua năm chưa có lịch nghỉ chính thức. Counted through a year without official days off."
  working_days_left: "Số ngày làm việc còn lại; âm là quá hạn. Working days left; negative when overdue."
  rests_on_provisional_calendar: "Hạn hoặc số ngày còn lại tính qua năm chưa có lịch. Due day or days left rest on such a year."
  is_overdue: "Đã quá hạn. Overdue."
  has_apology: "Đã xin lỗi, hẹn lại. Apology issued."
  status: "Trạng thái 1–10 theo hệ thống một cửa; không quyết định quá hạn. Status at the source; it doesn't decide what is overdue."
*/
select
    n.case_no,
    s.agency_code,
    s.agency_name,
    s.procedure_code,
    s.procedure_name,
    c.due_on,
    c.due_is_provisional,
    due.working_day_no - today.working_day_no as working_days_left,
    c.due_is_provisional or counts_provisionally(least(x.as_of_on, c.due_on), greatest(
        due.last_provisional_on, today.last_provisional_on
    )) as rests_on_provisional_calendar,
    c.overdue_from_on <= x.as_of_on as is_overdue,
    c.apology_count > 0 as has_apology,
    c.status
from core.fct_case as c
cross join meta.run_context as x
join core.case_number as n on n.case_code = c.case_code
join core.dim_date as due on due.day = c.due_on
join core.dim_date as today on today.day = x.as_of_on
join core.case_shown as s on s.case_code = c.case_code
where c.end_on is null
    and c.waiting_since_on is null
    and due.working_day_no - today.working_day_no <= 3
