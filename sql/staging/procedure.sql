/* @model
description: One row per administrative procedure.
grain: [procedure_code]
columns:
  procedure_code: "Mã thủ tục hành chính. Procedure code."
  name: "Tên. Name."
  field_code: "Mã lĩnh vực. Field code."
  field_name: "Tên lĩnh vực. Field name."
  agency_code: "Mã cơ quan. Agency code."
  time_limit_value: "Thời hạn giải quyết. Time limit."
  time_limit_unit: "Đơn vị thời hạn. Unit of the limit."
  has_fee: "Có phí, lệ phí. Has a fee."
  requires_paper_result: "Cần kết quả giấy. Needs a paper result."
  valid_from: "Hiệu lực từ ngày. Valid from."
  valid_to: "Hiệu lực đến ngày. Valid to."
*/
with typed as (
    select
        clean_text(r.procedure_code) as procedure_code,
        clean_text(r.name) as name,
        clean_text(r.field_code) as field_code,
        clean_text(r.field_name) as field_name,
        clean_text(r.agency_code) as agency_code,
        to_integer(r.time_limit_value) as time_limit_value,
        lower(clean_text(r.time_limit_unit)) as time_limit_unit,
        to_boolean(r.has_fee) as has_fee,
        to_boolean(r.requires_paper_result) as requires_paper_result,
        to_day(r.valid_from) as valid_from,
        to_day(r.valid_to) as valid_to,
        r._defects, r._version_at, r._batch_id, r._page_no, r._row_no, r._loaded_at, r
    from raw.cases__procedure as r
)
select
    * exclude (r, _defects),
    list_concat(
        _defects,
        cast_errors([
            spoilt_code(r.procedure_code, 'procedure_code'),
            spoilt_code(r.field_code, 'field_code'),
            spoilt_code(r.agency_code, 'agency_code')
        ]),
        unread_fields([
            -- A limit that can't be read leaves the procedure as it is: no due day is derived from it (warning).
            unread(r.has_fee, has_fee, 'has_fee'),
            unread(r.requires_paper_result, requires_paper_result, 'requires_paper_result'),
            unread(r.valid_from, valid_from, 'valid_from'),
            unread(r.valid_to, valid_to, 'valid_to')
        ])
    ) as _cast_errors
from typed
