"""A new list of a source, from its fields to a published table: what is wrong is told by file, column and place."""

import shutil
from contextlib import closing
from pathlib import Path

import pytest

from assets.shapes import raw_shapes
from orchestration.parts import compose
from orchestration.settings import PROJECT, Settings
from sources.spec.systems import SourcesSpec
from warehouse.errors import CatalogError, ContractError
from warehouse.load.landed_pages import ensure_raw_table
from warehouse.load.staging_check import MEMORY, check_staging
from warehouse.models.build import build_model
from warehouse.models.catalog import Catalog, load_catalog
from warehouse.store.connection import open_warehouse
from warehouse.store.state import ensure_state

HEADER = """/* @model
description: Loans. One row per loan.
grain: [loan_code]
columns:
  loan_code: "Mã lượt mượn. Loan."
  lent_on: "Ngày mượn. Lent on."
*/
"""
QUERY = """
with typed as (
    select
        clean_text(r.loan_code) as loan_code,
        to_day(r.lent_on) as lent_on,
        r._defects, r._version_at, r._batch_id, r._page_no, r._row_no, r._loaded_at, r
    from raw.archive__loan as r
)
select
    * exclude (r, _defects),
    list_concat(
        _defects,
        cast_errors([spoilt_code(r.loan_code, 'loan_code')]),
        unread_fields([unread(r.lent_on, lent_on, 'lent_on')])
    ) as _cast_errors
from typed
"""
LABELS = {"loan_code": "direct", "loan.lent_on": "quasi"}


def source(*fields: str) -> SourcesSpec:
    entity = {
        "path": "/loans", "paging": {"kind": "none"}, "key": "loan_code", "mode": "snapshot",
        "fields": dict.fromkeys(fields),
    }  # fmt: skip
    systems = {"archive": {"auth": {"kind": "none"}, "entities": {"loan": entity}}}
    return SourcesSpec.model_validate({"version": 1, "systems": systems})


def check(
    root: Path,
    query: str = QUERY,
    header: str = HEADER,
    labels: dict[str, str] = LABELS,
    fields: tuple[str, ...] = ("loan_code", "lent_on"),
) -> Catalog:
    """Write a sql folder of one staging file, read and check it."""
    (root / "staging").mkdir(parents=True)
    shutil.copy(PROJECT / "sql" / "macros.sql", root / "macros.sql")
    (root / "staging" / "loan.sql").write_text(header + query, encoding="utf-8")
    lists = "".join(f"{label}: [{name}]\n" for name, label in labels.items())
    (root / "labels.yml").write_text(lists, encoding="utf-8")
    shapes = raw_shapes(source(*fields))
    catalog = load_catalog(root, shapes)
    check_staging(catalog, shapes, root / "macros.sql", root / "cache")
    return catalog


def test_a_sound_file_is_remembered(tmp_path: Path) -> None:
    check(tmp_path / "sql")
    assert (tmp_path / "sql" / "cache" / MEMORY).is_file()


@pytest.mark.parametrize(
    "name", ["_version_at", "_batch_id", "_page_no", "_row_no", "_loaded_at", "_cast_errors"]
)
def test_each_technical_column_is_missed(name: str, tmp_path: Path) -> None:
    query = (
        QUERY.partition(",\n    list_concat")[0] + "\nfrom typed"
        if name == "_cast_errors"
        else QUERY.replace(f" r.{name},", "")
    )
    assert query != QUERY
    with pytest.raises(CatalogError) as raised:
        check(tmp_path / "sql", query)
    place = "as _cast_errors`" if name == "_cast_errors" else f"add `r.{name}` to the select"
    for words in ("sql/staging/loan.sql doesn't hand on " + name, place, "sql/staging/agency.sql"):
        assert words in str(raised.value)


@pytest.mark.parametrize(
    ("given", "told"),
    [
        ({"query": QUERY.replace("r._defects, ", "")}, "loan.sql: `typed` doesn't hand on _defects"),
        ({"query": QUERY.replace("r._loaded_at, r\n", "r._loaded_at\n")}, "loan.sql: `typed` doesn't hand on r;"),
        (
            {"query": QUERY.replace("as lent_on,", "as lent_on, r.loan_code as code,")},
            "loan.sql: the query gives code, which the header doesn't list; add `code: .* put `loan.code` into one of",
        ),
        (
            {"header": HEADER.replace("*/", '  due_on: "Hạn trả. Due."\n*/'), "labels": LABELS | {"due_on": "safe"}},
            "loan.sql: the header lists due_on, which the query doesn't give",
        ),
        (
            {"labels": {"loan_code": "direct"}},
            "loan.sql: lent_on has no privacy label; put `loan.lent_on` into one of the lists of sql/labels.yml",
        ),
        (
            {"query": QUERY.replace("from raw.archive__loan as r", "from raw.archive__loan as r, (select 1 as a) as m")
            .replace("r._defects,", "m.b as b, r._defects,", 1)},
            r"^\S+loan.sql: Binder Error: Values list .m. does not have a column named .b.; mend the query.$",
        ),
        ({"query": QUERY.replace("clean_text", "cleanly")}, "loan.sql: .*cleanly.* mend the query"),
        ({"query": QUERY.replace("* exclude", "nothing, * exclude")}, "loan.sql: .*nothing.* mend the query"),
        (
            {"query": QUERY.replace("archive__loan", "archive__loans")},
            "loan.sql reads raw.archive__loans, .* did you mean raw.archive__loan",
        ),
    ],
)  # fmt: skip
def test_other_faults_are_told_with_their_place(
    given: dict[str, str], told: str, tmp_path: Path
) -> None:
    with pytest.raises(CatalogError, match=told):
        check(tmp_path / "sql", **given)  # type: ignore[arg-type]


def test_all_missing_fields_are_told_at_once(tmp_path: Path) -> None:
    query = QUERY.replace("as lent_on,", "as lent_on, r.borrower, r.shelf,")
    with pytest.raises(CatalogError) as raised:
        check(tmp_path / "sql", query)
    for name in ("borrower", "shelf"):
        assert f"loan.sql reads {name} of raw.archive__loan" in str(raised.value)
        assert "under `systems: archive: entities: loan: fields`" in str(raised.value)
        assert f"`{name}: {{optional: true}}`" in str(raised.value)


def test_a_published_table_names_the_column_that_lacks_a_label(tmp_path: Path) -> None:
    """raw keeps a field that no staging file hands on; what publishes it is told which list it has to stand in."""
    published = (
        "/* @model\ndescription: Loans. One row per loan.\ngrain: [who]\npublish: true\n"
        'columns: {who: "Tên. Name."}\n*/\nselect borrower as who from raw.archive__loan'
    )
    root, fields = tmp_path / "sql", ("loan_code", "lent_on", "borrower")
    (root / "meta").mkdir(parents=True)
    (root / "meta" / "loans.sql").write_text(published, encoding="utf-8")
    catalog = check(root, fields=fields)
    with closing(open_warehouse(":memory:", root / "macros.sql")) as connection:
        ensure_state(connection)
        for shape in raw_shapes(source(*fields)).values():
            ensure_raw_table(connection, shape)
        with pytest.raises(ContractError) as raised:
            build_model(connection, catalog.models["meta.loans"])
    for words in (
        "loans.sql: who (unlabelled)",
        "sql/labels.yml",
        "(raw.archive__loan.borrower stand in none",
    ):
        assert words in str(raised.value)


@pytest.mark.parametrize(
    ("given", "told"),
    [
        ("who, n + 1 as m", "the query gives m, which the header doesn't list; add `m: .* at the top of the file"),
        ("upper(who) as whom", "the header lists who, which the query doesn't give; .* the query gives whom"),
    ],
)  # fmt: skip
def test_a_model_and_its_header_differ(given: str, told: str, tmp_path: Path) -> None:
    root = tmp_path / "sql"
    (root / "core").mkdir(parents=True)
    header = "/* @model\ndescription: Loans. One row per loan.\ngrain: [who]\ncolumns: {who: Tên. Name.}\n*/\n"
    query = f"select {given} from (select 'x' as who, 1 as n)"
    (root / "core" / "loan.sql").write_text(header + query, encoding="utf-8")
    catalog = check(root)
    with closing(open_warehouse(":memory:", root / "macros.sql")) as connection:
        ensure_state(connection)
        with pytest.raises(ContractError, match=rf"core/loan\.sql: {told}"):
            build_model(connection, catalog.models["core.loan"])


def test_a_vendors_missing_field_is_told_before_anything_is_asked(tmp_path: Path) -> None:
    text = (PROJECT / "sources" / "sources.yml").read_text(encoding="utf-8")
    lines = [
        line for line in text.splitlines() if line.strip() not in {"level_raw:", "device_id:", "outcome: [Kết quả]"}
    ]  # fmt: skip
    sources = tmp_path / "sources.yml"
    sources.write_text(
        "\n".join(lines).replace("[rated_at, level_raw]", "[rated_at]"), encoding="utf-8"
    )
    with pytest.raises(CatalogError) as raised:
        compose(Settings.load(_env_file=None, home=tmp_path / "home", sources=sources))
    for words in (
        "sql/staging/rating.sql reads level_raw of raw.ratings__rating", "reads device_id of raw.ratings__rating",
        "`systems: ratings: entities: rating: fields`", "sql/staging/feedback.sql reads outcome of raw.drops__feedback",
        "`drops: feedback: columns`",
    ):  # fmt: skip
        assert words in str(raised.value)
