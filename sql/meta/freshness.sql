/* @model
description: How far each source has been read, and the newest row it gave. One row per system and entity.
grain: [system, entity]
publish: true
columns:
  system: "Hệ thống nguồn. Source system."
  entity: "Loại dữ liệu. Entity."
  read_to: "Đã đọc đến. Read up to."
  newest_at: "Bản ghi mới nhất lúc. Newest row."
  age_hours: "Số giờ từ lần đọc. Hours since it was read."
  is_stale: "Quá 36 giờ chưa đọc. Not read for more than 36 hours."
*/
select
    c.system,
    c.entity,
    c.read_to,
    c.cursor_at as newest_at,
    epoch(x.as_of_at - c.read_to) / 3600.0 as age_hours,
    c.system <> 'drops' and c.read_to < x.as_of_at - interval 36 hours as is_stale
from meta.cursor as c
cross join meta.run_context as x
