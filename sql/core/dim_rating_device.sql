/* @model
description: >
  Whether a device's three levels hold “Rất hài lòng”, and who says so: a dropped file (declared), the ratings
  system's mapping (mapped), or the numbers (inferred; few where there are fewer than 30). Ratings without a
  device_id are one device of their source. One row per device and validity, for scale 3; counts are of all days.
grain: [source, device_id, valid_from]
columns:
  source: "Nguồn đánh giá. Source."
  device_id: "Mã thiết bị; trống là các lượt không ghi thiết bị. Device; null is the ratings that name none."
  valid_from: "Từ ngày; trống là từ đầu. From; null is from the beginning."
  valid_to: "Đến hết ngày; trống là chưa hết. Last day; null is still so."
  has_top_level: "Có mức “Rất hài lòng”. Has the highest level."
  basis: "Căn cứ: declared, mapped, inferred hoặc few. Who says so."
  rating_count: "Số lượt thang 3 có mức đã biết, không kể lượt thử. Ratings of scale 3 with a known level, no tests."
  top_count: "Số lượt “Rất hài lòng”. Of them very satisfied."
  neutral_count: "Số lượt “Bình thường”. Of them neutral."
  document_no: "Số văn bản khai báo. Document that declares it."
*/
with declared as (
    select source, device_id, valid_from, has_top_level, document_no
    from staging.rating_device
    qualify row_number() over (
        partition by source, device_id, valid_from order by _loaded_at desc, _row_no desc
    ) = 1
),

spans as (
    select
        *,
        lead(valid_from) over (partition by source, device_id order by valid_from nulls first) - 1 as valid_to
    from declared
),

-- No rating is older than staging lets in, so a declaration without a first day leaves none undeclared.
firsts as (
    select source, device_id, min(coalesce(valid_from, date '1900-01-01')) as first_from
    from declared
    group by source, device_id
),

rated as (
    select
        r.source,
        r.device_id,
        r.has_top_level,
        r.level_code,
        not r.is_test and r.level_code is not null as is_counted,
        f.first_from,
        f.first_from is null or local_day(r.rated_at) < f.first_from as is_undeclared
    from staging.rating as r
    cross join meta.run_context as x
    left join firsts as f
        on f.source is not distinct from r.source and f.device_id is not distinct from r.device_id
    where r.scale = '3' and r.rated_at <= x.as_of_at
),

counted as (
    select
        source,
        device_id,
        first_from,
        count(*) filter (is_counted) as rating_count,
        count(*) filter (is_counted and level_code = 'very_satisfied') as top_count,
        count(*) filter (is_counted and level_code = 'neutral') as neutral_count,
        count(*) filter (is_undeclared) as undeclared_count,
        -- Where ratings of a device say different things, those that say nothing are taken to have had the level.
        bool_or(has_top_level) filter (is_undeclared) as mapped_top_level
    from rated
    group by source, device_id, first_from
)

select
    s.source,
    s.device_id,
    s.valid_from,
    s.valid_to,
    s.has_top_level,
    'declared' as basis,
    coalesce(c.rating_count, 0) as rating_count,
    coalesce(c.top_count, 0) as top_count,
    coalesce(c.neutral_count, 0) as neutral_count,
    s.document_no
from spans as s
left join counted as c
    on c.source is not distinct from s.source and c.device_id is not distinct from s.device_id
union all
select
    source,
    device_id,
    cast(null as date),
    first_from - 1,
    -- Below 30 ratings nothing can be inferred, and the scale is taken to be the usual one. From there on the level
    -- is missing where it came at most once or in at most 1 %, and “Bình thường” at least twice and more often.
    coalesce(
        mapped_top_level,
        not (
            rating_count >= 30
            and (top_count <= 1 or top_count * 100 <= rating_count)
            and neutral_count >= 2
            and neutral_count > top_count
        )
    ),
    case
        when mapped_top_level is not null then 'mapped'
        when rating_count >= 30 then 'inferred'
        else 'few'
    end,
    rating_count,
    top_count,
    neutral_count,
    cast(null as varchar)
from counted
where undeclared_count > 0
