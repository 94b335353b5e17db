/* @model
description: The newest value of each headline KPI of the Centre, with what is missing or left to lose. One row per KPI.
grain: [kpi_id]
columns:
  kpi_id: "Mã chỉ tiêu. KPI id."
  position: "Thứ tự. Position."
  label_vi: "Tên chỉ tiêu. Label in Vietnamese."
  label_en: "Tên tiếng Anh. Label in English."
  unit: "ratio, count, days hoặc points. Unit."
  variant: "Biến thể chính. Headline variant."
  period_kind: "Loại kỳ. Kind of period."
  period_start: "Từ ngày. First day."
  period_end: "Đến ngày. Last day."
  numerator: "Tử số. Numerator."
  denominator: "Mẫu số. Denominator."
  value: "Giá trị. Value."
  comparison: "So sánh. Comparison."
  target: "Mục tiêu. Target."
  status: "Trạng thái. Status."
  gap: "Chênh lệch so với mục tiêu. Value minus target."
  lateness_budget: >-
    Trong số đã tính vào mẫu số, còn bao nhiêu trường hợp không đạt mà chỉ tiêu vẫn đạt; âm là đã vượt.
    How many more of the denominator's present count could fail with the target still met; negative
    when already missed.
  is_provisional: "Tạm tính. Provisional."
  rests_on_provisional_calendar: "Dựa vào lịch nghỉ chưa chính thức. Rests on days off that aren't official yet."
  lacks_source: "Chưa có nguồn số liệu. What it is counted from has never come."
  unconnected_systems: "Hệ thống chưa nối nguồn. Systems without an address behind it, where it lacks a source."
  data_as_of: "Dữ liệu đến. Data as of."
*/
with headline as (
    select v.*
    from marts.kpi_value as v
    join seeds.kpi as k
        on k.kpi_id = v.kpi_id
        and k.headline_variant = v.variant
        and k.headline_period_kind = v.period_kind
    where v.agency_code = 'ALL'
    qualify row_number() over (partition by v.kpi_id order by v.period_start desc) = 1
)

select
    h.kpi_id,
    cast(k.position as integer) as position,
    k.label_vi,
    k.label_en,
    k.unit,
    h.variant,
    h.period_kind,
    h.period_start,
    h.period_end,
    h.numerator,
    h.denominator,
    h.value,
    h.comparison,
    h.target,
    h.status,
    h.value - h.target as gap,
    case
        when h.denominator = 0 or h.target is null or k.unit in ('count', 'days') then null
        -- strict: the most failures b with (denominator - b) / denominator still above the target
        when h.comparison = '>' then cast(
            ceil((1000000 - round(h.target * 1000000)) * h.denominator / 1000000.0) - 1
            - (h.denominator - h.numerator) as bigint)
        else cast(
            floor((1000000 - round(h.target * 1000000)) * h.denominator / 1000000.0)
            - (h.denominator - h.numerator) as bigint)
    end as lateness_budget,
    h.is_provisional,
    h.rests_on_provisional_calendar,
    h.lacks_source,
    h.unconnected_systems,
    h.data_as_of
from headline as h
join seeds.kpi as k on k.kpi_id = h.kpi_id
