/* @model
description: Online services and the days on which they were live. One row per online service.
grain: [service_id]
columns:
  service_id: "Mã dịch vụ. Service id."
  procedure_code: "Mã thủ tục. Procedure code."
  agency_code: "Mã cơ quan. Agency code."
  level: "Mức độ 2, 3, 4. Level."
  state: "Trạng thái. State."
  is_online: "Toàn trình hoặc một phần. Level 3 or 4."
  live_from: "Công khai từ ngày. Live from."
  live_to: "Công khai đến trước ngày. Live until the day before; null while live."
  online_payment: "Có thanh toán trực tuyến. Online payment."
  pilot_from: "Thí điểm từ. Pilot from."
  pilot_to: "Thí điểm đến hết. Pilot to, inclusive."
*/
select
    s.service_id,
    procedure_base(s.procedure_code) as procedure_code,
    coalesce(a.agency_code, s.agency_code, 'UNKNOWN') as agency_code,
    s.level,
    s.state,
    s.level in (3, 4) as is_online,
    -- A stopped service was live until it was withdrawn; stopped without a day, it never counts.
    case when s.state in ('public', 'closing', 'testing') or (s.state = 'stopped' and s.withdrawn_on is not null)
         then s.published_on end as live_from,
    s.withdrawn_on as live_to,
    s.online_payment,
    s.pilot_from,
    s.pilot_to
from staging.service as s
left join core.agency_alias as a on a.code = s.agency_code
