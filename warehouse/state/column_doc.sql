-- Columns of built tables with types and labels. One row per column.
create table if not exists meta.column_doc (
    table_name varchar,
    column_name varchar,
    data_type varchar,
    label varchar
);
comment on column meta.column_doc.table_name is 'Bảng. Table.';
comment on column meta.column_doc.column_name is 'Cột. Column.';
comment on column meta.column_doc.data_type is 'Kiểu dữ liệu. Type.';
comment on column meta.column_doc.label is 'Nhãn. Label.';
