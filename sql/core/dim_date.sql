/* @model
description: >
  The Centre's working calendar from 2010 to 2099, the last year in which a due day can lie: public holidays of the package, corrected by overrides with a document,
  the country's (scope ALL) and then the Centre's own (scope: its unit code). Those of other units and
  unconfirmed ones change nothing. One row per day.
grain: [day]
columns:
  day: "Ngày. Day."
  is_working: "Là ngày làm việc. Is a working day."
  working_day_no: "Số ngày làm việc tính đến hết ngày này. Count of working days up to and including this day."
  previous_working_on: "Ngày làm việc gần nhất không sau ngày này. Latest working day not after this day."
  next_working_on: "Ngày làm việc gần nhất không trước ngày này. Earliest working day not before this day."
  holiday_name: "Tên ngày nghỉ hoặc lý do. Holiday or reason."
  source: "Nguồn: tuần, gói, văn bản. Source: week, package, document."
  is_provisional: "Thuộc năm chưa có lịch nghỉ chính thức. Of a year whose days off aren't official yet."
  last_provisional_on: "Ngày tạm tính gần nhất không sau ngày này. Latest provisional day not after this day."
*/
with moments as (
    select unnest(generate_series(timestamp '2010-01-01', timestamp '2099-12-31', interval 1 day)) as moment
),

days as (
    select cast(moment as date) as day from moments
),

documents as (
    select day, is_working, upper(scope) as scope, reason, status, 2 as priority, _loaded_at as known_at
    from staging.calendar_override
    union all
    select to_day(day), to_boolean(is_working), upper(scope), reason, status, 1, null
    from seeds.calendar_overrides
),

overrides as (
    select d.day, d.is_working, d.reason
    from documents as d
    cross join meta.run_context as context
    where coalesce(d.status, 'official') <> 'unconfirmed'
        and (is_for_all(d.scope) or d.scope = upper(context.centre_code))
    qualify row_number() over (
        partition by d.day
        order by coalesce(d.scope = upper(context.centre_code), false) desc, d.priority desc, d.known_at desc
    ) = 1
),

years as (
    select
        calendar_year,
        is_provisional,
        max(case when is_provisional then calendar_year end) over (
            order by calendar_year rows between unbounded preceding and current row
        ) as last_provisional_year
    from core.dim_calendar_year
),

judged as (
    select
        d.day,
        coalesce(o.is_working, h.is_working, isodow(d.day) <= 5) as is_working,
        coalesce(o.reason, h.name) as holiday_name,
        case when o.day is not null then 'document' when h.day is not null then 'package' else 'week' end
            as source,
        y.is_provisional,
        y.last_provisional_year
    from days as d
    join years as y on y.calendar_year = year(d.day)
    left join overrides as o on o.day = d.day
    left join (
        select day, bool_or(is_working) as is_working, any_value(name) as name
        from seeds.public_holidays
        group by day
    ) as h on h.day = d.day
),

numbered as (
    select
        *,
        cast(count(*) filter (is_working) over (
            order by day rows between unbounded preceding and current row
        ) as integer) as working_day_no
    from judged
),

working as (
    select working_day_no, day from numbered where is_working
)

-- The working days beside a day are found by their numbers.
select
    n.day,
    n.is_working,
    n.working_day_no,
    previous.day as previous_working_on,
    following.day as next_working_on,
    n.holiday_name,
    n.source,
    n.is_provisional,
    case when n.is_provisional then n.day else make_date(n.last_provisional_year, 12, 31) end
        as last_provisional_on
from numbered as n
left join working as previous on previous.working_day_no = n.working_day_no
left join working as following
    on following.working_day_no = n.working_day_no + case when n.is_working then 0 else 1 end
