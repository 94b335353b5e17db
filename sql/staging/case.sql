/* @model
description: The newest readable version of every case that still exists at the source. One row per case.
grain: [case_code]
keyed: true
keep: plain
columns: staging.case_version
*/
with newest as (
    select *
    from staging.case_version
    qualify row_number() over (
        partition by case_code order by _version_at desc, _loaded_at desc, _batch_id desc, _page_no desc, _row_no desc
    ) = 1
)
-- A key that a full sweep no longer found is gone, unless the source has sent it again since.
select n.*
from newest as n
left join meta.deletion as d
    on d.system = 'cases' and d.entity = 'case' and d.key = n.case_code and d.deleted_at >= n._loaded_at
where not n.is_deleted and d.key is null
