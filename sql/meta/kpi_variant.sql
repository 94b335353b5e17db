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
*/
select v.kpi_id, v.variant, v.variant = k.headline_variant as is_headline, v.label_vi, v.label_en
from seeds.kpi_variants as v
join seeds.kpi as k on k.kpi_id = v.kpi_id
