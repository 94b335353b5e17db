"""A warehouse with eight months of cases in which core, marts and meta are built: the fixture `layers`.

Belongs here: cases of every kind and what else the models read. Doesn't: faults (layer_faults.py).
"""

import datetime as dt
import random

import pytest

from tests.support.staging_rows import CASE, META, SOUND, Row, shared_warehouse
from tests.support.warehouse_case import CaseWarehouse

ZONE = dt.timezone(dt.timedelta(hours=7))
START = dt.datetime(2022, 11, 1, 8, tzinfo=ZONE)


def _cases(count: int) -> list[Row]:
    """Cases of eight months: closed and open, late and early, paused, extended, withdrawn, refused."""
    pick = random.Random(11)
    cases: list[Row] = []
    for number in range(count):
        received = START + dt.timedelta(days=pick.randrange(240), minutes=pick.randrange(480))
        due = received + dt.timedelta(days=pick.choice([3, 7, 15, 30]))
        end = received + dt.timedelta(days=pick.choice([1, 3, 7, 8, 16, 40]), minutes=7)
        kind = pick.choices(
            ["finished_at", "withdrawn_at", "stopped_at", "rejected_at", None], [80, 3, 3, 3, 11]
        )[0]
        case = CASE | {
            "case_code": f"H37.16-{received:%y%m%d}-{number:04d}",
            "procedure_code": pick.choice(["1.004221", "1.004222.000.00.00.H37", "1.009999"]),
            "agency_code": pick.choice(["H37.16", "H37.30", "000.00.30.H37", None]),
            "channel": pick.choice([1, 2, 2, 3]),
            "submitted_at": received - dt.timedelta(hours=1),
            "received_at": received,
            "due_at": None if number % 9 == 0 else due,
            "finished_at": None,
            "returned_at": None,
            "status": 4,
        }
        if kind:
            case |= {kind: end, "status": {"finished_at": 9, "withdrawn_at": 7}.get(kind, 8)}
        if kind == "finished_at" and number % 2:
            case |= {"returned_at": end + dt.timedelta(days=1), "status": 10}
        if number % 5 == 0:
            asked = received + dt.timedelta(days=1)
            done = None if number % 10 == 0 and not kind else asked + dt.timedelta(days=3)
            case["pauses"] = [{"seq": 1, "requested_at": asked, "completed_at": done}]
        if number % 17 == 0:
            case["extensions"] = [
                {"kind": "statutory", "issued_at": due, "new_due_at": due + dt.timedelta(days=5)},
                {"kind": "apology", "issued_at": due, "new_due_at": due + dt.timedelta(days=9)},
            ]
        cases.append(META | case)
    return cases


def _ratings(cases: list[Row]) -> list[Row]:
    levels = ["very_satisfied"] * 20 + ["satisfied", "dissatisfied", None]
    return [
        META | SOUND["staging.rating"][0] | {
            "rating_id": f"R{number}", "case_code": case["case_code"],
            "rated_at": case["received_at"] + dt.timedelta(days=2), "submitted_at": None,
            "level_code": levels[number % len(levels)], "scale": "3" if number % 4 else "5",
        }
        for number, case in enumerate(cases) if number % 3 == 0
    ]  # fmt: skip


@pytest.fixture(scope="module", name="layers")
def fixture_layers() -> CaseWarehouse:
    warehouse = shared_warehouse()
    cases = _cases(330)
    filled = {table: [META | row for row in rows] for table, rows in SOUND.items()}
    filled["staging.kpi_target"] = []
    filled |= {"staging.case": cases, "staging.rating": _ratings(cases)}
    filled["meta.batch"] = [_batch("b1", 100, inserted=60, updated=20, duplicate=20)]
    filled["meta.cursor"] = [
        {"system": "cases", "entity": "case", "read_to": "2023-06-30T01:00:00+07:00"}
    ]
    filled["meta.published_context"] = [
        {"version": "v1", "publication_no": 1, "as_of_on": "2023-06-01"}
    ]
    said = {"kpi_id": "on_time", "variant": "A", "period_kind": "month", "agency_code": "ALL"}
    filled["meta.published_value"] = [
        said
        | {"version": "v1", "publication_no": 1, "period_start": "2023-05-01"}
        | {"numerator": 1, "denominator": 1}
    ]
    filled["staging.procedure"].append(
        META | SOUND["staging.procedure"][0] | {"procedure_code": "1.004222"}
    )
    for table, rows in filled.items():
        warehouse.fill(table, rows)
    warehouse.connection.execute(
        "create or replace table staging.case_version as from staging.case"
    )
    for model in warehouse.catalog.models.values():
        if model.schema != "staging":
            warehouse.connection.execute(f"create or replace table {model.table} as {model.query}")
    return warehouse


def _batch(name: str, fetched: int, **counts: int) -> Row:
    kinds = ("inserted", "updated", "unchanged", "stale", "duplicate", "deleted")
    return {
        "batch_id": name, "system": "cases", "entity": "case", "source_total": fetched,
        "fetched": fetched, "loaded_at": "2023-06-30T01:00:00+07:00",
    } | {kind: counts.get(kind, 0) for kind in kinds}  # fmt: skip
