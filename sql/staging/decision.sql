/* @model
description: Decisions that announce procedures. One row per decision.
grain: [decision_no]
columns:
  decision_no: "Số quyết định công bố. Decision number."
  decided_on: "Ngày ký. Decided on."
  agency_code: "Mã cơ quan. Agency code."
  basis_effective_on: "Ngày văn bản căn cứ có hiệu lực. Legal basis effective on."
  items: "Các thủ tục trong quyết định. Items."
*/
with typed as (
    select
        clean_text(r.decision_no) as decision_no,
        to_day(r.decided_on) as decided_on,
        clean_text(r.agency_code) as agency_code,
        to_day(r.basis_effective_on) as basis_effective_on,
        coalesce(try_cast(try_cast(r.items as json) as struct(procedure_code varchar, action varchar, published_at timestamptz, complete boolean, accurate boolean, corrected_by varchar)[]), []) as items,
        list_concat(r._defects, cast_errors([
            unread(r.decided_on, to_day(r.decided_on), 'decided_on'),
            unread(r.basis_effective_on, to_day(r.basis_effective_on), 'basis_effective_on'),
            unread(r.items, try_cast(try_cast(r.items as json) as struct(procedure_code varchar, action varchar, published_at timestamptz, complete boolean, accurate boolean, corrected_by varchar)[]), 'items')
        ])) as _cast_errors,
        r._version_at, r._batch_id, r._page_no, r._row_no, r._loaded_at
    from raw.registry__decision as r
)
select * from typed
