/* @model
description: One row per online service.
grain: [service_id]
columns:
  service_id: "Mã dịch vụ công trực tuyến. Online service id."
  procedure_code: "Mã thủ tục hành chính. Procedure code."
  agency_code: "Mã cơ quan. Agency code."
  level: "Mức độ 2, 3, 4. Level."
  state: "Trạng thái công khai. State."
  published_on: "Ngày công khai. Published on."
  withdrawn_on: "Ngày thôi công khai. Withdrawn on."
  online_payment: "Có thanh toán trực tuyến. Online payment."
  pilot_from: "Thí điểm KH 179 từ. Pilot from."
  pilot_to: "Thí điểm KH 179 đến. Pilot to."
*/
with typed as (
    select
        clean_text(r.service_id) as service_id,
        clean_text(r.procedure_code) as procedure_code,
        clean_text(r.agency_code) as agency_code,
        to_integer(r.level) as level,
        lower(clean_text(r.state)) as state,
        to_day(r.published_on) as published_on,
        to_day(r.withdrawn_on) as withdrawn_on,
        to_boolean(r.online_payment) as online_payment,
        to_day(r.pilot_from) as pilot_from,
        to_day(r.pilot_to) as pilot_to,
        r._defects, r._version_at, r._batch_id, r._page_no, r._row_no, r._loaded_at, r
    from raw.services__service as r
)
select
    * exclude (r, _defects),
    list_concat(
        _defects,
        cast_errors([
            spoilt_code(r.service_id, 'service_id'),
            spoilt_code(r.procedure_code, 'procedure_code'),
            spoilt_code(r.agency_code, 'agency_code')
        ]),
        unread_fields([
            unread(r.level, level, 'level'),
            unread(r.published_on, published_on, 'published_on'),
            unread(r.withdrawn_on, withdrawn_on, 'withdrawn_on'),
            unread(r.online_payment, online_payment, 'online_payment'),
            unread(r.pilot_from, pilot_from, 'pilot_from'),
            unread(r.pilot_to, pilot_to, 'pilot_to')
        ])
    ) as _cast_errors
from typed
