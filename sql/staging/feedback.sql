/* @model
description: One row per complaint, denunciation, reflection or petition.
grain: [feedback_id]
columns:
  feedback_id: "Mã phản ánh. Feedback id."
  kind: "Loại. Kind."
  received_on: "Ngày nhận. Received on."
  agency_code: "Mã cơ quan. Agency code."
  case_code: "Mã hồ sơ. Case code."
  answered_on: "Ngày trả lời. Answered on."
  published_on: "Ngày công khai. Published on."
  outcome: "Kết quả. Outcome."
*/
with typed as (
    select
        clean_text(r.feedback_id) as feedback_id,
        lower(clean_text(r.kind)) as kind,
        to_day(r.received_on) as received_on,
        clean_text(r.agency_code) as agency_code,
        clean_text(r.case_code) as case_code,
        to_day(r.answered_on) as answered_on,
        to_day(r.published_on) as published_on,
        clean_text(r.outcome) as outcome,
        r._defects, r._version_at, r._batch_id, r._page_no, r._row_no, r._loaded_at, r
    from raw.drops__feedback as r
)
select
    * exclude (r, _defects),
    list_concat(
        _defects,
        cast_errors([
            spoilt_code(r.feedback_id, 'feedback_id'),
            spoilt_code(r.agency_code, 'agency_code'),
            spoilt_code(r.case_code, 'case_code')
        ]),
        unread_fields([
            unread(r.received_on, received_on, 'received_on'),
            unread(r.answered_on, answered_on, 'answered_on'),
            unread(r.published_on, published_on, 'published_on')
        ])
    ) as _cast_errors
from typed
