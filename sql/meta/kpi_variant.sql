/* @model
description: The variants of each KPI, named. One row per KPI and variant.
grain: [kpi_id, variant]
publish: true
columns:
  kpi_id: "Mã chỉ tiêu. KPI id."
  variant: "Biến thể. Variant."
  is_headline: "Là biến thể chính. Is the headline variant."
  label_vi: "Tên biến thể. Label in Vietnamese."
  label_en: "Tên tiếng Anh. Label in English."
  adds_over_agencies: "Tử số, mẫu số các cơ quan cộng lại bằng dòng ALL. Whether the agencies add up to the ALL row."
  adds_over_days: "Các ngày cộng lại bằng kỳ dài hơn. Whether days add up to longer periods; where not, something is counted that stands over several days, or days with few ratings are blank."
*/
select
    v.kpi_id,
    v.variant,
    v.variant = k.headline_variant as is_headline,
    v.label_vi,
    v.label_en,
    cast(v.adds_over_agencies as boolean) as adds_over_agencies,
    cast(v.adds_over_days as boolean) as adds_over_days
from seeds.kpi_variants as v
join seeds.kpi as k on k.kpi_id = v.kpi_id
