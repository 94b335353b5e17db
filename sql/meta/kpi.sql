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
  legal_basis: >-
    Căn cứ vào ngày chốt số liệu; theo thời gian xem meta.kpi_basis. Legal basis on the day of as-of; by time in
    meta.kpi_basis.
  sql_file: "Tệp SQL. SQL file."
  drills_to: "procedure: xem tiếp được đến thủ tục và hồ sơ. Whether one can go on to procedures and cases."
*/
with bases as (
    select b.kpi_id, string_agg(b.citation, '; ' order by b.basis desc) as legal_basis
    from meta.kpi_basis as b
    join meta.run_context as x
        on b.valid_from <= x.as_of_on and (b.valid_to is null or b.valid_to >= x.as_of_on)
    group by b.kpi_id
)

select
    k.kpi_id,
    k.headline_variant,
    k.label_vi,
    k.label_en,
    k.unit,
    k.definition_vi,
    k.definition_en,
    coalesce(b.legal_basis, 'Chưa có căn cứ vào ngày này') as legal_basis,
    -- A file may define several KPIs (its header's `each`).
    'sql/marts/kpi/' || regexp_replace(k.kpi_id, '^(index_766|plan)_.*$', '\1') || '.sql' as sql_file,
    k.drills_to
from seeds.kpi as k
left join bases as b on b.kpi_id = k.kpi_id
