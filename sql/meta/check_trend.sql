/* @model
description: What every rule said in its last thirty runs, counts only. One row per table, rule and run.
grain: [table_name, rule, run_id]
publish: true
columns:
  table_name: "Bảng. Table."
  rule: "Quy tắc. Rule."
  run_id: "Lần chạy. Run."
  checked_at: "Kiểm tra lúc. Checked."
  severity: "critical, warning, info. Severity."
  evaluated: "Số dòng xét. Rows evaluated."
  failed: "Số dòng vi phạm. Rows failed."
  state: "passed đạt, failed vi phạm, error không chạy được. State."
*/
with runs as (
    select * from meta.check_run
    qualify row_number() over (partition by table_name, rule, run_id order by event_no desc, checked_at desc) = 1
)

select table_name, rule, run_id, checked_at, severity, evaluated, failed, state
from runs
qualify row_number() over (partition by table_name, rule order by event_no desc, checked_at desc) <= 30
