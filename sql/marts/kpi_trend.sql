/* @model
description: >
  The headline KPIs of the Centre by month, with the month before and the same month a year ago.
  One row per KPI and month.
grain: [kpi_id, period_start]
columns:
  kpi_id: "Mã chỉ tiêu. KPI id."
  period_start: "Tháng. Month."
  period_end: "Hết tháng. Last day."
  numerator: "Tử số. Numerator."
  denominator: "Mẫu số. Denominator."
  value: "Giá trị. Value."
  target: "Mục tiêu. Target."
  status: "Trạng thái. Status."
  previous_value: "Tháng trước. Previous month."
  year_ago_value: "Cùng kỳ năm trước. Same month a year ago."
  is_provisional: "Tạm tính. Provisional."
*/
select
    v.kpi_id,
    v.period_start,
    v.period_end,
    v.numerator,
    v.denominator,
    v.value,
    v.target,
    v.status,
    before.value as previous_value,
    year_ago.value as year_ago_value,
    v.is_provisional
from marts.kpi_value as v
left join marts.kpi_value as before
    on before.kpi_id = v.kpi_id and before.variant = v.variant and before.period_kind = 'month'
    and before.agency_code = 'ALL'
    and before.period_start = cast(v.period_start - interval 1 month as date)
left join marts.kpi_value as year_ago
    on year_ago.kpi_id = v.kpi_id and year_ago.variant = v.variant and year_ago.period_kind = 'month'
    and year_ago.agency_code = 'ALL'
    and year_ago.period_start = cast(v.period_start - interval 1 year as date)
where v.period_kind = 'month' and v.agency_code = 'ALL' and v.is_headline
