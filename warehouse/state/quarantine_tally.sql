-- What waits in quarantine, counted. One row per table, batch, kind of load and rule.
create table if not exists meta.quarantine_tally (
    table_name varchar,
    batch_id varchar,
    load_kind varchar,
    rule varchar,
    reason_vi varchar,
    row_count bigint,
    resolved_count bigint,
    is_first_rule boolean
);
