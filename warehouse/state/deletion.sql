-- Records that the source no longer has. One row per key.
create table if not exists meta.deletion (
    system varchar,
    entity varchar,
    key varchar,
    deleted_at timestamptz,
    batch_id varchar
);
