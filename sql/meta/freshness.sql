/* @model
description: >-
  How far each source has been read, and the newest row it gave. One row per system and entity: all of the source
  file's, whether its system is connected or not, and the kinds of files that came.
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
    fresh đã đọc, stale quá 36 giờ chưa đọc, never_read chưa đọc lần nào, not_connected hệ thống chưa có địa chỉ.
    State; never_read: connected, but not read yet; not_connected: the system has no address, so it isn't read.
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
),

told as (
    select
        * exclude (is_connected),
        case
            when not is_connected then 'not_connected'
            when read_to is null then 'never_read'
            when is_stale then 'stale'
            else 'fresh'
        end as state
    from known
)

select
    *,
    case state
        when 'not_connected' then 'Chưa nối nguồn'
        when 'never_read' then 'Chưa đọc lần nào'
        when 'stale' then 'Quá 36 giờ chưa đọc'
        else 'Đã đọc'
    end as label_vi
from told
