/* @model
description: >
  Total of Decision 766: points earned over what the metrics with data could give, both in
  millionths of a point. One row per variant, period and agency.
columns:
  numerator: "Tử số: phần triệu điểm đạt được. Millionths of points earned."
  denominator: "Mẫu số: phần triệu điểm của chỉ số có dữ liệu. Millionths of points covered by data."
*/
select
    'A' as variant,
    period_kind,
    period_start,
    agency_code,
    points_millionths as numerator,
    covered_millionths as denominator
from marts.index_766
where group_code = 'total'
