/* @model
description: >
  How the Centre's cases were received and settled, as the report forms count them; each form adds these
  rows up its own way. Settled with a result but without a due day that can be derived, a case is neither in time nor
  late and is told apart. Withdrawn, stopped and refused cases stand under "đúng hạn", as the forms have it.
  One row per period, agency and field.
grain: [period_kind, period_start, agency_code, field_code]
columns:
  period_kind: "month, quarter, year. Kind of period."
  period_start: "Từ ngày. First day."
  period_end: "Đến ngày. Last day."
  is_running: "Kỳ chưa hết. The period isn't over."
  agency_code: "Mã cơ quan. Agency."
  field_code: "Mã lĩnh vực; UNKNOWN khi không rõ. Field; UNKNOWN where none is known."
  online_count: "Nhận trong kỳ, trực tuyến. Received online in the period."
  direct_count: "Nhận trong kỳ, trực tiếp và bưu chính. Received otherwise in the period."
  carried_count: "Từ kỳ trước. Carried over."
  early_count: "Giải quyết trước hạn. Settled before the due day."
  on_time_count: "Giải quyết đúng hạn. Settled on the due day, or ended without a result."
  late_count: "Giải quyết quá hạn. Settled after the due day."
  no_due_count: "Giải quyết có kết quả, không xác định được hạn. Settled with a result, without a due day."
  rejected_count: "Trong số đã giải quyết: trả lại, từ chối. Of the settled: refused after acceptance."
  open_count: "Đang giải quyết cuối kỳ. Open at the end."
  overdue_count: "Trong đó quá hạn. Of these overdue."
  no_due_open_count: "Trong đó không xác định được hạn. Of these without a due day."
  provisional_count: "Giải quyết trong kỳ hoặc còn mở cuối kỳ, hạn tạm tính. Settled in it or open at its end, with a provisional due day."
  supplemented_count: "Hồ sơ bị yêu cầu bổ sung trong kỳ. Cases asked for a supplement in the period."
*/
with cases as (
    select
        c.case_code,
        c.agency_code,
        coalesce(c.field_code, p.field_code, 'UNKNOWN') as field_code,
        c.filed_as = 'online' as is_online,
        c.received_on,
        -- A case can't have ended before it was received; what says so ends on its first day.
        case when c.end_on is not null then greatest(c.end_on, c.received_on) end as end_on,
        c.end_kind,
        c.due_on,
        c.due_is_provisional,
        is_on_time(greatest(c.end_on, c.received_on), c.end_at, c.due_on, c.due_until_at) as is_on_time
    from core.fct_case as c
    left join core.dim_procedure as p on p.procedure_code = c.procedure_code
    where c.is_centre and c.is_accepted
),

periods as (
    select * from core.dim_period where period_kind in ('month', 'quarter', 'year')
),

days as (
    select * from core.period_day where period_kind in ('month', 'quarter', 'year')
),

received as (
    select
        d.period_kind, d.period_start, c.agency_code, c.field_code,
        count(*) filter (c.is_online) as online_count,
        count(*) filter (not c.is_online) as direct_count
    from cases as c
    join days as d on d.day = c.received_on
    group by all
),

settled as (
    select
        d.period_kind, d.period_start, c.agency_code, c.field_code,
        count(*) filter (c.end_kind in ('finished', 'returned') and c.end_on < c.due_on) as early_count,
        count(*) filter (
            c.end_kind not in ('finished', 'returned') or (c.end_on = c.due_on and c.is_on_time)
        ) as on_time_count,
        count(*) filter (c.end_kind in ('finished', 'returned') and not c.is_on_time) as late_count,
        count(*) filter (c.end_kind in ('finished', 'returned') and c.due_on is null) as no_due_count,
        count(*) filter (c.end_kind = 'rejected') as rejected_count
    from cases as c
    join days as d on d.day = c.end_on
    group by all
),

supplemented as (
    select
        d.period_kind, d.period_start, c.agency_code, c.field_code,
        count(distinct c.case_code) as supplemented_count
    from cases as c
    join core.fct_pause as p on p.case_code = c.case_code
    join days as d on d.day = p.requested_on
    group by all
),

overdue as (
    select o.day, c.agency_code, c.field_code, count(*) as overdue_count
    from core.overdue_case as o
    join cases as c on c.case_code = o.case_code
    where o.day in (select evaluated_on from periods)
    group by all
),

provisional as (
    select p.period_kind, p.period_start, c.agency_code, c.field_code, count(*) as provisional_count
    from (
        select agency_code, field_code, received_on, coalesce(end_on, date '9999-12-31') as closed_on
        from cases
        where due_is_provisional
    ) as c
    join periods as p on c.received_on <= p.evaluated_on and c.closed_on >= p.period_start
    group by all
),

places as (
    select distinct agency_code, field_code from cases
),

grid as (
    select p.*, a.agency_code, a.field_code
    from periods as p
    cross join places as a
),

-- Open on a day = received until then less ended until then; the days that are asked for change nothing.
flows as (
    select
        agency_code, field_code, received_on as day, 1 as change,
        case when due_on is null then 1 else 0 end as no_due_change
    from cases
    union all
    select agency_code, field_code, end_on, -1, case when due_on is null then -1 else 0 end
    from cases
    where end_on is not null
    union all
    select agency_code, field_code, period_start - 1, 0, 0 from grid
    union all
    select agency_code, field_code, evaluated_on, 0, 0 from grid
),

balances as (
    select
        agency_code, field_code, day,
        sum(sum(change)) over (partition by agency_code, field_code order by day) as open_count,
        sum(sum(no_due_change)) over (partition by agency_code, field_code order by day) as no_due_open_count
    from flows
    group by agency_code, field_code, day
)

select
    g.period_kind,
    g.period_start,
    g.period_end,
    g.is_provisional as is_running,
    g.agency_code,
    g.field_code,
    coalesce(r.online_count, 0) as online_count,
    coalesce(r.direct_count, 0) as direct_count,
    coalesce(b.open_count, 0) as carried_count,
    coalesce(s.early_count, 0) as early_count,
    coalesce(s.on_time_count, 0) as on_time_count,
    coalesce(s.late_count, 0) as late_count,
    coalesce(s.no_due_count, 0) as no_due_count,
    coalesce(s.rejected_count, 0) as rejected_count,
    coalesce(f.open_count, 0) as open_count,
    coalesce(o.overdue_count, 0) as overdue_count,
    coalesce(f.no_due_open_count, 0) as no_due_open_count,
    coalesce(v.provisional_count, 0) as provisional_count,
    coalesce(u.supplemented_count, 0) as supplemented_count
from grid as g
left join received as r using (period_kind, period_start, agency_code, field_code)
left join settled as s using (period_kind, period_start, agency_code, field_code)
left join supplemented as u using (period_kind, period_start, agency_code, field_code)
left join provisional as v using (period_kind, period_start, agency_code, field_code)
left join balances as b
    on b.day = g.period_start - 1 and b.agency_code = g.agency_code and b.field_code = g.field_code
left join balances as f
    on f.day = g.evaluated_on and f.agency_code = g.agency_code and f.field_code = g.field_code
left join overdue as o
    on o.day = g.evaluated_on and o.agency_code = g.agency_code and o.field_code = g.field_code
