"""The command line of contracts.md §2: the group that every command of orchestration/commands/ joins.

Belongs here: finding the commands, and what is answered where no command has been found. Doesn't: any
command; a new one is a new function, registered nowhere.
"""

import pkgutil
import sys
import warnings
from collections.abc import MutableMapping, Sequence
from importlib import import_module
from typing import Any, NoReturn

import click

from orchestration import commands, stopping
from orchestration.console.answer import USAGE, Reply


class Commands(click.Group):
    """The group; its commands are looked up when first asked for, so that SIGTERM is heard by then."""

    _found: MutableMapping[str, click.Command] | None = None

    @property
    def commands(self) -> MutableMapping[str, click.Command]:
        """Every click command in a module of orchestration/commands/."""
        if self._found is None:
            self._found = {
                member.name or "": member
                for module in pkgutil.iter_modules(commands.__path__, f"{commands.__name__}.")
                for member in vars(import_module(module.name)).values()
                if isinstance(member, click.Command)
            }
        return self._found

    @commands.setter
    def commands(self, _: MutableMapping[str, click.Command]) -> None:
        """Click's own start sets an empty dict; ours are found, not registered."""

    def main(self, args: Sequence[str] | None = None, *rest: Any, **more: Any) -> Any:
        """Run the line; never returns."""
        given = list(sys.argv[1:] if args is None else args)
        with stopping.listening(is_whole_program=args is None):
            try:
                # Before click's own frame, which prints an empty line when it is interrupted.
                _ = self.commands
                sys.exit(super().main(given, *rest, **{**more, "standalone_mode": False}))
            except click.ClickException as error:
                _refuse(error, as_json="--json" in given)
            except (click.Abort, KeyboardInterrupt):
                _stop(as_json="--json" in given)


def _refuse(error: click.ClickException, *, as_json: bool) -> NoReturn:
    """With --json an option or a command that isn't one is answered in JSON like any other stop."""
    if as_json:
        Reply(as_json=True).stop(" ".join(error.format_message().split()), USAGE)
    error.show()
    sys.exit(error.exit_code)


def _stop(*, as_json: bool) -> NoReturn:
    """Told to stop before a command has begun: what is published hasn't been touched."""
    stopping.answer()
    Reply(as_json).stop(stopping.stopped_words("", ""))


@click.group(cls=Commands, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="motcua")
def main() -> None:
    """Motcua: kho chỉ tiêu của Trung tâm Phục vụ hành chính công (the KPI warehouse)."""
    # Partitions and backfill policies are marked beta by Dagster; a person at a terminal can't act on that.
    warnings.filterwarnings("ignore", module=r"dagster\b.*")


if __name__ == "__main__":
    main()
