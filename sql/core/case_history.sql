/* @model
description: >
  Bitemporal history: every version of every case that was received, when it held at the source
  (valid) and since when the warehouse knows it (known). One row per case and version.
grain: [case_code, valid_from, known_from, batch_id, page_no, row_no]
keyed: true
columns:
  case_code: "Mã hồ sơ. Case code."
  valid_from: "Đúng từ lúc. Held at the source from."
  valid_to: "Đúng đến lúc. Held at the source until; null for the newest."
  known_from: "Kho biết từ lúc. Known to the warehouse since."
  status: "Trạng thái 1–10. Status."
  agency_code: "Mã cơ quan. Agency code as recorded."
  procedure_code: "Mã thủ tục. Procedure code as recorded."
  reception_unit_code: "Mã nơi tiếp nhận. Reception unit code."
  channel: "Kênh. Channel."
  received_at: "Tiếp nhận lúc. Received."
  due_at: "Hạn trả. Due as promised."
  compare_by: "So với hạn theo ngày (day) hay thời điểm (time); trống là ngày. Compared with the due date by day or by time; null is day."
  cross_boundary: "Tiếp nhận thay cơ quan ở nơi khác (phi địa giới). Received for an agency elsewhere."
  competent_received_at: "Cơ quan có thẩm quyền nhận hồ sơ lúc. The competent agency got the file."
  finished_at: "Xử lý xong lúc. Finished."
  returned_at: "Trả kết quả lúc. Returned."
  rejected_at: "Từ chối lúc. Rejected."
  stopped_at: "Dừng lúc. Stopped."
  withdrawn_at: "Rút lúc. Withdrawn."
  pauses: "Các lần tạm dừng. Pauses."
  extensions: "Các lần gia hạn, xin lỗi. Extensions."
  is_deleted: "Đã xóa ở nguồn. Deleted at the source."
  batch_id: "Lô nguồn. Source batch."
  page_no: "Trang trong lô. Page."
  row_no: "Dòng trong trang. Row."
*/
select
    case_code,
    _version_at as valid_from,
    lead(_version_at) over (
        partition by case_code order by _version_at, _loaded_at, _batch_id, _page_no, _row_no
    ) as valid_to,
    _loaded_at as known_from,
    status,
    agency_code,
    procedure_code,
    reception_unit_code,
    channel,
    received_at,
    due_at,
    compare_by,
    cross_boundary,
    competent_received_at,
    finished_at,
    returned_at,
    rejected_at,
    stopped_at,
    withdrawn_at,
    pauses,
    extensions,
    is_deleted,
    _batch_id as batch_id,
    _page_no as page_no,
    _row_no as row_no
from staging.case_version
