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
print(json.dumps({"duckdb": duckdb.__version__, "seen": seen}))
