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
        list_transform(
            from_json(list_text(r.items), '[{"procedure_code": "VARCHAR", "action": "VARCHAR", "published_at": "VARCHAR", "complete": "VARCHAR", "accurate": "VARCHAR", "corrected_by": "VARCHAR"}]'),
            lambda i: {
                'procedure_code': clean_text(i.procedure_code),
                'action': lower(i.action),
                'published_at': to_instant(i.published_at),
                'complete': to_boolean(i.complete),
                'accurate': to_boolean(i.accurate),
                'corrected_by': clean_text(i.corrected_by)
            }
        ) as items,
        r._defects, r._version_at, r._batch_id, r._page_no, r._row_no, r._loaded_at, r
    from raw.registry__decision as r
)
select
    * exclude (r, _defects) replace (
        coalesce(items, []) as items
    ),
    list_concat(
        _defects,
        cast_errors([
            spoilt_code(r.decision_no, 'decision_no'),
            spoilt_code(r.agency_code, 'agency_code'),
            unread_list(r.items, list_text(r.items), 'items',
                json_extract_string(list_text(r.items), '$[*].published_at'),
                list_concat(json_extract_string(list_text(r.items), '$[*].complete'), json_extract_string(list_text(r.items), '$[*].accurate')))
        ]),
        unread_fields([
            unread(r.decided_on, decided_on, 'decided_on'),
            unread(r.basis_effective_on, basis_effective_on, 'basis_effective_on')
        ])
    ) as _cast_errors
from typed
