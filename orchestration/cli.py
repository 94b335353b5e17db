"""The command line of contracts.md §2: the group that every command of orchestration/commands/ joins.

Belongs here: finding the commands, and JSON for a line that no command could be found in. Doesn't: any
command; a new one is a new function, registered nowhere.
"""

import pkgutil
import sys
import warnings
from collections.abc import Sequence
from importlib import import_module
from typing import Any

import click

from orchestration import commands
from orchestration.commands.reply import USAGE, Reply


class Commands(click.Group):
    """The group; with --json an option or a command that isn't one is answered in JSON like any other stop."""

    def main(self, args: Sequence[str] | None = None, *rest: Any, **more: Any) -> Any:
        """Run the line; never returns."""
        given = list(sys.argv[1:] if args is None else args)
        if "--json" not in given:
            return super().main(given, *rest, **more)
        try:
            sys.exit(super().main(given, *rest, **{**more, "standalone_mode": False}))
        except click.ClickException as error:
            Reply(as_json=True).stop(" ".join(error.format_message().split()), USAGE)
        except click.Abort:
            sys.exit(1)


@click.group(cls=Commands, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="motcua")
def main() -> None:
    """Motcua: kho chỉ tiêu của Trung tâm Phục vụ hành chính công (the KPI warehouse)."""
    # Partitions and backfill policies are marked beta by Dagster; a person at a terminal can't act on that.
    warnings.filterwarnings("ignore", module=r"dagster\b.*")


for _module in pkgutil.iter_modules(commands.__path__, f"{commands.__name__}."):
    for _member in vars(import_module(_module.name)).values():
        if isinstance(_member, click.Command):
            main.add_command(_member)

if __name__ == "__main__":
    main()
