"""What a program with one DuckDB wheel sees in a published file; run inside an environment."""

import json
import sys

import duckdb

connection = duckdb.connect(sys.argv[1], read_only=True)
tables = connection.execute(
    "select schema_name || '.' || table_name from duckdb_tables() order by 1"
).fetchall()
comments = connection.execute(
    "select count(*) from duckdb_columns() where schema_name in ('marts', 'meta') and comment is not null"
).fetchone()
seen = {
    "rows": {
        name: connection.execute(f"select count(*) from {name}").fetchone()[0] for (name,) in tables
    },
    "comments": comments[0],
    "scorecard": connection.execute(
        "select kpi_id, numerator, denominator, status from marts.scorecard order by position"
    ).fetchall(),
    "version": connection.execute(
        "select version from meta.publication order by publication_no desc limit 1"
    ).fetchone()[0],
}
try:
    connection.execute("create table marts.x as select 1")
    seen["writable"] = True
except duckdb.Error:
    seen["writable"] = False
# A canary: a join over a LIMIT, whose right answer is 10, as the program is and as docs/bi.md says to set it.
canary = duckdb.connect()
canary.execute("set threads = 4")
canary.execute(
    "create table cases as select i as id, (i * 7919) % 100003 as days from range(100000) r (i)"
)
canary.execute("create table late as select i * 10 as id from range(1000) r (i)")
query = (
    "select count(*) from (select id from cases order by days, id limit 1000) join late using (id)"
)
limit_join = {}
for setting, disabled in (("plain", ""), ("mended", "join_filter_pushdown")):
    canary.execute(f"set disabled_optimizers = '{disabled}'")
    limit_join[setting] = sorted({canary.execute(query).fetchone()[0] for _ in range(100)})
print(json.dumps({"duckdb": duckdb.__version__, "seen": seen, "limit_join": limit_join}))
