/* @model
description: Staff at the Centre, without names. One row per member of staff.
grain: [staff_code]
columns:
  staff_code: "Mã cán bộ. Staff code."
  employment_type: "Loại lao động. Employment type."
  home_agency_code: "Cơ quan cử đến. Home agency."
  at_centre_from: "Làm việc tại Trung tâm từ. At the Centre from."
  at_centre_to: "Làm việc tại Trung tâm đến. At the Centre to."
*/
select staff_code, employment_type, home_agency_code, at_centre_from, at_centre_to
from staging.staff
