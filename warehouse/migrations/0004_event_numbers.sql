-- Builds of tables and looks at them are ordered by a number since this release, not by the clock. What earlier
-- ones kept is numbered in the order of its times.
alter table meta.check_run add column if not exists event_no bigint;
update meta.check_run
set event_no = numbered.event_no
from (
    select rowid as place, row_number() over (order by checked_at, rowid) as event_no from meta.check_run
) as numbered
where numbered.place = check_run.rowid and check_run.event_no is null;
