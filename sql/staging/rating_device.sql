/* @model
description: >
  What documents say of rating devices: whether their three levels hold “Rất hài lòng”. One row per device and
  first day of validity; without a device_id it is the one device of its source.
grain: [source, device_id, valid_from]
columns:
  source: "Nguồn đánh giá. Source."
  device_id: "Mã thiết bị; trống là thiết bị không có mã của nguồn. Device; null is the source's device without an id."
  has_top_level: "Thang ba mức có mức “Rất hài lòng”. The three levels hold the highest."
  valid_from: "Hiệu lực từ ngày; trống là mọi ngày. Valid from; null is always."
  document_no: "Số văn bản. Document."
*/
with typed as (
    select
        lower(clean_text(r.source)) as source,
        clean_text(r.device_id) as device_id,
        to_yes_no(r.has_top_level) as has_top_level,
        to_day(r.valid_from) as valid_from,
        clean_text(r.document_no) as document_no,
        r._defects, r._version_at, r._batch_id, r._page_no, r._row_no, r._loaded_at, r
    from raw.drops__rating_device as r
)
select
    * exclude (r, _defects),
    list_concat(
        _defects,
        unread_fields([
            unread(r.has_top_level, has_top_level, 'has_top_level'),
            unread(r.valid_from, valid_from, 'valid_from')
        ])
    ) as _cast_errors
from typed
