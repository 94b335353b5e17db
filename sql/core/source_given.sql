/* @model
description: >
  Which of the things that figures are counted from have come at all; a figure whose source has given
  nothing says so, and isn't 0. Which figure needs which, seeds.kpi_sources says. One row per source.
grain: [source]
columns:
  source: >-
    case, rating, service, announcement, task, feedback; request, payment, result là điều một hồ sơ có thể ghi;
    hoặc hệ thống.loại dữ liệu của sources.yml. What is counted; request, payment and result are what a case may
    carry, and any system.entity of the source file is one, too.
  is_given: "Đã có số liệu. Anything has come."
  unconnected_system: "Hệ thống chưa nối mà số liệu này đến từ đó. The system it comes from, where that has no address."
*/
with counted as (
    select 'case' as source, 'cases' as system, count(*) as row_count from core.fct_case
    union all
    select 'payment', 'cases', count(paid_online) from core.fct_case
    union all
    select 'result', 'cases', count(result_digitised) from core.fct_case
    union all
    select 'request', 'cases', count(*) from core.fct_pause
    union all
    select 'rating', 'ratings', count(*) from core.fct_rating
    union all
    select 'service', 'services', count(*) from core.dim_service
    union all
    select 'announcement', 'registry', count(*) from core.fct_announcement
    union all
    select 'task', 'drops', count(*) from core.fct_plan_task
    union all
    select 'feedback', 'drops', count(*) from core.fct_feedback
    union all
    select s.system || '.' || s.entity, s.system, sum(b.fetched)
    from meta.source_entity as s
    left join meta.batch as b on b.system = s.system and b.entity = s.entity
    group by s.system, s.entity
),

unconnected as (
    select distinct system from meta.source_entity where not is_connected
)

select c.source, coalesce(c.row_count, 0) > 0 as is_given, u.system as unconnected_system
from counted as c
left join unconnected as u on u.system = c.system
