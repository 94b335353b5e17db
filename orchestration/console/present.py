"""What the command line shows: progress while it works, the scorecard at the end.

Belongs here: text for a terminal. Doesn't: figures; they are read from the published file. Numbers are
written as on the page, by the same functions (reports.numbers).
"""

import sys
from collections.abc import Mapping, Sequence
from typing import Any

from rich.console import Console
from rich.progress import (
    BarColumn,
    Progress,
    ProgressColumn,
    Task,
    TaskID,
    TextColumn,
    TimeElapsedColumn,
)
from rich.table import Table
from rich.text import Text

from reports.numbers import number_text, parts_text, status_text, target_text, value_text

STATUS_COLOURS = {"met": "green", "missed": "red", "no_data": "dim", "info": "cyan"}


class RowsColumn(ProgressColumn):
    """How many rows are through, as 46.689 dòng."""

    def render(self, task: Task) -> Text:
        """The cell of one bar."""
        return Text(f"{number_text(task.completed):>9} dòng")


class TerminalProgress:
    """A bar for each long step, on stderr where that is a terminal; elsewhere the reason of a stop stands alone."""

    def __init__(self, *, is_shown: bool = True) -> None:
        self._is_shown = is_shown and sys.stderr.isatty()
        self._bars = Progress(
            TextColumn("{task.description:<28}"),
            BarColumn(bar_width=30),
            RowsColumn(),
            TimeElapsedColumn(),
            console=Console(stderr=True),
            disable=not self._is_shown,
        )
        self._tasks: dict[str, TaskID] = {}

    def __enter__(self) -> "TerminalProgress":
        self._bars.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._bars.stop()

    def __call__(self, step: str, done: int, total: int | None) -> None:
        """Show that `done` of `total` rows of `step` are through."""
        if not self._is_shown:
            return
        if step not in self._tasks:
            self._tasks[step] = self._bars.add_task(step, total=total)
        self._bars.update(self._tasks[step], completed=done, total=total or max(done, 1))


def lines_of(finding: Mapping[str, Any]) -> list[str]:
    """A rule that isn't passed, for a person: what, how many, whose it is and what to do."""
    is_error = finding["state"] == "error"
    kind = "KHÔNG CHẠY ĐƯỢC / ERROR" if is_error else str(finding["severity"])
    now = "?" if is_error else number_text(finding["failed"])
    trend = " → ".join([*map(_trend_text, finding["before"]), now])
    lines = [
        f"[{kind}] {finding['table']} · {finding['rule']}: {number_text(finding['failed'])} / "
        f"{number_text(finding['evaluated'])} – {finding['reason_vi']} / {finding['reason_en']} "
        f"({finding['owner']})",
        f"    cần làm / to do: {finding['remedy_vi']}",
    ]
    if finding["detail"]:
        lines.append(f"    lỗi / error: {finding['detail']}")
    if len(finding["before"]) > 1:
        lines.append(f"    các lần chạy / runs: {trend}")
    if finding.get("keys"):
        lines.append(f"    khóa / keys: {', '.join(finding['keys'])}")
    return lines


def _trend_text(word: str) -> str:
    """One earlier run of a rule: the number that failed, or a word where it could not run."""
    return number_text(int(word)) if word.isdecimal() else word


def print_scorecard(rows: Sequence[dict[str, Any]]) -> None:
    """Print the scorecard as a table on stdout."""
    console = Console(width=None if sys.stdout.isatty() else 132)
    if not rows:
        console.print("Chưa có chỉ tiêu nào. / No figures yet.")
        return
    first = rows[0]
    table = Table(
        title=f"Bảng chỉ tiêu · {first['period_start']} – {first['period_end']} · dữ liệu đến "
        f"{first['data_as_of']:%H:%M %d/%m/%Y}"
    )
    for name, justify in (
        ("Chỉ tiêu", "left"), ("Giá trị", "right"), ("Mục tiêu", "right"), ("Tử số / mẫu số", "right"),
        ("Kết quả", "left"), ("Còn chịu được", "right"),
    ):  # fmt: skip
        table.add_column(name, justify=justify)  # type: ignore[arg-type]
    for row in rows:
        table.add_row(
            row["label_vi"],
            value_text(row),
            target_text(row),
            parts_text(row),
            Text(status_text(row).lower(), style=STATUS_COLOURS[row["status"]]),
            number_text(row["lateness_budget"]),
        )
    console.print(table)


def print_rows(rows: Sequence[Mapping[str, Any]]) -> None:
    """Print rows of a table as they are in the store; an empty cell is a null."""
    if not rows:
        return
    table = Table(*rows[0])
    for row in rows:
        table.add_row(*("" if value is None else Text(str(value)) for value in row.values()))
    Console(width=None if sys.stdout.isatty() else 200).print(table)
