"""Fifty invented persons and every secret: found by value in no place outside the restricted store."""

import csv
import logging
import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import openpyxl
import pytest

from demo.server import DEMO_CREDENTIALS
from orchestration.console.runs import execute_job
from orchestration.definitions import wire
from orchestration.settings import Settings
from tests.conftest import END, Site, make_site
from tests.support.canaries import PEOPLE, Search, _duckdb_values, seed_people
from warehouse.store.connection import open_published

pytestmark = [pytest.mark.slow, pytest.mark.timeout(1500)]
PII_KEY = "canary-pii-key-0123456789-0123456789"
WEBHOOK = "http://127.0.0.1:9/canary-webhook-secret"
SMTP = "smtp://canary-user:canary-smtp-password@127.0.0.1:9/?to=it@example.vn"
WRONG = {"cases": "canary-id:canary-case-secret", "ratings": "canary-rating-key",
         "services": "canary-user:canary-service-pass", "registry": "canary-registry-token"}  # fmt: skip
# Where persons may be: the bytes as received, what people dropped, and what is kept of them.
RESTRICTED = ("landing/", "inbox/", "warehouse.duckdb")
SECRETS = [
    part
    for text in (*DEMO_CREDENTIALS.values(), *WRONG.values())
    for part in (text, text.rpartition(":")[2])
    if len(part) > 10
] + [PII_KEY, "canary-webhook-secret", "canary-smtp-password"]


@dataclass
class Seeded:
    """A home after nights that went well and nights that failed, with what was logged on the way."""

    site: Site
    codes: list[str]
    log: str
    reasons: list[str]


def _settings(site: Site, tokens: dict[str, str]) -> Settings:
    urls = {f"{system}_url": url for system, url in site.server.urls.items()}
    return Settings.load(
        home=site.home, as_of=END, _env_file=None, pii_key=PII_KEY, alert_webhook=WEBHOOK, alert_smtp=SMTP,
        **urls, **{f"{system}_token": token for system, token in tokens.items()},
    )  # fmt: skip


def _drop_files(inbox: Path) -> None:
    """What people drop: a case file with names in it, feedback and evidence that name somebody."""
    with (inbox / "cases_them.csv").open("w", encoding="utf-8-sig", newline="") as file:
        rows = csv.writer(file)
        rows.writerow(
            [
                "Mã hồ sơ",
                "Mã cơ quan",
                "Ngày tiếp nhận",
                "Chủ hồ sơ",
                "Số giấy tờ",
                "Số điện thoại",
                "Địa chỉ",
            ]
        )
        for n, person in enumerate(PEOPLE):
            rows.writerow(
                [
                    f"THEM-{n:03d}",
                    "H37.12",
                    "01/06/2023",
                    person.name,
                    person.id_no,
                    person.phone,
                    person.address,
                ]
            )
    book = openpyxl.Workbook()
    sheet = book.active
    sheet.append(["feedback_id", "kind", "received_on", "agency_code", "outcome"])
    for n, person in enumerate(PEOPLE[:10]):
        sheet.append(
            [
                f"PA-{n}",
                "reflection",
                "01/06/2023",
                "H37.12",
                f"Đã trả lời {person.name}, {person.email}",
            ]
        )
    book.save(inbox / "feedback_rieng.xlsx")
    for path in inbox.iterdir():
        if path.is_file():
            os.utime(path, (path.stat().st_mtime - 600,) * 2)


@pytest.fixture(scope="module")
def seeded(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Seeded]:
    site = make_site(tmp_path_factory.mktemp("canaries"), cases_per_year=800)
    site.server.state.set_clock(END)
    codes = seed_people(site.server)
    _drop_files(site.home / "inbox")
    log = tmp_path_factory.mktemp("log") / "all.log"
    handler = logging.FileHandler(log, encoding="utf-8")
    root, level = logging.getLogger(), logging.getLogger().level
    root.addHandler(handler)
    root.setLevel(logging.DEBUG)
    try:
        good = execute_job(
            wire(_settings(site, DEMO_CREDENTIALS)), "nightly", {"motcua/mode": "full"}
        )
        refused = execute_job(wire(_settings(site, WRONG)), "nightly")
    finally:
        root.removeHandler(handler)
        root.setLevel(level)
        handler.close()
    assert good.succeeded, good.reason
    assert not refused.succeeded
    yield Seeded(site, codes, log.read_text(encoding="utf-8"), [good.reason, refused.reason])
    site.server.close()


def test_the_search_finds_every_form(tmp_path: Path) -> None:
    """A search that finds nothing proves something only if it would find."""
    import base64
    import hashlib
    import unicodedata

    person, search = PEOPLE[7], Search([PEOPLE[7].name, PEOPLE[7].id_no])
    forms = [
        person.name, unicodedata.normalize("NFD", person.name), person.name.upper(), "dang thi ky vyqahzx",
        base64.b64encode(b"x" + person.name.encode() + b"yy").decode(),
        hashlib.sha256(person.id_no.encode()).hexdigest(), hashlib.md5(person.id_no.encode()).hexdigest().upper(),
        person.name.encode("ascii", "backslashreplace").decode(),
    ]  # fmt: skip
    for n, form in enumerate(forms):
        (tmp_path / f"{n}.txt").write_text(f"… {form} …", encoding="utf-8")
    assert len(search.below(tmp_path)) == len(forms)
    book = openpyxl.Workbook()
    book.active.append([person.name])
    book.save(tmp_path / "book.xlsx")
    assert search.in_file(tmp_path / "book.xlsx")


def test_the_canaries_were_really_sent(seeded: Seeded) -> None:
    """All fifty reached the landing, which keeps the bytes as received and is the owner's alone."""
    search = Search([value for person in PEOPLE for value in person.values])
    found = search.below(seeded.site.home / "landing")
    assert {hit for hits in found.values() for hit in hits} >= {v for p in PEOPLE for v in p.values}
    assert (seeded.site.home / "landing").stat().st_mode & 0o777 == 0o700
    assert (seeded.site.home / "warehouse.duckdb").stat().st_mode & 0o777 == 0o600


def test_no_person_is_found_outside_the_restricted_store(seeded: Seeded) -> None:
    search = Search([value for person in PEOPLE for value in person.values] + seeded.codes)
    found = search.below(seeded.site.home, without=RESTRICTED)
    assert not found, found
    assert not search.hits(seeded.log)
    assert not search.hits("\n".join(seeded.reasons))


def test_the_allow_list_holds_at_the_door(seeded: Seeded) -> None:
    """Names, ids, phones and addresses that systems send in fields of their own aren't even in raw."""
    free_text = ("reason", "exemption_reason", "outcome", "pauses", "record")
    search = Search([value for person in PEOPLE for value in person.values])
    path = seeded.site.home / "warehouse.duckdb"
    found = {
        hit
        for text in _duckdb_values(path, ("marts", "meta", "seeds"))
        for hit in search.hits(text)
    }
    assert not found
    places = set()
    columns = seeded.site.warehouse(
        "select schema_name as s, table_name as t, column_name as c from duckdb_columns() where not internal"
    )
    with open_published(path) as connection:  # once for some 1,500 columns
        for column in columns:
            query = f'select distinct cast("{column["c"]}" as varchar) from {column["s"]}."{column["t"]}"'
            text = "\n".join(value or "" for (value,) in connection.execute(query).fetchall())
            if search.hits(text):
                places.add(column["c"])
    assert places <= set(free_text), "persons stand only in free text that the contract keeps"


def test_no_secret_is_found_anywhere(seeded: Seeded) -> None:
    """Also in the restricted store and the landing: a secret belongs into the settings alone."""
    search = Search(SECRETS)
    assert not search.below(seeded.site.home)
    assert not search.hits(seeded.log)
    assert not search.hits("\n".join(seeded.reasons))


def test_a_strange_field_is_told_by_name_and_never_by_value(seeded: Seeded) -> None:
    drift = seeded.site.warehouse("select distinct field from meta.drift where entity = 'case'")
    assert "ghi_chu_moi" in {row["field"] for row in drift}
