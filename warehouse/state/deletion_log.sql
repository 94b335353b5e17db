-- When records were missed and came back, so that what was known on a day can be told. One row per event.
create table if not exists meta.deletion_log (
    system varchar,
    entity varchar,
    key varchar,
    event varchar,
    noted_at timestamptz,
    batch_id varchar
);
