-- How far each list has been read. One row per list.
create table if not exists meta.cursor (
    system varchar,
    entity varchar,
    cursor_at timestamptz,
    read_to timestamptz,
    batch_id varchar,
    updated_at timestamptz
);
