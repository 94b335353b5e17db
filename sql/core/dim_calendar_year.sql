/* @model
description: >
  Whether the days off of a year are official: listed so in seeds, or set by a dropped calendar_overrides file
  with a document number and scope ALL that names a day of it. Due days counted through a year that isn't are
  provisional; nothing stops for it. From 1 October of a year the next one's calendar is awaited.
  One row per year of the calendar.
grain: [calendar_year]
columns:
  calendar_year: "Năm. Year."
  is_official: "Có lịch nghỉ chính thức. Its days off are official."
  is_provisional: "Chưa có lịch, nên hạn tính qua năm này là tạm tính. Not official, so due days counted through it are provisional."
  is_awaited: "Đã đến lúc cần có lịch. Its calendar is awaited by now."
  source: "Văn bản hoặc ghi chú nguồn; trống khi chưa có. Document or where it is listed; null where there is none."
*/
with moments as (
    select unnest(generate_series(timestamp '2010-01-01', timestamp '2099-01-01', interval 1 year)) as moment
),

years as (
    select cast(year(moment) as integer) as calendar_year from moments
),

listed as (
    select cast(year as integer) as calendar_year, source
    from seeds.calendar_years
    where status = 'official'
),

documented as (
    select cast(year(day) as integer) as calendar_year, min(document_no) as source
    from staging.calendar_override
    where document_no is not null and coalesce(status, 'official') <> 'unconfirmed' and is_for_all(scope)
    group by year(day)
),

-- Years before the first that is listed lie behind the figures; nobody will send a document for them.
firsts as (
    select min(calendar_year) as first_year from listed
),

judged as (
    select
        y.calendar_year,
        l.calendar_year is not null or d.calendar_year is not null as is_official,
        coalesce(l.source, d.source) as source
    from years as y
    left join listed as l on l.calendar_year = y.calendar_year
    left join documented as d on d.calendar_year = y.calendar_year
)

select
    j.calendar_year,
    j.is_official,
    not j.is_official and j.calendar_year >= coalesce(f.first_year, j.calendar_year) as is_provisional,
    not j.is_official
        and (j.calendar_year = year(x.as_of_on) or (j.calendar_year = year(x.as_of_on) + 1 and month(x.as_of_on) >= 10))
        as is_awaited,
    j.source
from judged as j
cross join firsts as f
cross join meta.run_context as x
