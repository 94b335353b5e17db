/* @model
description: The newest readable version of every case that still exists at the source. One row per case.
grain: [case_code]
keep: plain
columns:
  case_code: "Mã hồ sơ. Case code."
  procedure_code: "Mã thủ tục hành chính. Procedure code."
  field_code: "Mã lĩnh vực. Field code."
  agency_code: "Mã cơ quan. Agency code."
  reception_unit_code: "Mã nơi tiếp nhận. Reception unit code."
  channel: "Kênh: 1 trực tiếp, 2 trực tuyến, 3 bưu chính. Channel: 1 direct, 2 online, 3 postal."
  applicant_type: "Loại đối tượng: 1 người dân, 2 doanh nghiệp, 3 cơ quan, 4 khác. Applicant type."
  submitted_at: "Thời điểm nộp. Submitted."
  received_at: "Thời điểm tiếp nhận. Received."
  due_at: "Hạn trả trên giấy hẹn. Due as promised on the receipt."
  finished_at: "Thời điểm xử lý xong. Finished."
  returned_at: "Thời điểm trả kết quả. Returned."
  rejected_at: "Thời điểm từ chối. Rejected."
  stopped_at: "Thời điểm dừng xử lý. Stopped."
  withdrawn_at: "Thời điểm rút hồ sơ. Withdrawn."
  status: "Trạng thái 1–10. Status 1–10."
  pauses: "Các lần tạm dừng chờ bổ sung. Pauses for supplements."
  extensions: "Các lần gia hạn, xin lỗi. Extensions and apologies."
  fee_total_vnd: "Tổng phí, lệ phí (đồng). Fees in VND."
  paid_online: "Thanh toán trực tuyến 0–3. Online payment 0–3."
  components_digitised: "Thành phần hồ sơ đã số hóa. Components digitised."
  result_digitised: "Kết quả đã số hóa. Result digitised."
  components_reused: "Tái sử dụng dữ liệu số hóa. Components reused."
  vneid_verified: "Đã xác thực VNeID. VNeID verified."
  assisted: "Nộp trực tuyến có hỗ trợ tại Trung tâm. Filed online with help."
  exemption_reason: "Lý do không tiếp nhận trực tuyến. Why not received online."
  received_by: "Mã người tiếp nhận. Receiving staff code."
  assigned_to: "Mã người xử lý. Assigned staff code."
  compare_by: "So với hạn theo ngày (day) hay thời điểm (time); trống là ngày. Compared with the due date by day or by time; null is day."
  updated_at: "Thời điểm cập nhật ở nguồn. Updated at the source."
  is_deleted: "Đã xóa ở nguồn. Deleted at the source."
*/
with newest as (
    select *
    from staging.case_version
    qualify row_number() over (
        partition by case_code order by _version_at desc, _loaded_at desc, _page_no desc, _row_no desc
    ) = 1
)
-- A key that a full sweep no longer found is gone, unless the source has sent it again since.
select n.*
from newest as n
left join meta.deletion as d
    on d.system = 'cases' and d.entity = 'case' and d.key = n.case_code and d.deleted_at >= n._loaded_at
where not n.is_deleted and d.key is null
