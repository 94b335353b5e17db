"""The built-in simulated systems as sources: which world, and when its server runs.

Belongs here: remembering the demo's world below MOTCUA_HOME, so that every later night reads the same
one. Doesn't: the world itself (demo).
"""

import datetime as dt
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import click
import msgspec

from assets.night import Connections
from orchestration.settings import Settings

# The systems that are simulated where none of the source file's has an address.
SIMULATED = ("cases", "ratings", "services", "registry")


@dataclass(frozen=True)
class DemoPlan:
    """The arguments that make a world; the same ones always make the same."""

    end: dt.datetime
    seed: int = 2023
    years: int = 2
    cases_per_year: int = 80_000
    response: str = "real"

    def build(self) -> Any:
        """The world of this plan."""
        from demo.world import World

        return World.build(
            seed=self.seed, end=self.end, years=self.years, cases_per_year=self.cases_per_year,
            response=self.response,
        )  # fmt: skip


def write_plan(settings: Settings, plan: DemoPlan) -> None:
    """Remember the plan below MOTCUA_HOME."""
    settings.home.mkdir(parents=True, exist_ok=True)
    _path(settings).write_bytes(msgspec.json.format(msgspec.json.encode(asdict(plan))))


def read_plan(settings: Settings) -> DemoPlan:
    """The remembered plan; before the first one, a default plan that ends now and is remembered."""
    path = _path(settings)
    if not path.exists():
        write_plan(settings, DemoPlan(end=settings.now()))
    return msgspec.json.decode(path.read_bytes(), type=DemoPlan)


def write_demo_files(settings: Settings, plan: DemoPlan) -> None:
    """Put the files that people would drop into the inbox."""
    plan.build().write_drops(settings.inbox, settings.now())


def demo_connections(settings: Settings) -> Iterator[Connections]:
    """Serve the remembered world on loopback while a run lasts, with the clock at the run's as-of."""
    from demo.server import DEMO_CREDENTIALS, serve

    server = serve(read_plan(settings).build(), clock=settings.now())
    try:
        yield Connections(server.urls, DEMO_CREDENTIALS)
    finally:
        server.close()


def serve_for_ever(
    plan: DemoPlan,
    host: str,
    port: int,
    scenario: Path | None,
    truth: Path | None,
    tell: Callable[[dict[str, Any], Callable[[], None]], None],
) -> None:
    """Serve a world until interrupted; `tell` is told the addresses and credentials."""
    from demo.faults import Scenario
    from demo.server import DEMO_CREDENTIALS, serve

    world = plan.build()
    if truth is not None:
        world.write_truth(truth)
    server = serve(world, host, port, Scenario.read(scenario) if scenario else None)
    lines = [
        f"MOTCUA_{system.upper()}_URL={url}\nMOTCUA_{system.upper()}_TOKEN={DEMO_CREDENTIALS[system]}"
        for system, url in server.urls.items()
    ]
    tell(
        {"urls": server.urls, "credentials": DEMO_CREDENTIALS},
        lambda: click.echo("\n".join([*lines, "(Ctrl+C để dừng / to stop)"])),
    )
    server.wait()


def _path(settings: Settings) -> Path:
    return settings.home / "demo.json"
