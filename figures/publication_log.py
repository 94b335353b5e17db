"""What was said, and by which rules: kept with every publication, so that it can be said again.

Belongs here: the published figures (only what changed), the run's context and the rule set (macros, models,
seeds, row rules, holidays) of each version. Doesn't: replaying them (restate.py).
"""

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path

import duckdb

from warehouse.models.build import RowRule
from warehouse.models.catalog import KPI_MEASURE, Catalog, Model

# The days off: what moves due days without any rule being another.
CALENDAR = ("seeds.calendar_years", "seeds.calendar_overrides", "seeds.public_holidays")
_KEY = "kpi_id, variant, period_kind, period_start, agency_code"


@dataclass(frozen=True)
class RuleSet:
    """Everything that turns raw rows into figures; equal texts have equal fingerprints.

    `seeds` maps table to {"columns": [[name, type]], "rows": [[text]]}, `rules` staging table to its row rules.
    """

    macros: str
    models: Sequence[Model]
    seeds: Mapping[str, dict[str, object]]
    rules: Mapping[str, Sequence[RowRule]]

    def to_json(self) -> str:
        """The rule set as text, the same for the same rules."""
        models = [
            {
                "schema": m.schema, "name": m.name, "query": m.query, "grain": list(m.grain),
                "depends_on": sorted(m.depends_on), "keep": m.keep, "unit": m.unit,
            }
            for m in self.models
        ]  # fmt: skip
        rules = {table: [asdict(rule) for rule in found] for table, found in self.rules.items()}
        body = {"macros": self.macros, "models": models, "seeds": self.seeds, "rules": rules}
        return json.dumps(body, ensure_ascii=False, sort_keys=True)

    @classmethod
    def from_json(cls, text: str) -> "RuleSet":
        """The rule set that `to_json` wrote."""
        body = json.loads(text)
        models = [
            Model(
                schema=m["schema"], name=m["name"], path=Path(m["schema"]) / f"{m['name']}.sql",
                query=m["query"], description="", grain=tuple(m["grain"]), columns={},
                depends_on=frozenset(m["depends_on"]), keep=m["keep"], unit=m["unit"],
            )
            for m in body["models"]
        ]  # fmt: skip
        rules = {
            table: [RowRule(**rule) for rule in found] for table, found in body["rules"].items()
        }
        return cls(body["macros"], models, body["seeds"], rules)

    def on_calendar_of(self, other: "RuleSet") -> "RuleSet":
        """These rules with the packaged calendar of others; one that these don't read is left out."""
        theirs = {t: other.seeds[t] for t in CALENDAR if t in self.seeds and t in other.seeds}
        return replace(self, seeds={**self.seeds, **theirs})

    @property
    def fingerprint(self) -> str:
        """Names the rule set in meta.rule_set."""
        return hashlib.sha256(self.to_json().encode()).hexdigest()


def rule_set(
    connection: duckdb.DuckDBPyConnection,
    catalog: Catalog,
    rules: Mapping[str, Sequence[RowRule]],
    macros: Path,
) -> RuleSet:
    """The rules in force: the catalogue's KPI models and what they read, with the seeds as loaded."""
    wanted = catalog.ancestors(KPI_MEASURE)
    models = [model for model in catalog.models.values() if model.table in wanted]
    seeds = {
        table: _seed_rows(connection, table)
        for table in sorted(wanted)
        if table.startswith("seeds.")
    }
    kept = {model.table: list(rules.get(model.table, ())) for model in models if model.keep}
    return RuleSet(macros.read_text(encoding="utf-8"), models, seeds, kept)


def keep_publication(
    connection: duckdb.DuckDBPyConnection, version: str, number: int, rules: RuleSet
) -> int:
    """Keep what a version said and by which rules; returns the figures that are new or changed.

    `number` is the publication's, larger than any before.
    """
    connection.execute(
        "insert into meta.rule_set by name select $1 as fingerprint, now() as kept_at, $2 as body "
        "where $1 not in (select fingerprint from meta.rule_set)",
        [rules.fingerprint, rules.to_json()],
    )
    connection.execute(
        "insert into meta.published_context by name "
        "select $1 as version, as_of_at, as_of_on, centre_code, $2 as fingerprint, $3 as publication_no, "
        # A night pinned to a past day knows what was loaded since that day.
        "greatest(as_of_at, (select max(loaded_at) from meta.batch)) as known_at, "
        "(select max(arrival_no) from meta.batch) as arrival_no from meta.run_context",
        [version, rules.fingerprint, number],
    )
    row = connection.execute(
        f"""
        insert into meta.published_value by name
        with last as (
            select * from meta.published_value
            qualify row_number() over (partition by {_KEY} order by publication_no desc) = 1
        )
        select $1 as version, {_KEY}, k.numerator, k.denominator, $2 as publication_no
        from marts.kpi_value as k
        full join last as l using ({_KEY})
        where k.numerator is distinct from l.numerator or k.denominator is distinct from l.denominator
        """,
        [version, number],
    ).fetchone()
    return int(row[0]) if row else 0


def _seed_rows(connection: duckdb.DuckDBPyConnection, table: str) -> dict[str, object]:
    described = connection.execute(f"describe {table}").fetchall()
    # A list, because a mapping's order is lost when its keys are sorted.
    columns = [[str(name), str(kind)] for name, kind, *_ in described]
    texts = ", ".join(f'cast("{name}" as varchar)' for name, _ in columns)
    rows = connection.execute(f"select {texts} from {table} order by all").fetchall()
    return {"columns": columns, "rows": [list(row) for row in rows]}
