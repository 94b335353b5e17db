/* @model
description: >
  Where the clock of a case starts, by the day of its reception: an open case keeps the rule of that day.
  One row per rule and time.
grain: [rule_id, valid_from]
publish: true
columns:
  rule_id: "Mã quy tắc. Rule."
  valid_from: "Tiếp nhận từ ngày. Received from."
  valid_to: "Tiếp nhận đến hết ngày; trống là đến nay. Received until; null until now."
  cross_boundary: "Áp dụng cho hồ sơ phi địa giới. For cases received regardless of boundaries."
  starts_at: "received_at tiếp nhận; competent_received_at cơ quan có thẩm quyền nhận. The moment it starts at."
  law_id: "Mã quy định trong meta.law. Provision."
  citation: "Văn bản và điều khoản. Document and article."
  sentence_vi: "Nội dung, một câu. What it says."
  sentence_en: "Nội dung, tiếng Anh. The same in English."
*/
select
    r.rule_id,
    to_day(r.valid_from) as valid_from,
    to_day(r.valid_to) as valid_to,
    to_boolean(r.cross_boundary) as cross_boundary,
    r.starts_at,
    r.law_id,
    l.citation,
    l.sentence_vi,
    l.sentence_en
from seeds.clock_start as r
join meta.law as l on l.law_id = r.law_id
