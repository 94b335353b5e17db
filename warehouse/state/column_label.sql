-- Privacy labels that a table's columns carry. One row per column.
create table if not exists meta.column_label (
    table_name varchar,
    column_name varchar,
    label varchar,
    fingerprint varchar
);
