-- Which lists the source file names, and whether the run could ask their system. One row per list.
create table if not exists meta.source_entity (
    system varchar,
    entity varchar,
    is_connected boolean
);
