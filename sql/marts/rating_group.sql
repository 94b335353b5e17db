/* @model
description: >
  Under which row each agency's ratings are published: its own, OTHER with the other small ones, or none.
  Groups of 1 to 4 ratings go into OTHER; where these together are fewer than five, the next smallest goes
  with them, so that a total less the rows shown gives no small group away. An agency stands in all the
  months of a quarter and in all the quarters of a year, or in OTHER in all of them: a quarter less its
  months would tell a month. Both KPIs merge the same agencies, because they count nearly the same ratings.
  The Centre's own row stays exact; of a month or longer with 1 to 4 ratings in all, its agencies stand in
  OTHER together, which is the Centre again. A day or a week of 1 to 4 is shown in no row: it would date a
  single rating. Days, weeks and campaigns have no rows of agencies: they cut months. One row per KPI of ratings, variant, period and agency.
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
        cast(date_trunc('year', period_start) as date) as year_start,
        cast(date_trunc('quarter', period_start) as date) as quarter_start,
        max(denominator) filter (agency_code = 'ALL') over (
            partition by kpi_id, variant, period_kind, period_start
        ) as whole_count
    from measures
    where denominator > 0
),

years as (
    select variant, period_kind, period_start, agency_code, bool_or(is_small_group(denominator, smaller_count)) as is_merged
    from (
        select
            *,
            sum(denominator) over (
                partition by kpi_id, variant, period_kind, period_start
                order by denominator, agency_code
                rows between unbounded preceding and 1 preceding
            ) as smaller_count
        from sized
        where period_kind in ('year', 'ytd') and agency_code <> 'ALL'
    )
    group by all
),

-- Who is small in one quarter is merged in all of its year, and others follow, the smallest first, as long as
-- some quarter's OTHER would be a small group. So each row and column of the hidden table has five or more
-- ratings, and its sums leave every cell a range of at least five.
quarter_order as (
    select
        s.variant, s.year_start, s.agency_code,
        bool_or(is_small_group(s.denominator, 0) or y.is_merged) as is_small,
        row_number() over (
            partition by s.variant, s.year_start
            order by bool_or(is_small_group(s.denominator, 0) or y.is_merged) desc, sum(s.denominator), s.agency_code
        ) as place
    from sized as s
    join years as y
        on y.variant = s.variant and y.agency_code = s.agency_code
        and y.period_kind = 'year' and y.period_start = s.year_start
    where s.period_kind = 'quarter'
    group by s.variant, s.year_start, s.agency_code
),

quarters as (
    select o.variant, o.year_start, o.agency_code, o.is_small or h.agency_code is not null as is_merged
    from quarter_order as o
    left join (
        select distinct variant, year_start, agency_code
        from (
            select o.variant, o.year_start, o.agency_code, sum(s.denominator) as held
            from quarter_order as o
            join quarter_order as b on b.variant = o.variant and b.year_start = o.year_start and b.place < o.place
            join sized as s
                on s.variant = b.variant and s.year_start = b.year_start and s.agency_code = b.agency_code
                and s.period_kind = 'quarter' and not is_small_group(s.whole_count, 0)
            group by o.variant, o.year_start, o.agency_code, s.kpi_id, s.period_start
        )
        where is_small_group(held, 0)
    ) as h
        on h.variant = o.variant and h.year_start = o.year_start and h.agency_code = o.agency_code
),

-- The same step again for the months of a quarter: it needs the quarter's verdict.
month_order as (
    select
        s.variant, s.quarter_start, s.agency_code,
        bool_or(is_small_group(s.denominator, 0) or q.is_merged) as is_small,
        row_number() over (
            partition by s.variant, s.quarter_start
            order by bool_or(is_small_group(s.denominator, 0) or q.is_merged) desc, sum(s.denominator), s.agency_code
        ) as place
    from sized as s
    join quarters as q
        on q.variant = s.variant and q.agency_code = s.agency_code and q.year_start = s.year_start
    where s.period_kind = 'month'
    group by s.variant, s.quarter_start, s.agency_code
),

months as (
    select o.variant, o.quarter_start, o.agency_code, o.is_small or h.agency_code is not null as is_merged
    from month_order as o
    left join (
        select distinct variant, quarter_start, agency_code
        from (
            select o.variant, o.quarter_start, o.agency_code, sum(s.denominator) as held
            from month_order as o
            join month_order as b
                on b.variant = o.variant and b.quarter_start = o.quarter_start and b.place < o.place
            join sized as s
                on s.variant = b.variant and s.quarter_start = b.quarter_start and s.agency_code = b.agency_code
                and s.period_kind = 'month' and not is_small_group(s.whole_count, 0)
            group by o.variant, o.quarter_start, o.agency_code, s.kpi_id, s.period_start
        )
        where is_small_group(held, 0)
    ) as h
        on h.variant = o.variant and h.quarter_start = o.quarter_start and h.agency_code = o.agency_code
)

select
    s.kpi_id,
    s.variant,
    s.period_kind,
    s.period_start,
    s.agency_code,
    case
        when is_small_group(s.whole_count, 0) and s.period_kind in ('day', 'week') then null
        when s.agency_code = 'ALL' then 'ALL'
        when coalesce(y.is_merged, q.is_merged, m.is_merged, true) then 'OTHER'
        else s.agency_code
    end as shown_code
from sized as s
left join years as y
    on y.variant = s.variant and y.agency_code = s.agency_code
    and y.period_kind = s.period_kind and y.period_start = s.period_start
left join quarters as q
    on s.period_kind = 'quarter'
    and q.variant = s.variant and q.agency_code = s.agency_code and q.year_start = s.year_start
left join months as m
    on s.period_kind = 'month'
    and m.variant = s.variant and m.agency_code = s.agency_code and m.quarter_start = s.quarter_start
