-- What a version held for true, and by which rules it was made. One row per version.
create table if not exists meta.published_context (
    version varchar,
    as_of_at timestamptz,
    as_of_on date,
    centre_code varchar,
    fingerprint varchar,
    known_at timestamptz,
    publication_no bigint,
    arrival_no bigint
);
