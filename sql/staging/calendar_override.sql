/* @model
description: One row per day that a document makes a working day or a day off.
grain: [day, scope]
columns:
  day: "Ngày. Day."
  is_working: "Là ngày làm việc. Is a working day."
  scope: "Phạm vi. Scope."
  reason: "Lý do. Reason."
  document_no: "Số văn bản. Document."
  status: "official hoặc unconfirmed. Status of the document."
*/
with typed as (
    select
        to_day(r.day) as day,
        to_yes_no(r.is_working) as is_working,
        clean_text(r.scope) as scope,
        clean_text(r.reason) as reason,
        clean_text(r.document_no) as document_no,
        lower(clean_text(r.status)) as status,
        r._defects, r._version_at, r._batch_id, r._page_no, r._row_no, r._loaded_at, r
    from raw.drops__calendar_override as r
)
select
    * exclude (r, _defects),
    list_concat(
        _defects,
        unread_fields([
            unread(r.day, day, 'day'),
            unread(r.is_working, is_working, 'is_working')
        ])
    ) as _cast_errors
from typed
