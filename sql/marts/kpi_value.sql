/* @model
description: >
  Every KPI at every variant, period and agency, with target and status. ALL is the Centre; its rows are
  there for every period of the kinds that seeds.kpi gives, an agency's only where something was counted. Status is decided on integers.
  Ratings of small groups stand in the row OTHER; days and weeks of fewer than five in all are not shown (marts.rating_group).
  One row per KPI, variant, period and agency.
grain: [kpi_id, variant, period_kind, period_start, agency_code]
columns:
  kpi_id: "Mã chỉ tiêu. KPI id."
  variant: "Biến thể. Variant."
  is_headline: "Là biến thể chính. Is the headline variant."
  period_kind: "Loại kỳ: day, week, month, quarter, year, ytd, campaign. Kind of period."
  period_start: "Từ ngày. First day."
  period_end: "Đến ngày. Last day."
  agency_code: >-
    Mã cơ quan, ALL là Trung tâm, OTHER là các cơ quan ít lượt đánh giá gộp lại.
    Agency; ALL is the Centre, OTHER the agencies with few ratings together.
  agency_name: "Tên cơ quan. Agency name."
  numerator: "Tử số. Numerator."
  denominator: "Mẫu số. Denominator."
  value: "Giá trị; trống khi mẫu số bằng 0. Value; null where the denominator is 0."
  comparison: "So sánh với mục tiêu. Comparison with the target."
  target: "Mục tiêu. Target."
  status: >-
    met đạt, missed không đạt, no_data không phát sinh hoặc dưới 5 lượt đánh giá, info theo dõi.
    Status; no_data: nothing counted, or fewer than five ratings.
  is_provisional: >-
    Tạm tính: kỳ chưa hết, hoặc dựa vào lịch nghỉ chưa chính thức.
    Provisional: the period isn't over, or rests on a calendar that isn't official.
  rests_on_provisional_calendar: >-
    Có hạn được tính trong kỳ, hoặc còn mở cuối kỳ, tính qua năm chưa có lịch nghỉ chính thức.
    A due day counted in it, or open at its end, was counted through a year without official days off.
  lacks_source: >-
    Chưa có nguồn số liệu, nên không có giá trị chứ không phải bằng 0.
    What it is counted from has never come; there is no value then, and it isn't 0.
  unconnected_systems: >-
    Hệ thống chưa nối nguồn mà chỉ tiêu thiếu số liệu của nó.
    Where it lacks a source: the systems behind it that have no address.
  data_as_of: "Dữ liệu đến. Data as of."
*/
with centre_rows as (
    select v.kpi_id, v.variant, p.period_kind, p.period_start, 'ALL' as agency_code
    from seeds.kpi_variants as v
    join seeds.kpi as k on k.kpi_id = v.kpi_id
    join core.dim_period as p
        on k.period_kinds is null or list_contains(string_split(k.period_kinds, ' '), p.period_kind)
),

shown as (
    select
        m.kpi_id, m.variant, m.period_kind, m.period_start,
        case when g.agency_code is null then m.agency_code else g.shown_code end as agency_code,
        cast(sum(m.numerator) as bigint) as numerator, cast(sum(m.denominator) as bigint) as denominator
    from marts.kpi_measure as m
    left join marts.rating_group as g
        on g.kpi_id = m.kpi_id
        and g.variant = m.variant
        and g.period_kind = m.period_kind
        and g.period_start = m.period_start
        and g.agency_code = m.agency_code
    group by all
),

measures as (
    select kpi_id, variant, period_kind, period_start, agency_code, numerator, denominator
    from shown
    where agency_code <> 'ALL'
    union all
    select c.*, coalesce(m.numerator, 0), coalesce(m.denominator, 0)
    from centre_rows as c
    left join shown as m
        on m.kpi_id = c.kpi_id
        and m.variant = c.variant
        and m.period_kind = c.period_kind
        and m.period_start = c.period_start
        and m.agency_code = 'ALL'
),

-- A target set by a document that came as a file goes before the packaged one; one for an agency
-- before the Centre's.
aimed as (
    select m.*, t.comparison, t.target
    from measures as m
    left join core.dim_target as t
        on t.kpi_id = m.kpi_id
        and t.scope in ('ALL', m.agency_code)
        and (t.valid_from is null or t.valid_from <= m.period_start)
        and (t.valid_to is null or t.valid_to >= m.period_start)
    qualify row_number() over (
        partition by m.kpi_id, m.variant, m.period_kind, m.period_start, m.agency_code
        order by (t.scope = m.agency_code) desc nulls last, t.priority desc, t.valid_from desc nulls last
    ) = 1
),

-- Targets have at most six decimals, so numerator × 10^6 against target × denominator is exact.
judged as (
    select
        a.*,
        k.unit,
        cast(a.numerator as hugeint) * 1000000
            - cast(round(a.target * 1000000) as hugeint) * case when k.unit in ('count', 'days') then 1 else a.denominator end
            as distance
    from aimed as a
    join seeds.kpi as k on k.kpi_id = a.kpi_id
),

-- Which due days a variant judges by, seeds.kpi_variants says.
resting as (
    select distinct v.kpi_id, v.variant, r.period_kind, r.period_start, r.agency_code
    from seeds.kpi_variants as v
    join core.provisional_period as r on list_contains(string_split(v.calendar_basis, ' '), r.calendar_basis)
),

lacking as (
    select v.kpi_id, v.variant, string_agg(distinct g.unconnected_system, ', ' order by g.unconnected_system) as systems
    from seeds.kpi_variants as v
    join seeds.kpi_sources as s on s.kpi_id = v.kpi_id and coalesce(s.variant, v.variant) = v.variant
    join core.source_given as g on g.source = s.source
    where not g.is_given
    group by v.kpi_id, v.variant
)

select
    j.kpi_id,
    j.variant,
    k.headline_variant = j.variant as is_headline,
    j.period_kind,
    j.period_start,
    p.period_end,
    j.agency_code,
    case j.agency_code
        when 'ALL' then 'Trung tâm Phục vụ hành chính công'
        when 'OTHER' then 'Các cơ quan ít lượt đánh giá (gộp)'
        else coalesce(a.agency_name, j.agency_code)
    end as agency_name,
    j.numerator,
    j.denominator,
    case
        when j.denominator = 0 then null
        when j.unit in ('count', 'days') then cast(j.numerator as double)
        when j.unit = 'points' then j.numerator / 1000000.0 -- points are kept in millionths
        else cast(j.numerator as double) / j.denominator
    end as value,
    j.comparison,
    j.target,
    case
        when j.denominator = 0 then 'no_data'
        when j.target is null then 'info'
        when (j.comparison = '>' and j.distance > 0)
            or (j.comparison = '>=' and j.distance >= 0)
            or (j.comparison = '=' and j.distance = 0) then 'met'
        else 'missed'
    end as status,
    p.is_provisional or r.kpi_id is not null as is_provisional,
    r.kpi_id is not null as rests_on_provisional_calendar,
    l.kpi_id is not null as lacks_source,
    l.systems as unconnected_systems,
    x.data_as_of
from judged as j
cross join meta.run_context as x
join seeds.kpi as k on k.kpi_id = j.kpi_id
join core.dim_period as p on p.period_kind = j.period_kind and p.period_start = j.period_start
left join core.dim_agency as a on a.agency_code = j.agency_code
left join resting as r
    on r.kpi_id = j.kpi_id
    and r.variant = j.variant
    and r.period_kind = j.period_kind
    and r.period_start = j.period_start
    and r.agency_code = j.agency_code
left join lacking as l on l.kpi_id = j.kpi_id and l.variant = j.variant
