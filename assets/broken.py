"""Why checks stop something, in one line for people: rule, reason, rows, remedy.

Belongs here: the words that command line, alerts and Dagster's own record share. Doesn't: finding out
which rules broke. No key of a row ever enters; these words are read where the restricted store isn't.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from reports.numbers import number_text

NAMED = 3
_UNCHECKED = "chưa kiểm tra từ lần dựng mới nhất / not checked since it was built"
_UNCHECKED_REMEDY = "`motcua check`, rồi / then `motcua publish`"


@dataclass(frozen=True)
class Broken:
    """A rule that forbids going on: it failed, could not run, or hasn't looked since its table was built."""

    table: str
    rule: str
    state: Literal["failed", "error", "unchecked"] = "failed"
    failed: int | None = None
    evaluated: int | None = None
    reason_vi: str = ""
    reason_en: str = ""
    remedy: str = ""
    detail: str = ""

    @classmethod
    def of_row(cls, row: Mapping[str, Any]) -> "Broken":
        """From a row of meta.check_run, or one with its names; what is missing isn't said."""
        return cls(
            row["table_name"], row["rule"], row["state"], row.get("failed"), row.get("evaluated"),
            row.get("reason_vi") or "", row.get("reason_en") or "", row.get("remedy_vi") or "",
            row.get("detail") or "",
        )  # fmt: skip

    def words(self) -> str:
        """`table · rule: reason – rows – remedy` on one line."""
        reason = " / ".join(part for part in (self.reason_vi, self.reason_en) if part)
        remedy = _UNCHECKED_REMEDY if self.state == "unchecked" else self.remedy
        parts = [
            f"{self.table} · {self.rule}" + (f": {reason}" if reason else ""),
            self._found(),
            f"Cần làm / to do: {remedy}" if remedy else "",
        ]
        return " ".join(" – ".join(part for part in parts if part).split())

    def _found(self) -> str:
        if self.state == "error":
            return f"KHÔNG CHẠY ĐƯỢC / could not run{f': {self.detail}' if self.detail else ''}"
        if self.state == "unchecked":
            return _UNCHECKED
        if self.failed is None:
            return ""
        among = "" if self.evaluated is None else f" / {number_text(self.evaluated)}"
        return f"{number_text(self.failed)}{among} dòng / rows"


def stop_words(broken: Sequence[Broken], lead: str = "Dừng / Stopped") -> str:
    """One line on why these rules stop something: the first few in full, how many more, where to see them."""
    are_broken = all(rule.state == "failed" for rule in broken)
    many = f"{len(broken)} " if len(broken) > 1 else ""
    why = (
        f"{lead}: {many}quy tắc bị vi phạm / {many}broken rule{'s' if many else ''}"
        if are_broken
        else f"{lead}: {many}quy tắc không đạt hoặc không chạy được / {many}rule{'s' if many else ''} "
        "failed or could not run"
    )
    named = " | ".join(rule.words() for rule in broken[:NAMED])
    rest = len(broken) - NAMED
    more = (
        f" | và {rest} quy tắc nữa, xem `motcua check` / and {rest} more, see `motcua check`"
        if rest > 0
        else ""
    )
    return f"{why}: {named}{more}"
