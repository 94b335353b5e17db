-- Fields that a source sent beyond its list, or no longer sends. One row per field and batch.
create table if not exists meta.drift (
    system varchar,
    entity varchar,
    field varchar,
    kind varchar,
    row_count bigint,
    batch_id varchar,
    seen_at timestamptz
);
