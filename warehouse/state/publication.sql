-- Published versions. One row per version.
create table if not exists meta.publication (
    version varchar,
    published_at timestamptz,
    data_as_of timestamptz,
    run_id varchar,
    code_version varchar,
    publication_no bigint
);
comment on column meta.publication.version is 'Bản công bố. Version.';
comment on column meta.publication.published_at is 'Công bố lúc. Published.';
comment on column meta.publication.data_as_of is 'Dữ liệu đến. Data as of.';
comment on column meta.publication.run_id is 'Lần chạy. Run.';
comment on column meta.publication.code_version is 'Bản phần mềm. Version of the program.';
comment on column meta.publication.publication_no is 'Số thứ tự công bố, mới nhất là lớn nhất. Number of the publication; the newest is largest.';
