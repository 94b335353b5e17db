"""Being told to stop: SIGTERM and Ctrl+C become one exception, which a command answers in one sentence.

Belongs here: hearing it, and the words. Doesn't: exit codes (commands/reply.py), how a run ends (runs.py).

One word isn't enough. Inside a query DuckDB turns it into a RuntimeError of its own, Great Expectations
takes that for a check that could not run, and Dagster, which puts handlers of its own into place, then goes
on with the next step. So a command that works hears the signal beside all handlers, at the wakeup file
descriptor, and has it said again until it has come to its end. Where it was heard once, the name is kept.
"""

import signal
import socket
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

SIGNALS = (signal.SIGTERM, signal.SIGINT)
SAID_AGAIN_SECONDS = 0.5
# What being told to stop is called, here and where Dagster raises it.
INTERRUPTS = frozenset({"ToldToStop", "KeyboardInterrupt", "DagsterExecutionInterruptedError"})
INTERRUPTED = (
    "Lần chạy được yêu cầu dừng giữa chừng (SIGTERM hoặc Ctrl+C); chạy lại để làm tiếp. / "
    "The run was told to stop before its end (SIGTERM or Ctrl+C); run it again to go on."
)


class ToldToStop(KeyboardInterrupt):
    """The process was told to stop; a KeyboardInterrupt, so that Dagster ends the run for it."""


class Ears:
    """What this process has heard, and whether it still listens."""

    def __init__(self) -> None:
        self.heard = ""
        self._is_answering = threading.Event()

    def hear(self, number: int, _frame: FrameType | None = None) -> None:
        """The handler of both signals: stop what is being done, unless the answer is being given already."""
        if not self._is_answering.is_set():
            self.heard = self.heard or signal.Signals(number).name
            raise ToldToStop(self.heard)

    def answer(self) -> None:
        """From now on nothing interrupts: what was done is being told."""
        self._is_answering.set()

    def repeat(self, knocks: socket.socket) -> None:
        """In a thread of its own: wait for the first knock, then say it again until the answer."""
        while knock := knocks.recv(1):
            if knock[0] in SIGNALS:
                self.heard = self.heard or signal.Signals(knock[0]).name
                break
        else:
            return
        main = threading.main_thread().ident
        while main is not None and not self._is_answering.wait(SAID_AGAIN_SECONDS):
            signal.pthread_kill(main, signal.SIGTERM)


_ears = Ears()


@contextmanager
def listening(*, is_whole_program: bool) -> Iterator[None]:
    """Hear both signals, also where SIGINT is ignored, as in a script's background job.

    Dagster gives SIGTERM whatever handler SIGINT has, and would so ignore both. Afterwards neither is heard
    where the whole program ends here.
    """
    global _ears
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before, kept = _ears, {number: signal.getsignal(number) for number in SIGNALS}
    _ears, hook = Ears(), sys.unraisablehook
    sys.unraisablehook = lambda lost: None if _is_ours(lost.exc_value) else hook(lost)
    for number in SIGNALS:
        signal.signal(number, _ears.hear)
    try:
        yield
    finally:
        _ears.answer()
        sys.unraisablehook = hook
        if is_whole_program or _ears.heard:
            # A manager that is impatient says it again, and at its end Python would let that kill the process;
            # the answer is given, with its exit code.
            kept = dict.fromkeys(SIGNALS, signal.SIG_IGN)
        for number, handler in kept.items():
            signal.signal(number, handler)
        _ears = before if not _ears.heard else _ears


def _is_ours(error: BaseException | None) -> bool:
    """Whether a signal came where Python can raise nothing; it is said again, so no line on stderr is needed."""
    return isinstance(error, KeyboardInterrupt) or type(error).__name__ in INTERRUPTS


@contextmanager
def insisting() -> Iterator[None]:
    """While work lasts that may swallow the signal: hear it beside all handlers, and have it said again."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    inside, outside = socket.socketpair()
    outside.setblocking(False)
    before = signal.set_wakeup_fd(outside.fileno(), warn_on_full_buffer=False)
    ears = threading.Thread(target=_ears.repeat, args=(inside,), daemon=True)
    ears.start()
    try:
        yield
    finally:
        signal.set_wakeup_fd(before)
        outside.close()


def told() -> str:
    """The signal that this process was told to stop by; empty when it wasn't."""
    return _ears.heard


def answer() -> None:
    """The work is over, done or stopped: nothing interrupts the answer any more."""
    _ears.answer()


def stopped_words(before: str | None, now: str | None) -> str:
    """One sentence for who told us to stop: by which signal, what is published, what to do."""
    name = f"{told() or 'SIGINT'}, Ctrl+C" if told() in ("", "SIGINT") else told()
    if now is None:
        stands = "chưa có bản công bố nào", "nothing is published yet"
    elif now == before:
        stands = "bản công bố cũ vẫn đứng", "the old published version stands"
    else:
        stands = f"bản mới {now} đã được công bố", f"the new version {now} is published already"
    return (
        f"Dừng giữa chừng theo yêu cầu ({name}); {stands[0]}. Chạy lại lệnh này để làm tiếp. / "
        f"Told to stop ({name}) before the work was done; {stands[1]}. Run the command again to go on."
    )
