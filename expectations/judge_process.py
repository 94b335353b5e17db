"""The judge in a process of its own, so that Great Expectations is imported while the night pulls and loads.

Belongs here: starting that process, what is said through its pipe, the judge as the runner sees it. Doesn't:
judging (judge.py, which runs there as it would here), counting.

Only one process may hold the warehouse, so the judge has no connection: its statements come back through the
pipe and are run here. It ends with the pipe, however its parent ends, so signals don't concern it. It gets
neither environment nor secrets: one number of a file is its only argument. A judge that has begun and then dies
or falls silent makes errors of its rules; one that never comes up is replaced by one in this process.
"""

import os
import signal
import subprocess
import sys
from collections.abc import Mapping, Sequence
from contextlib import suppress
from multiprocessing.connection import Connection, Pipe
from pathlib import Path
from typing import Any

from expectations.outcome import Verdict
from expectations.scan import Count
from expectations.suite import Rule

READY = "ready"
GONE = "Tiến trình kiểm tra không trả lời: phép kiểm tra không chạy được."
# Seconds: it has judged a table by then, or never will.
PATIENCE = 120.0
_ROOT = Path(__file__).parent.parent
# What our dialect asks of a cursor (dialect.py).
_ASKED = frozenset({"execute", "fetchall", "fetchone", "fetchmany", "description"})


class JudgeProcess:
    """A judge that is getting ready, or judging, in another process; `close` ends it."""

    def __init__(self) -> None:
        """Start it; this returns at once."""
        self.pipe, theirs = Pipe()
        try:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "expectations.judge_process", str(theirs.fileno())],
                pass_fds=[theirs.fileno()],
                cwd=_ROOT,
                env={"PYTHONPATH": str(_ROOT)},
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                start_new_session=True,
            )
        finally:
            theirs.close()

    def is_ready(self) -> bool:
        """Whether it has come up; waits for it."""
        try:
            return self.pipe.poll(PATIENCE) and self.pipe.recv() == READY
        except (EOFError, OSError):
            return False

    def close(self) -> None:
        """Hang up and end it: it holds nothing, and would notice only after its imports."""
        self.pipe.close()
        self.process.kill()
        self.process.wait()


class RemoteJudge:
    """A judge as the runner sees it, in the other process; its statements run on `session`."""

    def __init__(self, process: JudgeProcess, session: Any) -> None:
        """Take a process that is ready."""
        self.process, self.session = process, session
        self.is_gone = False

    def close(self) -> None:
        """End the process."""
        self.process.close()

    def table(
        self, table: str, rules: Sequence[Rule], rows: int, counts: Mapping[str, Count]
    ) -> dict[str, Verdict]:
        """As Judge.table."""
        return self._ask("table", table, rules, rows, counts)

    def query(
        self, query: str, rules: Sequence[Rule], rows: int, counts: Mapping[str, Count]
    ) -> dict[str, Verdict]:
        """As Judge.query."""
        return self._ask("query", query, rules, rows, counts)

    def _ask(
        self, way: str, what: str, rules: Sequence[Rule], rows: int, counts: Mapping[str, Count]
    ) -> dict[str, Verdict]:
        verdicts: dict[str, Verdict] = {}
        if not self.is_gone:
            try:
                self.process.pipe.send((way, what, list(rules), rows, dict(counts)))
                verdicts = self._answer()
            except (EOFError, OSError):
                # What it might say later would be taken for the answer to another question.
                self.is_gone = True
        return {rule.id: verdicts.get(rule.id, Verdict("error", detail=GONE)) for rule in rules}

    def _answer(self) -> dict[str, Verdict]:
        """Run what it asks for until it has judged."""
        pipe = self.process.pipe
        while pipe.poll(PATIENCE):
            said = pipe.recv()
            if isinstance(said, dict):
                return said
            pipe.send(self._run(*said))
        raise EOFError

    def _run(self, name: str, arguments: tuple[Any, ...]) -> tuple[bool, Any]:
        try:
            found = getattr(self.session, name)
            if callable(found):
                found = found(*arguments)
        except Exception as error:  # noqa: BLE001 it is raised there, where the statement was made
            return False, error
        if name == "description":
            return True, [(column, str(kind), *rest) for column, kind, *rest in found or ()]
        return True, None if found is self.session else found


class _Session:
    """The parent's cursor, in the judge's process."""

    def __init__(self, pipe: Connection) -> None:
        self._pipe = pipe

    def __getattr__(self, name: str) -> Any:
        if name not in _ASKED:
            raise AttributeError(name)
        if name == "description":
            return self._say(name)
        return lambda *arguments: self._say(name, *arguments)

    def close(self) -> None:
        """Nothing: the parent's cursor is its own."""

    def _say(self, name: str, *arguments: Any) -> Any:
        self._pipe.send((name, arguments))
        went_well, found = self._pipe.recv()
        if not went_well:
            raise found
        return self if name == "execute" else found


def serve(pipe: Connection) -> None:
    """Judge what comes through the pipe until it closes."""
    from expectations.judge import Judge, warm

    warm()
    judge = Judge(_Session(pipe))
    pipe.send(READY)
    while True:
        way, what, rules, rows, counts = pipe.recv()
        verdicts = (judge.table if way == "table" else judge.query)(what, rules, rows, counts)
        pipe.send(verdicts)


if __name__ == "__main__":
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)
    with suppress(EOFError, OSError):
        serve(Connection(int(sys.argv[1])))
    # Nothing is left to be written, and taking all modules down takes seconds.
    os._exit(0)
