"""`make compat [HOME=…]`: the published file in other DuckDB wheels and clients, the metrics in their parser.

Without a home it publishes a small night first. Prints a line a program; ends with 1 at the first difference.
`--prepare` makes the environments and no more.
"""

import sys
from pathlib import Path
from typing import Any

from tests.bi.environment import ask, environment, published_site
from warehouse.store.connection import read_rows
from warehouse.store.engine import is_affected
from warehouse.store.migrations import NEWEST

WHEELS = ("1.2.2", "1.4.4", "1.5.6", "2.0.1")
EARLIER = "1.5.6"  # the engine of the releases before schema version 5
CLIENTS = (
    "duckdb==1.5.6", "duckdb-sqlalchemy==1.5.6.5", "sqlalchemy==2.0.58", "pandas==3.1.1",
    "polars", "pyarrow", "adbc-driver-manager",
)  # fmt: skip
ENVIRONMENTS: dict[str, tuple[str, ...]] = {
    **{f"duckdb-{wheel}": (f"duckdb=={wheel}",) for wheel in WHEELS},
    "clients": CLIENTS,
    "metrics": ("dbt-semantic-interfaces==0.10.5",),
}
RIGHT = 10  # the answer to the canary of open_duckdb.py, counted by hand


def main(given: list[str]) -> None:
    """Open, compare, print."""
    with published_site(given) as home:
        file = home / "published" / "kpi.duckdb"
        expected = ask(Path(sys.executable), "open_duckdb.py", str(file))["seen"]
        assert len(expected["scorecard"]) > 0
        assert expected["writable"] is False
        for wheel in WHEELS:
            answer = ask(_python(f"duckdb-{wheel}"), "open_duckdb.py", str(file))
            assert answer["duckdb"] == wheel
            same(f"DuckDB {wheel}", answer["seen"], expected)
            canary(wheel, answer["limit_join"])
        earlier = _python(f"duckdb-{EARLIER}")
        found = ask(earlier, "open_warehouse.py", str(home / "warehouse.duckdb"))
        same("an earlier release opens the warehouse and finds its version", found, [NEWEST])
        for client, rows in ask(_python("clients"), "open_clients.py", str(file)).items():
            same(client, rows, [list(row) for row in expected["scorecard"]])
        written = str(home / "reports" / "metrics.yml")
        metrics = ask(_python("metrics"), "read_metrics.py", written)
        same("MetricFlow: no issue", metrics["issues"], [])
        variants = read_rows(file, "select kpi_id, variant, is_headline from meta.kpi_variant")
        named = {
            row["kpi_id"] if row["is_headline"] else f"{row['kpi_id']}_{row['variant'].lower()}"
            for row in variants
        }
        same("MetricFlow: every KPI and variant", named - set(metrics["metrics"]), set())


def _python(name: str) -> Path:
    return environment(name, *ENVIRONMENTS[name])


def canary(wheel: str, answers: dict[str, list[int]]) -> None:
    """Which versions join over a LIMIT rightly: what docs/bi.md tells readers, asked of each version."""
    right = [RIGHT]
    same(f"DuckDB {wheel}: a join over a LIMIT, as docs/bi.md says", answers["mended"], right)
    if is_affected(wheel):
        told = "seen" if answers["plain"] != right else "not seen this time"
        print(f"! DuckDB {wheel}: without that setting a join over a LIMIT is wrong ({told})")
    else:
        same(f"DuckDB {wheel}: the same without a setting", answers["plain"], right)


def same(what: str, seen: Any, expected: Any) -> None:
    """Say that it is the same, or end."""
    if seen != expected:
        sys.exit(f"✕ {what}\n  expected {expected}\n  seen     {seen}")
    print(f"✓ {what}", flush=True)


if __name__ == "__main__":
    if sys.argv[1:] == ["--prepare"]:
        for name in ENVIRONMENTS:
            _python(name)
    else:
        main(sys.argv[1:])
