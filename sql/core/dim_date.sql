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

judged as (
    select
        d.day,
        coalesce(o.is_working, h.is_working, isodow(d.day) <= 5) as is_working,
        coalesce(o.reason, h.name) as holiday_name,
        case when o.day is not null then 'document' when h.day is not null then 'package' else 'week' end
            as source,
        y.is_provisional
    from days as d
    join core.dim_calendar_year as y on y.calendar_year = year(d.day)
    left join overrides as o on o.day = d.day
    left join (
        select day, bool_or(is_working) as is_working, any_value(name) as name
        from seeds.public_holidays
        group by day
    ) as h on h.day = d.day
)

select
    day,
    is_working,
    -- never `filter`: DuckDB counts a filtered frame anew for each row
    cast(count(case when is_working then 1 end) over through_day as integer) as working_day_no,
    max(case when is_working then day end) over through_day as previous_working_on,
    min(case when is_working then day end) over from_day as next_working_on,
    holiday_name,
    source,
    is_provisional,
    max(case when is_provisional then day end) over through_day as last_provisional_on
from judged
window
    through_day as (order by day rows between unbounded preceding and current row),
    -- backwards, because a frame that shrinks is counted anew for each row by Spark
    from_day as (order by day desc rows between unbounded preceding and current row)
