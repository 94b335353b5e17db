"""A suite file of one table, written to a folder, for the tests of reading and running suites."""

from pathlib import Path
from typing import Any

import yaml

ENTRY: dict[str, Any] = {
    "id": "code_present",
    "type": "expect_column_values_to_not_be_null",
    "kwargs": {"column": "code"},
    "severity": "critical",
    "reason": "Thiếu mã.",
    "reason_en": "A code is missing.",
    "owner": "Quản trị kho dữ liệu",
}


def write(folder: Path, *entries: Any, **suite: Any) -> Path:
    path = folder / "staging.thing.yml"
    document = {"table": "staging.thing", "key": ["code"], "rules": list(entries)} | suite
    path.write_text(yaml.safe_dump(document, allow_unicode=True), encoding="utf-8")
    return path
