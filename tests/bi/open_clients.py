"""The scorecard as seen by SQLAlchemy, ADBC, pandas and polars; run inside an environment."""

import json
import sys
from pathlib import Path

import adbc_driver_duckdb
import adbc_driver_manager.dbapi
import pandas as pd
import polars as pl
import sqlalchemy as sa

path = Path(sys.argv[1])
query = "select kpi_id, numerator, denominator, status from marts.scorecard order by position"
seen = {}

engine = sa.create_engine(
    f"duckdb:///{path}", connect_args={"read_only": True}, poolclass=sa.pool.NullPool
)
with engine.connect() as connection:
    seen["sqlalchemy"] = [list(row) for row in connection.execute(sa.text(query))]
    seen["pandas.read_sql"] = pd.read_sql(sa.text(query), connection).to_numpy().tolist()
assert "numerator" in {c["name"] for c in sa.inspect(engine).get_columns("kpi_value", "marts")}
engine.dispose()

# adbc_driver_duckdb.dbapi.connect can't say read-only, so the driver is loaded by its path.
with (
    adbc_driver_manager.dbapi.connect(
        driver=adbc_driver_duckdb.driver_path(),
        entrypoint="duckdb_adbc_init",
        db_kwargs={"path": str(path), "access_mode": "READ_ONLY"},
    ) as connection,
    connection.cursor() as cursor,
):
    cursor.execute(query)
    table = cursor.fetch_arrow_table()
seen["adbc"] = [list(row.values()) for row in table.to_pylist()]
seen["polars"] = [list(row) for row in pl.from_arrow(table).rows()]

parquet = path.parent / "current" / "marts" / "scorecard.parquet"
names = ["kpi_id", "numerator", "denominator", "status"]
seen["pandas.read_parquet"] = (
    pd.read_parquet(parquet).sort_values("position")[names].to_numpy().tolist()
)
seen["polars.read_parquet"] = [
    list(row) for row in pl.read_parquet(parquet).sort("position").select(names).rows()
]
print(json.dumps(seen))
