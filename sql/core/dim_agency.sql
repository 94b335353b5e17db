/* @model
description: Agencies, districts only until they were abolished. One row per agency.
grain: [agency_code]
columns:
  agency_code: "Mã cơ quan. Agency code."
  agency_name: "Tên cơ quan. Agency name."
  short_name: "Tên ngắn. Short name."
  kind: "Loại: department, district, commune, centre. Kind."
  parent_code: "Mã cơ quan cấp trên. Parent code."
  predecessor_code: "Mã cũ. Predecessor code."
  valid_from: "Hiệu lực từ ngày. Valid from."
  valid_to: "Hiệu lực đến ngày. Valid to."
*/
select
    agency_code,
    coalesce(name, agency_code) as agency_name,
    coalesce(short_name, name, agency_code) as short_name,
    kind,
    parent_code,
    predecessor_code,
    valid_from,
    valid_to
from staging.agency
