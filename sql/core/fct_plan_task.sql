/* @model
description: Tasks of the three plans that are due, and whether each was done in time. One row per plan and task.
grain: [plan_no, task_id]
columns:
  plan_no: "Số kế hoạch. Plan number."
  task_id: "Mã nhiệm vụ. Task id."
  agency_code: "Cơ quan chủ trì. Lead agency."
  due_on: "Hạn. Due on."
  completed_on: "Ngày hoàn thành. Completed on."
  has_product: "Có văn bản sản phẩm. Has a product document."
  quality: "Chất lượng. Quality."
  is_cancelled: "Đã hủy có văn bản. Cancelled by a document."
  is_completed_in_time: "Hoàn thành đúng hạn, có sản phẩm. Completed in time with a product."
  is_due: "Đã đến hạn, được tính. Due and counted."
*/
select
    t.plan_no,
    t.task_id,
    coalesce(a.agency_code, t.lead_agency_code, 'UNKNOWN') as agency_code,
    t.due_on,
    case when t.completed_on <= x.as_of_on then t.completed_on end as completed_on,
    t.product_document_no is not null as has_product,
    t.quality,
    t.cancelled_by is not null as is_cancelled,
    coalesce(t.completed_on <= t.due_on and t.completed_on <= x.as_of_on, false)
        and t.product_document_no is not null as is_completed_in_time,
    -- A task due today and not yet done is neither late nor done.
    t.cancelled_by is null
        and (t.due_on < x.as_of_on or (t.due_on = x.as_of_on and coalesce(t.completed_on <= x.as_of_on, false)))
        as is_due
from staging.plan_task as t
cross join meta.run_context as x
left join core.agency_alias as a on a.code = t.lead_agency_code
