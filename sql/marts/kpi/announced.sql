/* @model
description: >
  Procedures whose announcements in the period were all complete, accurate and in time; the worst one
  counts. A procedure announced by two agencies is one for the Centre. One row per period and agency.
grain: [variant, period_kind, period_start, agency_code]
columns:
  variant: "Biến thể. Variant."
  period_kind: "Loại kỳ. Kind of period."
  period_start: "Từ ngày. First day."
  agency_code: "Mã cơ quan, ALL là Trung tâm. Agency; ALL is the Centre."
  numerator: "Tử số. Numerator."
  denominator: "Mẫu số. Denominator."
*/
with procedures as (
    select
        p.period_kind,
        p.period_start,
        coalesce(a.agency_code, 'ALL') as agency_code,
        a.procedure_code,
        bool_and(a.is_complete and a.is_accurate and a.is_in_time) as is_announced_right
    from core.fct_announcement as a
    join core.period_day as p on p.day = a.decided_on
    group by grouping sets (
        (p.period_kind, p.period_start, a.procedure_code, a.agency_code),
        (p.period_kind, p.period_start, a.procedure_code)
    )
)

select
    'A' as variant,
    period_kind,
    period_start,
    agency_code,
    count(*) filter (is_announced_right) as numerator,
    count(*) as denominator
from procedures
group by period_kind, period_start, agency_code
