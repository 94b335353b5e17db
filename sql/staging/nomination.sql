/* @model
description: One row per nomination of a member of staff.
grain: [staff_code, submitted_on]
columns:
  staff_code: "Mã cán bộ. Staff code."
  submitted_on: "Ngày nộp. Submitted on."
  criterion_1: "Tiêu chí 1. Criterion 1."
  criterion_2: "Tiêu chí 2. Criterion 2."
  criterion_3: "Tiêu chí 3. Criterion 3."
  evidence: "Minh chứng. Evidence."
*/
with typed as (
    select
        clean_text(r.staff_code) as staff_code,
        to_day(r.submitted_on) as submitted_on,
        lower(clean_text(r.criterion_1)) as criterion_1,
        lower(clean_text(r.criterion_2)) as criterion_2,
        lower(clean_text(r.criterion_3)) as criterion_3,
        clean_text(r.evidence) as evidence,
        r._defects, r._version_at, r._batch_id, r._page_no, r._row_no, r._loaded_at, r
    from raw.drops__nomination as r
)
select
    * exclude (r, _defects),
    list_concat(
        _defects,
        cast_errors([
            spoilt_code(r.staff_code, 'staff_code')
        ]),
        unread_fields([
            unread(r.submitted_on, submitted_on, 'submitted_on')
        ])
    ) as _cast_errors
from typed
