/* @model
description: >
  Under which row each agency's ratings are published: its own, OTHER with the other small ones, or none.
  Groups of 1 to 4 ratings go into OTHER; where these together are fewer than five, the next smallest goes
  with them, so that a total less the rows shown gives no small group away. A period of 1 to 4 ratings in
  all is shown in no row. Days and weeks have no rows of agencies: a month less its days would tell a day.
  One row per KPI of ratings, variant, period and agency.
grain: [kpi_id, variant, period_kind, period_start, agency_code]
publish: false
columns:
  kpi_id: "Mã chỉ tiêu. KPI id."
  variant: "Biến thể. Variant."
  period_kind: "Loại kỳ. Kind of period."
  period_start: "Từ ngày. First day."
  agency_code: "Mã cơ quan, ALL là Trung tâm. Agency; ALL is the Centre."
  shown_code: "Mã được công bố; trống là không công bố. Code it is published under; null is not at all."
*/
with measures as (
    select 'very_satisfied' as kpi_id, variant, period_kind, period_start, agency_code, denominator
    from marts.kpi_very_satisfied
    union all
    select 'dissatisfied', variant, period_kind, period_start, agency_code, denominator
    from marts.kpi_dissatisfied
),

sized as (
    select
        *,
        max(denominator) filter (agency_code = 'ALL') over (
            partition by kpi_id, variant, period_kind, period_start
        ) as whole_count,
        sum(denominator) over (
            partition by kpi_id, variant, period_kind, period_start, agency_code = 'ALL'
            order by denominator, agency_code
            rows between unbounded preceding and 1 preceding
        ) as smaller_count
    from measures
    where denominator > 0
)

select
    kpi_id,
    variant,
    period_kind,
    period_start,
    agency_code,
    case
        when is_small_group(whole_count, 0) then null
        when agency_code = 'ALL' then 'ALL'
        when period_kind in ('day', 'week') or is_small_group(denominator, smaller_count) then 'OTHER'
        else agency_code
    end as shown_code
from sized
