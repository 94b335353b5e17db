/* @model
description: >
  The years around as-of and whether their days off are official; due days counted through a provisional year
  are provisional. One row per year from the one before as-of to the
  second after it.
grain: [calendar_year]
publish: true
columns:
  calendar_year: "Năm. Year."
  is_official: "Có lịch nghỉ chính thức. Its days off are official."
  is_provisional: "Chưa có lịch, nên hạn tính qua năm này là tạm tính. Not official, so due days counted through it are provisional."
  is_awaited: "Đã đến lúc cần có lịch. Its calendar is awaited by now."
*/
select y.calendar_year, y.is_official, y.is_provisional, y.is_awaited
from core.dim_calendar_year as y
cross join meta.run_context as x
where y.calendar_year between year(x.as_of_on) - 1 and year(x.as_of_on) + 2
