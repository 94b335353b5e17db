"""What an earlier release, with its DuckDB, finds in a warehouse that this one wrote: a number to refuse it by."""

import json
import sys

import duckdb

with duckdb.connect(sys.argv[1], read_only=True) as connection:
    print(json.dumps(connection.execute("select max(version) from meta.schema_version").fetchone()))
