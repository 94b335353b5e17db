select s.case_code as unit_id, record_of(_batch_id, _page_no, _row_no) as record, s._version_at as version_at,
    case when $kpi_id in ('on_time', 'nd224_online_handled', 'nd224_asked_again') then f.end_at
        else f.received_at end as happened_at
from staging.case as s left join core.fct_case as f on f.case_code = s.case_code
