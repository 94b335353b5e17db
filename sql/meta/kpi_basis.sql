/* @model
description: >
  What each KPI rests on, by day: the document that sets its target and the one that rules what it counts.
  One row per KPI, basis and time.
grain: [kpi_id, basis, valid_from]
publish: true
columns:
  kpi_id: "Mã chỉ tiêu. KPI id."
  basis: "target mục tiêu, rule quy định. What it is the basis of: the target or the rule."
  valid_from: "Từ ngày. From."
  valid_to: "Đến hết ngày; trống là đến nay. Last day; null until now."
  law_id: "Mã quy định trong meta.law. Provision."
  citation: "Văn bản và điều khoản. Document and article."
  sentence_vi: "Nội dung, một câu. What it says."
  sentence_en: "Nội dung, tiếng Anh. The same in English."
*/
select
    b.kpi_id,
    b.basis,
    to_day(b.valid_from) as valid_from,
    to_day(b.valid_to) as valid_to,
    b.law_id,
    l.citation,
    l.sentence_vi,
    l.sentence_en
from seeds.kpi_basis as b
join meta.law as l on l.law_id = b.law_id
