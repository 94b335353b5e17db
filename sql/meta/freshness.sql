/* @model
description: >-
  How far each source has been read, and the newest row it gave. One row per system and entity that has been read,
  or that isn't because its system has no address.
grain: [system, entity]
publish: true
columns:
  system: "Hệ thống nguồn. Source system."
  entity: "Loại dữ liệu. Entity."
  read_to: "Đã đọc đến. Read up to."
  newest_at: "Bản ghi mới nhất lúc. Newest row."
  age_hours: "Số giờ từ lần đọc. Hours since it was read."
  is_stale: "Quá 36 giờ chưa đọc. Not read for more than 36 hours."
  state: >-
    fresh đã đọc, stale quá 36 giờ chưa đọc, not_connected hệ thống chưa có địa chỉ.
    State; not_connected: the system has no address, so it isn't read.
  label_vi: "Trạng thái bằng lời. State in Vietnamese."
*/
with known as (
    select
        coalesce(s.system, c.system) as system,
        coalesce(s.entity, c.entity) as entity,
        c.read_to,
        c.cursor_at as newest_at,
        epoch(x.as_of_at - c.read_to) / 3600.0 as age_hours,
        coalesce(c.system <> 'drops' and c.read_to < x.as_of_at - interval 36 hours, false) as is_stale,
        coalesce(s.is_connected, true) as is_connected
    from meta.source_entity as s
    full join meta.cursor as c on c.system = s.system and c.entity = s.entity
    cross join meta.run_context as x
    -- A sweep of keys is read without a cursor, in another list's place.
    where c.system is not null or not s.is_connected
),

told as (
    select
        * exclude (is_connected),
        case
            when not is_connected then 'not_connected'
            when is_stale then 'stale'
            else 'fresh'
        end as state
    from known
)

select
    *,
    case state
        when 'not_connected' then 'Chưa nối nguồn'
        when 'stale' then 'Quá 36 giờ chưa đọc'
        else 'Đã đọc'
    end as label_vi
from told
