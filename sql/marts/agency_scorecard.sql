/* @model
description: >
  What each agency received, closed and still has open at the Centre, by month and year to date; ratings
  are shown where marts.kpi_value has a row of the agency's own. One row per period and agency.
grain: [period_kind, period_start, agency_code]
columns:
  period_kind: "month hoặc ytd. Kind of period."
  period_start: "Từ ngày. First day."
  agency_code: "Mã cơ quan. Agency code."
  agency_name: "Tên cơ quan. Agency name."
  received_count: "Tiếp nhận trong kỳ. Received."
  online_count: "Trong đó trực tuyến. Received online."
  closed_count: "Đã giải quyết. Closed."
  early_count: "Trước hạn. Before time."
  on_the_day_count: "Đúng hạn. On the due day."
  late_count: "Quá hạn. Late."
  no_due_count: "Đã giải quyết, không xác định được hạn. Closed without a due day that can be derived."
  open_count: "Đang giải quyết cuối kỳ. Open at the end of the period."
  overdue_count: "Quá hạn chưa giải quyết cuối kỳ. Open and overdue at the end."
  rating_count: "Số lượt đánh giá; trống khi gộp vì ít. Ratings; null where few and merged."
  very_satisfied_ratio: "Tỷ lệ rất hài lòng; trống khi gộp vì ít. Share very satisfied; null where the count is merged, or the share."
  is_provisional: "Tạm tính: kỳ chưa hết hoặc lịch nghỉ chưa chính thức. Provisional: not over, or by its calendar."
  rests_on_provisional_calendar: >-
    Có hồ sơ kết thúc trong kỳ hoặc còn mở cuối kỳ mà hạn tính qua năm chưa có lịch nghỉ chính thức.
    A case ended in the period or open at its end has a due day counted through a year without official days off.
*/
with periods as (
    select * from core.dim_period where period_kind in ('month', 'ytd')
),

days as (
    select d.* from core.period_day as d where d.period_kind in ('month', 'ytd')
),

cases as (
    select * from core.fct_case where is_centre and is_accepted
),

received as (
    select d.period_kind, d.period_start, c.agency_code,
        count(*) as received_count, count(*) filter (c.filed_as = 'online') as online_count
    from cases as c
    join days as d on d.day = c.received_on
    group by all
),

closed as (
    select d.period_kind, d.period_start, c.agency_code,
        count(*) as closed_count,
        count(*) filter (c.end_on < c.due_on) as early_count,
        count(*) filter (c.end_on = c.due_on and c.is_on_time) as on_the_day_count,
        count(*) filter (not c.is_on_time) as late_count,
        count(*) filter (c.due_on is null) as no_due_count
    from cases as c
    join days as d on d.day = c.end_on
    group by all
),

-- Open at the end = received until then minus ended until then.
flows as (
    select agency_code, received_on as day, 1 as change from cases
    union all
    select agency_code, end_on, -1 from cases where end_on is not null
),

balance as (
    select agency_code, day, sum(sum(change)) over (partition by agency_code order by day) as open_count
    from flows
    group by agency_code, day
),

standing as (
    select p.period_kind, p.period_start, b.agency_code, b.open_count
    from periods as p
    join balance as b on b.day <= p.evaluated_on
    qualify row_number() over (
        partition by p.period_kind, p.period_start, b.agency_code order by b.day desc
    ) = 1
),

keys as (
    select period_kind, period_start, agency_code from received
    union
    select period_kind, period_start, agency_code from closed
    union
    select period_kind, period_start, agency_code from standing where open_count > 0
)

select
    k.period_kind,
    k.period_start,
    k.agency_code,
    coalesce(a.agency_name, k.agency_code) as agency_name,
    coalesce(r.received_count, 0) as received_count,
    coalesce(r.online_count, 0) as online_count,
    coalesce(c.closed_count, 0) as closed_count,
    coalesce(c.early_count, 0) as early_count,
    coalesce(c.on_the_day_count, 0) as on_the_day_count,
    coalesce(c.late_count, 0) as late_count,
    coalesce(c.no_due_count, 0) as no_due_count,
    cast(coalesce(s.open_count, 0) as bigint) as open_count,
    coalesce(o.overdue_count, 0) as overdue_count,
    g.denominator as rating_count,
    case when g.denominator is not null then t.value end as very_satisfied_ratio,
    p.is_provisional or l.agency_code is not null as is_provisional,
    l.agency_code is not null as rests_on_provisional_calendar
from keys as k
join periods as p on p.period_kind = k.period_kind and p.period_start = k.period_start
left join received as r
    on r.period_kind = k.period_kind and r.period_start = k.period_start and r.agency_code = k.agency_code
left join closed as c
    on c.period_kind = k.period_kind and c.period_start = k.period_start and c.agency_code = k.agency_code
left join standing as s
    on s.period_kind = k.period_kind and s.period_start = k.period_start and s.agency_code = k.agency_code
left join marts.kpi_value as g
    on g.kpi_id = 'dissatisfied' and g.is_headline
    and g.period_kind = k.period_kind and g.period_start = k.period_start and g.agency_code = k.agency_code
left join marts.kpi_value as t
    on t.kpi_id = 'very_satisfied' and t.is_headline
    and t.period_kind = k.period_kind and t.period_start = k.period_start and t.agency_code = k.agency_code
left join core.overdue_day as o on o.day = p.evaluated_on and o.agency_code = k.agency_code
left join core.dim_agency as a on a.agency_code = k.agency_code
left join core.provisional_period as l
    on l.calendar_basis = 'case'
    and l.period_kind = k.period_kind and l.period_start = k.period_start and l.agency_code = k.agency_code
