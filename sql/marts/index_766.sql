/* @model
description: >
  Decision 766: the six groups and their total. The points stand beside the points that could be earned
  where there is data at all; the true figure lies between `lowest_points` and `highest_points`, and so does the
  class of the total. A metric without data earns nothing there, or all. So does one whose rule is a hypothesis,
  whatever it earned: it may be scored otherwise, or no more at all. One row per period, agency and group.
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
  lowest_points: "Điểm nếu các chỉ số giả thuyết không được điểm. Points if hypotheses gave nothing."
  highest_points: "Điểm nếu các chỉ số thiếu dữ liệu hoặc giả thuyết được đủ điểm. Points if what lacks data, and hypotheses, were full."
  missing_metric_count: "Số chỉ số không có dữ liệu. Metrics without data."
  hypothesis_metric_count: "Số chỉ số còn là giả thuyết. Metrics whose rule is a hypothesis."
  band_lowest: "Xếp loại thấp nhất có thể (chỉ dòng tổng). The lowest class possible (total only)."
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
        cast(coalesce(sum(points_millionths) filter (rule_state is distinct from 'hypothesis'), 0) as bigint)
            as lowest_millionths,
        cast(sum(
            case when points_millionths is null or rule_state = 'hypothesis' then max_millionths
                 else points_millionths end
        ) as bigint) as highest_millionths,
        count(*) filter (points_millionths is null) as missing_metric_count,
        count(*) filter (rule_state = 'hypothesis') as hypothesis_metric_count
    from marts.index_766_metric
    group by grouping sets (
        (period_kind, period_start, agency_code, group_code), (period_kind, period_start, agency_code)
    )
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
        arg_max(b.label_vi, b.min_millionths) filter (b.min_millionths <= l.lowest_millionths) as band_lowest,
        arg_max(b.label_vi, b.min_millionths) filter (b.min_millionths <= l.highest_millionths) as band_highest
    from sums as l
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
    l.lowest_millionths / 1000000.0 as lowest_points,
    l.highest_millionths / 1000000.0 as highest_points,
    l.missing_metric_count,
    l.hypothesis_metric_count,
    c.band_lowest,
    c.band_highest,
    l.points_millionths,
    l.covered_millionths
from sums as l
left join classed as c
    on l.group_code = 'total'
    and c.period_kind = l.period_kind
    and c.period_start = l.period_start
    and c.agency_code = l.agency_code
