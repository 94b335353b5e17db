/* @model
description: >
  Ratings with what makes each one count or not: known accepted case, after reception, known level, no
  test, the first of its case. Of scale 3, core.dim_rating_device says whether the rating's device had the highest
  level on that day. One row per rating.
grain: [rating_id]
columns:
  rating_id: "Mã lượt đánh giá. Rating id."
  case_code: "Mã hồ sơ. Case code."
  agency_code: "Mã cơ quan của hồ sơ. Agency of the case."
  procedure_code: "Mã thủ tục. Procedure code."
  is_centre: "Hồ sơ của Trung tâm. Case of the Centre."
  source: "Nguồn. Source."
  rated_at: "Đánh giá lúc. Rated."
  rated_on: "Ngày đánh giá. Day rated."
  scale: "Thang. Scale."
  level_code: "Mức. Level."
  has_top_level: "Thang có mức “Rất hài lòng”. The scale has the highest level."
  top_level_basis: "Với thang 3, ai nói vậy: declared, mapped, inferred, few. Of scale 3, who says so."
  exclusion: "Lý do không tính; trống là hợp lệ. Why it isn't counted; null is valid."
  is_valid: "Hợp lệ. Counted."
*/
-- A file goes before what the rating itself says by its system's mapping, and that before the numbers.
with device_scales as (
    select
        r.rating_id,
        case when d.basis = 'declared' then d.has_top_level else coalesce(r.has_top_level, d.has_top_level) end
            as has_top_level,
        case when d.basis <> 'declared' and r.has_top_level is not null then 'mapped' else d.basis end as basis
    from staging.rating as r
    join core.dim_rating_device as d
        on d.source is not distinct from r.source
        and d.device_id is not distinct from r.device_id
        and local_day(r.rated_at) >= coalesce(d.valid_from, date '1900-01-01')
        and local_day(r.rated_at) <= coalesce(d.valid_to, date '9999-12-31')
    where r.scale = '3'
),

joined as (
    select
        r.rating_id, r.case_code, r.source, r.rated_at, r.scale, r.level_code,
        c.agency_code,
        c.procedure_code,
        coalesce(c.is_centre, false) as is_centre,
        r.scale <> 'like' and coalesce(s.has_top_level, true) as has_top_level,
        s.basis as top_level_basis,
        case
            when r.rated_at is null or r.rated_at > x.as_of_at then 'not_yet'
            when r.is_test then 'test'
            when r.level_code is null then 'unknown_level'
            when c.case_code is null then 'unknown_case'
            when not c.is_accepted then 'case_not_accepted'
            when r.rated_at < c.received_at then 'before_reception'
        end as defect
    from staging.rating as r
    cross join meta.run_context as x
    left join core.fct_case as c on c.case_code = r.case_code
    left join device_scales as s on s.rating_id = r.rating_id
),

numbered as (
    select
        *,
        row_number() over (
            partition by case_code, defect is null order by rated_at, rating_id
        ) as rating_no
    from joined
)

select
    rating_id,
    case_code,
    agency_code,
    procedure_code,
    is_centre,
    source,
    rated_at,
    local_day(rated_at) as rated_on,
    scale,
    level_code,
    coalesce(has_top_level, false) as has_top_level,
    top_level_basis,
    case when defect is not null then defect when rating_no > 1 then 'not_first' end as exclusion,
    defect is null and rating_no = 1 as is_valid
from numbered
