/* @model
description: >
  The ways to file a case and how figures and forms count each; a new way is one more row of the seed.
  One row per channel.
grain: [channel]
columns:
  channel: "Mã kênh. Channel."
  label_vi: "Tên kênh. Label in Vietnamese."
  label_en: "Tên tiếng Anh. Label in English."
  counts_as: "Tính như: direct trực tiếp, online trực tuyến, postal bưu chính. What it counts as."
  valid_from: "Có từ ngày tiếp nhận. For receptions from."
  valid_to: "Đến hết ngày; trống là đến nay. Last day; null until now."
  law_id: "Mã quy định trong meta.law. Provision."
  note_vi: "Lưu ý. A remark."
  note_en: "Lưu ý, tiếng Anh. The same in English."
*/
select
    to_integer(code) as channel,
    label_vi,
    label_en,
    counts_as,
    to_day(valid_from) as valid_from,
    to_day(valid_to) as valid_to,
    law_id,
    note_vi,
    note_en
from seeds.channel
