/* @model
description: Complaints, reflections and petitions with their deadline of 15 working days. One row per feedback.
grain: [feedback_id]
columns:
  feedback_id: "Mã phản ánh. Feedback id."
  kind: "Loại. Kind."
  agency_code: "Cơ quan. Agency."
  case_code: "Mã hồ sơ liên quan. Case it is about."
  received_on: "Ngày nhận. Received on."
  answered_on: "Ngày trả lời. Answered on."
  due_on: "Hạn trả lời. Due on."
  due_is_provisional: "Hạn tính qua năm chưa có lịch nghỉ chính thức. Counted through a year without official days off."
  is_counted: "Đã trả lời hoặc quá hạn. Answered or overdue."
  is_on_time: "Trả lời đúng hạn. Answered in time."
*/
select
    f.feedback_id,
    f.kind,
    coalesce(a.agency_code, f.agency_code, 'UNKNOWN') as agency_code,
    f.case_code,
    f.received_on,
    case when f.answered_on <= x.as_of_on then f.answered_on end as answered_on,
    w.day as due_on,
    counts_provisionally(f.received_on, due.last_provisional_on) as due_is_provisional,
    coalesce(f.answered_on <= x.as_of_on, false) or w.day < x.as_of_on as is_counted,
    coalesce(f.answered_on <= x.as_of_on and f.answered_on <= w.day, false) as is_on_time
from staging.feedback as f
cross join meta.run_context as x
left join core.agency_alias as a on a.code = f.agency_code
left join core.dim_date as d on d.day = f.received_on
left join core.dim_working_day as w on w.working_day_no = d.working_day_no + 15
left join core.dim_date as due on due.day = w.day
where f.received_on <= x.as_of_on
