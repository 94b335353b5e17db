/* @model
description: >
  The emulation campaign as it stood on its two days: nominations close on the deadline, four days before
  the window ends. Cases are those of core.campaign_case; a day after which nothing was loaded yet has no row;
  no person is named; staff of groups below five are not shown, nor what would give them away. One row per campaign, day and agency.
grain: [campaign_id, snapshot_on, agency_code]
columns:
  campaign_id: "Mã đợt thi đua. Campaign."
  snapshot_on: "Ngày chụp: hạn đề nghị hoặc ngày kết thúc. Day of the snapshot."
  is_final: "Là ngày kết thúc. The final day."
  agency_code: "Mã cơ quan, ALL là Trung tâm. Agency; ALL is the Centre."
  eligible_staff_count: "Số người thuộc đối tượng; trống khi nhóm nhỏ. Eligible staff; null where the group is small."
  nominations_in_time_count: "Đề nghị đúng hạn (chỉ dòng ALL). Nominations in time (ALL only)."
  nominations_late_count: "Đề nghị quá hạn (chỉ dòng ALL). Late nominations (ALL only)."
  closed_count: "Hồ sơ kết thúc trong đợt. Cases ended in the window."
  on_time_count: "Trong đó đúng và trước hạn. Of these on time."
  on_time_ratio: "Tỷ lệ đúng hạn. Share on time."
*/
with snapshots as (
    select
        v.campaign_id, v.snapshot_on, to_day(c.start_on) as start_on, to_day(c.end_on) as end_on,
        to_day(c.nomination_deadline_on) as deadline_on
    from core.viewpoint as v
    join seeds.campaigns as c on c.campaign_id = v.campaign_id
),

ended as (
    select k.campaign_id, k.snapshot_on, k.agency_code, k.end_on, k.is_on_time, s.start_on
    from core.campaign_case as k
    join snapshots as s on s.campaign_id = k.campaign_id and s.snapshot_on = k.snapshot_on
    where k.due_on is not null
),

closed as (
    select
        campaign_id, snapshot_on, coalesce(agency_code, 'ALL') as agency_code,
        count(*) as closed_count,
        count(*) filter (is_on_time) as on_time_count
    from ended
    where end_on between start_on and snapshot_on
    group by grouping sets ((campaign_id, snapshot_on, agency_code), (campaign_id, snapshot_on))
),

eligible as (
    select
        campaign_id, snapshot_on, coalesce(home_agency_code, 'ALL') as agency_code, count(*) as eligible_count
    from core.campaign_staff
    where is_eligible
    group by grouping sets ((campaign_id, snapshot_on, home_agency_code), (campaign_id, snapshot_on))
),

-- The small ones, and the next where the total less the others would give them away.
sized as (
    select
        *,
        sum(eligible_count) over (
            partition by campaign_id, snapshot_on, agency_code = 'ALL'
            order by eligible_count, agency_code
            rows between unbounded preceding and 1 preceding
        ) as smaller_count
    from eligible
),

nominated as (
    select
        s.campaign_id, s.snapshot_on,
        count(*) filter (n.submitted_on <= s.deadline_on) as in_time_count,
        count(*) filter (n.submitted_on > s.deadline_on) as late_count
    from snapshots as s
    join core.fct_nomination as n on n.submitted_on between s.start_on and s.snapshot_on
    group by all
),

keys as (
    select campaign_id, snapshot_on, 'ALL' as agency_code from snapshots
    union
    select campaign_id, snapshot_on, agency_code from closed
    union
    select campaign_id, snapshot_on, agency_code from eligible
)

select
    k.campaign_id,
    k.snapshot_on,
    k.snapshot_on = s.end_on as is_final,
    k.agency_code,
    case when not is_small_group(e.eligible_count, e.smaller_count) then e.eligible_count end as eligible_staff_count,
    case when k.agency_code = 'ALL' then coalesce(n.in_time_count, 0) end as nominations_in_time_count,
    case when k.agency_code = 'ALL' then coalesce(n.late_count, 0) end as nominations_late_count,
    coalesce(c.closed_count, 0) as closed_count,
    coalesce(c.on_time_count, 0) as on_time_count,
    cast(c.on_time_count as double) / nullif(c.closed_count, 0) as on_time_ratio
from keys as k
join snapshots as s on s.campaign_id = k.campaign_id and s.snapshot_on = k.snapshot_on
left join closed as c
    on c.campaign_id = k.campaign_id and c.snapshot_on = k.snapshot_on and c.agency_code = k.agency_code
left join sized as e
    on e.campaign_id = k.campaign_id and e.snapshot_on = k.snapshot_on and e.agency_code = k.agency_code
left join nominated as n on n.campaign_id = k.campaign_id and n.snapshot_on = k.snapshot_on
