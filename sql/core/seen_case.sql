/* @model
description: >
  Every case as it is seen from each viewpoint: the version that counts there, accepted or not, where its clock
  starts and when and why it ended. What happens after the instant is not there yet, whatever the version says.
  One row per viewpoint and case; from a campaign's day only the Centre's.
grain: [viewpoint, case_code]
keyed: true
columns:
  viewpoint: "now, hoặc đợt thi đua và ngày. now, or campaign and day."
  case_code: "Mã hồ sơ. Case code."
  procedure_code: "Mã thủ tục, không có đuôi địa phương. Procedure code without its local suffix."
  agency_code: "Mã cơ quan như ghi. Agency code as recorded."
  compare_by: "So với hạn theo ngày (day) hay thời điểm (time); trống là ngày. By day or by time; null is day."
  received_at: "Tiếp nhận lúc. Received."
  clock_start_at: "Bắt đầu tính giờ lúc. The clock started."
  due_at: "Hạn trả trên giấy hẹn. Due as promised."
  is_accepted: "Đã được tiếp nhận. Was accepted."
  end_at: "Kết thúc tính giờ lúc. Clock ended."
  end_kind: "finished, returned, stopped, rejected, withdrawn. Why the clock ended."
  handover_at: "Trả kết quả lúc, nếu chưa có thì lúc kết thúc. Returned, else ended."
  pauses: "Các lần yêu cầu bổ sung. Requests for supplements."
  extensions: "Các lần gia hạn, xin lỗi. Extensions and apologies."
*/
with recorded as (
    select
        v.viewpoint, v.seen_until_at,
        c.case_code, c.procedure_code, c.agency_code, c.compare_by, c.status, c.received_at, c.cross_boundary,
        c.competent_received_at, c.due_at, c.finished_at, c.returned_at, c.stopped_at, c.rejected_at,
        c.withdrawn_at, c.pauses, c.extensions
    from core.viewpoint as v
    cross join meta.run_context as x
    join staging.case as c
        on v.viewpoint = 'now' or (c.reception_unit_code = x.centre_code and c.received_at <= v.seen_until_at)
    where v.known_until_at is null
),

-- The newest version of each case that the load after the day knew, wherever it was received by earlier ones.
newest as (
    select v.viewpoint, v.seen_until_at, v.known_until_at, h.*
    from core.viewpoint as v
    join core.case_history as h on h.known_from <= v.known_until_at
    qualify row_number() over (
        partition by v.viewpoint, h.case_code
        order by h.valid_from desc, h.known_from desc, h.batch_id desc, h.page_no desc, h.row_no desc
    ) = 1
),

known as (
    select n.*
    from newest as n
    cross join meta.run_context as x
    where n.reception_unit_code = x.centre_code
),

-- What the key sweeps had found gone by that load, and nothing has been sent of since.
noted as (
    select k.viewpoint, k.case_code, k.known_from, d.event, d.noted_at
    from known as k
    join meta.deletion_log as d
        on d.system = 'cases' and d.entity = 'case' and d.key = k.case_code and d.noted_at <= k.known_until_at
    qualify row_number() over (partition by k.viewpoint, k.case_code order by d.noted_at desc, d.event) = 1
),

gone as (
    select viewpoint, case_code
    from noted
    where event = 'deleted' and noted_at >= known_from
),

chosen as (
    select * from recorded
    union all
    select
        k.viewpoint, k.seen_until_at,
        k.case_code, k.procedure_code, k.agency_code, k.compare_by, k.status, k.received_at, k.cross_boundary,
        k.competent_received_at, k.due_at, k.finished_at, k.returned_at, k.stopped_at, k.rejected_at,
        k.withdrawn_at, k.pauses, k.extensions
    from known as k
    anti join gone as g on g.viewpoint = k.viewpoint and g.case_code = k.case_code
    where not k.is_deleted and k.received_at <= k.seen_until_at
),

rules as (
    select
        to_boolean(cross_boundary) as cross_boundary,
        to_day(valid_from) as valid_from,
        coalesce(to_day(valid_to), date '9999-12-31') as valid_to
    from seeds.clock_start
    where starts_at = 'competent_received_at'
),

-- Cases whose clock starts where the competent agency gets them, by the law on the day of their reception.
passed_on as (
    select c.viewpoint, c.case_code, c.competent_received_at
    from chosen as c
    join rules as r
        on r.cross_boundary = c.cross_boundary
        and local_day(c.received_at) between r.valid_from and r.valid_to
    where c.competent_received_at <= c.seen_until_at
),

clocks as (
    select
        *,
        -- A file of cases may come without a status; whoever lists a reception has accepted the case.
        coalesce(received_at <= seen_until_at and coalesce(status, 2) not in (1, 3), false) as is_accepted,
        case when finished_at <= seen_until_at then finished_at end as finished,
        case when returned_at <= seen_until_at then returned_at end as returned,
        case when stopped_at <= seen_until_at then stopped_at end as stopped,
        case when rejected_at <= seen_until_at and rejected_at > received_at then rejected_at end as rejected,
        case when withdrawn_at <= seen_until_at then withdrawn_at end as withdrawn
    from chosen
)

select
    c.viewpoint,
    c.case_code,
    procedure_base(c.procedure_code) as procedure_code,
    c.agency_code,
    c.compare_by,
    c.received_at,
    coalesce(p.competent_received_at, c.received_at) as clock_start_at,
    c.due_at,
    c.is_accepted,
    case when c.is_accepted then coalesce(c.finished, c.returned, c.stopped, c.rejected, c.withdrawn) end as end_at,
    case
        when not c.is_accepted then null
        when c.finished is not null then 'finished'
        when c.returned is not null then 'returned'
        when c.stopped is not null then 'stopped'
        when c.rejected is not null then 'rejected'
        when c.withdrawn is not null then 'withdrawn'
    end as end_kind,
    case when c.is_accepted then coalesce(c.returned, c.finished, c.stopped, c.rejected, c.withdrawn) end
        as handover_at,
    c.pauses,
    c.extensions
from clocks as c
left join passed_on as p on p.viewpoint = c.viewpoint and p.case_code = c.case_code
