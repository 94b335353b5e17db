"""`make bi [HOME_DIR=…]`: a real Superset on the published file: database, dataset, chart, a new version.

Superset has its own environment and metadata under .venv-bi/ and listens on the loopback only. Everything
is made through its REST API, as a person would by clicking; figures are compared with the file itself.
"""

import datetime as dt
import json
import os
import secrets
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import duckdb
import requests

from tests.bi.environment import FOLDER, environment, published_site
from warehouse.publication.versions import list_versions, roll_back
from warehouse.store.sequence import number_in, numbered_name

PINS = (
    "apache-superset==6.1.0", "rich", "cachetools", "flask-caching==2.3.1", "cachelib==0.13.0",
    "duckdb-engine==0.17.0", "duckdb==1.5.6",
)  # fmt: skip
COLUMNS = ["kpi_id", "numerator", "denominator", "status"]
START_SECONDS = 240


class Superset:
    """A logged-in client of a running server."""

    def __init__(self, address: str, password: str) -> None:
        self.address = address
        self.session = requests.Session()
        login = {"username": "admin", "password": password, "provider": "db", "refresh": False}
        token = self.post("security/login", login)["access_token"]
        self.session.headers["Authorization"] = f"Bearer {token}"
        csrf = self.session.get(f"{address}/api/v1/security/csrf_token/", timeout=60).json()[
            "result"
        ]
        self.session.headers.update({"X-CSRFToken": csrf, "Referer": address})

    def post(self, path: str, body: dict[str, Any]) -> Any:
        """Post to the REST API; ends with what the server said when it refuses."""
        answer = self.session.post(f"{self.address}/api/v1/{path}", json=body, timeout=120)
        if not answer.ok:
            sys.exit(f"✕ POST {path}: {answer.status_code} {answer.text[:2000]}")
        return answer.json()

    def rows(self, dataset: int, columns: list[str]) -> list[list[Any]]:
        """What a table chart on a dataset shows, past every cache."""
        query = {
            "columns": columns,
            "metrics": [],
            "orderby": [],
            "row_limit": 1000,
            "filters": [],
            "extras": {},
        }
        body = {
            "datasource": {"id": dataset, "type": "table"}, "force": True,
            "queries": [query], "result_format": "json", "result_type": "full",
        }  # fmt: skip
        data = self.post("chart/data", body)["result"][0]["data"]
        return sorted([row[name] for name in columns] for row in data)


def main(given: list[str]) -> None:
    """Serve, connect, chart, publish again, compare."""
    python = environment("superset", *PINS)
    with published_site(given) as home, tempfile.TemporaryDirectory() as folder:
        published = Path(folder) / "published"
        shutil.copytree(home / "published", published, symlinks=True)
        file = published / "kpi.duckdb"
        with serve(python, Path(folder) / "superset") as superset:
            print("✓ Superset 6.1.0 answers on 127.0.0.1")
            check(superset, file, published)


def check(superset: Superset, file: Path, published: Path) -> None:
    """The scorecard through Superset before and after a switch of the link."""
    extra = {"engine_params": {"connect_args": {"read_only": True}}}
    database = superset.post(
        "database/",
        {
            "database_name": "Motcua", "sqlalchemy_uri": f"duckdb:///{file}",
            "extra": json.dumps(extra), "expose_in_sqllab": True,
        },
    )["id"]  # fmt: skip
    print("✓ database: duckdb:///…/published/kpi.duckdb, read_only")
    tables = {"scorecard": "marts", "kpi_value": "marts", "publication": "meta"}
    datasets = {
        name: superset.post(
            "dataset/", {"database": database, "schema": schema, "table_name": name}
        )["id"]
        for name, schema in tables.items()
    }
    print(f"✓ datasets: {', '.join(datasets)}")
    params = {
        "viz_type": "table",
        "query_mode": "raw",
        "all_columns": COLUMNS,
        "datasource": f"{datasets['scorecard']}__table",
    }
    superset.post(
        "chart/",
        {
            "slice_name": "Bảng chỉ tiêu", "viz_type": "table", "datasource_id": datasets["scorecard"],
            "datasource_type": "table", "params": json.dumps(params),
        },
    )  # fmt: skip
    compare(
        superset.rows(datasets["scorecard"], COLUMNS), file, "chart: the rows of marts.scorecard"
    )
    before = superset.rows(datasets["publication"], ["version"])
    publish_again(published)
    compare(
        superset.rows(datasets["scorecard"], COLUMNS),
        file,
        "after a new publication: its rows, no restart",
    )
    after = superset.rows(datasets["publication"], ["version"])
    if after == before:
        sys.exit("✕ Superset still shows the old version")
    print("✓ meta.publication shows the new version")
    answer = superset.session.post(
        f"{superset.address}/api/v1/sqllab/execute/",
        json={
            "database_id": database,
            "sql": "create table marts.x as select 1",
            "runAsync": False,
            "schema": "marts",
        },
        timeout=120,
    )
    if answer.ok:
        sys.exit("✕ Superset could write")
    print("✓ SQL Lab can't write")


def compare(shown: list[list[Any]], file: Path, what: str) -> None:
    """Say that Superset shows what the file holds, or end."""
    with duckdb.connect(str(file), read_only=True) as connection:
        held = connection.execute(f"select {', '.join(COLUMNS)} from marts.scorecard").fetchall()
    expected = sorted([list(row) for row in held])
    if shown != expected or not shown:
        sys.exit(f"✕ {what}\n  file     {expected}\n  superset {shown}")
    print(f"✓ {what} ({len(shown)})", flush=True)


def publish_again(published: Path) -> None:
    """A later version with another figure, switched to as a publication does."""
    newest = list_versions(published)[-1]
    later = numbered_name("v", number_in(newest) + 1, dt.datetime.now(dt.UTC))
    shutil.copytree(published / "versions" / newest, published / "versions" / later)
    file = published / "versions" / later / "kpi.duckdb"
    file.chmod(0o600)
    with duckdb.connect(str(file)) as connection:
        connection.execute("update marts.scorecard set numerator = numerator + 1")
        connection.execute(
            "update meta.publication set version = ?, publication_no = publication_no + 1 where version = ?",
            [later, newest],
        )
    roll_back(published, later)


@contextmanager
def serve(python: Path, home: Path) -> Iterator[Superset]:
    """A fresh Superset on a free port of the loopback; ended when the check ends."""
    home.mkdir()
    config = home / "superset_config.py"
    config.write_text(
        f"SECRET_KEY = {secrets.token_hex(24)!r}\n"
        f"SQLALCHEMY_DATABASE_URI = 'sqlite:///{home / 'superset.db'}'\n"
        "TALISMAN_ENABLED = False\nLOG_LEVEL = 'WARNING'\n"
    )
    password = secrets.token_urlsafe(18)
    variables = {**os.environ, "SUPERSET_CONFIG_PATH": str(config), "SUPERSET_HOME": str(home)}
    command = str(python.with_name("superset"))
    admin = [
        "--username",
        "admin",
        "--firstname",
        "a",
        "--lastname",
        "b",
        "--email",
        "a@example.test",
    ]
    for step in (
        ["db", "upgrade"],
        ["fab", "create-admin", *admin, "--password", password],
        ["init"],
    ):
        subprocess.run(
            [command, *step], env=variables, check=True, capture_output=True, timeout=600
        )
    print("✓ metadata made", flush=True)
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    with (FOLDER / "superset.log").open("w") as log:
        server = subprocess.Popen(
            [command, "run", "--host", "127.0.0.1", "--port", str(port)],
            env=variables, stdout=log, stderr=log,
        )  # fmt: skip
    address = f"http://127.0.0.1:{port}"
    try:
        await_health(address, server)
        yield Superset(address, password)
    finally:
        server.terminate()
        server.wait(timeout=30)


def await_health(address: str, server: subprocess.Popen[bytes]) -> None:
    """Wait until the server answers, or end when it has gone."""
    until = time.monotonic() + START_SECONDS
    while time.monotonic() < until and server.poll() is None:
        try:
            if requests.get(f"{address}/health", timeout=5).ok:
                return
        except requests.ConnectionError:
            time.sleep(1)
    sys.exit("✕ Superset doesn't answer; see .venv-bi/superset.log")


if __name__ == "__main__":
    main(sys.argv[1:])
