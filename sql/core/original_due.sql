/* @model
description: >
  The due day of every received case before requests and extensions move it: promised, or derived from the
  procedure's limit (0 to 1000) from the start of the clock. A derived day in 2100 or later is none.
  One row per viewpoint and case.
grain: [viewpoint, case_code]
keyed: true
columns:
  viewpoint: "now, hoặc đợt thi đua và ngày. now, or campaign and day."
  case_code: "Mã hồ sơ. Case code."
  compare_by: "So với hạn theo ngày (day) hay thời điểm (time); trống là ngày. By day or by time; null is day."
  due_at: "Hạn trả trên giấy hẹn. Due as promised."
  clock_start_on: "Ngày bắt đầu tính giờ. Day the clock started."
  due_original_on: "Hạn trả ban đầu. Due day before anything moves it."
  due_source: "given, derived hoặc none. Where the due day comes from."
  due_working_day_no: "Số thứ tự ngày làm việc của hạn. Number of the due day among working days."
  target_minute_no: "Phút làm việc đến hạn, chỉ khi hạn tính bằng giờ làm việc. Working minute of the end, of a limit in working hours alone."
*/
-- The limits are those of today's list of procedures, of which no earlier state is kept.
with limits as (
    select
        c.viewpoint,
        c.case_code,
        c.compare_by,
        c.due_at,
        c.clock_start_at,
        d.is_working,
        d.working_day_no,
        p.time_limit_value as n,
        p.time_limit_unit as unit
    from core.seen_case as c
    join core.viewpoint as v on v.viewpoint = c.viewpoint
    left join core.dim_procedure as p
        on p.procedure_code = c.procedure_code and p.time_limit_value between 0 and 1000
    left join core.dim_date as d on d.day = local_day(c.clock_start_at)
    where c.received_at <= v.seen_until_at
),

-- Both ends of the limit are columns before they are joined on: with `due_at is null` in the join itself,
-- each case would be held against each day of the calendar.
targets as (
    select
        *,
        case when due_at is null and unit = 'working_hour'
             then limit_minute_no(is_working, working_day_no, clock_start_at, n) end as target_minute_no,
        case when due_at is null then limit_working_day(unit, n, is_working, working_day_no, clock_start_at) end
            as target_day_no,
        case when due_at is null then limit_calendar_day(unit, n, clock_start_at) end as target_on
    from limits
),

originals as (
    select t.*, coalesce(local_day(t.due_at), w.day, r.next_working_on) as due_original_on
    from targets as t
    left join core.dim_working_day as w on w.working_day_no = t.target_day_no
    left join core.dim_date as r on r.day = t.target_on
)

select
    o.viewpoint,
    o.case_code,
    o.compare_by,
    o.due_at,
    local_day(o.clock_start_at) as clock_start_on,
    o.due_original_on,
    case
        when o.due_at is not null then 'given'
        when o.due_original_on is not null then 'derived'
        else 'none'
    end as due_source,
    d.working_day_no as due_working_day_no,
    o.target_minute_no
from originals as o
left join core.dim_date as d on d.day = o.due_original_on
