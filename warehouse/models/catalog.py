"""The catalogue of sql/: which tables there are, what each promises, what each reads, in which order.

Belongs here: discovering files, dependencies from the syntax tree, layer rules, what no query may say.
Doesn't: running any of it (build.py), column lineage (lineage.py). Nothing here opens a database.

A file sql/<schema>/<table>.sql is a bare query behind one comment block, its header (headers.py).
Files in sql/marts/kpi/ become marts.kpi_<name>; marts.kpi_measure, their union, is made from them.
"""

import difflib
import functools
import graphlib
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

import sqlglot
import sqlglot.expressions as exp
from sqlglot.tokens import TokenType

from warehouse.errors import CatalogError
from warehouse.models.headers import read_headed, variants
from warehouse.models.labels import Labels

KPI_MEASURE = "marts.kpi_measure"
_LIMITING = re.compile(r"\b(?:limit|fetch)\b", re.IGNORECASE)
_NO_LIMIT = (
    "takes the first rows of a part of a query with LIMIT, and a join over it may count other rows in DuckDB before "
    "2.0; write `qualify row_number() over (order by …) <= n` instead."
)
# From a query, and the file that it stands in, to the tables that it reads.
Reads = Callable[[str, Path], frozenset[str]]
_ALLOWED_READS: Mapping[str, frozenset[str]] = {
    "staging": frozenset({"raw", "seeds", "staging", "meta"}),
    "core": frozenset({"staging", "core", "seeds", "meta"}),
    "marts": frozenset({"core", "marts", "seeds", "meta"}),
    "meta": frozenset({"raw", "staging", "core", "marts", "seeds", "meta", "quarantine"}),
}


@dataclass(frozen=True)
class Model:
    """One table that a file under sql/ defines.

    `keep` is None for a plain table (`keep: plain`). Staging models split broken rows into quarantine
    and then keep the "newest" row of each grain (their default) or all "versions". `unit` says what a
    KPI file counts; such a file has the counted things one by one in a CTE `units` or `period_units`.
    Publication waits for the checks of a `gate`, though no published table reads it. `macros` is the text that
    its query may call on. Two promises let a table be renewed in part (renewal.py): of a `keyed` model each row
    rests on its own case's rows of the keyed tables that it reads, and on when the day passes one of that case's
    times; a staging model that `grows` types raw rows one by one, and a good row stays good as days pass.
    """

    schema: str
    name: str
    path: Path
    query: str
    description: str
    grain: tuple[str, ...]
    columns: Mapping[str, str]
    depends_on: frozenset[str]
    keep: str | None = None
    publish: bool = False
    labels: Labels = field(default_factory=Labels, repr=False, compare=False)
    unit: str | None = None
    gate: bool = False
    keyed: bool = False
    grows: bool = False
    macros: str = field(default="", repr=False, compare=False)

    @property
    def table(self) -> str:
        """The qualified table name, as SQL and asset keys spell it."""
        return f"{self.schema}.{self.name}"


@dataclass(frozen=True)
class Catalog:
    """All models in an order in which each comes after what it reads."""

    models: Mapping[str, Model]
    seeds: Mapping[str, Path]
    external: frozenset[str] = field(default_factory=frozenset)

    def in_schema(self, *schemas: str) -> list[Model]:
        """The models of these schemas, in build order."""
        return [model for model in self.models.values() if model.schema in schemas]

    def awaited(self) -> list[Model]:
        """What a publication waits for: the published models and the gates, in build order."""
        return [model for model in self.models.values() if model.publish or model.gate]

    def published(self) -> list[Model]:
        """The models that go into the published file, in build order."""
        return [model for model in self.models.values() if model.publish]

    def ancestors(self, table: str) -> frozenset[str]:
        """Every table that this one reads, directly or through others (itself included)."""
        seen: set[str] = set()
        waiting = [table]
        while waiting:
            name = waiting.pop()
            if name not in seen:
                seen.add(name)
                waiting.extend(self.models[name].depends_on if name in self.models else ())
        return frozenset(seen)


def load_catalog(root: Path, external: Iterable[str], reads: Reads | None = None) -> Catalog:
    """Read every file below `root` (the sql folder).

    `external` names the tables that no file defines: raw tables, quarantine and the state in meta.
    `reads` finds the tables of a query in the place of `tables_read`.

    Raises:
        CatalogError: a header, a reference or a layer is wrong; the message names file and mend.
    """
    seeds = {f"seeds.{path.stem}": path for path in sorted((root / "seeds").glob("*.csv"))}
    models: dict[str, Model] = {}
    for path in sorted(root.glob("*/**/*.sql")):
        for model in parse_models(path, root, reads):
            if model.table in models:
                raise CatalogError(
                    f"{path} defines {model.table} again; rename it or delete {models[model.table].path}."
                )
            models[model.table] = model
    measure = _kpi_measure(root, models)
    if measure:
        models[measure.table] = measure
    labels = Labels.read(root / "labels.yml")
    macros = (
        (root / "macros.sql").read_text(encoding="utf-8") if (root / "macros.sql").exists() else ""
    )
    models = {name: replace(model, labels=labels, macros=macros) for name, model in models.items()}
    known = frozenset(models) | frozenset(seeds) | frozenset(external)
    for model in models.values():
        _check_references(model, known)
    return Catalog(_in_build_order(models), seeds, frozenset(external))


def parse_models(path: Path, root: Path, reads: Reads | None = None) -> Iterator[Model]:
    """Read one file: header, query and, from the query's syntax tree, the tables it reads; mostly one model."""
    header, query = read_headed(path, root)
    folders = path.relative_to(root).parts
    schema = folders[0]
    keep = header.get("keep") or ("newest" if schema == "staging" else "plain")
    is_kpi_part = len(folders) > 2 and folders[1] == "kpi"
    depends_on = (reads or tables_read)(query, path)
    for name, description, own_query in variants(path, header, query):
        yield Model(
            schema=schema,
            name="_".join([*folders[1:-1], name]),
            path=path,
            query=own_query,
            description=description,
            grain=tuple(header["grain"]),
            columns=dict(header["columns"]),
            depends_on=depends_on,
            keep=None if keep == "plain" else keep,
            publish=bool(header.get("publish", schema == "marts" and not is_kpi_part)),
            gate=bool(header.get("gate", False)),
            unit=header.get("unit"),
            keyed=bool(header.get("keyed", False)),
            grows=bool(header.get("grows", False)),
        )


@functools.lru_cache(maxsize=1024)
def tables_read(query: str, path: Path) -> frozenset[str]:
    """The qualified tables a query reads, from its syntax tree; names of CTEs are not tables."""
    try:
        tree = sqlglot.parse_one(query, read="duckdb")
    except sqlglot.errors.SqlglotError as error:
        raise CatalogError(f"{path} is not one valid query: {str(error).splitlines()[0]}") from None
    _refuse_inner_limit(tree, path)
    ctes = {cte.alias_or_name for cte in tree.find_all(exp.CTE)}
    found = set()
    for table in tree.find_all(exp.Table):
        if table.db:
            found.add(f"{table.db}.{table.name}")
        elif table.name and table.name not in ctes and not isinstance(table.this, exp.Anonymous):
            raise CatalogError(f"{path} reads {table.name} without a schema; write schema.table.")
    return frozenset(found)


def refuse_limit(sql: str, place: str) -> None:
    """Refuse a LIMIT or FETCH anywhere in a text that others put into larger queries: a rule's SQL.

    Raises:
        CatalogError: there is one; the message begins with `place`.
    """
    # Nearly every text lacks the word, and telling it from a name or a string takes a tokenizer.
    if _LIMITING.search(sql) and any(
        token.token_type in (TokenType.LIMIT, TokenType.FETCH)
        for token in sqlglot.tokenize(sql, read="duckdb")
    ):
        raise CatalogError(f"{place} {_NO_LIMIT}")


def _refuse_inner_limit(tree: exp.Expression, path: Path) -> None:
    """Only a whole query may end with a LIMIT: DuckDB before 2.0 pushes a join's filter below one further in."""
    if any(limit.parent is not tree for limit in tree.find_all(exp.Limit, exp.Fetch)):
        raise CatalogError(f"{path} {_NO_LIMIT}")


def _kpi_measure(root: Path, models: Mapping[str, Model]) -> Model | None:
    """The union of all files in marts/kpi, so that a new KPI registers itself by lying there."""
    parts = [model for model in models.values() if model.path.parent == root / "marts" / "kpi"]
    if not parts:
        return None
    columns = dict(parts[0].columns)
    selects = []
    for part in parts:
        if set(part.columns) != set(columns):
            raise CatalogError(
                f"{part.path} must have the columns {', '.join(columns)}, as every KPI file has."
            )
        kpi_id = part.name.removeprefix("kpi_")
        selects.append(f"select '{kpi_id}' as kpi_id, {', '.join(columns)} from {part.table}")
    return Model(
        schema="marts",
        name="kpi_measure",
        path=root / "marts" / "kpi",
        query="\nunion all\n".join(selects),
        description="Numerators and denominators of every KPI file, united. One row per KPI and its grain.",
        grain=("kpi_id", *parts[0].grain),
        columns={"kpi_id": "Mã chỉ tiêu. KPI id.", **columns},
        depends_on=frozenset(part.table for part in parts),
    )


def _check_references(model: Model, known: frozenset[str]) -> None:
    allowed = _ALLOWED_READS.get(model.schema)
    if allowed is None:
        raise CatalogError(
            f"{model.path}: {model.schema} is no layer; use {', '.join(_ALLOWED_READS)}."
        )
    for table in sorted(model.depends_on):
        if table not in known:
            near = difflib.get_close_matches(table, known, n=1)
            hint = f"; did you mean {near[0]}?" if near else "; no such table exists."
            raise CatalogError(f"{model.path} reads {table}, which nothing defines{hint}")
        if table.split(".")[0] not in allowed:
            raise CatalogError(
                f"{model.path} reads {table}, but {model.schema} may read only {', '.join(sorted(allowed))}."
            )


def _in_build_order(models: Mapping[str, Model]) -> dict[str, Model]:
    graph = {
        name: sorted(model.depends_on & models.keys()) for name, model in sorted(models.items())
    }
    try:
        order = graphlib.TopologicalSorter(graph).static_order()
        return {name: models[name] for name in order}
    except graphlib.CycleError as error:
        raise CatalogError(
            f"These tables read each other in a circle: {' → '.join(error.args[1])}."
        ) from None
