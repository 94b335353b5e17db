/* @model
description: >
  What became of every row fetched: fetched = inserted + updated + unchanged + stale + duplicate +
  quarantined. One row per load of a batch.
grain: [batch_id, load_no]
publish: true
columns:
  system: "Hệ thống nguồn. Source system."
  entity: "Loại dữ liệu. Entity."
  batch_id: "Lô. Batch."
  load_no: "Lần nạp lô này. Which load of the batch: 1, then its replays."
  window: "Cửa sổ thời gian đọc. Window read."
  source_total: "Tổng do nguồn báo. The source's own total."
  fetched: "Đã nhận. Fetched."
  inserted: "Thêm mới. Inserted."
  updated: "Cập nhật. Updated."
  unchanged: "Không đổi. Unchanged."
  stale: "Cũ hơn bản đang có. Older than what stands."
  duplicate: "Trùng trong lô. Duplicates in the batch."
  quarantined: "Cách ly. Quarantined."
  deleted: "Đã xóa ở nguồn. Deleted at the source."
  loaded_at: "Nạp lúc. Loaded."
*/
with broken as (
    select batch_id, load_kind, sum(row_count) as row_count
    from meta.quarantine_tally
    where is_first_rule
    group by all
),

-- Only the load that brought the rows in carries them; loading a batch again finds them unchanged. With
-- a pinned clock both may bear the same time, so the one that brought rows goes first.
numbered as (
    select
        *,
        row_number() over (
            partition by batch_id order by loaded_at, inserted + updated + stale desc, run_id
        ) as load_no
    from meta.batch
)

select
    b.system,
    b.entity,
    b.batch_id,
    cast(b.load_no as integer) as load_no,
    coalesce(strftime(b.window_start, '%Y-%m-%dT%H:%M:%S'), '') || '/'
        || coalesce(strftime(b.window_end, '%Y-%m-%dT%H:%M:%S'), '') as window,
    b.source_total,
    b.fetched,
    cast(b.inserted - coalesce(i.row_count, 0) as bigint) as inserted,
    cast(b.updated - coalesce(u.row_count, 0) as bigint) as updated,
    b.unchanged,
    cast(b.stale - coalesce(s.row_count, 0) as bigint) as stale,
    b.duplicate,
    cast(coalesce(i.row_count, 0) + coalesce(u.row_count, 0) + coalesce(s.row_count, 0) as bigint)
        as quarantined,
    b.deleted,
    b.loaded_at
from numbered as b
left join broken as i on b.load_no = 1 and i.batch_id = b.batch_id and i.load_kind = 'inserted'
left join broken as u on b.load_no = 1 and u.batch_id = b.batch_id and u.load_kind = 'updated'
left join broken as s on b.load_no = 1 and s.batch_id = b.batch_id and s.load_kind = 'stale'
