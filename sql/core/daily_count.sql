/* @model
description: How many rows each stream brought for a day. One row per stream and day with rows.
grain: [stream, day]
columns:
  stream: "Dòng dữ liệu: case hồ sơ tiếp nhận, rating lượt đánh giá. Stream: cases received, ratings given."
  day: "Ngày. Day."
  row_count: "Số bản ghi. Rows."
*/
select 'case' as stream, received_on as day, count(*) as row_count
from core.fct_case
where is_accepted and received_on is not null
group by received_on
union all
select 'rating', rated_on, count(*)
from core.fct_rating
where rated_on is not null
group by rated_on
