/* @model
description: How many rows stand in quarantine and why; no row content. One row per table and rule.
grain: [table_name, rule]
publish: true
columns:
  table_name: "Bảng. Table."
  rule: "Quy tắc. Rule."
  reason_vi: "Lý do. Reason."
  row_count: "Số bản ghi. Rows."
  resolved_count: "Đã có bản đúng thay thế. Resolved by a later good version."
  open_count: "Còn chờ xử lý. Still open."
*/
select
    table_name,
    rule,
    any_value(reason_vi) as reason_vi,
    cast(sum(row_count) as bigint) as row_count,
    cast(sum(resolved_count) as bigint) as resolved_count,
    cast(sum(row_count - resolved_count) as bigint) as open_count
from meta.quarantine_tally
group by table_name, rule
