/* @model
description: >
  Decision 766, metric by metric: points = the most a metric gives × ratio / the ratio at which it is
  full, never more than the most. Definitions are those in force on the period's first day. A metric
  without a source, or with nothing to divide by, has no points and says so; none is invented. Neither has
  the satisfaction with cases where fewer than five rated: points would tell what those few said. Points are
  whole millionths, half up, so that groups and total are exact sums. One row per period, agency and metric.
grain: [period_kind, period_start, agency_code, metric_code]
columns:
  period_kind: "Loại kỳ: month, quarter, year, ytd, campaign. Kind of period."
  period_start: "Từ ngày. First day."
  agency_code: "Mã cơ quan, ALL là Trung tâm. Agency; ALL is the Centre."
  group_code: "Nhóm: transparency, progress, online, payment, digitisation, satisfaction. Group."
  metric_code: "Mã chỉ số. Metric."
  label_vi: "Tên chỉ số. Label in Vietnamese."
  label_en: "Tên tiếng Anh. Label in English."
  numerator: "Tử số; trống khi không có nguồn. Numerator; null without a source."
  denominator: "Mẫu số; trống khi không có nguồn. Denominator; null without a source."
  state: >-
    scored đã chấm, none_arisen không phát sinh, no_source chưa có nguồn, below_five quá ít lượt đánh giá.
    How it was scored.
  rule_state: >-
    official theo văn bản, confirmed khớp với Cổng, hypothesis giả thuyết: có thể không còn được chấm. How sure the
    metric's rule is.
  points: "Điểm; trống khi không chấm. Points; null when not scored."
  max_points: "Điểm tối đa. The most it gives."
  points_millionths: "Điểm tính bằng phần triệu. Points in millionths."
  max_millionths: "Điểm tối đa bằng phần triệu. The most in millionths."
  source_vi: "Cách lấy số liệu. Where the figures come from."
  document_no: "Căn cứ. Legal basis."
*/
with metrics as (
    select
        metric_code, group_code, label_vi, label_en, when_none, source_vi, document_no, state as rule_state,
        cast(round(cast(max_points as decimal(9, 6)) * 1000000) as bigint) as max_millionths,
        cast(round(cast(full_at as decimal(9, 6)) * 1000000) as bigint) as full_millionths,
        to_day(valid_from) as valid_from, to_day(valid_to) as valid_to
    from seeds.index_766_metrics
),

-- A metric is known from the first period that its source says anything about.
known as (
    select metric_code, period_kind, min(period_start) as known_from
    from marts.index_766_measure
    group by metric_code, period_kind
),

places as (
    select distinct period_kind, period_start, agency_code from marts.index_766_measure
),

-- Its numerator lacks those who were unhappy, so it would tell how a small group rated.
hidden as (
    select period_kind, period_start, agency_code
    from marts.rating_group
    where kpi_id = 'dissatisfied' and shown_code is distinct from agency_code
),

measured as (
    select
        p.period_kind, p.period_start, p.agency_code, t.*,
        h.agency_code is not null as is_hidden,
        case when k.metric_code is not null and h.agency_code is null then coalesce(m.numerator, 0) end as numerator,
        case when k.metric_code is not null and h.agency_code is null then coalesce(m.denominator, 0) end as denominator
    from places as p
    join metrics as t
        on (t.valid_from is null or t.valid_from <= p.period_start)
        and (t.valid_to is null or t.valid_to >= p.period_start)
    left join known as k
        on k.metric_code = t.metric_code
        and k.period_kind = p.period_kind
        and k.known_from <= p.period_start
    left join marts.index_766_measure as m
        on m.metric_code = t.metric_code
        and m.period_kind = p.period_kind
        and m.period_start = p.period_start
        and m.agency_code = p.agency_code
    left join hidden as h
        on t.metric_code = 'DOSSIER_RECEIVING_SATISFACTION'
        and h.period_kind = p.period_kind
        and h.period_start = p.period_start
        and h.agency_code = p.agency_code
),

scored as (
    select
        *,
        case
            when denominator is null then null
            when denominator = 0 then case when_none when 'full' then max_millionths when 'zero' then 0 end
            else cast(least(
                max_millionths,
                (2 * cast(max_millionths as hugeint) * numerator * 1000000
                    + cast(denominator as hugeint) * full_millionths)
                // (2 * cast(denominator as hugeint) * full_millionths)
            ) as bigint)
        end as points_millionths
    from measured
)

select
    period_kind,
    period_start,
    agency_code,
    group_code,
    metric_code,
    label_vi,
    label_en,
    numerator,
    denominator,
    case
        when is_hidden then 'below_five'
        when denominator is null then 'no_source'
        when denominator = 0 then 'none_arisen'
        else 'scored'
    end as state,
    rule_state,
    points_millionths / 1000000.0 as points,
    max_millionths / 1000000.0 as max_points,
    points_millionths,
    max_millionths,
    source_vi,
    document_no
from scored
