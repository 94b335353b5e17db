/* @model
description: One row per member of staff; no name is kept.
grain: [staff_code]
columns:
  staff_code: "Mã cán bộ. Staff code."
  employment_type: "Loại lao động. Employment type."
  home_agency_code: "Cơ quan cử đến. Home agency."
  at_centre_from: "Làm việc tại Trung tâm từ. At the Centre from."
  at_centre_to: "Làm việc tại Trung tâm đến. At the Centre to."
*/
with typed as (
    select
        clean_text(r.staff_code) as staff_code,
        lower(clean_text(r.employment_type)) as employment_type,
        clean_text(r.home_agency_code) as home_agency_code,
        to_day(r.at_centre_from) as at_centre_from,
        to_day(r.at_centre_to) as at_centre_to,
        r._defects, r._version_at, r._batch_id, r._page_no, r._row_no, r._loaded_at, r
    from raw.cases__staff as r
)
select
    * exclude (r, _defects),
    list_concat(
        _defects,
        cast_errors([
            spoilt_code(r.staff_code, 'staff_code'),
            spoilt_code(r.home_agency_code, 'home_agency_code')
        ]),
        unread_fields([
            unread(r.at_centre_from, at_centre_from, 'at_centre_from'),
            unread(r.at_centre_to, at_centre_to, 'at_centre_to')
        ])
    ) as _cast_errors
from typed
