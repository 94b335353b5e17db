"""How every command answers: text or JSON, and exit codes.

Belongs here: the answer alone, light enough to be given before anything else is imported. Doesn't: the
frame of the commands (commands/reply.py).
Exit codes: 0 published or done; 1 stopped, the old version stands; 2 usage or configuration; 3 busy.
"""

import json
import sys
from collections.abc import Callable
from typing import Any, NoReturn

import click

from orchestration import stopping

BUSY, USAGE, STOPPED = 3, 2, 1


class Reply:
    """What a command answers: a dict for --json, text for people, and the exit code."""

    def __init__(self, as_json: bool, *, is_service: bool = False, debug: bool = False) -> None:
        self.as_json = as_json
        self._debug = debug
        self._is_service = is_service

    def done(self, payload: dict[str, Any], say: Callable[[], None] | None = None) -> None:
        """Answer; a service goes on serving after it, everything else is over then."""
        if not self._is_service:
            # The work is done, so nobody can stop it any more, and half an answer is none.
            stopping.answer()
        if self.as_json:
            click.echo(json.dumps({"status": "ok", **payload}, ensure_ascii=False, default=str))
        elif say is not None:
            say()

    def stop(self, reason: str, code: int = STOPPED) -> NoReturn:
        """Answer with one line on stderr and exit with `code`."""
        self.tell(reason, code)
        sys.exit(code)

    def trace(self, frames: str) -> None:
        """With --debug, where it stopped, on stderr before the one line that says why."""
        if self._debug and frames:
            click.echo(frames.rstrip(), err=True)

    def tell(self, reason: str, code: int) -> None:
        """Answer with one line on stderr, for who exits with `code` after it."""
        if self.as_json:
            words = {BUSY: "busy", USAGE: "usage", STOPPED: "stopped"}
            click.echo(json.dumps({"status": words[code], "reason": reason}, ensure_ascii=False))
        click.echo(reason, err=True)
