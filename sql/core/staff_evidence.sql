/* @model
description: >
  What the records say of each member of staff in a campaign's window, as evidence for people who decide:
  counts, with shares only from 30 on, and no score and no order, since the plan gives none. Restricted:
  it is never published. One row per campaign, day and member of staff.
grain: [campaign_id, snapshot_on, staff_code]
columns:
  campaign_id: "Mã đợt thi đua. Campaign."
  snapshot_on: "Ngày chụp. Day of the snapshot."
  staff_code: "Mã cán bộ. Staff code."
  home_agency_code: "Cơ quan cử đến. Home agency."
  is_eligible: "Thuộc đối tượng xét. Named by the plan."
  nomination: "in_time đúng hạn, late quá hạn, none không có. Nomination by the deadline."
  criterion_1: "Tiêu chí 1: met, not_met; trống là chưa đánh giá. Criterion 1."
  criterion_2: "Tiêu chí 2. Criterion 2."
  criterion_3: "Tiêu chí 3. Criterion 3."
  received_count: "Hồ sơ tiếp nhận. Cases received."
  assisted_count: "Trong đó trực tuyến có hỗ trợ. Of these filed online with help."
  supplement_count: "Số lần yêu cầu bổ sung của hồ sơ đã nhận. Requests for supplements."
  second_request_count: "Hồ sơ phải bổ sung quá một lần. Cases asked more than once."
  supplements_per_hundred: "Yêu cầu bổ sung trên 100 hồ sơ; trống khi dưới 30. Per 100 cases; null below 30."
  closed_count: "Hồ sơ được giao đã kết thúc. Assigned cases that ended."
  on_time_count: "Trong đó đúng hạn. Of these on time."
  on_time_ratio: "Tỷ lệ đúng hạn; trống khi dưới 30. Share on time; null below 30."
  agency_median_ratio: "Trung vị của cơ quan, để tham chiếu. Median of the home agency, as context."
  apology_count: "Số lần xin lỗi của hồ sơ được giao. Apologies for assigned cases."
  rating_count: "Lượt đánh giá hợp lệ gắn với người này. Valid ratings that name this person."
  very_satisfied_count: "Trong đó rất hài lòng. Very satisfied."
  dissatisfied_count: "Trong đó không hài lòng. Dissatisfied."
*/
with received as (
    select
        s.campaign_id, s.snapshot_on, s.staff_code,
        count(*) as received_count,
        count(*) filter (c.filed_as = 'online' and c.assisted) as assisted_count,
        sum(c.pause_count) as supplement_count,
        count(*) filter (c.pause_count > 1) as second_request_count
    from core.campaign_staff as s
    join core.fct_case as c
        on c.received_by = s.staff_code and c.received_on between s.start_on and s.snapshot_on
    where c.is_centre and c.is_accepted
    group by all
),

closed as (
    select
        s.campaign_id, s.snapshot_on, s.staff_code,
        count(*) as closed_count,
        count(*) filter (k.is_on_time) as on_time_count,
        sum(c.apology_count) as apology_count
    from core.campaign_staff as s
    join core.fct_case as c on c.assigned_to = s.staff_code
    join core.campaign_case as k
        on k.campaign_id = s.campaign_id
        and k.snapshot_on = s.snapshot_on
        and k.case_code = c.case_code
        and k.end_on between s.start_on and s.snapshot_on
        and k.due_on is not null
    group by all
),

ratings as (
    select
        s.campaign_id, s.snapshot_on, s.staff_code,
        count(*) as rating_count,
        count(*) filter (f.level_code = 'very_satisfied') as very_satisfied_count,
        count(*) filter (f.level_code in ('dissatisfied', 'very_dissatisfied', 'dislike')) as dissatisfied_count
    from core.campaign_staff as s
    join staging.rating as r on r.staff_code = s.staff_code
    join core.fct_rating as f
        on f.rating_id = r.rating_id and f.is_valid and f.is_centre
        and f.rated_on between s.start_on and s.snapshot_on
    group by all
),

nominations as (
    select
        s.campaign_id, s.snapshot_on, s.staff_code, n.criterion_1, n.criterion_2, n.criterion_3,
        case when n.submitted_on <= s.deadline_on then 'in_time' else 'late' end as nomination
    from core.campaign_staff as s
    join core.fct_nomination as n
        on n.staff_code = s.staff_code and n.submitted_on between s.start_on and s.snapshot_on
    qualify row_number() over (
        partition by s.campaign_id, s.snapshot_on, s.staff_code
        order by n.submitted_on <= s.deadline_on desc, n.submitted_on desc
    ) = 1
),

counted as (
    select
        s.campaign_id, s.snapshot_on, s.staff_code, s.home_agency_code, s.is_eligible,
        coalesce(n.nomination, 'none') as nomination, n.criterion_1, n.criterion_2, n.criterion_3,
        coalesce(r.received_count, 0) as received_count,
        coalesce(r.assisted_count, 0) as assisted_count,
        cast(coalesce(r.supplement_count, 0) as bigint) as supplement_count,
        coalesce(r.second_request_count, 0) as second_request_count,
        case when r.received_count >= 30 then 100.0 * r.supplement_count / r.received_count end
            as supplements_per_hundred,
        coalesce(c.closed_count, 0) as closed_count,
        coalesce(c.on_time_count, 0) as on_time_count,
        case when c.closed_count >= 30 then cast(c.on_time_count as double) / c.closed_count end as on_time_ratio,
        cast(coalesce(c.apology_count, 0) as bigint) as apology_count,
        coalesce(g.rating_count, 0) as rating_count,
        coalesce(g.very_satisfied_count, 0) as very_satisfied_count,
        coalesce(g.dissatisfied_count, 0) as dissatisfied_count
    from core.campaign_staff as s
    left join nominations as n using (campaign_id, snapshot_on, staff_code)
    left join received as r using (campaign_id, snapshot_on, staff_code)
    left join closed as c using (campaign_id, snapshot_on, staff_code)
    left join ratings as g using (campaign_id, snapshot_on, staff_code)
)

select
    *,
    median(on_time_ratio) over (partition by campaign_id, snapshot_on, home_agency_code) as agency_median_ratio
from counted
