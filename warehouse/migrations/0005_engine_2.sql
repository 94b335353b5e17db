-- From here on DuckDB 2 writes this file. Nothing in it changes, and its format stays the one that DuckDB 1.5 reads
-- (warehouse/connection.py), so an earlier release can open it, finds this number and says what to do.
select 5 as schema_version;
