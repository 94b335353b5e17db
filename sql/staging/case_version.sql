/* @model
description: >
  Every readable version of every case, from the case system and from dropped files.
  One row per case and version.
grain: [case_code, _version_at, _loaded_at, _batch_id, _page_no, _row_no]
grows: true
keep: versions
columns:
  case_code: "Mã hồ sơ. Case code."
  procedure_code: "Mã thủ tục hành chính. Procedure code."
  field_code: "Mã lĩnh vực. Field code."
  agency_code: "Mã cơ quan. Agency code."
  reception_unit_code: "Mã nơi tiếp nhận. Reception unit code."
  channel: "Mã kênh, xem seeds.channel; trống là 1, trực tiếp. Channel, see seeds.channel; null is 1, direct."
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
  cross_boundary: "Tiếp nhận thay cơ quan ở nơi khác (phi địa giới). Received for an agency elsewhere."
  competent_received_at: "Cơ quan có thẩm quyền nhận hồ sơ lúc. The competent agency got the file."
  exemption_reason: "Lý do không tiếp nhận trực tuyến. Why not received online."
  received_by: "Mã người tiếp nhận. Receiving staff code."
  assigned_to: "Mã người xử lý. Assigned staff code."
  compare_by: "So với hạn theo ngày (day) hay thời điểm (time); trống là ngày. Compared with the due date by day or by time; null is day."
  updated_at: "Thời điểm cập nhật ở nguồn. Updated at the source."
  is_deleted: "Đã xóa ở nguồn. Deleted at the source."
*/
with received as (
    select *, true as _from_system from raw.cases__case
    union all by name
    select *, false as _from_system from raw.drops__case
    union all by name
    -- A site's own source file may lack what was added later.
    select
        cast(null as varchar) as compare_by,
        cast(null as varchar) as cross_boundary,
        cast(null as varchar) as competent_received_at
    where false
),

typed as (
    select
        clean_text(r.case_code) as case_code,
        clean_text(r.procedure_code) as procedure_code,
        clean_text(r.field_code) as field_code,
        clean_text(r.agency_code) as agency_code,
        clean_text(r.reception_unit_code) as reception_unit_code,
        to_integer(r.channel) as channel,
        to_integer(r.applicant_type) as applicant_type,
        to_instant(r.submitted_at) as submitted_at,
        to_instant(r.received_at) as received_at,
        to_instant(r.due_at) as due_at,
        to_instant(r.finished_at) as finished_at,
        to_instant(r.returned_at) as returned_at,
        to_instant(r.rejected_at) as rejected_at,
        to_instant(r.stopped_at) as stopped_at,
        to_instant(r.withdrawn_at) as withdrawn_at,
        to_integer(r.status) as status,
        list_transform(
            from_json(list_text(r.pauses), '[{"seq": "VARCHAR", "requested_at": "VARCHAR", "completed_at": "VARCHAR", "reason": "VARCHAR"}]'),
            lambda p: {
                -- It decides nothing; a lambda that reads it by patterns would compile them again and again.
                'seq': try_cast(p.seq as integer),
                'requested_at': to_instant(p.requested_at),
                'completed_at': to_instant(p.completed_at),
                'reason': p.reason
            }
        ) as pauses,
        list_transform(
            from_json(list_text(r.extensions), '[{"kind": "VARCHAR", "issued_at": "VARCHAR", "new_due_at": "VARCHAR", "document_no": "VARCHAR"}]'),
            lambda e: {
                'kind': lower(e.kind),
                'issued_at': to_instant(e.issued_at),
                'new_due_at': to_instant(e.new_due_at),
                'document_no': e.document_no
            }
        ) as extensions,
        to_integer(r.fee_total_vnd) as fee_total_vnd,
        to_integer(r.paid_online) as paid_online,
        to_boolean(r.components_digitised) as components_digitised,
        to_boolean(r.result_digitised) as result_digitised,
        to_boolean(r.components_reused) as components_reused,
        to_boolean(r.vneid_verified) as vneid_verified,
        to_boolean(r.assisted) as assisted,
        to_boolean(r.cross_boundary) as cross_boundary,
        to_instant(r.competent_received_at) as competent_received_at,
        clean_text(r.exemption_reason) as exemption_reason,
        clean_text(r.received_by) as received_by,
        clean_text(r.assigned_to) as assigned_to,
        lower(clean_text(r.compare_by)) as compare_by,
        to_instant(r.updated_at) as updated_at,
        to_boolean(r.is_deleted) as is_deleted,
        r._defects, r._version_at, r._batch_id, r._page_no, r._row_no, r._loaded_at, r
    from received as r
)
select
    * exclude (r, _defects) replace (
        coalesce(channel, 1) as channel,
        coalesce(updated_at, _version_at) as updated_at,
        coalesce(is_deleted, false) as is_deleted,
        coalesce(pauses, []) as pauses,
        coalesce(extensions, []) as extensions
    ),
    list_concat(
        _defects,
        cast_errors([
            spoilt_code(r.case_code, 'case_code'),
            spoilt_code(r.procedure_code, 'procedure_code'),
            spoilt_code(r.field_code, 'field_code'),
            spoilt_code(r.agency_code, 'agency_code'),
            spoilt_code(r.reception_unit_code, 'reception_unit_code'),
            spoilt_code(r.received_by, 'received_by'),
            spoilt_code(r.assigned_to, 'assigned_to'),
            -- A file may come without a status; a system that sends none says nothing of where the case stands.
            case when r._from_system and clean_text(r.status) is null and is_deleted is not true
                 then 'status' end,
            unread_list(r.pauses, list_text(r.pauses), 'pauses', list_concat(
                json_extract_string(list_text(r.pauses), '$[*].requested_at'),
                json_extract_string(list_text(r.pauses), '$[*].completed_at')
            ), []),
            unread_list(r.extensions, list_text(r.extensions), 'extensions', list_concat(
                json_extract_string(list_text(r.extensions), '$[*].issued_at'),
                json_extract_string(list_text(r.extensions), '$[*].new_due_at')
            ), [])
        ]),
        unread_fields([
            unread(r.channel, channel, 'channel'),
            unread(r.applicant_type, applicant_type, 'applicant_type'),
            unread(r.submitted_at, submitted_at, 'submitted_at'),
            unread(r.received_at, received_at, 'received_at'),
            unread(r.due_at, due_at, 'due_at'),
            unread(r.finished_at, finished_at, 'finished_at'),
            unread(r.returned_at, returned_at, 'returned_at'),
            unread(r.rejected_at, rejected_at, 'rejected_at'),
            unread(r.stopped_at, stopped_at, 'stopped_at'),
            unread(r.withdrawn_at, withdrawn_at, 'withdrawn_at'),
            unread(r.status, status, 'status'),
            unread(r.fee_total_vnd, fee_total_vnd, 'fee_total_vnd'),
            unread(r.paid_online, paid_online, 'paid_online'),
            unread(r.components_digitised, components_digitised, 'components_digitised'),
            unread(r.result_digitised, result_digitised, 'result_digitised'),
            unread(r.components_reused, components_reused, 'components_reused'),
            unread(r.vneid_verified, vneid_verified, 'vneid_verified'),
            unread(r.assisted, assisted, 'assisted'),
            unread(r.cross_boundary, cross_boundary, 'cross_boundary'),
            unread(r.competent_received_at, competent_received_at, 'competent_received_at'),
            unread(r.updated_at, updated_at, 'updated_at'),
            unread(r.is_deleted, is_deleted, 'is_deleted')
        ])
    ) as _cast_errors
from typed
