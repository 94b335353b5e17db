"""Labels travel: a model that would carry a person to the published file does not build; safe ones do."""

import shutil
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import duckdb
import pytest

from orchestration.settings import PROJECT
from tests.conftest import Site
from warehouse.errors import CatalogError, ContractError, WarehouseError
from warehouse.models.build import build_model
from warehouse.models.catalog import Model
from warehouse.models.labels import Labels
from warehouse.store.connection import open_warehouse
from warehouse.store.state import ensure_state

# ruff: noqa: E501 (one query a line reads best)
pytestmark = pytest.mark.slow
SQL = PROJECT / "sql"
R, C = "core.fct_rating", "core.fct_case"
MUTANTS = {
    "plain": f"select case_code from {C}",
    "renamed": f"select case_code as n from {C}",
    "cast": f"select cast(case_code as blob) as n from {C}",
    "join": f"select r.rating_id as n from {C} as c join {R} as r on r.case_code = c.case_code",
    "join_using": f"select case_code as n from {C} join {R} using (case_code)",
    "right_join": f"select coalesce(c.agency_code, r.rating_id) as n from {C} as c right join {R} as r using (case_code)",
    "lateral_join": f"select x.n from {C} as c, lateral (select c.case_code as n) as x",
    "lateral_elsewhere": f"select x.n from meta.run_context as m, lateral (select r.rating_id as n from {R} as r) as x",
    "string_agg": f"select agency_code, string_agg(received_by, ', ') as n from {C} group by agency_code",
    "ordered_agg": f"select string_agg(case_code order by received_on) as n from {C}",
    "min": f"select min(assigned_to) as n from {C}",
    "max_filtered": f"select max(case_code) filter (channel = 2) as n from {C}",
    "any_value": f"select agency_code, any_value(received_by) as n from {C} group by agency_code",
    "arg_max": f"select arg_max(case_code, received_on) as n from {C}",
    "mode": f"select mode(assigned_to) as n from {C}",
    "lag": f"select lag(case_code) over (order by received_on) as n from {C}",
    "first_value": f"select first_value(received_by) over (partition by agency_code order by received_on) as n from {C}",
    "row_number": f"select row_number() over (order by case_code) as n from {C}",
    "rank_in_agency": f"select rank() over (partition by agency_code order by received_by) as n from {C}",
    "rank_over_name": f"select row_number() over w as n from {C} window w as (order by case_code)",
    "rows_as_they_lie": f"select row_number() over () as n from {C}",
    "numbered_row": f"with a as (select row_number() over (order by rating_id) as i from {R}) select i * 2 as n from a",
    "struct": f"select {{'a': agency_code, 'b': case_code}} as n from {C}",
    "struct_field": f"select s.b as n from (select {{'a': 1, 'b': case_code}} as s from {C}) as t",
    "whole_row": f"select c as n from {C} as c",
    "to_json": f"select to_json(c) as n from {C} as c",
    "list": f"select list(case_code) as n from {C}",
    "list_literal": f"select [agency_code, received_by] as n from {C}",
    "list_lambda": f"select list_transform(list(case_code), lambda x: lower(x)) as n from {C}",
    "unnest": f"select unnest([agency_code, case_code]) as n from {C}",
    "unnest_from": f"select u.n from (select list(case_code) as l from {C}) as t, unnest(t.l) as u (n)",
    "case": f"select case when channel = 2 then case_code else 'x' end as n from {C}",
    "case_condition": f"select case when received_by = 'CB001' then 1 else 0 end as n from {C}",
    "concat": f"select agency_code || '/' || case_code as n from {C}",
    "format": f"select format('{{}}-{{}}', channel, case_code) as n from {C}",
    "hash": f"select md5(case_code) as n from {C}",
    "substring": f"select substring(case_code, 1, 40) as n from {C}",
    "comparison": f"select received_by = assigned_to as n, received_by like 'CB00%' as m from {C}",
    "scalar_subquery": f"select (select max(case_code) from {C}) as n",
    "correlated": f"select (select r.rating_id from {R} as r where r.case_code = c.case_code limit 1) as n from {C} as c",
    "derived_table": f"select t.x as n from (select case_code as x from {C}) as t",
    "cte": f"with a as (select case_code as x from {C}), b as (select x as y from a) select y as n from b",
    "recursive_cte": f"with recursive a as (select case_code as n, 1 as i from {C} union all select n, i + 1 from a where i < 2) select n, i from a",
    "union": f"select agency_code as n from {C} union all select case_code from {C}",
    "union_by_position": f"select 1 as a, 'x' as n from {C} union all select 0, received_by from {C}",
    "intersect": f"select case_code as n from {C} intersect select case_code from {R}",
    "star": f"select * from {R}",
    "star_exclude": f"select * exclude (case_code) from {R}",
    "star_replace": f"select * replace (1 as case_code) from {R}",
    "columns_regex": f"select columns('case.*') from {R}",
    "pivot": f"pivot (select agency_code, channel, case_code from {C}) on channel in (1, 2) using max(case_code)",
    "values_list": f"select s.n from {C} as c, (values (c.case_code)) as s (n)",
    "quasi_is_fine_beside_it": f"select received_on, case_code as n from {C}",
}  # fmt: skip
SAFE = {
    "count": f"select agency_code, count(case_code) as n from {C} group by agency_code",
    "count_distinct": f"select agency_code, count(distinct case_code) as n from {C} group by agency_code",
    "is_there": f"select agency_code, count(*) filter (received_by is not null) as n from {C} group by agency_code",
    "is_null": f"select received_by is null as n from {C}",
    "join_on_it": f"select c.agency_code, r.level_code as n from {C} as c join {R} as r on r.case_code = c.case_code",
    "filter_on_it": f"select agency_code as n from {C} where case_code like 'H37%'",
    "numbered_by_it": f"select row_number() over (partition by case_code order by rating_id) as n from {R}",
    "numbered_by_a_day": f"select row_number() over (order by received_on) as n from {C}",
    "exists": f"select exists (select 1 from {R} as r where r.case_code = c.case_code) as n from {C} as c",
    "sum_of_counts": f"with a as (select agency_code, count(distinct case_code) as k from {C} group by all) select sum(k) as n from a",
    "month_of_a_day": f"select date_trunc('month', received_on) as n, count(*) as m from {C} group by all",
}  # fmt: skip


@pytest.fixture(scope="module")
def connection(
    night: Site, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[duckdb.DuckDBPyConnection]:
    """A copy of a real night's warehouse, whose labels that night has passed on."""
    path = tmp_path_factory.mktemp("labels") / "warehouse.duckdb"
    shutil.copyfile(night.home / "warehouse.duckdb", path)
    opened = open_warehouse(path, SQL / "macros.sql")
    ensure_state(opened)
    yield opened
    opened.close()


def _model(connection: duckdb.DuckDBPyConnection, query: str) -> Model:
    reads = {name for name in (C, R, "meta.run_context") if name in query}
    described = connection.execute(f"describe ({query})").fetchall()
    return Model(
        schema="marts", name="mutant", path=Path("mutant.sql"), query=query, description="One row.",
        grain=(), columns={row[0]: "nhãn" for row in described}, depends_on=frozenset(reads),
        publish=True, labels=Labels.read(SQL / "labels.yml"),
    )  # fmt: skip


@pytest.mark.parametrize("name", MUTANTS)
def test_a_model_that_carries_a_person_does_not_build(
    connection: duckdb.DuckDBPyConnection, name: str
) -> None:
    connection.execute("create or replace table marts.mutant as select 'yesterday' as n")
    with pytest.raises(ContractError, match="points to a person"):
        build_model(connection, _model(connection, MUTANTS[name]))
    assert connection.execute("select * from marts.mutant").fetchall() == [("yesterday",)]
    left = connection.execute(
        "select count(*) from duckdb_tables() where table_name = 'mutant__new'"
    )
    assert left.fetchone() == (0,)


@pytest.mark.parametrize("name", SAFE)
def test_counts_keys_and_filters_build(connection: duckdb.DuckDBPyConnection, name: str) -> None:
    assert build_model(connection, _model(connection, SAFE[name])).rows >= 1


def test_an_unpublished_model_may_carry_and_passes_the_label_on(
    connection: duckdb.DuckDBPyConnection,
) -> None:
    between = replace(
        _model(connection, f"select case_code as quiet_name from {C}"),
        name="between",
        publish=False,
    )
    build_model(connection, between)
    query = "select min(quiet_name) as n from marts.between"
    after = replace(_model(connection, query), depends_on=frozenset({"marts.between"}))
    with pytest.raises(ContractError, match=r"n \(direct\)"):
        build_model(connection, after)


def test_a_column_that_no_list_names_is_barred(connection: duckdb.DuckDBPyConnection) -> None:
    """A site that adds a field to staging has to say what it is before it can be published."""
    labels = Labels.read(SQL / "labels.yml")
    assert labels.of_source("staging.case", "nick_name") == "unlabelled"
    assert labels.of_source("raw.ratings__rating", "reason") == "free_text"
    assert labels.of_source("raw.drops__calendar_override", "reason") == "safe"
    assert labels.of_source("quarantine.case_version", "record") == "unlabelled"
    rows = connection.execute(
        "select count(*) from meta.column_label where label = 'unlabelled'"
    ).fetchone()
    assert rows == (0,), "every staging column of the product stands in a list"


def test_every_published_table_of_the_night_was_judged(night: Site) -> None:
    judged = night.warehouse(
        "select table_name, list(distinct label) as labels from meta.column_label group by all"
    )
    labels = {row["table_name"]: set(row["labels"]) for row in judged}
    published = night.published(
        "select table_schema || '.' || table_name as name from information_schema.tables"
    )
    written = {"meta.publication", "meta.column_doc", "meta.lineage"}
    for row in published:
        if row["name"] not in written:
            assert labels[row["name"]] <= {"safe", "quasi"}, row["name"]


def test_a_label_stands_once(tmp_path: Path) -> None:
    path = tmp_path / "labels.yml"
    path.write_text("direct: [a]\nsafe: [a]\n", encoding="utf-8")
    with pytest.raises(CatalogError, match="two lists"):
        Labels.read(path)
    path.write_text("secret: [a]\n", encoding="utf-8")
    with pytest.raises(CatalogError, match="no label"):
        Labels.read(path)


def test_an_error_about_a_value_does_not_tell_it(connection: duckdb.DuckDBPyConnection) -> None:
    """Messages end in Dagster's storage, so a cast that fails may not quote what it failed on."""
    query = f"select cast(case_code || 'Nông Thị Lan 0912345678' as integer) as n from {C}"
    model = replace(_model(connection, query), publish=False)
    with pytest.raises(WarehouseError) as raised:
        build_model(connection, model)
    assert "marts.mutant" in str(raised.value)
    assert raised.value.__suppress_context__
    assert "0912345678" not in str(raised.value)
    assert "Lan" not in str(raised.value)
