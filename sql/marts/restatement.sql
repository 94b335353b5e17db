/* @model
description: >
  What the newest sixty versions said of the Centre's headline KPIs and what holds today, where the two
  differ. `motcua restate` splits a difference by cause. One row per version, KPI and period.
grain: [version, kpi_id, period_kind, period_start]
columns:
  version: "Phiên bản đã công bố. Published version."
  kpi_id: "Mã chỉ tiêu. KPI id."
  variant: "Biến thể chính. Headline variant."
  period_kind: "Loại kỳ: month, quarter, year, ytd. Kind of period."
  period_start: "Từ ngày. First day."
  numerator_then: "Tử số khi đó. Numerator as published."
  denominator_then: "Mẫu số khi đó. Denominator as published."
  numerator_now: "Tử số hôm nay. Numerator now."
  denominator_now: "Mẫu số hôm nay. Denominator now."
  numerator_change: "Chênh lệch tử số. Change of the numerator."
  denominator_change: "Chênh lệch mẫu số. Change of the denominator."
  was_provisional: "Khi đó còn tạm tính. The period wasn't over then."
*/
with versions as (
    select version, publication_no, as_of_on
    from meta.published_context
    -- by number, never by name or time: a clock may have been wrong
    qualify row_number() over (order by publication_no desc) <= 60
),

headline as (
    select kpi_id, variant, period_kind, period_start, period_end, numerator, denominator
    from marts.kpi_value
    where is_headline and agency_code = 'ALL' and period_kind in ('month', 'quarter', 'year', 'ytd')
),

said as (
    select kpi_id, variant, period_kind, period_start, publication_no, numerator, denominator
    from meta.published_value
    where agency_code = 'ALL'
),

pairs as (
    select
        v.version, v.as_of_on, h.kpi_id, h.variant, h.period_kind, h.period_start, h.period_end,
        s.numerator as numerator_then, s.denominator as denominator_then,
        h.numerator as numerator_now, h.denominator as denominator_now
    from versions as v
    join headline as h on h.period_start <= v.as_of_on
    join said as s
        on s.kpi_id = h.kpi_id
        and s.variant = h.variant
        and s.period_kind = h.period_kind
        and s.period_start = h.period_start
        and s.publication_no <= v.publication_no
    -- only changes are kept, so the newest one up to a version is what it said
    qualify row_number() over (
        partition by v.version, h.kpi_id, h.variant, h.period_kind, h.period_start
        order by s.publication_no desc
    ) = 1
)

select
    version,
    kpi_id,
    variant,
    period_kind,
    period_start,
    numerator_then,
    denominator_then,
    numerator_now,
    denominator_now,
    numerator_now - numerator_then as numerator_change,
    denominator_now - denominator_then as denominator_change,
    period_end >= as_of_on as was_provisional
from pairs
where (numerator_then, denominator_then) is distinct from (numerator_now, denominator_now)
    and numerator_then is not null
