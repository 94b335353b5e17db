"""The commands for the legal officer: erase, rotate-key.

Belongs here: what is asked and answered, in which order files change. Doesn't: erasing (sources.erasure,
warehouse.persons.erasure), re-hashing (warehouse.persons.key).
"""

import datetime as dt
import sys
from typing import Any

import click

from common.local_time import LOCAL
from orchestration.commands.reply import USAGE, Reply, command
from orchestration.settings import Settings


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
    from assets.shapes import hashed_fields, raw_shapes
    from reports.numbers import number_text
    from sources.erasure import erase_in_landing
    from sources.spec.file import load_spec
    from warehouse.persons.erasure import erase_rows, rebuild_file, write_tombstone
    from warehouse.persons.key import open_store
    from warehouse.store.connection import hold_lock, open_warehouse

    # From stdin, because an argument would stand in the shell's history and the process list.
    values = [line.strip() for line in sys.stdin if line.strip()] if person else []
    if not codes and not values:
        reply.stop("Give --case CODE, or --person with one identifier a line on stdin.", USAGE)
    macros = settings.sql_root / "macros.sql"
    hashed = hashed_fields(raw_shapes(load_spec(settings.sources_file)))
    with hold_lock(settings.lock_path, "erase"):
        landed = erase_in_landing(settings.landing, settings.inbox, [*codes, *values])
        keys = settings.person_keys()
        with open_store(settings.warehouse_path, macros, keys, lambda: hashed) as connection:
            rows = erase_rows(connection, [*codes, *landed.case_codes], hashed, values)
            counts = [landed.records, landed.originals, rows]
            tombstone = write_tombstone(connection, document, counts, dt.datetime.now(LOCAL))
        rebuild_file(settings.warehouse_path, lambda path: open_warehouse(path, macros))
    shown = {
        "tombstone": tombstone, "landing_records": landed.records, "originals": landed.originals,
        "warehouse_rows": rows,
    }  # fmt: skip
    reply.done(shown, lambda: click.echo(
        f"Đã xóa {number_text(rows)} dòng trong kho, {number_text(landed.records)} bản ghi trong landing, "
        f"{number_text(landed.originals)} tệp gốc. Nguồn "
        "phải xóa trước, nếu không đêm sau sẽ gửi lại; bản sao lưu cũ hết hạn theo --keep. Chạy `motcua run` để "
        "tính lại. / Erased; the source must erase too, old backups expire."
    ))  # fmt: skip


@click.command("rotate-key")
@command
def rotate_key(reply: Reply, settings: Settings) -> None:
    """Đổi khóa băm người dân, băm lại từ landing. Change the key of person hashes, re-hash from landing."""
    from reports.numbers import number_text
    from warehouse.store.connection import hold_lock

    if settings.pii_key is not None and settings.pii_key_next is None:
        reply.stop(
            "Put a new key of at least 32 bytes into MOTCUA_PII_KEY_NEXT (openssl rand -hex 32) beside "
            "MOTCUA_PII_KEY, then run this again.", USAGE,
        )  # fmt: skip
    if not settings.warehouse_path.exists():
        reply.stop("There is no warehouse yet, so nothing was hashed; just set another key.", USAGE)
    with hold_lock(settings.lock_path, "rotate-key"):
        shown = _rotate(settings)
        if settings.pii_key is None:
            # The last step: until here both keys are there, and the store says which one it is under.
            settings.person_key_file.with_suffix(".key.next").replace(settings.person_key_file)
    todo = (
        " Đưa giá trị MOTCUA_PII_KEY_NEXT vào MOTCUA_PII_KEY, bỏ MOTCUA_PII_KEY_NEXT, hủy khóa cũ cả trong két. / "
        "Now move the value of MOTCUA_PII_KEY_NEXT into MOTCUA_PII_KEY and destroy the old key, in the safe too."
        if settings.pii_key is not None else ""
    )  # fmt: skip
    reply.done(shown, lambda: click.echo(
        f"Kho dùng khóa {shown['key_id']}: băm lại {number_text(shown['rehashed'])} giá trị, bỏ "
        f"{number_text(shown['dropped'])} giá trị không còn trong landing. / "
        f"Under the new key; what is no longer landed has no hash.{todo}"
    ))  # fmt: skip


def _rotate(settings: Settings) -> dict[str, Any]:
    """Re-hash, if the store isn't under the next key already, and make the file anew."""
    from assets.batches import as_batch
    from assets.shapes import hashed_fields, raw_shapes
    from sources.landing.batches import complete_batches
    from sources.spec.file import load_spec
    from warehouse.persons.erasure import rebuild_file
    from warehouse.persons.key import Rotation, key_id, open_store, rotate, stored_key_id
    from warehouse.store.connection import open_warehouse

    now = dt.datetime.now(LOCAL)
    shapes = raw_shapes(load_spec(settings.sources_file))
    hashed = hashed_fields(shapes)
    keys = settings.person_key(), settings.next_person_key(make=True)
    old, new = (key for key in keys if key is not None)
    macros = settings.sql_root / "macros.sql"
    with open_store(settings.warehouse_path, macros, [old, new], lambda: hashed) as connection:
        if stored_key_id(connection) == key_id(new):
            done = Rotation(key_id(new), 0, 0)
        else:
            landed = [
                (shape, [as_batch(b, now) for b in complete_batches(settings.landing, shape.system, shape.entity)])
                for table, shape in shapes.items() if table in {place for place, _ in hashed}
            ]  # fmt: skip
            done = rotate(connection, landed, hashed, old, new, now)
    # The old hashes would stay in the file's free blocks.
    rebuild_file(settings.warehouse_path, lambda path: open_warehouse(path, macros))
    return {"key_id": done.key_id, "rehashed": done.rehashed, "dropped": done.dropped}
