"""What a single cell of a dropped file says, where programs write more into it than people see."""

from pathlib import Path

from tests.support.dropped_files import as_csv, taken_rows


def test_a_text_written_as_a_formula_is_that_text(tmp_path: Path) -> None:
    """Excel is told so that 0012 isn't the number 12; what computes something is no text, and stays to be judged."""
    rows = [
        ["case_code", "agency_code", "received_at", "exemption_reason"],
        ['="0012"', '="H37.16"', "27/04/2023", '="Người ""già"""'],
        ["=A2", '="00"&"12"', "27/04/2023", '=""'],
    ]
    first, second = taken_rows(tmp_path, "cases_may.csv", as_csv(rows))
    assert (first["case_code"], first["agency_code"]) == ("0012", "H37.16")
    assert first["exemption_reason"] == 'Người "già"'
    assert (second["case_code"], second["agency_code"]) == ("=A2", '="00"&"12"')
    assert second["exemption_reason"] is None
