/* @model
description: Nominations for the campaign's award. One row per member of staff and day of nomination.
grain: [staff_code, submitted_on]
columns:
  staff_code: "Mã cán bộ. Staff code."
  submitted_on: "Ngày nộp. Submitted on."
  criterion_1: "Tiêu chí 1: met, not_met, trống. Criterion 1."
  criterion_2: "Tiêu chí 2. Criterion 2."
  criterion_3: "Tiêu chí 3. Criterion 3."
*/
select staff_code, submitted_on, criterion_1, criterion_2, criterion_3
from staging.nomination
