/* @model
description: >
  Decision 766, total: points earned over what the metrics with data could give, both in
  millionths of a point. One row per variant, period and agency.
each:
  index_766_total: total
  index_766_transparency: transparency
  index_766_progress: progress
  index_766_online: online
  index_766_payment: payment
  index_766_digitisation: digitisation
  index_766_satisfaction: satisfaction
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
