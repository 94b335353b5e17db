"""What a composition is made of, without Dagster: most commands need no more.

Belongs here: settings in, catalogue, suites and site out. Doesn't: assets, jobs and schedules (definitions.py);
branches for an environment.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from functools import cache
from importlib.metadata import version
from pathlib import Path

from assets.names import PUBLIC_HOLIDAYS, raw_tables
from assets.night import Connections, Progress, Site, silent
from assets.shapes import raw_shapes
from expectations.suite import SUITES, Suite, load_suites
from figures.units import check_units
from orchestration.demo_systems import demo_connections
from orchestration.settings import Settings
from sources.http.transport import Wire
from sources.spec.file import load_spec
from sources.spec.systems import SourcesSpec
from warehouse.load.staging_check import check_staging
from warehouse.models.build import STAGING_COLUMNS
from warehouse.models.catalog import Catalog, load_catalog, refuse_limit
from warehouse.models.reads import RememberedReads
from warehouse.store.connection import Limits
from warehouse.store.state import STATE_TABLES


@dataclass(frozen=True)
class Parts:
    """Settings and what they lead to."""

    settings: Settings
    sources: SourcesSpec
    catalog: Catalog
    suites: Mapping[str, Suite]
    site: Site


def compose(
    settings: Settings,
    *,
    progress: Progress = silent,
    use_demo: bool | None = None,
    suites_folder: Path = SUITES,
) -> Parts:
    """Read the source file, the catalogue and the suites."""
    sources = load_spec(settings.sources_file)
    settings.check_systems(sources)
    external = [*raw_tables(sources), *STATE_TABLES, PUBLIC_HOLIDAYS]
    reads = RememberedReads(settings.home / "cache")
    catalog = load_catalog(settings.sql_root, external, reads)
    reads.save()
    check_units(catalog)
    check_staging(catalog, raw_shapes(sources), settings.sql_root / "macros.sql", reads.path.parent)
    suites = load_suites(suites_folder, columns_of(catalog))
    _refuse_limits(suites)
    site = make_site(settings, progress, use_demo)
    site = replace(site, models=tuple(catalog.models.values()))
    return Parts(settings, sources, catalog, suites, site)


def _refuse_limits(suites: Mapping[str, Suite]) -> None:
    for suite in suites.values():
        for rule in suite.rules:
            query = str(rule.kwargs.get("unexpected_rows_query", ""))
            refuse_limit(f"{rule.breaks or ''} {query}", f"{suite.path}: {rule.id}")


def make_site(settings: Settings, progress: Progress, use_demo: bool | None = None) -> Site:
    """What the night needs to know of the settings."""
    demo = settings.uses_demo_systems if use_demo is None else use_demo

    def connect() -> Iterator[Connections]:
        if demo:
            yield from demo_connections(settings)
        else:
            urls = settings.base_urls()
            secrets = {system: settings.credential(system) for system in urls}
            wires = {system: Wire(*way) for system, way in settings.ways().items()}
            yield Connections(urls, secrets, wires)

    return Site(
        home=settings.home,
        warehouse=settings.warehouse_path,
        lock=settings.lock_path,
        landing=settings.landing,
        inbox=settings.inbox,
        published=settings.published,
        macros=settings.sql_root / "macros.sql",
        centre_code=settings.centre,
        code_version=version("motcua"),
        clock=settings.now,
        connect=connect,
        person_keys=settings.person_keys,
        # Asked by each run, and the same while the process lives, as the wiring's own.
        shapes=cache(lambda: raw_shapes(load_spec(settings.sources_file))),
        limits=Limits(settings.memory_limit, settings.threads),
        quarantine_cap=settings.quarantine_cap,
        progress=progress,
        spark_master=settings.spark_master if settings.engine == "spark" else None,
    )


def columns_of(catalog: Catalog) -> dict[str, list[str]]:
    """The columns of each model, for the suites that name them."""
    return {
        model.table: [*model.columns, *(STAGING_COLUMNS if model.schema == "staging" else ())]
        for model in catalog.models.values()
    }
