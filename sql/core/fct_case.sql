/* @model
description: >
  Every case with its clocks as they stand at as-of: accepted or not, when its clock ended and why,
  and by when it was due. One row per case.
grain: [case_code]
keyed: true
columns:
  case_code: "Mã hồ sơ. Case code."
  procedure_code: "Mã thủ tục. Procedure code."
  field_code: "Mã lĩnh vực. Field code."
  agency_code: "Mã cơ quan giải quyết. Agency code."
  reception_unit_code: "Mã nơi tiếp nhận. Reception unit code."
  is_centre: "Tiếp nhận tại Trung tâm. Received at the Centre."
  channel: "Mã kênh, xem core.dim_channel. Channel."
  filed_as: "Cách nộp tính như: direct trực tiếp, online trực tuyến, postal bưu chính. What its channel counts as."
  applicant_type: "Loại đối tượng. Applicant type."
  status: "Trạng thái 1–10. Status."
  is_accepted: "Đã được tiếp nhận. Was accepted."
  clock_start_at: "Bắt đầu tính giờ lúc. The clock started."
  clock_start_on: "Ngày bắt đầu tính giờ. Day the clock started."
  submitted_at: "Nộp lúc. Submitted."
  received_at: "Tiếp nhận lúc. Received."
  received_on: "Ngày tiếp nhận. Day received."
  end_at: "Kết thúc tính giờ lúc. Clock ended."
  end_on: "Ngày kết thúc. Day the clock ended."
  end_kind: "finished, returned, stopped, rejected, withdrawn. Why the clock ended."
  handover_on: "Ngày trả kết quả, nếu chưa có thì ngày kết thúc. Day of return, else day of the end."
  due_original_on: "Hạn trả ban đầu. Due day before pauses."
  due_source: "given, derived, none. Where the due day comes from."
  due_on: "Hạn trả có hiệu lực. Effective due day."
  due_until_at: "Thời điểm đến hạn, chỉ khi so theo thời điểm. Due moment, only where compared by time."
  due_is_provisional: "Hạn trả tính qua năm chưa có lịch nghỉ chính thức. Counted through a year without official days off."
  is_on_time: "Kết thúc đúng hạn; trống khi chưa kết thúc hoặc không có hạn. Ended on time; null if not ended or no due day."
  is_handover_on_time: "Trả kết quả đúng hạn, nếu chưa trả thì theo kết thúc. Returned on time, else ended on time."
  overdue_from_on: "Ngày đầu tiên tính là quá hạn nếu còn mở. First day at whose end it is overdue if open."
  pause_days: "Số ngày làm việc tạm dừng, tính một lần. Working days paused, united."
  pause_count: "Số lần yêu cầu bổ sung. Requests for supplements."
  second_pause_on: "Ngày yêu cầu bổ sung lần hai. Day of the second request."
  waiting_since_on: >-
    Ngày yêu cầu bổ sung đang chờ, nếu yêu cầu khi chưa quá hạn. Day since which it waits: asked in time, not answered.
  has_statutory_extension: "Có gia hạn theo luật. Extended by law."
  apology_count: "Số lần xin lỗi. Apologies."
  first_apology_on: "Ngày xin lỗi đầu tiên. Day of the first apology."
  duration_days: >-
    Số ngày làm việc giải quyết, trừ tạm dừng; trống khi kết thúc trước lúc bắt đầu.
    Working days from the start of the clock to its end, pauses taken out; null where the end lies before the start.
  fee_total_vnd: "Tổng phí, lệ phí (đồng). Fees in VND."
  paid_online: "Thanh toán trực tuyến 0–3. Online payment."
  components_digitised: "Thành phần đã số hóa. Components digitised."
  result_digitised: "Kết quả đã số hóa. Result digitised."
  components_reused: "Có tái sử dụng. Components reused."
  vneid_verified: "Đã xác thực VNeID. VNeID verified."
  assisted: "Nộp có hỗ trợ. Filed with help."
  has_exemption: "Có lý do không trực tuyến. Has an exemption reason."
  received_by: "Mã người tiếp nhận. Receiving staff."
  assigned_to: "Mã người xử lý. Assigned staff."
  batch_id: "Lô nguồn. Source batch."
*/
-- What comes with a case and is no clock stands in staging; the clocks are seen as of now.
select
    e.case_code,
    s.procedure_code,
    e.field_code,
    coalesce(a.agency_code, e.agency_code, 'UNKNOWN') as agency_code,
    e.reception_unit_code,
    coalesce(e.reception_unit_code = x.centre_code, false) as is_centre,
    e.channel,
    coalesce(h.counts_as, 'direct') as filed_as,
    e.applicant_type,
    e.status,
    s.is_accepted,
    s.clock_start_at,
    local_day(s.clock_start_at) as clock_start_on,
    e.submitted_at,
    e.received_at,
    local_day(e.received_at) as received_on,
    s.end_at,
    local_day(s.end_at) as end_on,
    s.end_kind,
    local_day(s.handover_at) as handover_on,
    d.due_original_on,
    coalesce(d.due_source, 'none') as due_source,
    d.due_on,
    d.due_until_at,
    coalesce(d.due_is_provisional, false) as due_is_provisional,
    is_on_time(local_day(s.end_at), s.end_at, d.due_on, d.due_until_at) as is_on_time,
    is_on_time(local_day(s.handover_at), s.handover_at, d.due_on, d.due_until_at) as is_handover_on_time,
    overdue_from(d.due_on, d.due_until_at, x.as_of_at) as overdue_from_on,
    coalesce(d.pause_days, 0) as pause_days,
    coalesce(d.pause_count, 0) as pause_count,
    d.second_pause_on,
    d.waiting_since_on,
    d.extended_on is not null as has_statutory_extension,
    coalesce(d.apology_count, 0) as apology_count,
    d.first_apology_on,
    case when local_day(s.end_at) >= local_day(s.clock_start_at)
         then last_day.working_day_no - first_day.working_day_no - coalesce(d.pause_days, 0) end as duration_days,
    e.fee_total_vnd,
    e.paid_online,
    e.components_digitised,
    e.result_digitised,
    e.components_reused,
    e.vneid_verified,
    e.assisted,
    e.exemption_reason is not null as has_exemption,
    e.received_by,
    e.assigned_to,
    e._batch_id as batch_id
from staging.case as e
cross join meta.run_context as x
join core.seen_case as s on s.viewpoint = 'now' and s.case_code = e.case_code
left join core.agency_alias as a on a.code = e.agency_code
left join core.dim_channel as h on h.channel = e.channel
left join core.fct_case_due as d on d.viewpoint = 'now' and d.case_code = e.case_code
left join core.dim_date as first_day on first_day.day = local_day(s.clock_start_at)
left join core.dim_date as last_day on last_day.day = local_day(s.end_at)
