/* @model
description: The n-th working day of the calendar, to add working days by index. One row per working day.
grain: [working_day_no]
columns:
  working_day_no: "Số thứ tự ngày làm việc. Number of the working day."
  day: "Ngày. Day."
*/
select working_day_no, day
from core.dim_date
where is_working
