/* @model
description: Which days a period holds, for rolling daily counts up. One row per period and day.
grain: [period_kind, period_start, day]
columns:
  period_kind: "Loại kỳ. Kind of period."
  period_start: "Từ ngày. First day."
  day: "Ngày. Day."
  evaluated_on: "Ngày xét. Day of judgement."
*/
select
    p.period_kind,
    p.period_start,
    d.day,
    p.evaluated_on
from core.dim_period as p
join core.dim_date as d on d.day between p.period_start and p.period_end
