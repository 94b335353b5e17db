"""The command for the legal officer: erase.

Belongs here: what is asked and answered. Doesn't: erasing (sources.erasure, warehouse.erasure).
"""

import datetime as dt
import sys

import click

from orchestration.commands.reply import USAGE, Reply, command
from orchestration.settings import LOCAL, Settings


@click.command("erase")
@click.option(
    "--case", "codes", multiple=True, help="Mã hồ sơ. Case code; may be given more than once."
)
@click.option(
    "--person",
    is_flag=True,
    help="Đọc số định danh, điện thoại… từ stdin. Read identifiers from stdin.",
)
@click.option("--document", required=True, help="Số văn bản yêu cầu. The document that orders it.")
@command
def erase(
    reply: Reply, settings: Settings, codes: tuple[str, ...], person: bool, document: str
) -> None:
    """Xóa dữ liệu của một người khỏi landing và kho. Erase a person from landing and warehouse."""
    from assets.shapes import raw_shapes
    from sources.erasure import erase_in_landing
    from sources.spec_file import load_spec
    from warehouse.connection import hold_lock, open_warehouse, set_person_key
    from warehouse.erasure import erase_rows, rebuild_file, write_tombstone
    from warehouse.migrations import migrate
    from warehouse.state import ensure_state

    # From stdin, because an argument would stand in the shell's history and the process list.
    values = [line.strip() for line in sys.stdin if line.strip()] if person else []
    if not codes and not values:
        reply.stop("Give --case CODE, or --person with one identifier a line on stdin.", USAGE)
    macros = settings.sql_root / "macros.sql"
    hashed = [
        (table, field.name)
        for table, shape in raw_shapes(load_spec(settings.sources_file)).items()
        for field in shape.fields if "person_hash(" in field.sql
    ]  # fmt: skip
    with hold_lock(settings.lock_path, "erase"):
        landed = erase_in_landing(settings.landing, settings.inbox, [*codes, *values])
        connection = open_warehouse(settings.warehouse_path, macros)
        try:
            migrate(connection)
            ensure_state(connection)
            set_person_key(connection, settings.person_key())
            rows = erase_rows(connection, [*codes, *landed.case_codes], hashed, values)
            counts = [landed.records, landed.originals, rows]
            tombstone = write_tombstone(connection, document, counts, dt.datetime.now(LOCAL))
        finally:
            connection.close()
        rebuild_file(settings.warehouse_path, lambda path: open_warehouse(path, macros))
    shown = {
        "tombstone": tombstone, "landing_records": landed.records, "originals": landed.originals,
        "warehouse_rows": rows,
    }  # fmt: skip
    reply.done(shown, lambda: click.echo(
        f"Đã xóa {rows} dòng trong kho, {landed.records} bản ghi trong landing, {landed.originals} tệp gốc. Nguồn "
        "phải xóa trước, nếu không đêm sau sẽ gửi lại; bản sao lưu cũ hết hạn theo --keep. Chạy `motcua run` để "
        "tính lại. / Erased; the source must erase too, old backups expire."
    ))  # fmt: skip
