"""The command line of contracts.md §2: the group that every command of orchestration/commands/ joins.

Belongs here: finding the commands. Doesn't: any command; a new one is a new function, registered nowhere.
"""

import pkgutil
import warnings
from importlib import import_module

import click

from orchestration import commands


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
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
