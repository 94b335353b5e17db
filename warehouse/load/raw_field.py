"""One kept field of a record: what the source file says of it, and the SQL that reads it so.

Belongs here: constants, words, times and hashes of one field, as data. Doesn't: pages and rows (landed_pages.py), the
source file's own words (sources.spec.types).
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field

from common import quoting


@dataclass(frozen=True)
class RawField:
    """One allow-listed field, read from `path` in the record, or `constant` for all records.

    `format` is a strptime pattern of local times, `words` turns their words to ours, `is_hash` keeps a person key as
    a keyed hash alone. `items` renames the members of the objects in a list (`is_json`). An `is_optional` field that
    stays out of a batch is no drift.
    """

    name: str
    path: tuple[str, ...]
    is_json: bool = False
    constant: str | None = None
    format: str | None = None
    words: Mapping[str, str] | None = None
    items: tuple["RawField", ...] = field(default=())
    is_hash: bool = False
    is_optional: bool = False

    @property
    def holds_hash(self) -> bool:
        """Whether its values, or those of its items, are keyed hashes."""
        return self.is_hash or any(item.holds_hash for item in self.items)

    def sql(self, value: str) -> str:
        """SQL of its text; `value` is the SQL of what came. What doesn't fit passes on, for staging to judge."""
        if self.constant is not None:
            return quoting.text(self.constant)
        if self.items:
            return self._items_sql(value)
        if self.format is not None:
            moment = f"try_strptime({value}, {quoting.text(self.format)})"
            value = f"coalesce(strftime({moment}, '%Y-%m-%dT%H:%M:%S'), {value})"
        if self.words:
            branches = " ".join(
                f"when {quoting.text(theirs)} then {quoting.text(ours)}"
                for theirs, ours in self.words.items()
            )
            value = f"case trim({value}) {branches} else {value} end"
        return f"person_hash({value})" if self.is_hash else value

    def _items_sql(self, value: str) -> str:
        """A list of their objects → a list of ours, as JSON text."""
        keys = {item.name: ".".join(item.path) for item in self.items}
        structure = quoting.text(
            json.dumps([dict.fromkeys(keys.values(), "VARCHAR")], ensure_ascii=False)
        )
        members = ", ".join(
            f"{quoting.name(item.name)}: {item.sql(f'x.{quoting.name(keys[item.name])}')}"
            for item in self.items
        )
        return f"to_json(list_transform(from_json({value}, {structure}), lambda x: {{{members}}}))"
