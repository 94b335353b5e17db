/* @model
description: >
  Targets with their validity, the packaged ones and those that documents set by file; a file's target
  goes first. One row per KPI, scope, first day of validity and priority.
grain: [kpi_id, scope, valid_from, priority]
columns:
  kpi_id: "Mã chỉ tiêu. KPI id."
  scope: "Phạm vi: ALL hoặc mã cơ quan. Scope: ALL or an agency code."
  comparison: "So sánh: >, >=, =. Comparison."
  target: "Mục tiêu. Target."
  valid_from: "Hiệu lực từ ngày; trống là mọi kỳ. Valid from; null is always."
  valid_to: "Hiệu lực đến ngày. Valid to."
  document_no: "Số văn bản. Document."
  priority: "Ưu tiên. Priority."
*/
select
    kpi_id,
    case when upper(coalesce(scope, 'ALL')) in ('ALL', '*') then 'ALL' else scope end as scope,
    comparison, target, valid_from, valid_to, document_no, 2 as priority
from staging.kpi_target
qualify row_number() over (
    partition by kpi_id, case when upper(coalesce(scope, 'ALL')) in ('ALL', '*') then 'ALL' else scope end, valid_from
    order by _loaded_at desc, _row_no desc
) = 1
union all
select
    kpi_id, scope, comparison, try_cast(target as double), to_day(valid_from), to_day(valid_to),
    document_no, 1
from seeds.kpi_targets
