/* @model
description: What each decision announces. One row per decision and procedure.
grain: [decision_no, procedure_code]
columns:
  decision_no: "Số quyết định. Decision number."
  procedure_code: "Mã thủ tục. Procedure code."
  agency_code: "Mã cơ quan. Agency code."
  decided_on: "Ngày ký. Decided on."
  basis_effective_on: "Ngày căn cứ có hiệu lực. Legal basis effective on."
  action: "new, amended, replaced, abolished. Action."
  published_on: "Ngày công khai. Day published."
  is_complete: "Đầy đủ. Complete."
  is_accurate: "Chính xác, chưa bị đính chính. Accurate and not corrected."
  is_in_time: "Trước ngày căn cứ có hiệu lực ít nhất 5 ngày. At least 5 days before effect."
  literal_due_on: "Hạn 05 ngày theo lịch. 5 calendar days."
  rolled_due_on: "Hạn 05 ngày, dời qua ngày nghỉ. Rolled to a working day."
  working_due_on: "Hạn 05 ngày làm việc. 5 working days."
  rolled_due_is_provisional: "Hạn dời rơi vào năm chưa có lịch nghỉ chính thức. Rolled in a year without official days off."
  working_due_is_provisional: "Hạn tính qua năm chưa có lịch nghỉ chính thức. Counted through such a year."
*/
with items as (
    select
        s.decision_no,
        procedure_base(i.item.procedure_code) as procedure_code,
        coalesce(a.agency_code, s.agency_code, 'UNKNOWN') as agency_code,
        s.decided_on,
        s.basis_effective_on,
        lower(i.item.action) as action,
        case when i.item.published_at <= x.as_of_at then local_day(i.item.published_at) end as published_on,
        coalesce(i.item.complete, false) as is_complete,
        coalesce(i.item.accurate, false) and i.item.corrected_by is null as is_accurate
    from staging.decision as s
    cross join meta.run_context as x
    cross join unnest(s.items) as i (item)
    left join core.agency_alias as a on a.code = s.agency_code
    where s.decided_on <= x.as_of_on
    -- A procedure twice in a decision: the worst entry counts.
    qualify row_number() over (
        partition by s.decision_no, procedure_base(i.item.procedure_code)
        order by is_complete and is_accurate, published_on desc nulls first
    ) = 1
)

select
    i.*,
    i.basis_effective_on is null or date_diff('day', i.decided_on, i.basis_effective_on) >= 5 as is_in_time,
    i.decided_on + 5 as literal_due_on,
    r.next_working_on as rolled_due_on,
    w.day as working_due_on,
    counts_provisionally(i.decided_on + 5, rolled.last_provisional_on) as rolled_due_is_provisional,
    counts_provisionally(i.decided_on, worked.last_provisional_on) as working_due_is_provisional
from items as i
left join core.dim_date as r on r.day = i.decided_on + 5
left join core.dim_date as d on d.day = i.decided_on
left join core.dim_working_day as w on w.working_day_no = d.working_day_no + 5
left join core.dim_date as rolled on rolled.day = r.next_working_on
left join core.dim_date as worked on worked.day = w.day
