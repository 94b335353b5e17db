/* @model
description: >
  Which agency a code on a case means: itself, or the successor when only the successor's
  predecessor_code knows it (old-format codes). One row per known code.
grain: [code]
columns:
  code: "Mã trên hồ sơ. Code as recorded."
  agency_code: "Mã cơ quan hiện dùng. Agency code."
*/
with own as (select agency_code as code, agency_code from core.dim_agency),

old as (
    select predecessor_code as code, agency_code
    from core.dim_agency
    where predecessor_code is not null
        and predecessor_code not in (select agency_code from core.dim_agency)
    qualify row_number() over (partition by predecessor_code order by valid_from desc nulls last, agency_code) = 1
)

select code, agency_code from own
union all
select code, agency_code from old
