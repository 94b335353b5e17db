-- From which columns each column is made. One row per column and source column.
create table if not exists meta.lineage (
    table_name varchar,
    column_name varchar,
    source_table varchar,
    source_column varchar
);
comment on column meta.lineage.table_name is 'Bảng. Table.';
comment on column meta.lineage.column_name is 'Cột. Column.';
comment on column meta.lineage.source_table is 'Bảng nguồn. Table it comes from.';
comment on column meta.lineage.source_column is 'Cột nguồn. Column it comes from.';
