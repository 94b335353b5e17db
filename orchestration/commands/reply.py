"""The frame that all commands share: --json, --debug, settings, and what turns errors into exit codes.

Belongs here: one place for errors and for being told to stop. Doesn't: any command, the answer itself
(orchestration.console.answer).
"""

import sys
import traceback
from collections.abc import Callable
from contextlib import nullcontext
from functools import wraps
from pathlib import Path
from typing import Any

import click

from orchestration import stopping
from orchestration.console.answer import BUSY, STOPPED, USAGE, Reply
from orchestration.settings import Settings, SettingsError

__all__ = ["BUSY", "STOPPED", "USAGE", "Reply", "command", "service"]


def _own_fault(error: BaseException) -> str:
    """A sentence for an error that nobody foresaw: its kind and place, never its text, which may hold a person."""
    frame = traceback.extract_tb(error.__traceback__)[-1]
    kind = type(error).__name__
    return f"A fault of the program ({kind}, {Path(frame.filename).name}:{frame.lineno}); please report it."


def _frames(error: BaseException | None) -> str:
    """Where an error came from, first cause first; what is quoted in its text, or a long number, is left out."""
    from warehouse.models.privacy import masked

    parts: list[str] = []
    while error is not None:
        place = "".join(traceback.format_tb(error.__traceback__))
        parts.append(f"{place}{type(error).__name__}: {masked(str(error))}")
        error = error.__cause__ or (None if error.__suppress_context__ else error.__context__)
    return "\n\n".join(reversed(parts))


def command(function: Callable[..., None]) -> Callable[..., None]:
    """Give a command --json, --debug, its settings, and one place that turns errors into exit codes."""
    return _framed(function, is_service=False)


def service(function: Callable[..., None]) -> Callable[..., None]:
    """The same for a command that serves until it is told to stop, which is its good end."""
    return _framed(function, is_service=True)


def _framed(function: Callable[..., None], *, is_service: bool) -> Callable[..., None]:
    @click.option("--json", "as_json", is_flag=True, help="Trả lời bằng JSON. Answer as JSON.")
    @click.option("--debug", is_flag=True, help="Kèm vết lỗi. The traceback of an error, too.")
    @wraps(function)
    def run(as_json: bool, debug: bool, **arguments: Any) -> None:
        reply = Reply(as_json, is_service=is_service, debug=debug)
        folder: Path | None = None
        standing: str | None = ""
        try:
            with nullcontext() if is_service else stopping.insisting():
                settings = Settings.load()
                standing, folder = _version(settings.published), settings.published
                function(reply, settings, **arguments)
        except (click.ClickException, click.exceptions.Exit, click.Abort):
            raise
        except (Exception, KeyboardInterrupt) as error:  # noqa: BLE001 (nobody at a terminal can act on a traceback)
            stopping.answer()
            is_told = stopping.told() or isinstance(error, KeyboardInterrupt)
            if is_told and is_service:
                sys.exit(0)
            # Whatever else is raised then is only how a library took it.
            if is_told:
                reply.stop(stopping.stopped_words(standing, _version(folder)), STOPPED)
            reply.trace(_frames(error) if debug else "")
            reply.stop(*_reason(error))

    return run


def _version(folder: Path | None) -> str | None:
    """The version that readers see; empty as long as nobody has looked, for then nothing was touched."""
    if folder is None:
        return ""
    from warehouse.publication.versions import current_version

    return current_version(folder)


def _reason(error: BaseException) -> tuple[str, int]:
    """One sentence and the exit code of an error."""
    from expectations.suite import SuiteError
    from sources.errors import SourceError, SpecError
    from warehouse.errors import CatalogError, WarehouseBusyError, WarehouseError

    codes = {
        (SettingsError, CatalogError, SpecError, SuiteError): USAGE,
        (WarehouseBusyError,): BUSY,
        (WarehouseError, SourceError): STOPPED,
    }
    for kinds, code in codes.items():
        if isinstance(error, kinds):
            return str(error), code
    if isinstance(error, OSError):
        place = f"{error.filename}: " if error.filename else ""
        why = error.strerror or type(error).__name__
        return f"{place}{why}; mend this and run again.", STOPPED
    return _own_fault(error), STOPPED
