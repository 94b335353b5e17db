/* @model
description: >
  Form "Số hóa": how many of the Centre's cases came with digitised or reused components, and how many
  results were digitised. A flag that is empty counts as no. One row per period and agency.
grain: [period_kind, period_start, agency_code]
columns:
  period_kind: "month, quarter, year. Kind of period."
  period_start: "Từ ngày. First day."
  agency_code: "Đơn vị, ALL là Trung tâm. Agency; ALL is the Centre."
  agency_name: "Tên đơn vị. Agency name."
  received_count: "Tiếp nhận. Received."
  not_digitised_count: "Chưa số hóa thành phần hồ sơ. Components not digitised."
  digitised_count: "Có số hóa. Components digitised."
  reused_count: "Có tái sử dụng. Components reused."
  digitised_ratio: "Tỷ lệ số hóa thành phần. Share digitised."
  settled_count: "Đã giải quyết có kết quả. Settled with a result."
  result_not_digitised_count: "Chưa số hóa kết quả. Result not digitised."
  result_digitised_count: "Đã số hóa kết quả. Result digitised."
  result_ratio: "Tỷ lệ số hóa kết quả. Share of results digitised."
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
        count(*) filter (c.components_digitised) as digitised_count,
        count(*) filter (c.components_reused) as reused_count
    from core.fct_case as c
    join days as d on d.day = c.received_on
    where c.is_centre and c.is_accepted
    group by grouping sets ((d.period_kind, d.period_start, c.agency_code), (d.period_kind, d.period_start))
),

settled as (
    select
        d.period_kind, d.period_start, coalesce(c.agency_code, 'ALL') as agency_code,
        count(*) as settled_count,
        count(*) filter (c.result_digitised) as result_digitised_count
    from core.fct_case as c
    join days as d on d.day = c.end_on
    where c.is_centre and c.is_accepted and c.end_kind in ('finished', 'returned')
    group by grouping sets ((d.period_kind, d.period_start, c.agency_code), (d.period_kind, d.period_start))
),

united as (
    select
        period_kind, period_start, agency_code,
        coalesce(r.received_count, 0) as received_count,
        coalesce(r.digitised_count, 0) as digitised_count,
        coalesce(r.reused_count, 0) as reused_count,
        coalesce(s.settled_count, 0) as settled_count,
        coalesce(s.result_digitised_count, 0) as result_digitised_count
    from received as r
    full join settled as s using (period_kind, period_start, agency_code)
)

select
    b.period_kind,
    b.period_start,
    b.agency_code,
    case when b.agency_code = 'ALL' then 'Tổng số' else coalesce(a.agency_name, b.agency_code) end as agency_name,
    b.received_count,
    b.received_count - b.digitised_count as not_digitised_count,
    b.digitised_count,
    b.reused_count,
    cast(b.digitised_count as double) / nullif(b.received_count, 0) as digitised_ratio,
    b.settled_count,
    b.settled_count - b.result_digitised_count as result_not_digitised_count,
    b.result_digitised_count,
    cast(b.result_digitised_count as double) / nullif(b.settled_count, 0) as result_ratio,
    p.is_provisional or l.agency_code is not null as is_provisional,
    l.agency_code is not null as rests_on_provisional_calendar
from united as b
left join core.dim_agency as a on a.agency_code = b.agency_code
join core.dim_period as p on p.period_kind = b.period_kind and p.period_start = b.period_start
left join core.provisional_period as l
    on l.calendar_basis = 'case'
    and l.period_kind = b.period_kind and l.period_start = b.period_start and l.agency_code = b.agency_code
