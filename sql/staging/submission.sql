/* @model
description: One row per online submission.
grain: [submission_id]
grows: true
columns:
  submission_id: "Mã lượt nộp. Submission id."
  service_id: "Mã dịch vụ công trực tuyến. Online service id."
  case_code: "Mã hồ sơ. Case code."
  submitted_at: "Thời điểm nộp. Submitted."
  accepted_at: "Thời điểm chấp nhận. Accepted."
  rejected_at: "Thời điểm từ chối. Rejected."
  reject_reason: "Lý do từ chối. Reject reason."
  changed_at: "Thời điểm đổi. Changed."
*/
with typed as (
    select
        clean_text(r.submission_id) as submission_id,
        clean_text(r.service_id) as service_id,
        clean_text(r.case_code) as case_code,
        to_instant(r.submitted_at) as submitted_at,
        to_instant(r.accepted_at) as accepted_at,
        to_instant(r.rejected_at) as rejected_at,
        clean_text(r.reject_reason) as reject_reason,
        to_instant(r.changed_at) as changed_at,
        r._defects, r._version_at, r._batch_id, r._page_no, r._row_no, r._loaded_at, r
    from raw.services__submission as r
)
select
    * exclude (r, _defects),
    list_concat(
        _defects,
        cast_errors([
            spoilt_code(r.submission_id, 'submission_id'),
            spoilt_code(r.service_id, 'service_id'),
            spoilt_code(r.case_code, 'case_code')
        ]),
        unread_fields([
            unread(r.submitted_at, submitted_at, 'submitted_at'),
            unread(r.accepted_at, accepted_at, 'accepted_at'),
            unread(r.rejected_at, rejected_at, 'rejected_at'),
            unread(r.changed_at, changed_at, 'changed_at')
        ])
    ) as _cast_errors
from typed
