-- The rules of a version as JSON: queries, macros, seeds. One row per set, by its fingerprint.
create table if not exists meta.rule_set (
    fingerprint varchar,
    kept_at timestamptz,
    body varchar
);
