-- Which key the hashes of persons are under, by an id; never the key. One row per key.
create table if not exists meta.person_key (
    key_id varchar,
    since timestamptz,
    retired_at timestamptz
);
