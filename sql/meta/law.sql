/* @model
description: >
  The provisions that rules and forms rest on, with the days on which each held; what nobody has verified
  against the gazette says so. One row per provision.
grain: [law_id]
publish: true
columns:
  law_id: "Mã quy định. Provision."
  valid_from: "Hiệu lực từ ngày. In force from."
  valid_to: "Hiệu lực đến hết ngày; trống là còn hiệu lực. Last day in force; null while it stands."
  citation: "Văn bản và điều khoản để viện dẫn. Document and article, as cited."
  document: "Văn bản. Document."
  article: "Điều, khoản, mục; trống khi chưa rõ. Article; null where it isn't known."
  sentence_vi: "Nội dung, một câu. What it says."
  sentence_en: "Nội dung, tiếng Anh. The same in English."
*/
select
    law_id,
    to_day(valid_from) as valid_from,
    to_day(valid_to) as valid_to,
    concat_ws(' ', document, article) as citation,
    document,
    article,
    sentence_vi,
    sentence_en
from seeds.law
