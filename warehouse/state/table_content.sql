-- What a table holds, as one short text, and what it was built from. One row per table.
create table if not exists meta.table_content (
    table_name varchar,
    content varchar,
    built_from varchar,
    as_of_at timestamptz
);
