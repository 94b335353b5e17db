"""What one writes first: `requests`, `response.json()`, pandas, DuckDB. `python naive.py PLAN ADDRESS FOLDER DAY`.

Everything is read anew each time, rows become Python objects and frames; the queries are the same.
"""

import json
import sys
from pathlib import Path
from typing import Any

import pandas as pd
from bare import Laps, build, prepare, publish
from loop import pages_of


def main() -> None:
    """Pull into frames, insert, build, publish; print the seconds of each."""
    plan = json.loads(Path(sys.argv[1]).read_text(encoding="utf-8"))
    address, folder, as_of = sys.argv[2], Path(sys.argv[3]), plan["days"][int(sys.argv[4])]
    laps = Laps()
    connection = prepare(plan, folder, as_of)
    for entity in plan["entities"]:
        rows: list[Any] = []
        for _, _, page in pages_of(address, entity["folder"]):
            for part in entity["records"].split("."):
                page = page[part] if part else page
            rows.extend(page)
        frame = pd.DataFrame(rows).reindex(columns=sorted(set(entity["fields"])))
        for name in frame.columns:
            frame[name] = frame[name].map(_text).astype("str").where(frame[name].notna(), None)
        connection.register("frame", frame)
        records = "(select frame as r from frame)"
        connection.execute(
            f"create table {entity['table']} as {entity['select'].replace('{records}', records)}"
        )
        connection.unregister("frame")
    laps.end("pull and load")
    build(connection, plan)
    laps.end("build")
    publish(connection, plan, folder)
    laps.end("publish")
    print(json.dumps(laps.seconds))


def _text(value: Any) -> Any:
    if isinstance(value, list | dict):
        return json.dumps(value, ensure_ascii=False)
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return value


if __name__ == "__main__":
    main()
