/* @model
description: >
  The Centre's accepted cases as they stood at the end of each of a campaign's two days: the version then
  held at the source and, once the warehouse had begun, then known to it; with the due day as of then.
  One row per campaign, day and case.
grain: [campaign_id, snapshot_on, case_code]
columns:
  campaign_id: "Mã đợt thi đua. Campaign."
  snapshot_on: "Ngày chụp. Day of the snapshot."
  case_code: "Mã hồ sơ. Case code."
  agency_code: "Mã cơ quan. Agency."
  basis: "known: theo những gì kho đã biết; source: kho chưa có, theo thời điểm ở nguồn. What it rests on."
  end_on: "Ngày kết thúc như khi đó. Ended on, as of then."
  due_on: "Hạn trả như khi đó. Due on, as of then."
  is_on_time: "Kết thúc đúng hạn như khi đó. Ended on time, as of then."
*/
with begun as (
    select local_day(min(known_from)) as known_since from core.case_history
),

campaigns as (
    select campaign_id, to_day(nomination_deadline_on) as deadline_on, to_day(end_on) as end_on
    from seeds.campaigns
),

snapshots as (
    select
        c.campaign_id,
        s.snapshot_on,
        cast(s.snapshot_on + 1 as timestamptz) as until_at,
        coalesce(b.known_since <= s.snapshot_on, false) as is_known
    from campaigns as c
    cross join begun as b
    cross join lateral (values (c.deadline_on), (c.end_on)) as s (snapshot_on)
),

versions as (
    select s.*, h.* exclude (valid_to)
    from snapshots as s
    cross join meta.run_context as x
    join core.case_history as h
        on h.reception_unit_code = x.centre_code
        and h.valid_from < s.until_at
        and (h.known_from < s.until_at or not s.is_known)
    qualify row_number() over (
        partition by s.campaign_id, s.snapshot_on, h.case_code
        order by h.valid_from desc, h.known_from desc, h.batch_id desc, h.page_no desc, h.row_no desc
    ) = 1
),

-- What the key sweeps had found gone by then, and nothing has been sent of since.
noted as (
    select v.campaign_id, v.snapshot_on, v.case_code, v.known_from, d.event, d.noted_at
    from versions as v
    join meta.deletion_log as d
        on d.system = 'cases' and d.entity = 'case' and d.key = v.case_code and d.noted_at < v.until_at
    where v.is_known
    qualify row_number() over (
        partition by v.campaign_id, v.snapshot_on, v.case_code order by d.noted_at desc, d.event
    ) = 1
),

gone as (
    select campaign_id, snapshot_on, case_code
    from noted
    where event = 'deleted' and noted_at >= known_from
),

clocks as (
    select
        v.*,
        coalesce(
            case when v.finished_at < v.until_at then v.finished_at end,
            case when v.returned_at < v.until_at then v.returned_at end,
            case when v.stopped_at < v.until_at then v.stopped_at end,
            case when v.rejected_at < v.until_at and v.rejected_at > v.received_at then v.rejected_at end,
            case when v.withdrawn_at < v.until_at then v.withdrawn_at end
        ) as end_at
    from versions as v
    anti join gone as g
        on g.campaign_id = v.campaign_id and g.snapshot_on = v.snapshot_on and g.case_code = v.case_code
    where not v.is_deleted and v.received_at < v.until_at and coalesce(v.status, 2) not in (1, 3)
),

pauses as (
    select
        c.campaign_id, c.snapshot_on, c.case_code,
        sum(greatest(0, done.working_day_no - asked.working_day_no)) as pause_days,
        sum(greatest(
            0,
            working_minute_no(done.is_working, done.working_day_no, p.pause.completed_at)
            - working_minute_no(asked.is_working, asked.working_day_no, p.pause.requested_at)
        )) as pause_minutes
    from clocks as c
    cross join unnest(c.pauses) as p (pause)
    join core.dim_date as asked on asked.day = local_day(p.pause.requested_at)
    join core.dim_date as done on done.day = local_day(p.pause.completed_at)
    where p.pause.requested_at < c.until_at and p.pause.completed_at < c.until_at
    group by all
),

extensions as (
    select
        c.campaign_id, c.snapshot_on, c.case_code,
        arg_max(e.extension.new_due_at, (e.extension.issued_at, e.extension.new_due_at)) as extended_at
    from clocks as c
    cross join unnest(c.extensions) as e (extension)
    where lower(e.extension.kind) = 'statutory' and e.extension.issued_at < c.until_at
    group by all
),

-- A due day not promised by then is derived from reception and procedure as recorded then; the limits are
-- those of today's list of procedures, of which no earlier state is kept.
limits as (
    select
        c.*,
        p.time_limit_unit as unit,
        p.time_limit_value as n,
        d.is_working,
        d.working_day_no
    from clocks as c
    left join core.dim_procedure as p on p.procedure_code = procedure_base(c.procedure_code)
    left join core.dim_date as d on d.day = local_day(c.received_at)
),

-- Both ends of the limit are columns before they are joined on: with `due_at is null` in the join itself,
-- each case would be held against each day of the calendar.
ends as (
    select
        *,
        case when due_at is null and unit = 'working_hour'
             then limit_minute_no(is_working, working_day_no, received_at, n) end as target_minute_no,
        case when due_at is null
             then limit_working_day(unit, n, is_working, working_day_no, received_at) end as end_working_day_no,
        case when due_at is null then limit_calendar_day(unit, n, received_at) end as end_calendar_day
    from limits
),

originals as (
    select e.*, coalesce(local_day(e.due_at), w.day, r.next_working_on) as due_original_on
    from ends as e
    left join core.dim_working_day as w on w.working_day_no = e.end_working_day_no
    left join core.dim_date as r on r.day = e.end_calendar_day
),

dues as (
    select
        o.campaign_id,
        o.snapshot_on,
        o.case_code,
        coalesce(a.agency_code, o.agency_code, 'UNKNOWN') as agency_code,
        case when o.is_known then 'known' else 'source' end as basis,
        o.end_at,
        o.due_at,
        o.compare_by,
        e.extended_at,
        case
            when e.extended_at is not null then local_day(e.extended_at)
            when o.target_minute_no is not null and p.pause_minutes > 0 then moved_hours.day
            when coalesce(p.pause_days, 0) = 0 then o.due_original_on
            else moved.day
        end as due_on
    from originals as o
    left join core.agency_alias as a on a.code = o.agency_code
    left join pauses as p
        on p.campaign_id = o.campaign_id and p.snapshot_on = o.snapshot_on and p.case_code = o.case_code
    left join extensions as e
        on e.campaign_id = o.campaign_id and e.snapshot_on = o.snapshot_on and e.case_code = o.case_code
    left join core.dim_date as due on due.day = o.due_original_on
    left join core.dim_working_day as moved on moved.working_day_no = due.working_day_no + p.pause_days
    left join core.dim_working_day as moved_hours
        on moved_hours.working_day_no = working_day_at(o.target_minute_no + p.pause_minutes)
)

select
    campaign_id,
    snapshot_on,
    case_code,
    agency_code,
    basis,
    local_day(end_at) as end_on,
    due_on,
    is_on_time(
        local_day(end_at), end_at, due_on, due_moment(compare_by, due_at, extended_at, due_on)
    ) as is_on_time
from dues
