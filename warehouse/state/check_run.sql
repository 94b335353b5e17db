-- What every rule said, run by run. One row per rule and look.
create table if not exists meta.check_run (
    run_id varchar,
    checked_at timestamptz,
    table_name varchar,
    rule varchar,
    expectation varchar,
    severity varchar,
    owner varchar,
    reason_vi varchar,
    reason_en varchar,
    evaluated bigint,
    failed bigint,
    state varchar,
    failing_keys varchar,
    seconds double,
    remedy_vi varchar,
    detail varchar,
    event_no bigint,
    fingerprint varchar,
    carried_from varchar
);
