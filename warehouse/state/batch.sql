-- The log of loads: what came of each landed batch's rows, by kind. One row per load.
create table if not exists meta.batch (
    batch_id varchar,
    system varchar,
    entity varchar,
    window_start timestamptz,
    window_end timestamptz,
    source_total bigint,
    fetched bigint,
    inserted bigint,
    updated bigint,
    unchanged bigint,
    stale bigint,
    duplicate bigint,
    deleted bigint,
    loaded_at timestamptz,
    run_id varchar,
    arrival_no bigint
);
