/* @model
description: >
  Points "theo NĐ 61/2018" that valid ratings of the Centre's cases gave, 0 to 2 an index, while the decree
  was in force; empty unless a source sends them. No score of the campaign. Restricted, never published.
  One row per rating and index.
grain: [rating_id, index_code]
columns:
  rating_id: "Mã lượt đánh giá. Rating id."
  case_code: "Mã hồ sơ. Case code."
  staff_code: "Mã cán bộ; trống khi không ghi. Staff; null where none is named."
  agency_code: "Mã cơ quan. Agency of the case."
  rated_on: "Ngày đánh giá. Day rated."
  index_code: "Chỉ số c1–c9. Index."
  is_staff: "Chỉ số tính cho cá nhân. An index for members of staff."
  points: "Điểm 0–2. Points."
*/
with given as (
    select
        f.rating_id, f.case_code, r.staff_code, f.agency_code, f.rated_on,
        unnest(map_entries(r.criteria)) as given
    from core.fct_rating as f
    join staging.rating as r on r.rating_id = f.rating_id
    where f.is_valid and f.is_centre and r.criteria is not null
),

indices as (
    select
        index_code, to_boolean(is_staff) as is_staff,
        to_day(valid_from) as valid_from, to_day(valid_to) as valid_to
    from seeds.nd61_index
)

select
    g.rating_id,
    g.case_code,
    g.staff_code,
    g.agency_code,
    g.rated_on,
    i.index_code,
    i.is_staff,
    g.given.value as points
from given as g
join indices as i
    on i.index_code = g.given.key
    and g.rated_on >= i.valid_from
    and (i.valid_to is null or g.rated_on <= i.valid_to)
