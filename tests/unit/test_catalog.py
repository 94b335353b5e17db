"""A file in sql/ that can't be used is told by name with what to do; what a folder shares is added to its files."""

import re
from pathlib import Path

import duckdb
import pytest

from figures.units import FACTS, RECORDS, check_units
from orchestration.settings import PROJECT
from tests.support.plain_night import parts_of
from warehouse.errors import CatalogError
from warehouse.models import catalog
from warehouse.models.catalog import Catalog, load_catalog
from warehouse.models.reads import LIST, RememberedReads, _reader

MODEL = "/* @model\ndescription: Cases. One row per case.\ngrain: [case_code]\ncolumns: {case_code: Mã. Code.}\n*/\n"
SAME = "/* @model\ndescription: The same. One row per case.\ngrain: [case_code]\ncolumns: %s\n*/\nselect * from raw.a\n"
KPI = "/* @model\ndescription: A figure. One row per day.\n%s*/\nselect 1 as day, 2 as numerator\n"
SHARED = "grain: [day]\ncolumns: {day: Ngày. Day., numerator: Tử số. Numerator.}\n"


def read(root: Path, files: dict[str, str]) -> Catalog:
    for name, text in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    return load_catalog(root, ["raw.a"])


GOOD = {"staging/a.sql": MODEL + "select * from raw.a"}
BROKEN = {
    "no header": ({"core/b.sql": "select 1"}, "has no header; begin it with"),
    "no YAML": ({"core/b.sql": "/* @model\n{\n*/\nselect 1"}, "no valid YAML"),
    "no mapping": ({"core/b.sql": "/* @model\n- a\n*/\nselect 1"}, "must be a mapping"),
    "no grain": (
        {"core/b.sql": MODEL.replace("grain: [case_code]\n", "") + "select 1"},
        r"lacks \['grain'\]",
    ),
    "unknown key": (
        {"core/b.sql": MODEL.replace("columns:", "owner: x\ncolumns:") + "select 1"},
        r"unknown \['owner'\]",
    ),
    "no label": (
        {"core/b.sql": MODEL.replace("Mã. Code.", "''") + "select 1"},
        "give case_code a label",
    ),
    "strange grain": (
        {"core/b.sql": MODEL.replace("[case_code]", "[day]") + "select 1"},
        r"grain names \['day'\]",
    ),
    "columns of nothing": (
        {"staging/b.sql": SAME % "staging.c"},
        "takes the columns of staging.c, but there is no",
    ),
    "columns in a circle": (
        {"staging/b.sql": SAME % "staging.b"},
        "takes the columns of staging.b, which lists none",
    ),
    "shared nonsense": (
        {"marts/kpi/header.yml": "owner: x\n", "marts/kpi/k.sql": KPI % ""},
        r"header.yml has unknown \['owner'\]",
    ),
    "another KPI's columns": (
        {
            "marts/kpi/header.yml": SHARED,
            "marts/kpi/k.sql": KPI % "",
            "marts/kpi/l.sql": KPI % "columns: {more: Khác. More.}\n",
        },
        "l.sql must have the columns day, numerator",
    ),
    "each without its first word": (
        {
            "core/b.sql": MODEL.replace("columns:", "each: {c: x, d: y}\ncolumns:")
            + "select 'z' as i"
        },
        "doesn't hold 'x', the first word of `each`",
    ),
    **{
        f"each {each}": (
            {
                "core/b.sql": MODEL.replace("columns:", f"each: {each}\ncolumns:")
                + "select 'x' as i"
            },
            message,
        )
        for each, message in {
            "[c, d]": "`each` maps names of tables to words",
            "{}": "`each` maps names of tables to words",
            "{c: x, d: ''}": "`each` maps names of tables to words",
            "{c: x, d: 42}": 'and "42" for a word of digits',
            '{c: x, d: "o\'y"}': "without quotes around or in them",
            "{c: x, d: x}": "one word to several names",
            "{c: x, C: y}": r"names \['C'\]; a table's name is small letters",
            "{c: x, 42: y}": r"names \[42\]",
            "{c: x, d-e: y}": r"names \['d-e'\]",
        }.items()
    },
    "defined twice": (
        {"marts/kpi_k.sql": MODEL + "select 1", "marts/kpi/k.sql": MODEL + "select 1"},
        "defines marts.kpi_k again",
    ),
    "no schema": ({"core/b.sql": MODEL + "select * from a"}, "reads a without a schema"),
    "no SQL": ({"core/b.sql": MODEL + "select from where"}, "is not one valid query"),
    "LIMIT below a join": (
        {
            "core/b.sql": MODEL
            + "select a.* from raw.a as a join (select i from raw.a limit 3) using (i)"
        },
        r"b\.sql takes the first rows .* write `qualify",
    ),
    "LIMIT in a CTE": (
        {
            "core/b.sql": MODEL
            + "with f as (from raw.a order by i limit 3) select a.* from raw.a as a, f"
        },
        r"b\.sql takes the first rows",
    ),
    "FETCH below IN": (
        {
            "core/b.sql": MODEL
            + "select * from raw.a where i in (select i from raw.a fetch first 3 rows only)"
        },
        r"b\.sql takes the first rows",
    ),
    "TOP": ({"core/b.sql": MODEL + "select top 3 * from raw.a"}, "is not one valid query"),
    "near a table": ({"core/b.sql": MODEL + "select * from staging.aa"}, "did you mean staging.a?"),
    "wrong layer": ({"marts/b.sql": MODEL + "select * from raw.a"}, "marts may read only"),
    "no layer": ({"gold/b.sql": MODEL + "select * from raw.a"}, "gold is no layer"),
    "a circle": (
        {
            "core/b.sql": MODEL + "select * from core.c",
            "core/c.sql": MODEL + "select * from core.b",
        },
        "read each other in a circle",
    ),
}


@pytest.mark.parametrize(("files", "message"), BROKEN.values(), ids=BROKEN)
def test_a_file_that_cannot_be_used(files: dict[str, str], message: str, tmp_path: Path) -> None:
    with pytest.raises(CatalogError, match=message):
        read(tmp_path, GOOD | files)


UNEXPLAINED = {
    "a new kind of unit": (
        {"marts/kpi/header.yml": SHARED, "marts/kpi/k.sql": KPI % "unit: loan\n"},
        r"k\.sql: nothing tells the facts of a unit loan; use announcement, any_service, case, ",
    ),
    "a unit without units": (
        {"marts/kpi/header.yml": SHARED, "marts/kpi/k.sql": KPI % "unit: case\n"},
        r"k\.sql: a file with a `unit` has .* in a CTE `units` or `period_units`",
    ),
    "a new kind of figure": (
        {"seeds/kpi.csv": "kpi_id,label_vi,unit\nloans,Lượt mượn,per_mille\n"},
        r"kpi\.csv: loans has the unit per_mille; use ratio, count, days, points",
    ),
}


@pytest.mark.parametrize(("files", "message"), UNEXPLAINED.values(), ids=UNEXPLAINED)
def test_a_figure_that_could_not_be_explained_is_refused(
    files: dict[str, str], message: str, tmp_path: Path
) -> None:
    with pytest.raises(CatalogError, match=message):
        check_units(read(tmp_path, GOOD | files))


def test_each_kind_of_unit_has_its_facts_and_its_records() -> None:
    assert FACTS.keys() == RECORDS.keys()


def test_a_whole_query_may_end_with_a_limit_and_qualify_stands_anywhere(tmp_path: Path) -> None:
    first = "(select i from staging.a qualify row_number() over (order by i) <= 3)"
    query = f"select a.* from staging.a as a join {first} using (i) where a.x <> 'limit 3' order by i limit 9"
    models = read(tmp_path, GOOD | {"core/b.sql": MODEL + query}).models
    assert models["core.b"].depends_on == {"staging.a"}


def test_a_file_takes_what_its_folder_shares(tmp_path: Path) -> None:
    own = "columns: {numerator: Số hồ sơ. Cases.}\n"
    files = {
        "marts/kpi/header.yml": SHARED,
        "marts/kpi/k.sql": KPI % "",
        "marts/kpi/l.sql": KPI % own,
    }
    models = read(tmp_path, GOOD | files).models
    assert models["marts.kpi_k"].grain == models["marts.kpi_l"].grain == ("day",)
    assert models["marts.kpi_k"].columns == {"day": "Ngày. Day.", "numerator": "Tử số. Numerator."}
    assert models["marts.kpi_l"].columns == {"day": "Ngày. Day.", "numerator": "Số hồ sơ. Cases."}
    assert list(models["marts.kpi_measure"].columns) == ["kpi_id", "day", "numerator"]


def test_a_file_may_make_a_table_of_each_word(tmp_path: Path) -> None:
    header = MODEL.replace("columns:", "each: {c: x/1, d: y}\ncolumns:").replace(
        "description: ", "description: Of x/1. "
    )
    models = read(tmp_path, GOOD | {"core/b.sql": header + "select 'x/1' as i, 'xx/1' as j"}).models
    assert models["core.c"].query == "select 'x/1' as i, 'xx/1' as j"
    assert models["core.d"].query == "select 'y' as i, 'xx/1' as j"
    assert models["core.d"].description.startswith("Of y. ")
    assert models["core.c"].path == models["core.d"].path


def test_the_registry_names_the_file_of_each_kpi() -> None:
    """meta.kpi tells people where a KPI is defined, by its name alone."""
    models = parts_of().catalog.models
    connection = duckdb.connect()
    connection.execute(f"create view kpi as from read_csv('{PROJECT}/sql/seeds/kpi.csv')")
    told = re.search(
        r"^ *('sql/marts/kpi/'.*) as sql_file",
        (PROJECT / "sql/meta/kpi.sql").read_text("utf-8"),
        re.M,
    )
    assert told
    found = connection.execute(f"select kpi_id, {told[1]} from kpi as k").fetchall()
    assert len(found) > 20
    for kpi_id, file in found:
        assert models[f"marts.kpi_{kpi_id}"].path == PROJECT / file


def test_a_file_takes_the_columns_of_another(tmp_path: Path) -> None:
    models = read(tmp_path, GOOD | {"staging/b.sql": SAME % "staging.a"}).models
    assert models["staging.b"].columns == models["staging.a"].columns == {"case_code": "Mã. Code."}


def test_what_queries_read_is_remembered_by_their_content(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    parsed: list[str] = []

    def tables_read(query: str, path: Path) -> frozenset[str]:
        parsed.append(path.stem)
        return original(query, path)

    original = catalog.tables_read
    monkeypatch.setattr(catalog, "tables_read", tables_read)
    root, folder = tmp_path / "sql", tmp_path / "home" / "cache"

    def load() -> tuple[Catalog, list[str]]:
        parsed.clear()
        reads = RememberedReads(folder)
        found = load_catalog(root, ["raw.a", "raw.b"], reads)
        reads.save()
        return found, sorted(parsed)

    read(root, {**GOOD, "core/b.sql": MODEL + "select * from staging.a"})
    assert load()[1] == ["a", "b"]
    assert not folder.exists(), "a home that isn't there yet isn't made"
    folder.parent.mkdir()
    assert load()[1] == ["a", "b"]
    again, asked = load()
    assert asked == []
    assert again == load_catalog(root, ["raw.a", "raw.b"])
    # Another query is another content, whatever the file is called; so is another parser.
    (root / "staging" / "a.sql").write_text(MODEL + "select * from raw.b", encoding="utf-8")
    changed, asked = load()
    assert asked == ["a"]
    assert changed.models["staging.a"].depends_on == {"raw.b"}
    monkeypatch.setattr("warehouse.models.reads.version", lambda _: "another")
    _reader.cache_clear()
    assert load()[1] == ["a", "b"]
    _reader.cache_clear()
    for spoilt in ("{", "[]", '{"a": 1}', '{"a": [1]}'):
        (folder / LIST).write_text(spoilt, encoding="utf-8")
        assert load()[1] == ["a", "b"], spoilt
    # What is refused is refused each time.
    (root / "core" / "b.sql").write_text(MODEL + "select * from a", encoding="utf-8")
    for _ in range(2):
        with pytest.raises(CatalogError, match="without a schema"):
            load()
