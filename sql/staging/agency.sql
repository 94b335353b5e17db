/* @model
description: One row per agency.
grain: [agency_code]
columns:
  agency_code: "Mã cơ quan. Agency code."
  name: "Tên. Name."
  short_name: "Tên ngắn. Short name."
  kind: "Loại. Kind."
  parent_code: "Mã cơ quan cấp trên. Parent code."
  predecessor_code: "Mã cũ. Predecessor code."
  valid_from: "Hiệu lực từ ngày. Valid from."
  valid_to: "Hiệu lực đến ngày. Valid to."
*/
with typed as (
    select
        clean_text(r.agency_code) as agency_code,
        clean_text(r.name) as name,
        clean_text(r.short_name) as short_name,
        lower(clean_text(r.kind)) as kind,
        clean_text(r.parent_code) as parent_code,
        clean_text(r.predecessor_code) as predecessor_code,
        to_day(r.valid_from) as valid_from,
        to_day(r.valid_to) as valid_to,
        r._defects, r._version_at, r._batch_id, r._page_no, r._row_no, r._loaded_at, r
    from raw.cases__agency as r
)
select
    * exclude (r, _defects),
    list_concat(
        _defects,
        cast_errors([
            spoilt_code(r.agency_code, 'agency_code'),
            spoilt_code(r.parent_code, 'parent_code'),
            spoilt_code(r.predecessor_code, 'predecessor_code')
        ]),
        unread_fields([
            unread(r.valid_from, valid_from, 'valid_from'),
            unread(r.valid_to, valid_to, 'valid_to')
        ])
    ) as _cast_errors
from typed
