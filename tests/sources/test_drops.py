"""File drops: real files in a real inbox; what is taken is landed whole, what isn't is set aside."""

import datetime as dt
import os
import threading
import time
from pathlib import Path

import openpyxl
import pytest

from sources.errors import LandingError
from sources.landing.batches import complete_batches
from sources.spec.file import PACKAGED, load_spec
from tests.support.dropped_files import (
    CENTRE,
    PLAN,
    as_csv,
    as_xlsx,
    drop,
    landed,
    repack,
    take,
    taken_rows,
)

pytestmark = pytest.mark.time

EXPECTED = [
    {
        "plan_no": "42/KH-UBND", "task_id": "42-01", "task": "Rà soát thủ tục, cắt giảm",
        "lead_agency_code": "H37.07", "due_on": "30/05/2023", "completed_on": "2023-05-26",
        "quality": None, "file_at": "2023-11-24T23:00:00+07:00",
    },
    {
        "plan_no": "05/KH-VP", "task_id": "0007", "task": "Tập huấn\nhai ngày",
        "lead_agency_code": "H37.01", "due_on": "2023-06-30", "completed_on": None,
        "quality": "passed", "file_at": "2023-11-24T23:00:00+07:00",
    },
]  # fmt: skip


@pytest.mark.parametrize(
    ("name", "data"),
    [
        ("plan_tasks.csv", as_csv(PLAN)),
        ("plan_tasks bom.csv", as_csv(PLAN, encoding="utf-8-sig")),
        ("Plan-Tasks.CSV", as_csv(PLAN, ";")),
        ("plan_tasks_sep.csv", b"sep=;\r\n" + as_csv(PLAN, ";")),
        ("plan_tasks.xlsx", as_xlsx(PLAN)),
    ],
)
def test_good_files_land_as_text(name: str, data: bytes, tmp_path: Path) -> None:
    assert taken_rows(tmp_path, name, data) == EXPECTED
    (batch,) = complete_batches(tmp_path / "landing", "drops", "plan_task")
    assert (batch.directory / f"original.{name[-4:].lstrip('.').lower()}").read_bytes() == data
    assert batch.manifest.source_name == name
    (archived,) = (tmp_path / "inbox" / "archive").iterdir()
    assert archived.read_bytes() == data


def test_headings_are_matched_without_accents_and_case(tmp_path: Path) -> None:
    vietnamese = ["SỐ KẾ HOẠCH", "Ma nhiem vu", " Nhiệm vụ ", "Cơ quan chủ trì", "hạn hoàn thành",
                  "Ngày hoàn thành", "chất  lượng"]  # fmt: skip
    assert taken_rows(tmp_path, "plan_tasks.csv", as_csv([vietnamese, *PLAN[1:]])) == EXPECTED


def test_unknown_columns_land_under_their_heading_and_personal_ones_not(tmp_path: Path) -> None:
    rows = [
        ["Mã hồ sơ", "agency_code", "received_at", "Họ tên", "SỐ ĐIỆN THOẠI", "Ghi chú"],
        ["0001", "H37.16", "27/04/2023", "Canary Văn A", "0912345678", "x"],
    ]
    (row,) = taken_rows(tmp_path, "cases_may.csv", as_csv(rows))
    assert row == {
        "case_code": "0001", "agency_code": "H37.16", "received_at": "27/04/2023", "Ghi chú": "x",
        "reception_unit_code": CENTRE, "updated_at": "2023-11-24T23:00:00+07:00",
    }  # fmt: skip


def test_a_column_that_is_there_isnt_defaulted(tmp_path: Path) -> None:
    rows = [["case_code", "agency_code", "received_at", "reception_unit_code"], ["1", "a", "x", ""]]
    (row,) = taken_rows(tmp_path, "cases.csv", as_csv(rows))
    assert row["reception_unit_code"] is None


WABO_HEAD = (
    "case_id,procedure,agency,channel,received_at,due_at,completed_at,status\n"
    "case-10011,WABO (receipt phase),General,Internet,2011-10-11 11:42:22.688+00:00,"
    "2011-12-06 12:41:31.788+00:00,,open\n"
    "case-10017,WABO (receipt phase),Experts,Post,2011-10-10 23:06:40.020+00:00,"
    "2011-12-06 00:06:40.000+00:00,2011-10-18 11:56:55.943,completed\n"
)
BOSTON_HEAD = (
    "case_id,procedure,agency,channel,received_at,due_at,completed_at,status,publisher_ontime,"
    "department_code,queue,district\n"
    "101004128563,Street Light Knock Downs,Public Works Department,Constituent Call,"
    "2022-01-17 16:20:00+00:00,2022-01-18 16:20:22+00:00,2022-01-18 15:08:24+00:00,closed,ONTIME,"
    "PWDx,PWDx_Street Light,Downtown / Financial District\n"
)


@pytest.mark.parametrize("name", ["receipt_wabo_cases.csv", "cases_2011.csv"])
def test_a_foreign_layout_by_name_or_by_headings(name: str, tmp_path: Path) -> None:
    first, second = taken_rows(tmp_path, name, WABO_HEAD.encode())
    assert first == {
        "case_code": "case-10011", "procedure_code": "WABO (receipt phase)", "agency_code": "General",
        "channel": "2", "received_at": "2011-10-11T11:42:22.688000+00:00",
        "due_at": "2011-12-06T12:41:31.788000+00:00", "finished_at": None, "status": "4",
        "reception_unit_code": CENTRE, "updated_at": "2023-11-24T23:00:00+07:00",
    }  # fmt: skip
    assert (second["channel"], second["status"]) == ("3", "9")
    assert second["finished_at"] == "2011-10-18T11:56:55.943000+02:00", (
        "a local time gets its offset"
    )


@pytest.mark.parametrize("name", ["boston311_sample_cases.csv", "cases_311.csv"])
def test_the_wider_layout_wins_where_one_is_part_of_another(name: str, tmp_path: Path) -> None:
    (row,) = taken_rows(tmp_path, name, BOSTON_HEAD.encode())
    assert row["field_code"] == "PWDx"
    assert (row["channel"], row["status"]) == ("1", "9")
    assert "queue" not in row


def test_a_layout_says_by_what_its_cases_are_compared(tmp_path: Path) -> None:
    text = PACKAGED.read_text(encoding="utf-8")
    zone = "        time_zone: America/New_York\n"
    assert text.count(zone) == 1
    own = tmp_path / "sources.yml"
    own.write_text(
        text.replace(zone, f"{zone}        constants: {{compare_by: time}}\n"), encoding="utf-8"
    )
    (row,) = taken_rows(tmp_path, "cases_311.csv", BOSTON_HEAD.encode(), sources=load_spec(own))
    assert row["compare_by"] == "time"


def test_xlsx_cells_keep_what_they_say(tmp_path: Path) -> None:
    def add(workbook: openpyxl.Workbook) -> None:
        sheet = workbook.active
        sheet["B2"].number_format = "000000"
        sheet["E2"].number_format = "dd/mm/yyyy"
        sheet["F2"].number_format = "dd/mm/yyyy hh:mm"

    day = dt.datetime(2023, 4, 3)  # noqa: DTZ001 (Excel knows no zones)
    evening = day + dt.timedelta(hours=16, minutes=59, seconds=59)
    rows = [
        PLAN[0],
        ["42", 42, 0.1, 123456789012, day, evening, True],
        ["42", "0042", 1e20, 1.5, "3/4/2023", day.date(), "=1+1"],
    ]
    data = as_xlsx(rows, add)
    for blank in (b"<v />", b"<v></v>", b"<v/>"):
        data = repack(
            data, lambda _n, text, b=blank: text.replace(b"+1</f>" + b, b"+1</f><v>2</v>")
        )  # type: ignore[misc]
    first, second = taken_rows(tmp_path, "plan_tasks.xlsx", data)
    assert [*first.values()][:7] == [
        "42", "000042", "0.1", "123456789012", "2023-04-03", "2023-04-03T16:59:59", "true",
    ]  # fmt: skip
    assert [*second.values()][:7] == [
        "42", "0042", "100000000000000000000", "1.5", "3/4/2023", "2023-04-03", "2",
    ]  # fmt: skip


def test_a_link_is_not_followed(tmp_path: Path) -> None:
    """F46: the link itself is set aside, what it points to is untouched."""
    secret = tmp_path / "secret.csv"
    secret.write_bytes(as_csv(PLAN))
    (tmp_path / "inbox").mkdir()
    (tmp_path / "inbox" / "plan_tasks.csv").symlink_to(secret)
    (result,) = take(tmp_path)
    assert "isn't a plain" in result.reason_en
    assert secret.exists()
    assert [path.is_symlink() for path in (tmp_path / "inbox" / "set_aside").glob("*.csv")] == [
        True
    ]


def test_a_pipe_does_not_block(tmp_path: Path) -> None:
    (tmp_path / "inbox").mkdir()
    os.mkfifo(tmp_path / "inbox" / "plan_tasks.csv")
    (result,) = take(tmp_path)
    assert "isn't a plain" in result.reason_en


@pytest.mark.parametrize(
    "name", ["plan_tasks.csv.part", ".plan_tasks.csv", "~$plan_tasks.xlsx", "plan_tasks.tmp"]
)
def test_unfinished_names_are_left_alone(name: str, tmp_path: Path) -> None:
    path = drop(tmp_path, name, as_csv(PLAN))
    assert take(tmp_path) == []
    assert path.exists()


def test_a_file_that_still_grows_waits(tmp_path: Path) -> None:
    """F48: a slow writer; its file is taken when it has ended, whole."""
    data = as_csv(PLAN)
    path = drop(tmp_path, "plan_tasks.csv", data[:20])
    stop = threading.Event()

    def write() -> None:
        while not stop.is_set():
            with path.open("ab") as file:
                file.write(b" ")
            time.sleep(0.01)

    writer = threading.Thread(target=write)
    writer.start()
    assert take(tmp_path, settle_seconds=0.1) == []
    stop.set()
    writer.join()
    drop(tmp_path, "plan_tasks.csv", data)
    assert [result.is_taken for result in take(tmp_path)] == [True]


def test_a_young_file_waits_unless_it_is_marked_done(tmp_path: Path) -> None:
    path = drop(tmp_path, "plan_tasks.csv", as_csv(PLAN), age=-0.0)
    done = drop(tmp_path, "plan_tasks.csv.done", b"")
    began = time.monotonic()
    assert len(take(tmp_path, settle_seconds=5)) == 1
    assert time.monotonic() - began < 4.5
    assert not path.exists()
    assert not done.exists()


def test_the_same_bytes_are_taken_once(tmp_path: Path) -> None:
    """F49: again, or under another name."""
    drop(tmp_path, "plan_tasks.csv", as_csv(PLAN))
    take(tmp_path)
    drop(tmp_path, "plan_tasks.csv", as_csv(PLAN))
    drop(tmp_path, "plan_tasks (copy).csv", as_csv(PLAN))
    assert [(result.is_taken, result.was_known, result.batch) for result in take(tmp_path)] == [
        (True, True, None)
    ] * 2
    assert len(complete_batches(tmp_path / "landing", "drops", "plan_task")) == 1
    assert len(list((tmp_path / "inbox" / "archive").iterdir())) == 3


def test_the_date_in_the_name_decides_which_version_is_newer(tmp_path: Path) -> None:
    """F49: May's file dropped after June's still is May's."""
    drop(tmp_path, "plan_tasks_2023-06-30.csv", as_csv(PLAN))
    drop(tmp_path, "plan_tasks_20230531.csv", as_csv(PLAN[:2]))
    drop(tmp_path, "plan_tasks_2031-01-01.csv", as_csv([PLAN[0], PLAN[2]]))
    times = [landed(result.batch)[0]["file_at"] for result in take(tmp_path)]
    assert times == [
        "2023-05-31T00:00:00+07:00", "2023-06-30T00:00:00+07:00", "2023-11-24T23:00:00+07:00",
    ]  # fmt: skip


def test_a_crash_between_landing_and_archive_takes_nothing_twice(tmp_path: Path) -> None:
    data = as_csv(PLAN)
    drop(tmp_path, "plan_tasks.csv", data)
    (first,) = take(tmp_path)
    assert first.batch is not None
    # What a kill right after the manifest leaves behind: the file is still in the inbox.
    drop(tmp_path, "plan_tasks.csv", data)
    # And what a kill before it leaves behind: a directory without a manifest.
    (first.batch.directory.parent / "half").mkdir()
    (second,) = take(tmp_path)
    assert second.was_known
    assert [b.batch_id for b in complete_batches(tmp_path / "landing", "drops", "plan_task")] == [
        first.batch.batch_id
    ]
    assert not (first.batch.directory.parent / "half").exists()


def test_many_rows_land_in_several_pages(tmp_path: Path) -> None:
    rows = [["case_code", "agency_code", "received_at"]]
    rows += [[f"{n:06d}", "H37", "2023-04-27"] for n in range(45_000)]
    drop(tmp_path, "cases.csv", as_csv(rows))
    (result,) = take(tmp_path)
    assert result.batch is not None
    assert len(result.batch.files) == 3
    assert [row["case_code"] for row in landed(result.batch)] == [row[0] for row in rows[1:]]


def test_real_vietnamese_text_is_not_suspected(tmp_path: Path) -> None:
    import unicodedata

    words = "Thủ tục hành chính, Sở Nông nghiệp; hoà giải, khuấy, Đắk Lắk, m², 30°, § 5, © 2023 – Müller"
    for name, text in (("a", words), ("b", unicodedata.normalize("NFD", words))):
        data = as_csv([PLAN[0], ["42", name, text, "", "2023-05-01", "", ""]])
        assert len(taken_rows(tmp_path / name, "plan_tasks.csv", data)) == 1


@pytest.mark.parametrize("name", ["archive", "set_aside"])
def test_a_linked_folder_leads_nowhere(name: str, tmp_path: Path) -> None:
    """F46: nothing is ever written through a link in the inbox."""
    path = drop(tmp_path, "plan_tasks.csv", as_csv(PLAN))
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "inbox" / name).symlink_to(tmp_path / "elsewhere")
    if name == "archive":
        assert [result.is_taken for result in take(tmp_path)] == [False, True]
        assert not path.exists()
    else:
        with pytest.raises(LandingError, match="is a link"):
            take(tmp_path)
    assert list((tmp_path / "elsewhere").iterdir()) == []
