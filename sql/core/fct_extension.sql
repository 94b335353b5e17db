/* @model
description: Statutory extensions and apologies with a new due date. One row per case and document, in time order.
grain: [case_code, extension_no]
columns:
  case_code: "Mã hồ sơ. Case code."
  extension_no: "Lần thứ. Number in time order."
  kind: "statutory (gia hạn theo luật) hoặc apology (xin lỗi, hẹn lại). Kind."
  issued_at: "Ban hành lúc. Issued."
  new_due_at: "Hạn trả mới. New due."
  document_no: "Số văn bản. Document."
*/
select
    c.case_code,
    cast(row_number() over (
        partition by c.case_code order by e.extension.issued_at nulls first, e.extension.new_due_at
    ) as integer) as extension_no,
    lower(e.extension.kind) as kind,
    e.extension.issued_at as issued_at,
    e.extension.new_due_at as new_due_at,
    e.extension.document_no as document_no
from staging.case as c
cross join meta.run_context as x
cross join unnest(c.extensions) as e (extension)
where e.extension.issued_at <= x.as_of_at or e.extension.issued_at is null
