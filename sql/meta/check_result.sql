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
  remedy_vi: "Cần làm gì khi vi phạm. What to do, in Vietnamese."
  previous_failed: "Số dòng vi phạm lần trước. Rows failed the time before."
  failing_since: "Vi phạm liên tục từ. Not passed without a break since."
  carried_since: "Giữ từ lần chạy này vì dữ liệu và quy tắc không đổi. Carried since this run; empty: asked anew."
*/
with said as (
    select
        *,
        lag(failed) over past as previous_failed,
        -- The break before the present row of failures; none when it has never passed.
        max(case when state = 'passed' then coalesce(event_no, 0) end) over past as passed_no,
        row_number() over (partition by table_name, rule order by event_no desc, checked_at desc) = 1 as is_latest,
        first_value(run_id) over (partition by table_name order by event_no desc, checked_at desc) as latest_run_id
    from meta.check_run
    window past as (partition by table_name, rule order by event_no, checked_at)
),

failing as (
    select s.table_name, s.rule, min(s.checked_at) as failing_since
    from said as s
    join said as latest on latest.is_latest and latest.table_name = s.table_name and latest.rule = s.rule
    where s.state <> 'passed' and latest.state <> 'passed'
        and coalesce(s.event_no, 0) > coalesce(latest.passed_no, -1)
    group by all
)

select
    s.table_name as "table", -- the contract's name, although it needs quotes
    s.rule,
    s.severity,
    s.owner,
    s.reason_vi,
    s.reason_en,
    s.evaluated,
    s.failed,
    s.state,
    s.checked_at,
    s.remedy_vi,
    s.previous_failed,
    f.failing_since,
    s.carried_from as carried_since
from said as s
left join failing as f on f.table_name = s.table_name and f.rule = s.rule
-- A rule that the table's latest run doesn't know is gone from its suite.
where s.is_latest and s.run_id = s.latest_run_id
