/* @model
description: >
  Each stream's volume of a day against the median of earlier days of its kind: the last eight working
  days of the same weekday, or for a make-up Saturday or Sunday the last fifteen working days. Days off
  are expected to be quiet and never judged. Sixty days that have been read in full; streams that come by
  file only aren't judged. One row per stream and day.
grain: [stream, day]
gate: true
columns:
  stream: "Dòng dữ liệu: case, rating. Stream."
  day: "Ngày. Day."
  is_working: "Là ngày làm việc. Is a working day."
  row_count: "Số bản ghi. Rows."
  precedent_count: "Số ngày cùng loại để so. Earlier days compared with."
  expected: "Trung vị các ngày cùng loại. Median of those days."
  spread: "Độ lệch tuyệt đối trung vị. Median absolute deviation of those days."
  lowest: "Ít hơn mức này là thấp. Fewer than this is low."
  highest: "Nhiều hơn mức này là cao. More than this is high."
  verdict: >-
    normal bình thường; low thấp; high cao; empty không có bản ghi nào; quiet ngày nghỉ; not_judged chưa đủ
    ngày để so hoặc quá ít bản ghi. The verdict.
  is_latest: "Là ngày làm việc gần nhất đã đọc trọn. The latest working day read in full."
  is_provisional: >-
    Thuộc năm chưa có lịch nghỉ chính thức, nên có thể là ngày nghỉ chưa thông báo.
    Of a year without official days off, so it may be a day off that nobody has announced.
*/
with firsts as (
    select stream, min(day) as first_on from core.daily_count group by stream
),

-- What a clock that ran ahead has read up to hasn't come yet.
streams as (
    select
        c.entity as stream, least(local_day(max(c.read_to)), max(x.as_of_on)) as read_on,
        min(f.first_on) as first_on
    from meta.cursor as c
    cross join meta.run_context as x
    left join firsts as f on f.stream = c.entity
    where (c.system, c.entity) in (('cases', 'case'), ('ratings', 'rating'))
    group by c.entity
),

-- The day of the read itself isn't over yet.
days as (
    select
        s.stream, d.day, d.is_working, d.is_provisional, isodow(d.day) as weekday, s.read_on,
        coalesce(n.row_count, 0) as row_count
    from streams as s
    join core.dim_date as d on d.day between greatest(s.first_on, s.read_on - 180) and s.read_on - 1
    left join core.daily_count as n on n.stream = s.stream and n.day = d.day
),

numbered as (
    select
        j.stream, j.day, j.weekday, p.row_count,
        row_number() over (partition by j.stream, j.day order by p.day desc) as back_no
    from days as j
    join days as p
        on p.stream = j.stream and p.day < j.day and p.is_working
        and (p.weekday = j.weekday or j.weekday > 5)
    where j.is_working and j.day >= j.read_on - 60
),

precedents as (
    select stream, day, row_count
    from numbered
    where back_no <= case when weekday > 5 then 15 else 8 end
),

middles as (
    select stream, day, count(*) as precedent_count, median(row_count) as expected
    from precedents
    group by stream, day
),

expected as (
    select
        m.stream, m.day, m.precedent_count, m.expected, median(abs(p.row_count - m.expected)) as spread
    from middles as m
    join precedents as p on p.stream = m.stream and p.day = m.day
    group by m.stream, m.day, m.precedent_count, m.expected
),

-- 1.4826 spreads are a standard deviation; three of them, but never less than a quarter of the median.
bounded as (
    select
        d.*, coalesce(e.precedent_count, 0) as precedent_count, e.expected, e.spread,
        greatest(e.expected - greatest(3 * 1.4826 * e.spread, 0.25 * e.expected), 0) as lowest,
        e.expected + greatest(6 * 1.4826 * e.spread, e.expected) as highest
    from days as d
    left join expected as e on e.stream = d.stream and e.day = d.day
    where d.day >= d.read_on - 60
)

select
    stream,
    day,
    is_working,
    row_count,
    precedent_count,
    expected,
    spread,
    lowest,
    highest,
    case
        when not is_working then 'quiet'
        when precedent_count < 5 or expected < 10 then 'not_judged'
        when row_count = 0 then 'empty'
        when row_count < lowest then 'low'
        when row_count > highest then 'high'
        else 'normal'
    end as verdict,
    day = max(case when is_working then day end) over (partition by stream) as is_latest,
    is_provisional
from bounded
