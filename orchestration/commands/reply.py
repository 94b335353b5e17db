"""How every command answers: text or JSON, and exit codes.

Belongs here: the frame that all commands share. Doesn't: any command.
Exit codes: 0 published or done; 1 stopped, the old version stands; 2 usage or configuration; 3 busy.
"""

import json
import sys
import traceback
from collections.abc import Callable
from functools import wraps
from pathlib import Path
from typing import Any

import click

from orchestration.settings import Settings, SettingsError

BUSY, USAGE, STOPPED = 3, 2, 1


class Reply:
    """What a command answers: a dict for --json, text for people, and the exit code."""

    def __init__(self, as_json: bool) -> None:
        self.as_json = as_json

    def done(self, payload: dict[str, Any], say: Callable[[], None] | None = None) -> None:
        """Answer and exit with 0."""
        if self.as_json:
            click.echo(json.dumps({"status": "ok", **payload}, ensure_ascii=False, default=str))
        elif say is not None:
            say()

    def stop(self, reason: str, code: int = STOPPED) -> None:
        """Answer with one line on stderr and exit with `code`."""
        if self.as_json:
            words = {BUSY: "busy", USAGE: "usage", STOPPED: "stopped"}
            click.echo(json.dumps({"status": words[code], "reason": reason}, ensure_ascii=False))
        click.echo(reason, err=True)
        sys.exit(code)


def _own_fault(error: Exception) -> str:
    """A sentence for an error that nobody foresaw: its kind and place, never its text, which may hold a person."""
    frame = traceback.extract_tb(error.__traceback__)[-1]
    kind = type(error).__name__
    return f"A fault of the program ({kind}, {Path(frame.filename).name}:{frame.lineno}); please report it."


def command(function: Callable[..., None]) -> Callable[..., None]:
    """Give a command --json, its settings, and one place that turns errors into exit codes."""

    @click.option("--json", "as_json", is_flag=True, help="Trả lời bằng JSON. Answer as JSON.")
    @wraps(function)
    def run(as_json: bool, **arguments: Any) -> None:
        from expectations.suite import SuiteError
        from sources.errors import SourceError, SpecError
        from warehouse.errors import CatalogError, WarehouseBusyError, WarehouseError

        reply = Reply(as_json)
        try:
            settings = Settings.load()
            function(reply, settings, **arguments)
        except (SettingsError, CatalogError, SpecError, SuiteError) as error:
            reply.stop(str(error), USAGE)
        except WarehouseBusyError as error:
            reply.stop(str(error), BUSY)
        except (WarehouseError, SourceError) as error:
            reply.stop(str(error), STOPPED)
        except (click.ClickException, click.exceptions.Exit, click.Abort):
            raise
        except OSError as error:
            place = f"{error.filename}: " if error.filename else ""
            reply.stop(
                f"{place}{error.strerror or type(error).__name__}; mend this and run again.",
                STOPPED,
            )
        except Exception as error:  # noqa: BLE001 (nobody at a terminal can act on a traceback)
            reply.stop(_own_fault(error), STOPPED)

    return run
