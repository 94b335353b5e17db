-- That something was erased, on which document's order, how much; never who. One row per erasure.
create table if not exists meta.erasure (
    tombstone varchar,
    erased_at timestamptz,
    document_no varchar,
    landing_records bigint,
    originals bigint,
    warehouse_rows bigint
);
