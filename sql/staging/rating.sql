/* @model
description: Ratings with their level normalised by a code table. One row per rating.
grain: [rating_id]
grows: true
columns:
  rating_id: "Mã lượt đánh giá. Rating id."
  source: "Nguồn đánh giá. Source."
  device_id: "Mã thiết bị. Device."
  case_code: "Mã hồ sơ. Case code."
  staff_code: "Mã cán bộ. Staff code."
  rated_at: "Thời điểm đánh giá. Rated."
  scale: "Thang đánh giá. Scale."
  has_top_level: "Thang ba mức có mức “Rất hài lòng”, nơi ánh xạ nguồn cho biết. The three levels hold the highest, where the system's mapping says so."
  level_raw: "Mức như nhận được. Level as received."
  level_code: "Mức chuẩn hóa. Normalised level."
  reason: "Lý do. Reason."
  is_test: "Lượt thử. Test rating."
  submitted_at: "Thời điểm nộp. Submitted."
  criteria: "Điểm từng chỉ số theo NĐ 61/2018, 0–2; trống là không có. Points per index of NĐ 61/2018; null without any."
*/
with received as (
    select *, lower(clean_text(level_raw)) as level_text from raw.ratings__rating
),

typed as (
    select
        clean_text(r.rating_id) as rating_id,
        lower(clean_text(r.source)) as source,
        clean_text(r.device_id) as device_id,
        clean_text(r.case_code) as case_code,
        clean_text(r.staff_code) as staff_code,
        to_instant(r.rated_at) as rated_at,
        lower(clean_text(r.scale)) as scale,
        to_yes_no(r.has_top_level) as has_top_level,
        r.level_raw as level_raw,
        m.level_code as level_code,
        clean_text(r.reason) as reason,
        to_boolean(r.is_test) as is_test,
        to_instant(r.submitted_at) as submitted_at,
        to_points(r.criteria) as criteria,
        r._defects, r._version_at, r._batch_id, r._page_no, r._row_no, r._loaded_at, r
    from received as r
    left join seeds.rating_level as m on m.level_text = r.level_text
)
select
    * exclude (r, _defects) replace (
        coalesce(is_test, false) as is_test
    ),
    list_concat(
        _defects,
        cast_errors([
            spoilt_code(r.rating_id, 'rating_id'),
            spoilt_code(r.device_id, 'device_id'),
            spoilt_code(r.case_code, 'case_code'),
            spoilt_code(r.staff_code, 'staff_code')
        ]),
        unread_fields([
            unread(r.rated_at, rated_at, 'rated_at'),
            unread(r.has_top_level, has_top_level, 'has_top_level'),
            unread(r.is_test, is_test, 'is_test'),
            unread(r.submitted_at, submitted_at, 'submitted_at'),
            unread(r.criteria, criteria, 'criteria')
        ])
    ) as _cast_errors
from typed
