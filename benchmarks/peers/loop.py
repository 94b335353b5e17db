"""The limit of pulling: a bare `requests` loop that writes the bytes of the same lists, and nothing else.

`python loop.py ADDRESS FOLDER`: no check, no resuming, no manifest, no fsync, one connection.
"""

import itertools
import json
import sys
import time
from pathlib import Path
from urllib.parse import urljoin

import requests

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
    session, pages, rows = requests.Session(), 0, 0
    for path, params, size in LISTS:
        place = folder / path.replace("/", "_")
        place.mkdir(parents=True, exist_ok=True)
        asked = dict(params)
        url = f"{address}/{path}"
        for number in itertools.count():
            answer = session.get(url, params=asked)
            (place / f"{number:05d}.json").write_bytes(answer.content)
            body = answer.json()
            found = (
                body
                if isinstance(body, list)
                else next(v for v in body.values() if isinstance(v, list))
            )
            pages, rows = pages + 1, rows + len(found)
            if isinstance(body, list):
                if "next" not in answer.links:
                    break
                url, asked = answer.links["next"]["url"], {}
            elif body.get("next_cursor"):
                asked["cursor"] = body["next_cursor"]
            elif body.get("next"):
                url, asked = urljoin(answer.url, body["next"]), {}
            elif "items" in body and (number + 1) * size < body["count"]:
                asked["offset"] = str((number + 1) * size)
            else:
                break
    seconds, cpu = time.perf_counter() - started, time.process_time() - cpu_before
    print(json.dumps({"seconds": seconds, "cpu": cpu, "pages": pages, "rows": rows}))


if __name__ == "__main__":
    main()
