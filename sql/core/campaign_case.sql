/* @model
description: >
  The Centre's accepted cases as they stood at the end of each of a campaign's two days: the version that the load
  after it knew or, before the warehouse began, the newest of all; what happened after the day is not there yet.
  One row per campaign, day and case.
grain: [campaign_id, snapshot_on, case_code]
columns:
  campaign_id: "Mã đợt thi đua. Campaign."
  snapshot_on: "Ngày chụp. Day of the snapshot."
  case_code: "Mã hồ sơ. Case code."
  agency_code: "Mã cơ quan. Agency."
  basis: "known: theo những gì lần nạp sau ngày đó biết; source: kho chưa có, theo bản mới nhất. What it rests on."
  end_on: "Ngày kết thúc như khi đó. Ended on, as of then."
  due_on: "Hạn trả như khi đó. Due on, as of then."
  is_on_time: "Kết thúc đúng hạn như khi đó. Ended on time, as of then."
*/
select
    v.campaign_id,
    v.snapshot_on,
    c.case_code,
    coalesce(a.agency_code, c.agency_code, 'UNKNOWN') as agency_code,
    v.basis,
    local_day(c.end_at) as end_on,
    d.due_on,
    is_on_time(local_day(c.end_at), c.end_at, d.due_on, d.due_until_at) as is_on_time
from core.viewpoint as v
join core.seen_case as c on c.viewpoint = v.viewpoint
left join core.agency_alias as a on a.code = c.agency_code
left join core.fct_case_due as d on d.viewpoint = c.viewpoint and d.case_code = c.case_code
where v.viewpoint <> 'now' and c.is_accepted
