/* @model
description: >
  Statutory extensions and apologies with a new due date, and what keeps an extension from counting in itself; whether
  it was issued in time core.clock_event says. One row per viewpoint, case and document, in time order.
grain: [viewpoint, case_code, extension_no]
keyed: true
columns:
  viewpoint: "now, hoặc đợt thi đua và ngày. now, or campaign and day."
  case_code: "Mã hồ sơ. Case code."
  extension_no: "Lần thứ. Number in time order."
  kind: "statutory (gia hạn theo luật) hoặc apology (xin lỗi, hẹn lại). Kind."
  issued_at: "Ban hành lúc. Issued."
  new_due_at: "Hạn trả mới. New due."
  document_no: "Số văn bản. Document."
  flaw: >-
    Vì sao gia hạn không thể tính: undated không có ngày ban hành; no_new_day không có hạn mới; backwards hạn mới trước
    ngày ban hành; after_end ban hành sau khi kết thúc; trống là không có lỗi, hoặc là xin lỗi.
    Why an extension can't count; null where nothing speaks against it, and for apologies.
*/
with documents as (
    select
        c.viewpoint,
        c.case_code,
        c.end_at,
        cast(row_number() over (
            partition by c.viewpoint, c.case_code order by e.extension.issued_at nulls first, e.extension.new_due_at
        ) as integer) as extension_no,
        lower(e.extension.kind) as kind,
        e.extension.issued_at as issued_at,
        e.extension.new_due_at as new_due_at,
        e.extension.document_no as document_no
    from core.seen_case as c
    join core.viewpoint as v on v.viewpoint = c.viewpoint
    cross join unnest(c.extensions) as e (extension)
    where e.extension.issued_at <= v.seen_until_at or e.extension.issued_at is null
)

select
    viewpoint,
    case_code,
    extension_no,
    kind,
    issued_at,
    new_due_at,
    document_no,
    case
        when kind <> 'statutory' then null
        when issued_at is null then 'undated'
        when new_due_at is null then 'no_new_day'
        when local_day(new_due_at) < local_day(issued_at) then 'backwards'
        when local_day(issued_at) > local_day(end_at) then 'after_end'
    end as flaw
from documents
