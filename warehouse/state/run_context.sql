-- What the run holds for true; models read it, never the clock. One row.
create table if not exists meta.run_context (
    as_of_at timestamptz,
    as_of_on date,
    centre_code varchar,
    run_id varchar,
    data_as_of timestamptz
);
