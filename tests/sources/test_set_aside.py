"""Dropped files that are wrong, poisoned or garbled are set aside whole, with the reason."""

import time
from pathlib import Path

import openpyxl
import pytest

from tests.support.dropped_files import PLAN, as_csv, as_xlsx, reason_of, repack


def hide(workbook: openpyxl.Workbook) -> None:
    workbook.create_sheet("bí mật").sheet_state = "veryHidden"


def merge(workbook: openpyxl.Workbook) -> None:
    workbook.active.merge_cells("A1:B1")


def second_sheet(workbook: openpyxl.Workbook) -> None:
    workbook.create_sheet("Sheet2").append(["x"])


def error_cell(workbook: openpyxl.Workbook) -> None:
    workbook.active["C2"] = "#N/A"


def formula(workbook: openpyxl.Workbook) -> None:
    workbook.active["C2"] = "=A2"


def entity(name: str, text: bytes) -> bytes:
    bomb = b'<!DOCTYPE x [<!ENTITY a SYSTEM "file:///etc/passwd">]>'
    return text.replace(b"<worksheet", bomb + b"<worksheet", 1) if "sheet1" in name else text


def zip_bomb() -> bytes:
    return repack(as_xlsx(PLAN), lambda _n, text: text, {"xl/media/a.xml": b" " * 300_000_000})


TCVN3 = "Së N«ng nghiÖp vµ Ph¸t triÓn n«ng th«n|Thñ tôc ®Êt ®ai|Qu¶n lý nhµ n­íc"
VNI = "Sôû Noâng nghieäp|Thuû tuïc ñaát ñai|Quaûn lyù nhaø nöôùc"
MOJIBAKE = "|".join(text.encode().decode("cp1252") for text in ("Lạng Sơn", "thủ tục", "quản lý"))


def with_tasks(tasks: str) -> list[list[str]]:
    return [
        PLAN[0],
        *(
            ["42", f"{n}", task, "", "2023-05-01", "", ""]
            for n, task in enumerate(tasks.split("|"))
        ),
    ]


ASIDE: dict[str, tuple[str, bytes, str]] = {
    "unknown name": ("salaries.csv", as_csv(PLAN), "must begin with"),
    "unknown type": ("plan_tasks.pdf", b"%PDF", "Only .csv"),
    "F47 old excel": ("plan_tasks.xlsx", b"\xd0\xcf\x11\xe0rest", "old Excel"),
    "empty": ("plan_tasks.csv", b"", "empty"),
    "blank": ("plan_tasks.csv", b"\n\n,,\n", "no data"),
    "F41 not UTF-8": ("plan_tasks.csv", as_csv(PLAN).replace("à".encode(), b"\xe0"), "isn't UTF-8"),
    "UTF-16": ("plan_tasks.csv", as_csv(PLAN, encoding="utf-16"), "UTF-16"),
    "column missing": ("plan_tasks.csv", as_csv([PLAN[0][1:], ["x"] * 6]), "missing: plan_no"),
    "column twice": ("plan_tasks.csv", as_csv([[*PLAN[0], "Mã nhiệm vụ"], ["x"] * 8]), "both mean task_id"),
    "no heading": ("plan_tasks.csv", as_csv([[*PLAN[0], ""], ["x"] * 8]), "no heading"),
    "short row": ("plan_tasks.csv", as_csv([*PLAN, ["42", "1"]]), "2 cells"),
    "open quote": ("plan_tasks.csv", as_csv(PLAN) + b'"abc', "isn't CSV"),
    "F42 TCVN3": ("plan_tasks.xlsx", as_xlsx(with_tasks(TCVN3)), "TCVN3"),
    "F42 VNI": ("plan_tasks.csv", as_csv(with_tasks(VNI)), "VNI"),
    "F41 mojibake": ("plan_tasks.csv", as_csv(with_tasks(MOJIBAKE)), "wrong encoding"),
    "F41 replaced": ("plan_tasks.csv", as_csv(with_tasks("L\ufffdng Sơn")), "letters were lost"),
    "F47 hidden sheet": ("plan_tasks.xlsx", as_xlsx(PLAN, hide), "hidden sheet"),
    "F47 merged": ("plan_tasks.xlsx", as_xlsx(PLAN, merge), "merged cells (A1:B1)"),
    "F47 two sheets": ("plan_tasks.xlsx", as_xlsx(PLAN, second_sheet), "2 sheets"),
    "F47 formula": ("plan_tasks.xlsx", as_xlsx(PLAN, formula), "C2 holds a formula"),
    "F47 error cell": ("plan_tasks.xlsx", as_xlsx(PLAN, error_cell), "C2 shows the error"),
    "F47 entity": ("plan_tasks.xlsx", repack(as_xlsx(PLAN), entity), "DOCTYPE"),
    "F47 macros": (
        "plan_tasks.xlsx",
        repack(as_xlsx(PLAN), lambda _n, text: text, {"xl/vbaProject.bin": b"x"}),
        "macros",
    ),
    "F47 path in zip": (
        "plan_tasks.xlsx",
        repack(as_xlsx(PLAN), lambda _n, text: text, {"../../x.xml": b"x"}),
        "unusual",
    ),
    "F47 title row": ("plan_tasks.xlsx", as_xlsx([["KẾ HOẠCH"], *PLAN]), "missing"),
    "cut zip": ("plan_tasks.xlsx", as_xlsx(PLAN)[:-200], "damaged"),
    "damaged part": (
        "plan_tasks.xlsx",
        repack(as_xlsx(PLAN), lambda name, text: text[:-40] if "sheet1" in name else text),
        "damaged",
    ),
    "F46 reserved name": ("con.csv", as_csv(PLAN), "plain name"),
    "F46 hidden direction": ("plan_tasks_\u202evsc.csv", as_csv(PLAN), "plain name"),
    "F46 backslash": ("..\\..\\plan_tasks.csv", as_csv(PLAN), "plain name"),
}  # fmt: skip


@pytest.mark.parametrize("case", [*ASIDE])
def test_wrong_files_are_set_aside(case: str, tmp_path: Path) -> None:
    name, data, sentence = ASIDE[case]
    assert sentence in reason_of(tmp_path, name, data)


def test_a_zip_bomb_is_not_opened(tmp_path: Path) -> None:
    """F47: refused by what the package declares, before anything is unpacked."""
    began = time.process_time()
    data = zip_bomb()
    packed = time.process_time() - began
    assert "zip bomb" in reason_of(tmp_path, "plan_tasks.xlsx", data)
    assert time.process_time() - began < packed + 1
