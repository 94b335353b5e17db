/* @model
description: >
  A random number for each case of the Centre, new at every build, so that published case rows can be
  told apart without a code that leads to a person. One row per case.
grain: [case_code]
columns:
  case_code: "Mã hồ sơ. Case code."
  case_no: "Số ngẫu nhiên của phiên bản. Random number of this version."
*/
select case_code, row_number() over (order by random()) as case_no
from core.fct_case
where is_centre and is_accepted
