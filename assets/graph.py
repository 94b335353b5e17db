"""Which asset waits for which: the keys of tables, what each model comes after, which suites run with it.

Belongs here: the order of a night as Dagster is told it. Doesn't: assets (models.py), checks (verdicts.py).
"""

from collections.abc import Iterable, Mapping, Sequence

import dagster as dg

from assets.names import PUBLIC_HOLIDAYS
from expectations.suite import Suite
from warehouse.models.build import RowRule
from warehouse.models.catalog import Catalog, Model

RUN_CONTEXT = dg.AssetKey(["meta", "run_context"])
# State tables that code writes, and which assets must be there before a model reads them.
_WRITTEN_WITH_STAGING = frozenset({"meta.quarantine_tally"})
_WRITTEN_WITH_CHECKS = frozenset({"meta.check_run"})

Order = Mapping[dg.AssetKey, Sequence[dg.AssetKey]]


def key_of(table: str) -> dg.AssetKey:
    """The asset key of a table: [schema, table]."""
    return dg.AssetKey(table.split("."))


def seed_tables(catalog: Catalog) -> list[str]:
    """Every seed, the public holidays of the holidays package among them."""
    return [*catalog.seeds, PUBLIC_HOLIDAYS]


def order_of(
    catalog: Catalog, rules: Mapping[str, Sequence[RowRule]], raw_keys: Sequence[dg.AssetKey]
) -> dict[dg.AssetKey, list[dg.AssetKey]]:
    """What the run context and each model come after."""
    order = {RUN_CONTEXT: sorted(raw_keys)}
    for model in catalog.models.values():
        order[key_of(model.table)] = _waits_for(model, catalog, rules.get(model.table, ()))
    return order


def suites_within(suites: Iterable[Suite], order: Order, catalog: Catalog) -> set[str]:
    """The tables whose suites read only what stands before the model is built, so that one step does both.

    Seeds are loaded by one step, so whoever comes after one of them comes after all.
    """
    seeds = {key_of(table) for table in seed_tables(catalog)}
    known = seeds.union(order, *order.values())
    within = set()
    for suite in suites:
        before = _ancestors(key_of(suite.table), order)
        if before & seeds:
            before |= seeds
        if {key_of(table) for table in suite.reads} & known <= before:
            within.add(suite.table)
    return within


def _ancestors(key: dg.AssetKey, order: Order) -> set[dg.AssetKey]:
    seen: set[dg.AssetKey] = set()
    waiting = [key]
    while waiting:
        found = waiting.pop()
        if found not in seen:
            seen.add(found)
            waiting.extend(order.get(found, ()))
    return seen


def _waits_for(model: Model, catalog: Catalog, rules: Sequence[RowRule]) -> list[dg.AssetKey]:
    # Row rules judge by as-of and by seeds, so what is staged comes after them.
    found: set[dg.AssetKey] = {RUN_CONTEXT} if model.schema == "staging" else set()
    found |= {
        key_of(table) for table in catalog.seeds if any(table in rule.breaks_sql for rule in rules)
    }
    for table in model.depends_on:
        if (
            table in catalog.models
            or table in catalog.seeds
            or table == PUBLIC_HOLIDAYS
            or table.startswith("raw.")
        ):
            found.add(key_of(table))
        elif table in _WRITTEN_WITH_STAGING:
            found |= {key_of(other.table) for other in catalog.in_schema("staging")}
        elif table in _WRITTEN_WITH_CHECKS:
            found |= {
                key_of(other.table)
                for other in catalog.models.values()
                if other.schema != "meta" or not (other.depends_on & _WRITTEN_WITH_CHECKS)
            }
        else:
            found.add(RUN_CONTEXT)
    return sorted(found)
