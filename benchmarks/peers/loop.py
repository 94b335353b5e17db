"""The limit of pulling: a bare `requests` loop that writes the bytes of the same lists, and nothing else.

`python loop.py ADDRESS FOLDER`: no check, no resuming, no manifest, no fsync, one connection.
"""

import itertools
import json
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urljoin

import requests

SESSION = requests.Session()
WINDOW = "2020-01-01T00:00:00+07:00"
LISTS = (
    ("cases/api/v1/cases", {"updated_from": WINDOW, "limit": "1000"}, 1000),
    ("cases/api/v1/case-keys", {}, 1000),
    ("cases/api/v1/agencies", {}, 1000),
    ("cases/api/v1/procedures", {}, 1000),
    ("cases/api/v1/staff", {}, 1000),
    ("ratings/ratings", {"submitted_from": WINDOW}, 500),
    ("services/v2/services", {}, 500),
    ("services/v2/submissions", {"changed_from": WINDOW}, 500),
    ("registry/decisions", {}, 100),
)


def main() -> None:
    """Fetch every list to its end and print the seconds."""
    address, folder = sys.argv[1], Path(sys.argv[2])
    started, cpu_before = time.perf_counter(), time.process_time()
    said = fetch_all(address, folder)
    seconds, cpu = time.perf_counter() - started, time.process_time() - cpu_before
    print(json.dumps({"seconds": seconds, "cpu": cpu, **said}))


def fetch_all(address: str, folder: Path) -> dict[str, int]:
    """Write every page of every list below `folder`, each list in a folder of its own."""
    pages, rows = 0, 0
    for path, _, _ in LISTS:
        name = path.replace("/", "_")
        (folder / name).mkdir(parents=True, exist_ok=True)
        for number, content, body in pages_of(address, name):
            (folder / name / f"{number:05d}.json").write_bytes(content)
            pages += 1
            rows += len(body if isinstance(body, list) else _records(body))
    return {"pages": pages, "rows": rows}


def pages_of(address: str, name: str) -> Iterator[tuple[int, bytes, Any]]:
    """The pages of one list, by its folder's name: number, bytes, and the same as objects."""
    path, params, size = next(of for of in LISTS if of[0].replace("/", "_") == name)
    asked, url = dict(params), f"{address}/{path}"
    for number in itertools.count():
        answer = SESSION.get(url, params=asked)
        body = answer.json()
        yield number, answer.content, body
        if isinstance(body, list):
            if "next" not in answer.links:
                return
            url, asked = answer.links["next"]["url"], {}
        elif body.get("next_cursor"):
            asked["cursor"] = body["next_cursor"]
        elif body.get("next"):
            url, asked = urljoin(answer.url, body["next"]), {}
        elif "items" in body and (number + 1) * size < body["count"]:
            asked["offset"] = str((number + 1) * size)
        else:
            return


def _records(body: dict[str, Any]) -> list[Any]:
    return next(value for value in body.values() if isinstance(value, list))


if __name__ == "__main__":
    main()
