/* @model
description: The latest result of every rule; error means the check could not run. One row per table and rule.
grain: [table, rule]
publish: true
columns:
  table: "Bảng. Table."
  rule: "Quy tắc. Rule."
  severity: "critical, warning, info. Severity."
  owner: "Người phụ trách. Owner."
  reason_vi: "Lý do. Reason in Vietnamese."
  reason_en: "Lý do tiếng Anh. Reason in English."
  evaluated: "Số dòng xét. Rows evaluated."
  failed: "Số dòng vi phạm. Rows failed."
  state: "passed đạt, failed vi phạm, error không chạy được. State."
  checked_at: "Kiểm tra lúc. Checked."
*/
select
    table_name as "table", -- the contract's name, although it needs quotes
    rule,
    severity,
    owner,
    reason_vi,
    reason_en,
    evaluated,
    failed,
    state,
    checked_at
from meta.check_run
qualify row_number() over (partition by table_name, rule order by checked_at desc) = 1
