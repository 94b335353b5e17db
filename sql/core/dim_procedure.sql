/* @model
description: Administrative procedures with their time limits. One row per procedure.
grain: [procedure_code]
columns:
  procedure_code: "Mã thủ tục. Procedure code without local suffix."
  procedure_name: "Tên thủ tục. Procedure name."
  field_code: "Mã lĩnh vực. Field code."
  field_name: "Tên lĩnh vực. Field name."
  agency_code: "Mã cơ quan giải quyết. Agency code."
  time_limit_value: "Thời hạn giải quyết. Time limit."
  time_limit_unit: "Đơn vị thời hạn. Unit of the limit."
  has_fee: "Có phí, lệ phí. Has a fee."
  requires_paper_result: "Cần kết quả giấy. Needs a paper result."
  valid_from: "Hiệu lực từ ngày. Valid from."
  valid_to: "Hiệu lực đến ngày. Valid to."
*/
select
    procedure_base(procedure_code) as procedure_code,
    coalesce(name, procedure_code) as procedure_name,
    field_code,
    field_name,
    agency_code,
    time_limit_value,
    time_limit_unit,
    has_fee,
    requires_paper_result,
    valid_from,
    valid_to
from staging.procedure
qualify row_number() over (
    partition by procedure_base(procedure_code) order by valid_from desc nulls last, procedure_code
) = 1
