/* @model
description: >
  Which version of each form held when, and the document that issued it; a form is kept and says so where its
  document has ended. One row per form and time.
grain: [form_id, valid_from]
publish: true
columns:
  form_id: "Bảng của biểu. The form's table."
  version: "Phiên bản của biểu. Version of the form."
  valid_from: "Từ ngày. From."
  valid_to: "Đến hết ngày; trống là đến nay. Last day; null until now."
  law_id: "Mã quy định trong meta.law. Provision."
  document: "Văn bản ban hành. The document that issued it."
  article: "Mẫu, biểu trong văn bản; trống khi chưa rõ. The form in it; null where it isn't known."
  law_ended_on: "Văn bản hết hiệu lực sau ngày; trống là còn hiệu lực. Last day of the document; null while it stands."
  note_vi: "Lưu ý. A remark."
  note_en: "Lưu ý, tiếng Anh. The same in English."
*/
select
    f.form_id,
    f.version,
    to_day(f.valid_from) as valid_from,
    to_day(f.valid_to) as valid_to,
    f.law_id,
    l.document,
    l.article,
    l.valid_to as law_ended_on,
    f.note_vi,
    f.note_en
from seeds.form_version as f
join meta.law as l on l.law_id = f.law_id
