/* @model
description: >
  Form II.07b, "Tình hình một cửa": procedures in competence by level and those received at a one-stop
  unit. A procedure counts while it is in force on the period's last day (or as-of). No source knows the
  internal processes; those columns stay empty. One row per period.
grain: [period_kind, period_start]
columns:
  period_kind: "month, quarter, year. Kind of period."
  period_start: "Từ ngày. First day."
  period_end: "Đến ngày. Last day."
  competence_total_count: "TTHC thuộc thẩm quyền: tổng số. Procedures in competence."
  competence_province_count: "Thuộc thẩm quyền: cấp tỉnh. Of the province's departments."
  competence_district_count: "Thuộc thẩm quyền: cấp huyện. Of districts."
  competence_commune_count: "Thuộc thẩm quyền: cấp xã. Of communes."
  competence_unknown_count: "Thuộc thẩm quyền: chưa rõ cấp, cơ quan không có trong danh mục. Agency in no list."
  one_stop_total_count: "Một cửa: TTHC có hồ sơ tiếp nhận trong kỳ. Procedures with a case accepted in the period."
  one_stop_province_count: "Một cửa: tại Trung tâm hoặc cấp tỉnh. Received at the Centre or a department."
  one_stop_district_count: "Một cửa: tại cấp huyện. Received at a district."
  one_stop_commune_count: "Một cửa: tại cấp xã. Received at a commune."
  internal_total_count: "Quy trình nội bộ: tổng số; trống, chưa có nguồn. Internal processes; null, no source."
  internal_province_count: "Quy trình nội bộ: cấp tỉnh; trống, chưa có nguồn. Province; null, no source."
  internal_district_count: "Quy trình nội bộ: cấp huyện; trống, chưa có nguồn. District; null, no source."
  internal_commune_count: "Quy trình nội bộ: cấp xã; trống, chưa có nguồn. Commune; null, no source."
  is_provisional: "Tạm tính: kỳ chưa hết. Provisional: the period isn't over."
  rests_on_provisional_calendar: "Luôn sai: biểu đếm thủ tục, không xét hạn. Always false: it counts procedures and judges no due day."
*/
with levels as (
    select
        agency_code,
        case
            when kind in ('department', 'centre') then 'province'
            when kind in ('district', 'commune') then kind
        end as level
    from core.dim_agency
),

periods as (
    select * from core.dim_period where period_kind in ('month', 'quarter', 'year')
),

competence as (
    select
        p.period_kind, p.period_start,
        count(*) as total_count,
        count(*) filter (l.level = 'province') as province_count,
        count(*) filter (l.level = 'district') as district_count,
        count(*) filter (l.level = 'commune') as commune_count
    from periods as p
    join core.dim_procedure as t
        on (t.valid_from is null or t.valid_from <= p.evaluated_on)
        and (t.valid_to is null or t.valid_to >= p.evaluated_on)
    left join core.agency_alias as a on a.code = t.agency_code
    left join levels as l on l.agency_code = coalesce(a.agency_code, t.agency_code)
    group by all
),

one_stop as (
    select
        d.period_kind, d.period_start,
        count(distinct c.procedure_code) as total_count,
        count(distinct c.procedure_code) filter (c.is_centre or l.level = 'province') as province_count,
        count(distinct c.procedure_code) filter (not c.is_centre and l.level = 'district') as district_count,
        count(distinct c.procedure_code) filter (not c.is_centre and l.level = 'commune') as commune_count
    from core.fct_case as c
    join core.period_day as d
        on d.day = c.received_on and d.period_kind in ('month', 'quarter', 'year')
    left join core.agency_alias as a on a.code = c.reception_unit_code
    left join levels as l on l.agency_code = coalesce(a.agency_code, c.reception_unit_code)
    where c.is_accepted
    group by all
)

select
    p.period_kind,
    p.period_start,
    p.period_end,
    coalesce(c.total_count, 0) as competence_total_count,
    coalesce(c.province_count, 0) as competence_province_count,
    coalesce(c.district_count, 0) as competence_district_count,
    coalesce(c.commune_count, 0) as competence_commune_count,
    coalesce(c.total_count - c.province_count - c.district_count - c.commune_count, 0)
        as competence_unknown_count,
    coalesce(o.total_count, 0) as one_stop_total_count,
    coalesce(o.province_count, 0) as one_stop_province_count,
    coalesce(o.district_count, 0) as one_stop_district_count,
    coalesce(o.commune_count, 0) as one_stop_commune_count,
    cast(null as bigint) as internal_total_count,
    cast(null as bigint) as internal_province_count,
    cast(null as bigint) as internal_district_count,
    cast(null as bigint) as internal_commune_count,
    p.is_provisional,
    false as rests_on_provisional_calendar
from periods as p
left join competence as c using (period_kind, period_start)
left join one_stop as o using (period_kind, period_start)
