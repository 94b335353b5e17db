/* @model
description: >
  What each procedure received and closed at the Centre in each year; ratings of small groups are not
  shown, nor enough of the next ones to work them out. One row per year, agency and procedure.
grain: [period_start, agency_code, procedure_code]
columns:
  period_start: "Từ ngày 01/01. First day of the year."
  agency_code: "Mã cơ quan. Agency code."
  procedure_code: "Mã thủ tục. Procedure code."
  procedure_name: "Tên thủ tục. Procedure name."
  field_name: "Lĩnh vực. Field."
  received_count: "Tiếp nhận. Received."
  online_count: "Trực tuyến. Received online."
  closed_count: "Đã giải quyết. Closed."
  late_count: "Quá hạn. Late."
  median_days: "Trung vị số ngày làm việc; trống khi dưới 5 hồ sơ. Median working days; null below five cases."
  rating_count: "Số lượt đánh giá; trống khi nhóm nhỏ. Ratings; null where the group is small."
*/
with events as (
    select
        cast(date_trunc('year', c.received_on) as date) as period_start, c.agency_code, c.procedure_code,
        1 as received, case when c.filed_as = 'online' then 1 else 0 end as online,
        0 as closed, 0 as late, null as days, 0 as rated
    from core.fct_case as c
    where c.is_centre and c.is_accepted
    union all
    select
        cast(date_trunc('year', end_on) as date), agency_code, procedure_code,
        0, 0, 1, cast(coalesce(not is_on_time, false) as integer), duration_days, 0
    from core.fct_case
    where is_centre and end_on is not null
    union all
    select cast(date_trunc('year', rated_on) as date), agency_code, procedure_code, 0, 0, 0, 0, null, 1
    from core.fct_rating
    where is_valid and is_centre
),

summed as (
    select
        period_start, agency_code, procedure_code,
        cast(sum(received) as bigint) as received_count,
        cast(sum(online) as bigint) as online_count,
        cast(sum(closed) as bigint) as closed_count,
        cast(sum(late) as bigint) as late_count,
        median(days) as median_days,
        cast(sum(rated) as bigint) as rated_count
    from events
    group by all
),

-- Ratings without a procedure are a group too: the agency's total holds them.
sized as (
    select
        *,
        sum(rated_count) over (
            partition by period_start, agency_code
            order by rated_count, procedure_code
            rows between unbounded preceding and 1 preceding
        ) as smaller_count
    from summed
)

select
    s.period_start,
    s.agency_code,
    s.procedure_code,
    p.procedure_name,
    p.field_name,
    s.received_count,
    s.online_count,
    s.closed_count,
    s.late_count,
    case when not is_small_group(s.closed_count, 0) then s.median_days end as median_days,
    -- of an agency that has no row of its own for the year, no part is shown either
    case
        when s.rated_count > 0 and g.agency_code is not null and not is_small_group(s.rated_count, s.smaller_count)
        then s.rated_count
    end as rating_count
from sized as s
left join core.dim_procedure as p on p.procedure_code = s.procedure_code
left join marts.rating_group as g
    on g.kpi_id = 'dissatisfied' and g.variant = 'A' and g.period_kind = 'year'
    and g.period_start = s.period_start and g.agency_code = s.agency_code and g.shown_code = g.agency_code
where s.procedure_code is not null
