/* @model
description: One row per target that a document sets for a KPI.
grain: [kpi_id, scope, valid_from]
columns:
  kpi_id: "Mã chỉ tiêu. KPI id."
  scope: "Phạm vi. Scope."
  comparison: "So sánh. Comparison."
  target: "Mục tiêu. Target."
  valid_from: "Hiệu lực từ ngày. Valid from."
  valid_to: "Hiệu lực đến ngày. Valid to."
  document_no: "Số văn bản. Document."
*/
with typed as (
    select
        clean_text(r.kpi_id) as kpi_id,
        clean_text(r.scope) as scope,
        clean_text(r.comparison) as comparison,
        try_cast(replace(clean_text(r.target), ',', '.') as double) as target,
        to_day(r.valid_from) as valid_from,
        to_day(r.valid_to) as valid_to,
        clean_text(r.document_no) as document_no,
        r._defects, r._version_at, r._batch_id, r._page_no, r._row_no, r._loaded_at, r
    from raw.drops__kpi_target as r
)
select
    * exclude (r, _defects),
    list_concat(
        _defects,
        unread_fields([
            unread(r.target, target, 'target'),
            unread(r.valid_from, valid_from, 'valid_from'),
            unread(r.valid_to, valid_to, 'valid_to')
        ])
    ) as _cast_errors
from typed
