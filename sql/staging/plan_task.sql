/* @model
description: One row per task of a plan.
grain: [plan_no, task_id]
columns:
  plan_no: "Số kế hoạch. Plan number."
  task_id: "Mã nhiệm vụ. Task id."
  task: "Nhiệm vụ. Task."
  lead_agency_code: "Cơ quan chủ trì. Lead agency."
  due_on: "Hạn hoàn thành. Due on."
  completed_on: "Ngày hoàn thành. Completed on."
  product_document_no: "Số văn bản sản phẩm. Product document."
  quality: "Chất lượng: passed, failed. Quality."
  cancelled_by: "Văn bản hủy. Cancelled by."
*/
with typed as (
    select
        clean_text(r.plan_no) as plan_no,
        clean_text(r.task_id) as task_id,
        clean_text(r.task) as task,
        clean_text(r.lead_agency_code) as lead_agency_code,
        to_day(r.due_on) as due_on,
        to_day(r.completed_on) as completed_on,
        clean_text(r.product_document_no) as product_document_no,
        lower(clean_text(r.quality)) as quality,
        clean_text(r.cancelled_by) as cancelled_by,
        r._defects, r._version_at, r._batch_id, r._page_no, r._row_no, r._loaded_at, r
    from raw.drops__plan_task as r
)
select
    * exclude (r, _defects),
    list_concat(
        _defects,
        cast_errors([
            spoilt_code(r.plan_no, 'plan_no'),
            spoilt_code(r.task_id, 'task_id'),
            spoilt_code(r.lead_agency_code, 'lead_agency_code')
        ]),
        unread_fields([
            unread(r.due_on, due_on, 'due_on'),
            unread(r.completed_on, completed_on, 'completed_on')
        ])
    ) as _cast_errors
from typed
