/* @model
description: >
  Decision 766: the six groups and their total. The points stand beside the points that could be earned
  where there is data at all; the true figure lies between `points` (metrics without data earn nothing)
  and `highest_points` (they earn all), and so does the class of the total. One row per period, agency and group.
grain: [period_kind, period_start, agency_code, group_code]
columns:
  period_kind: "Loại kỳ: month, quarter, year, ytd, campaign. Kind of period."
  period_start: "Từ ngày. First day."
  agency_code: "Mã cơ quan, ALL là Trung tâm. Agency; ALL is the Centre."
  group_code: >-
    transparency công khai, progress tiến độ, online trực tuyến, payment thanh toán, digitisation số hóa,
    satisfaction hài lòng, total tổng. Group, or the total.
  points: "Điểm đạt được. Points earned."
  covered_points: "Điểm tối đa của các chỉ số có dữ liệu. The most the metrics with data give."
  max_points: "Điểm tối đa của nhóm. The most the group gives."
  highest_points: "Điểm nếu các chỉ số thiếu dữ liệu được đủ điểm. Points if what lacks data were full."
  missing_metric_count: "Số chỉ số không có dữ liệu. Metrics without data."
  band_lowest: "Xếp loại theo điểm đạt được (chỉ dòng tổng). Class by the points earned (total only)."
  band_highest: "Xếp loại cao nhất có thể (chỉ dòng tổng). The highest class possible (total only)."
  points_millionths: "Điểm bằng phần triệu. Points in millionths."
  covered_millionths: "Điểm có dữ liệu bằng phần triệu. Covered points in millionths."
*/
with sums as (
    select
        period_kind,
        period_start,
        agency_code,
        coalesce(group_code, 'total') as group_code,
        cast(coalesce(sum(points_millionths), 0) as bigint) as points_millionths,
        cast(coalesce(sum(max_millionths) filter (points_millionths is not null), 0) as bigint)
            as covered_millionths,
        cast(sum(max_millionths) as bigint) as max_millionths,
        count(*) filter (points_millionths is null) as missing_metric_count
    from marts.index_766_metric
    group by grouping sets (
        (period_kind, period_start, agency_code, group_code), (period_kind, period_start, agency_code)
    )
),

limits as (
    select *, points_millionths + max_millionths - covered_millionths as highest_millionths from sums
),

bands as (
    select
        label_vi, cast(round(cast(min_points as decimal(9, 6)) * 1000000) as bigint) as min_millionths,
        to_day(valid_from) as valid_from, to_day(valid_to) as valid_to
    from seeds.index_766_bands
),

classed as (
    select
        l.period_kind, l.period_start, l.agency_code,
        arg_max(b.label_vi, b.min_millionths) filter (b.min_millionths <= l.points_millionths) as band_lowest,
        arg_max(b.label_vi, b.min_millionths) filter (b.min_millionths <= l.highest_millionths) as band_highest
    from limits as l
    join bands as b
        on (b.valid_from is null or b.valid_from <= l.period_start)
        and (b.valid_to is null or b.valid_to >= l.period_start)
    where l.group_code = 'total'
    group by l.period_kind, l.period_start, l.agency_code
)

select
    l.period_kind,
    l.period_start,
    l.agency_code,
    l.group_code,
    l.points_millionths / 1000000.0 as points,
    l.covered_millionths / 1000000.0 as covered_points,
    l.max_millionths / 1000000.0 as max_points,
    l.highest_millionths / 1000000.0 as highest_points,
    l.missing_metric_count,
    c.band_lowest,
    c.band_highest,
    l.points_millionths,
    l.covered_millionths
from limits as l
left join classed as c
    on l.group_code = 'total'
    and c.period_kind = l.period_kind
    and c.period_start = l.period_start
    and c.agency_code = l.agency_code
