-- Every figure as it was published, where it differed from the version before. One row per version and figure.
create table if not exists meta.published_value (
    version varchar,
    kpi_id varchar,
    variant varchar,
    period_kind varchar,
    period_start date,
    agency_code varchar,
    numerator bigint,
    denominator bigint,
    publication_no bigint
);
