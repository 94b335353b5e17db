"""The night as a Dagster resource, which every step of a run shares.

Belongs here: opening it once a run and closing it at the run's end. Doesn't: what it holds (night.py).
"""

from collections.abc import Iterator

import dagster as dg

from assets.night import Night, Site, open_night
from reports.quality import write_quality


def night_resource(site: Site) -> dg.ResourceDefinition:
    """The night as a Dagster resource: opened once a run, closed at its end."""

    @dg.resource(
        description="Kho dữ liệu và các hệ thống nguồn của lần chạy. The run's warehouse and sources."
    )
    def night(context: dg.InitResourceContext) -> Iterator[Night]:
        with open_night(site, context.run.run_id if context.run else "adhoc") as opened:
            opened.carries = True
            opened.warm_up()
            try:
                yield opened
            finally:
                # Here, and not as an asset, so that a night that was stopped says why, too.
                if {"checker", "carrier"} & vars(opened).keys():
                    write_quality(opened.connection, site.quality_page)

    return night
