/* @model
description: >
  How many of the Centre's accepted cases stood open and overdue at the end of a day, those waiting for
  a supplement left out. One row per day and agency with such cases.
grain: [day, agency_code]
columns:
  day: "Ngày. Day."
  agency_code: "Mã cơ quan. Agency code."
  overdue_count: "Số hồ sơ quá hạn chưa giải quyết. Open overdue cases."
*/
select day, agency_code, count(*) as overdue_count
from core.overdue_case
group by day, agency_code
