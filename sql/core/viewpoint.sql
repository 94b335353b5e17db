/* @model
description: >
  The instants as of which cases are judged: now, and the end of each of a campaign's two days. A campaign's day
  since the warehouse began is seen as the first load of cases after it knew it; one before the first load by the
  newest version of all. A day after which no load has begun yet has no row. One row per instant.
grain: [viewpoint]
columns:
  viewpoint: "now, hoặc đợt thi đua và ngày. now, or campaign and day."
  campaign_id: "Mã đợt thi đua; trống với now. Campaign; null for now."
  snapshot_on: "Ngày chụp; trống với now. Day of the snapshot; null for now."
  basis: "known: như lần nạp đầu tiên sau ngày đó đã biết; source: kho chưa có, theo bản mới nhất. What it rests on."
  seen_until_at: "Việc xảy ra đến lúc này. What happened until then is seen."
  known_until_at: "Những gì kho biết đến lúc này; trống là tất cả. What was known until then; null is everything."
*/
with loads as (
    select known_from as loaded_at from core.case_history
    union
    select loaded_at from meta.batch where entity = 'case'
),

begun as (
    select local_day(min(known_from)) as known_since from core.case_history
),

campaigns as (
    select campaign_id, to_day(nomination_deadline_on) as deadline_on, to_day(end_on) as end_on
    from seeds.campaigns
),

snapshots as (
    select c.campaign_id, s.snapshot_on, b.known_since <= s.snapshot_on as is_known, min(l.loaded_at) as load_at
    from campaigns as c
    cross join begun as b
    cross join lateral (values (c.deadline_on), (c.end_on)) as s (snapshot_on)
    join loads as l on l.loaded_at >= cast(s.snapshot_on + 1 as timestamptz)
    group by all
)

select
    'now' as viewpoint,
    cast(null as varchar) as campaign_id,
    cast(null as date) as snapshot_on,
    'known' as basis,
    as_of_at as seen_until_at,
    cast(null as timestamptz) as known_until_at
from meta.run_context
union all
select
    campaign_id || ' ' || cast(snapshot_on as varchar),
    campaign_id,
    snapshot_on,
    case when is_known then 'known' else 'source' end,
    cast(snapshot_on + 1 as timestamptz) - interval 1 microsecond,
    case when is_known then load_at end
from snapshots
