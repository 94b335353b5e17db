/* @model
description: >
  Ratings with what makes each one count or not: known accepted case, after reception, known level, no
  test, the first of its case. One row per rating.
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
  exclusion: "Lý do không tính; trống là hợp lệ. Why it isn't counted; null is valid."
  is_valid: "Hợp lệ. Counted."
*/
-- Some three-level devices offer {hài lòng, bình thường, không hài lòng}: no highest level there.
with device_scales as (
    select
        source,
        device_id,
        bool_or(level_code = 'very_satisfied') as shows_top,
        bool_or(level_code = 'neutral') as shows_neutral
    from staging.rating
    where scale = '3'
    group by source, device_id
),

joined as (
    select
        r.*,
        c.agency_code,
        c.procedure_code,
        coalesce(c.is_centre, false) as is_centre,
        r.scale <> 'like'
            and not (r.scale = '3' and coalesce(s.shows_neutral and not s.shows_top, false)) as has_top_level,
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
    left join device_scales as s
        on s.source is not distinct from r.source and s.device_id is not distinct from r.device_id
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
    case when defect is not null then defect when rating_no > 1 then 'not_first' end as exclusion,
    defect is null and rating_no = 1 as is_valid
from numbered
