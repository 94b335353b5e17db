/* @model
description: >
  Monitoring form of online services (Decision 766): how the Centre's new cases came, how settled ones kept
  time, and how fees were paid. No source tells what was synchronised with the national portal, so that
  column of the form is empty. One row per period and agency.
grain: [period_kind, period_start, agency_code]
columns:
  period_kind: "month, quarter, year. Kind of period."
  period_start: "Từ ngày. First day."
  agency_code: "(2) Mã định danh, ALL là Trung tâm. Agency; ALL is the Centre."
  agency_name: "(3) Tên đơn vị. Agency name."
  online_count: "(4) Mới tiếp nhận trực tuyến. New, online."
  direct_count: "(5) Mới tiếp nhận trực tiếp. New, at the counter."
  postal_count: "(6) Mới tiếp nhận qua bưu chính. New, by post."
  online_ratio: "(7) Tỷ lệ trực tuyến. Share online."
  direct_ratio: "(8) Tỷ lệ trực tiếp. Share at the counter."
  postal_ratio: "(9) Tỷ lệ bưu chính. Share by post."
  on_time_count: "(10) Giải quyết đúng hạn. Settled on time."
  late_count: "(11) Giải quyết quá hạn. Settled late."
  on_time_ratio: "(12) Tỷ lệ đúng hạn. Share on time."
  late_ratio: "(13) Tỷ lệ quá hạn. Share late."
  synchronised_count: "(14) Đã đồng bộ CDVCQG; trống vì không có nguồn. Synchronised; null, no source."
  fee_case_count: "(15) Hồ sơ có nghĩa vụ tài chính. Cases with fees."
  paid_online_count: "(16) Thanh toán trực tuyến. Paid online."
  paid_online_ratio: "(17) Tỷ lệ thanh toán trực tuyến. Share paid online."
  paid_direct_ratio: "(18) Tỷ lệ thanh toán trực tiếp. Share paid otherwise."
  is_provisional: "Tạm tính: kỳ chưa hết hoặc lịch nghỉ chưa chính thức. Provisional: not over, or by its calendar."
  rests_on_provisional_calendar: >-
    Có hồ sơ tính trong kỳ hoặc còn mở cuối kỳ mà hạn tính qua năm chưa có lịch nghỉ chính thức.
    A case counted in the period or open at its end has a due day counted through a year without official days off.
*/
with days as (
    select * from core.period_day where period_kind in ('month', 'quarter', 'year')
),

received as (
    select
        d.period_kind, d.period_start, coalesce(c.agency_code, 'ALL') as agency_code,
        count(*) as received_count,
        count(*) filter (c.filed_as = 'online') as online_count,
        count(*) filter (c.filed_as = 'postal') as postal_count,
        count(*) filter (c.fee_total_vnd > 0) as fee_case_count,
        count(*) filter (c.fee_total_vnd > 0 and c.paid_online in (1, 2)) as paid_online_count
    from core.fct_case as c
    join days as d on d.day = c.received_on
    where c.is_centre and c.is_accepted
    group by grouping sets ((d.period_kind, d.period_start, c.agency_code), (d.period_kind, d.period_start))
),

-- How settled cases kept time is variant A of the KPI, taken from there.
settled as (
    select period_kind, period_start, agency_code, numerator as on_time_count, denominator as settled_count
    from marts.kpi_on_time
    where variant = 'A' and period_kind in ('month', 'quarter', 'year')
),

united as (
    select
        period_kind, period_start, agency_code,
        coalesce(r.received_count, 0) as received_count,
        coalesce(r.online_count, 0) as online_count,
        coalesce(r.postal_count, 0) as postal_count,
        coalesce(r.fee_case_count, 0) as fee_case_count,
        coalesce(r.paid_online_count, 0) as paid_online_count,
        coalesce(s.on_time_count, 0) as on_time_count,
        coalesce(s.settled_count, 0) as settled_count
    from received as r
    full join settled as s using (period_kind, period_start, agency_code)
)

select
    b.period_kind,
    b.period_start,
    b.agency_code,
    case when b.agency_code = 'ALL' then 'Tổng số' else coalesce(a.agency_name, b.agency_code) end as agency_name,
    b.online_count,
    b.received_count - b.online_count - b.postal_count as direct_count,
    b.postal_count,
    cast(b.online_count as double) / nullif(b.received_count, 0) as online_ratio,
    cast(b.received_count - b.online_count - b.postal_count as double) / nullif(b.received_count, 0)
        as direct_ratio,
    cast(b.postal_count as double) / nullif(b.received_count, 0) as postal_ratio,
    b.on_time_count,
    b.settled_count - b.on_time_count as late_count,
    cast(b.on_time_count as double) / nullif(b.settled_count, 0) as on_time_ratio,
    cast(b.settled_count - b.on_time_count as double) / nullif(b.settled_count, 0) as late_ratio,
    cast(null as bigint) as synchronised_count,
    b.fee_case_count,
    b.paid_online_count,
    cast(b.paid_online_count as double) / nullif(b.fee_case_count, 0) as paid_online_ratio,
    cast(b.fee_case_count - b.paid_online_count as double) / nullif(b.fee_case_count, 0) as paid_direct_ratio,
    p.is_provisional or l.agency_code is not null as is_provisional,
    l.agency_code is not null as rests_on_provisional_calendar
from united as b
left join core.dim_agency as a on a.agency_code = b.agency_code
join core.dim_period as p on p.period_kind = b.period_kind and p.period_start = b.period_start
left join core.provisional_period as l
    on l.calendar_basis = 'case'
    and l.period_kind = b.period_kind and l.period_start = b.period_start and l.agency_code = b.agency_code
