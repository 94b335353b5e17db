-- Built tables: what a row is, how many there are. One row per table.
create table if not exists meta.table_doc (
    table_name varchar,
    description varchar,
    grain varchar,
    row_count bigint,
    built_at timestamptz,
    fingerprint varchar,
    event_no bigint
);
