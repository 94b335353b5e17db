/* @model
description: >
  Agencies' points "theo NĐ 61/2018": the mean of each index over rated cases, their sum (0 to 18) and
  class only where all nine indices are there. The decree was in force from 2018-06-21 to 2025-06-30; the
  table is empty unless a source sends such points. It says nothing of the emulation campaign.
  There is no total, so that no small group can be told by subtraction from it.
  One row per period and agency with at least five rated cases.
grain: [period_kind, period_start, agency_code]
columns:
  period_kind: "quarter, year. Kind of period."
  period_start: "Từ ngày. First day."
  period_end: "Đến ngày. Last day."
  agency_code: "Mã cơ quan. Agency."
  agency_name: "Tên cơ quan. Agency name."
  rated_case_count: "Số hồ sơ được đánh giá theo NĐ 61/2018. Rated cases."
  c1_points: "Chỉ số 1, điểm bình quân 0–2; trống khi dưới 5 hồ sơ. Index 1, mean; null below five cases."
  c2_points: "Chỉ số 2, điểm bình quân 0–2; trống khi dưới 5 hồ sơ. Index 2, mean; null below five cases."
  c3_points: "Chỉ số 3, điểm bình quân 0–2; trống khi dưới 5 hồ sơ. Index 3, mean; null below five cases."
  c4_points: "Chỉ số 4, điểm bình quân 0–2; trống khi dưới 5 hồ sơ. Index 4, mean; null below five cases."
  c5_points: "Chỉ số 5, điểm bình quân 0–2; trống khi dưới 5 hồ sơ. Index 5, mean; null below five cases."
  c6_points: "Chỉ số 6, điểm bình quân 0–2; trống khi dưới 5 hồ sơ. Index 6, mean; null below five cases."
  c7_points: "Chỉ số 7, điểm bình quân 0–2; trống khi dưới 5 hồ sơ. Index 7, mean; null below five cases."
  c8_points: "Chỉ số 8, điểm bình quân 0–2; trống khi dưới 5 hồ sơ. Index 8, mean; null below five cases."
  c9_points: "Chỉ số 9, điểm bình quân 0–2; trống khi dưới 5 hồ sơ. Index 9, mean; null below five cases."
  index_count: "Số chỉ số có điểm. Indices with points."
  total_points: "Tổng điểm theo NĐ 61/2018, 0–18; trống khi thiếu chỉ số. Sum; null unless all nine are there."
  class_vi: "Xếp loại theo NĐ 61/2018; trống khi thiếu chỉ số. Class; null unless all nine are there."
  class_en: "Xếp loại, tiếng Anh. Class in English."
*/
with days as (
    select * from core.period_day where period_kind in ('quarter', 'year')
),

rated as (
    select d.period_kind, d.period_start, k.agency_code, count(distinct k.case_code) as rated_case_count
    from core.nd61_case as k
    join days as d on d.day = k.rated_on
    group by all
    having count(distinct k.case_code) >= 5
),

means as (
    select d.period_kind, d.period_start, k.agency_code, k.index_code, avg(k.points) as mean_points
    from core.nd61_case as k
    join days as d on d.day = k.rated_on
    group by all
    having count(distinct k.case_code) >= 5
),

pivoted as (
    select
        period_kind,
        period_start,
        agency_code,
        count(*) as index_count,
        sum(mean_points) as sum_points,
        max(mean_points) filter (index_code = 'c1') as c1_points,
        max(mean_points) filter (index_code = 'c2') as c2_points,
        max(mean_points) filter (index_code = 'c3') as c3_points,
        max(mean_points) filter (index_code = 'c4') as c4_points,
        max(mean_points) filter (index_code = 'c5') as c5_points,
        max(mean_points) filter (index_code = 'c6') as c6_points,
        max(mean_points) filter (index_code = 'c7') as c7_points,
        max(mean_points) filter (index_code = 'c8') as c8_points,
        max(mean_points) filter (index_code = 'c9') as c9_points
    from means
    group by all
),

totals as (
    select
        p.*,
        q.period_end,
        case when p.index_count = n.index_count then p.sum_points end as total_points
    from pivoted as p
    join core.dim_period as q using (period_kind, period_start)
    cross join (select count(distinct index_code) as index_count from seeds.nd61_index) as n
),

classes as (
    select
        label_vi, label_en, to_integer(min_points) as min_points,
        to_day(valid_from) as valid_from, to_day(valid_to) as valid_to
    from seeds.nd61_class
),

classed as (
    select
        t.period_kind, t.period_start, t.agency_code,
        arg_max(c.label_vi, c.min_points) as class_vi,
        arg_max(c.label_en, c.min_points) as class_en
    from totals as t
    join classes as c
        -- Means that add up to a threshold may miss it by the last bit of a float.
        on round(t.total_points, 9) >= c.min_points
        and c.valid_from <= t.period_end
        and (c.valid_to is null or c.valid_to >= t.period_start)
    group by all
)

select
    p.period_kind,
    p.period_start,
    p.period_end,
    p.agency_code,
    coalesce(a.agency_name, p.agency_code) as agency_name,
    r.rated_case_count,
    p.c1_points,
    p.c2_points,
    p.c3_points,
    p.c4_points,
    p.c5_points,
    p.c6_points,
    p.c7_points,
    p.c8_points,
    p.c9_points,
    p.index_count,
    p.total_points,
    c.class_vi,
    c.class_en
from totals as p
join rated as r using (period_kind, period_start, agency_code)
left join classed as c using (period_kind, period_start, agency_code)
left join core.dim_agency as a on a.agency_code = p.agency_code
