"""How text is read: one key after cleaning, dates never guessed, days by local time, levels by their table."""

import unicodedata
from collections.abc import Iterator
from typing import Any

import duckdb
import pytest

from orchestration.settings import PROJECT
from warehouse.models.seeds import load_seed
from warehouse.store.connection import open_warehouse

SQL = PROJECT / "sql"


@pytest.fixture(scope="module", name="ask")
def fixture_ask() -> Iterator[Any]:
    connection: duckdb.DuckDBPyConnection = open_warehouse(":memory:", SQL / "macros.sql")
    load_seed(connection, "seeds.rating_level", SQL / "seeds" / "rating_level.csv")

    def ask(query: str, *values: object) -> Any:
        ((found,),) = connection.execute(query, list(values)).fetchall()
        return found

    yield ask
    connection.close()


PLACE = "Sở Tư pháp Lạng Sơn"
SPELT = {
    "F40 decomposed": unicodedata.normalize("NFD", PLACE),
    "F40 a byte order mark": "\ufeff" + PLACE,
    "F40 a zero-width space": PLACE.replace(" ", "\u200b "),
    "F40 a hard space": PLACE.replace(" ", "\u00a0"),
    "F40 a wide space": PLACE.replace(" ", "\u2003"),
    "F40 an ideographic space": PLACE.replace(" ", "\u3000"),
    "F40 a narrow hard space": PLACE.replace(" ", "\u202f"),
    "F40 a joiner, a word joiner and a soft hyphen": PLACE.replace("T", "\u200dT\u2060\u00ad"),
    "marks of writing direction": "\u200f\u202b"
    + PLACE.replace(" ", " \u200e")
    + "\u202c\u2069\u061c",
    "a variation selector": PLACE + "\ufe0f",
    "control characters": PLACE.replace(" ", "\x0b\x00") + "\x1f",
    "Excel's escapes": "_x000D__x000a_" + PLACE.replace(" ", "_x0009_"),
    "F40 spaces around and between": f"  {PLACE.replace(' ', '   ')}\t",
}


@pytest.mark.parametrize("spelt", SPELT.values(), ids=SPELT)
def test_one_text_after_cleaning(spelt: str, ask: Any) -> None:
    assert ask("select clean_text(?)", spelt) == PLACE


def test_the_wrong_d_is_mended_and_blank_is_nothing(ask: Any) -> None:
    """F37, F40: Ð (U+00D0) looks like Đ (U+0110)."""
    assert ask("select clean_text(?)", "\u00d0ồng \u00d0ăng") == "Đồng Đăng"
    assert ask("select clean_text(?)", " \u00a0\u200b ") is None


def test_a_code_in_plain_letters_loses_what_excel_added(ask: Any) -> None:
    assert ask("select clean_text(?)", "H37.01_x000D_") == "H37.01"
    assert ask("select clean_text(?)", "H37_x00_1") == "H37_x00_1"


NUMBERS = {
    "150000": 150_000, "-5": -5, "+5": 5, " 12 ": 12, "12\u200e": 12, "9_x000D_": 9,
    # What spreadsheets and floating numbers append to a whole number.
    "15.0": 15, "150000.00": 150_000,
    # Three digits after the dot are thousands in Việt Nam; an exponent or another base is no amount.
    "150.000": None, "1.500.000": None, "1.000": None, "150,000": None, "1 500": None, "15.5": None,
    "15.0000": None, "0x1F": None, "1e-5": None, "1e5": None, "1_000": None, "99999999999999999999": None,
    "": None,
}  # fmt: skip


@pytest.mark.parametrize(("text", "number"), NUMBERS.items(), ids=NUMBERS)
def test_a_whole_number_is_digits_alone_or_unread(text: str, number: int | None, ask: Any) -> None:
    assert ask("select to_integer(?)", text) == number


@pytest.mark.parametrize(
    "code", ["2.61123E+17", "1e+17", "2,61E+17", "2.61123E17", "-1.5e-5", '="0012"', "=A2", "#N/A", "####"]
)  # fmt: skip
def test_a_code_that_a_spreadsheet_spoilt_is_named(code: str, ask: Any) -> None:
    assert ask("select spoilt_code(?, 'case_code')", code) == "case_code"
    assert ask("select spoilt_code(?, 'case_code')", code + "\u200e") == "case_code"


@pytest.mark.parametrize(
    "code", ["H37.16-230427-0012", "12E3", "1.004221", "H37#1", "#12", "", None]
)
def test_a_code_of_letters_and_digits_is_a_code(code: str | None, ask: Any) -> None:
    assert ask("select spoilt_code(?, 'case_code')", code) is None


DAYS = {
    "03/04/2026": "2026-04-03",
    "2026-04-03": "2026-04-03",
    "29/02/2024": "2024-02-29",
    "29/02/2023": None,
    "31/11/2023": None,
    "11/24/2023": None,
    "45001": None,
    "10/05/23": None,
    "2023/05/10": None,
    "2023-05-3h": None,
    "2023-11-23T18:30:00Z": "2023-11-24",
    "2023-11-23T16:59:59Z": "2023-11-23",
    "31/12/2023 23:59": "2023-12-31",
}


@pytest.mark.parametrize(("text", "day"), DAYS.items(), ids=DAYS)
def test_a_day_is_read_or_left_unread_never_guessed(text: str, day: str | None, ask: Any) -> None:
    """F35, F64: dd/mm/yyyy is never mm/dd; a day is that of Asia/Ho_Chi_Minh."""
    assert ask("select cast(to_day(?) as varchar)", text) == day


@pytest.mark.parametrize(
    ("text", "local"),
    [
        ("2023-11-23T18:30:00Z", "2023-11-24 01:30:00+07"),
        ("2023-11-24T01:30:00", "2023-11-24 01:30:00+07"),
        ("24/11/2023 01:30", "2023-11-24 01:30:00+07"),
        ("2023-12-31T17:00:00+00:00", "2024-01-01 00:00:00+07"),
        ("24/13/2023", None),
        ("soon", None),
    ],
)
def test_a_moment_without_an_offset_is_local(text: str, local: str | None, ask: Any) -> None:
    """F64: midnight in Việt Nam is five in the afternoon in London."""
    assert ask("select cast(to_instant(?) as varchar)", text) == local


LEVELS = {
    "RẤT HÀI LÒNG": "very_satisfied",
    " Rất  hài lòng ": "very_satisfied",
    unicodedata.normalize("NFD", "rất hài lòng"): "very_satisfied",
    "KHÔNG HÀI LÒNG": "dissatisfied",
    "Rất không hài lòng": "very_dissatisfied",
    "Tuyệt vời": None,
    "": None,
}


@pytest.mark.parametrize(("said", "level"), LEVELS.items())
def test_a_level_in_any_spelling_and_none_that_is_unknown(
    said: str, level: str | None, ask: Any
) -> None:
    """F36: an unknown level is null, which the suite tells; it is nobody's level by likeness."""
    query = "select max(level_code) from seeds.rating_level where level_text = lower(clean_text(?))"
    assert ask(query, said) == level


LISTS = {
    "[]": "[]",
    '[{"seq": 1}]': '[{"seq": 1}]',
    '"[{\\"seq\\": 1}]"': '[{"seq": 1}]',
    '"[]"': "[]",
    "{}": None,
    '"{}"': None,
    '"chờ bổ sung"': None,
    '"[1"': None,
    "[1": None,
    "7": None,
}


@pytest.mark.parametrize(("text", "held"), LISTS.items(), ids=LISTS)
def test_a_list_is_read_alone_or_inside_a_text(text: str, held: str | None, ask: Any) -> None:
    assert ask("select list_text(?)", text) == held
    assert ask("select max(list_text(v)) from (values (?), ('x')) t(v)", text) == held


INSTANTS = {
    "2023-05-03T09:00:00+07:00": "2023-05-03 09:00:00+07",
    "2023-05-03T09:00+07:00": "2023-05-03 09:00:00+07",
    "2023-05-03T02:00Z": "2023-05-03 09:00:00+07",
    "2023-05-03 09:00": "2023-05-03 09:00:00+07",
    "2023-05-03 09:00+07": "2023-05-03 09:00:00+07",
    "2023-05-03 02:00:00 UTC": "2023-05-03 09:00:00+07",
    "2023-05-03T09:00:00,5+07:00": "2023-05-03 09:00:00.5+07",
    " 2023-05-03T09:00:00.250Z": "2023-05-03 16:00:00.25+07",
    "2023-05-03": "2023-05-03 00:00:00+07",
    "03/05/2023 09:00": "2023-05-03 09:00:00+07",
    "10/05/23": None,
    "10/05/0023": None,
    "infinity": None,
    "epoch": None,
    "": None,
}


@pytest.mark.parametrize(("text", "instant"), INSTANTS.items(), ids=INSTANTS)
def test_an_instant_is_read_or_left_unread(text: str, instant: str | None, ask: Any) -> None:
    """ISO 8601 also without seconds; a year of two digits is no year."""
    assert ask("select cast(to_instant(?) as varchar)", text) == instant


def test_a_zone_named_in_one_row_moves_no_other(ask: Any) -> None:
    """DuckDB to 1.5.6 read the rows behind such a one in its zone: seven hours off, without a word."""
    local, named = "2023-05-03 09:00:00", "2023-05-03 02:00:00 UTC"
    found = ask(
        "select list(cast(to_instant(value) as varchar)) from (select unnest(?) as value)",
        [local, named, local, local],
    )
    assert found == ["2023-05-03 09:00:00+07"] * 4


UNREAD = {
    ("[]", ""): None,
    ('""', ""): None,
    ("", ""): None,
    ('[{"at": ""}]', ""): None,
    ('[{"at": "10/05/23"}]', "10/05/23"): "pauses",
    ("{}", ""): "pauses",
}


@pytest.mark.parametrize(("case", "name"), UNREAD.items())
def test_blank_members_of_a_list_are_nothing(
    case: tuple[str, str], name: str | None, ask: Any
) -> None:
    """A blank time in a pause or an item is no time, not one that can't be read."""
    query = (
        "select unread_list(v, list_text(v), 'pauses', [t], []) from (values (?, ?)) as l (v, t)"
    )
    assert ask(query, *case) == name


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("có", True), ("Có ", True), ("YES", True), ("1", True), ("True", True),
        ("không", False), (unicodedata.normalize("NFD", "Không"), False), ("no", False), ("0", False),
        ("nghỉ", None), ("x", None), ("", None), (None, None),
    ],
)  # fmt: skip
def test_yes_and_no_as_people_write_them(written: str | None, meant: bool | None, ask: Any) -> None:
    assert ask("select to_yes_no(?)", written) is meant
