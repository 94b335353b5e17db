/* @model
description: >
  What each procedure received and closed at the Centre in each year; ratings of fewer than five are not
  shown. One row per year, agency and procedure.
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
  median_days: "Trung vị số ngày làm việc. Median working days."
  rating_count: "Số lượt đánh giá; trống khi dưới 5. Ratings; null below five."
*/
with events as (
    select
        cast(date_trunc('year', received_on) as date) as period_start, agency_code, procedure_code,
        1 as received, cast(channel = 2 as integer) as online, 0 as closed, 0 as late, null as days, 0 as rated
    from core.fct_case
    where is_centre and is_accepted
    union all
    select
        cast(date_trunc('year', end_on) as date), agency_code, procedure_code,
        0, 0, 1, cast(coalesce(end_on > due_on, false) as integer), duration_days, 0
    from core.fct_case
    where is_centre and end_on is not null
    union all
    select cast(date_trunc('year', rated_on) as date), agency_code, procedure_code, 0, 0, 0, 0, null, 1
    from core.fct_rating
    where is_valid and is_centre
)

select
    e.period_start,
    e.agency_code,
    e.procedure_code,
    any_value(p.procedure_name) as procedure_name,
    any_value(p.field_name) as field_name,
    cast(sum(e.received) as bigint) as received_count,
    cast(sum(e.online) as bigint) as online_count,
    cast(sum(e.closed) as bigint) as closed_count,
    cast(sum(e.late) as bigint) as late_count,
    median(e.days) as median_days,
    case when sum(e.rated) >= 5 then cast(sum(e.rated) as bigint) end as rating_count
from events as e
left join core.dim_procedure as p on p.procedure_code = e.procedure_code
where e.procedure_code is not null
group by e.period_start, e.agency_code, e.procedure_code
