-- 0.3.0 orders publications by a number, because a clock may have been wrong. Rows of earlier releases get
-- theirs in the order in which they were written; a version without a row of its own comes after the row
-- before it by name. The first release kept no figures, so those tables may not be there.
create table if not exists meta.published_value (
    version varchar, kpi_id varchar, variant varchar, period_kind varchar, period_start date,
    agency_code varchar, numerator bigint, denominator bigint
);
create table if not exists meta.published_context (
    version varchar, as_of_at timestamptz, as_of_on date, centre_code varchar, fingerprint varchar
);
alter table meta.publication add column if not exists publication_no bigint;
alter table meta.published_value add column if not exists publication_no bigint;
alter table meta.published_context add column if not exists publication_no bigint;

create temp table publication_number as
with written as (
    select version, min(rowid) as place from meta.publication group by version
),
known as (
    select version from meta.publication
    union select version from meta.published_context
    union select version from meta.published_value
)
select
    k.version,
    row_number() over (
        order by
            coalesce(
                w.place, (select max(e.place) + 0.5 from written as e where e.version < k.version), -1
            ),
            k.version
    ) as publication_no
from known as k
left join written as w on w.version = k.version;

update meta.publication as p set publication_no = n.publication_no
from publication_number as n where n.version = p.version;
update meta.published_value as p set publication_no = n.publication_no
from publication_number as n where n.version = p.version;
update meta.published_context as p set publication_no = n.publication_no
from publication_number as n where n.version = p.version;
drop table publication_number;
