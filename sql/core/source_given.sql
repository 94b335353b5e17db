/* @model
description: >
  Which of the things that figures are counted from have come at all; a figure whose source has given
  nothing says so, and isn't 0. Which figure needs which, seeds.kpi_sources says. One row per source.
grain: [source]
columns:
  source: >-
    case, rating, service, announcement, task, feedback; request, payment, result là điều một hồ sơ có thể ghi.
    What is counted; the last three are what a case may carry.
  is_given: "Đã có số liệu. Anything has come."
*/
select 'case' as source, count(*) > 0 as is_given from core.fct_case
union all
select 'payment', count(paid_online) > 0 from core.fct_case
union all
select 'result', count(result_digitised) > 0 from core.fct_case
union all
select 'request', count(*) > 0 from core.fct_pause
union all
select 'rating', count(*) > 0 from core.fct_rating
union all
select 'service', count(*) > 0 from core.dim_service
union all
select 'announcement', count(*) > 0 from core.fct_announcement
union all
select 'task', count(*) > 0 from core.fct_plan_task
union all
select 'feedback', count(*) > 0 from core.fct_feedback
