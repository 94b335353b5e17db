/* @model
description: The KPI registry in words, with legal basis and the SQL file that defines each. One row per KPI.
grain: [kpi_id]
publish: true
columns:
  kpi_id: "Mã chỉ tiêu. KPI id."
  headline_variant: "Biến thể chính. Headline variant."
  label_vi: "Tên chỉ tiêu. Label in Vietnamese."
  label_en: "Tên tiếng Anh. Label in English."
  unit: "ratio, count, days hoặc points. Unit."
  definition_vi: "Định nghĩa. Definition in Vietnamese."
  definition_en: "Định nghĩa tiếng Anh. Definition in English."
  legal_basis: "Căn cứ. Legal basis."
  sql_file: "Tệp SQL. SQL file."
  drills_to: "procedure: xem tiếp được đến thủ tục và hồ sơ. Whether one can go on to procedures and cases."
*/
select
    kpi_id,
    headline_variant,
    label_vi,
    label_en,
    unit,
    definition_vi,
    definition_en,
    legal_basis,
    'sql/marts/kpi/' || kpi_id || '.sql' as sql_file,
    drills_to
from seeds.kpi
