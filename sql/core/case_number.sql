/* @model
description: >
  A number for each case of the Centre, by which rows of cases are told apart in marts without their codes.
  It goes by the order of the codes, so it never leaves the restricted store: publication draws another in its
  place (warehouse/row_order.py). One row per case.
grain: [case_code]
columns:
  case_code: "Mã hồ sơ. Case code."
  case_no: "Số trong kho, khi công bố được rút số khác. Number within the store; publication draws another."
*/
select case_code, row_number() over (order by case_code) as case_no
from core.fct_case
where is_centre and is_accepted
