/* @model
description: >
  Who worked at the Centre in a campaign's window up to each of its two days, and whether the plan names
  them: civil servants and workers of the Centre, civil servants and public employees of departments.
  One row per campaign, day and member of staff.
grain: [campaign_id, snapshot_on, staff_code]
columns:
  campaign_id: "Mã đợt thi đua. Campaign."
  snapshot_on: "Ngày chụp. Day of the snapshot."
  staff_code: "Mã cán bộ. Staff code."
  home_agency_code: "Cơ quan cử đến. Home agency."
  employment_type: "Loại lao động. Employment type."
  is_eligible: "Thuộc đối tượng xét. Named by the plan."
  start_on: "Ngày bắt đầu đợt. First day of the window."
  deadline_on: "Hạn đề nghị. Deadline for nominations."
*/
with campaigns as (
    select
        campaign_id, to_day(start_on) as start_on, to_day(nomination_deadline_on) as deadline_on,
        to_day(end_on) as end_on
    from seeds.campaigns
)

select
    c.campaign_id,
    s.snapshot_on,
    p.staff_code,
    p.home_agency_code,
    p.employment_type,
    case
        when p.home_agency_code = x.centre_code then p.employment_type in ('civil_servant', 'worker')
        else p.employment_type in ('civil_servant', 'public_employee')
    end as is_eligible,
    c.start_on,
    c.deadline_on
from campaigns as c
cross join meta.run_context as x
cross join lateral (values (c.deadline_on), (c.end_on)) as s (snapshot_on)
join core.dim_staff as p
    on p.at_centre_from <= s.snapshot_on
    and (p.at_centre_to is null or p.at_centre_to >= c.start_on)
