"""A fifth system in the source file: its settings, its read over HTTPS, and what is told while it has no address."""

import dataclasses
import http.server
import ssl
import subprocess
import sys
import threading
from pathlib import Path
from typing import ClassVar

import duckdb
import pytest
import requests

from demo.server import DEMO_CREDENTIALS, serve
from demo.world import World
from orchestration.operating.doctor import examine
from orchestration.parts import compose, make_site
from orchestration.settings import PROJECT, Settings, SettingsError
from sources.spec.file import load_spec
from sources.spec.systems import SourcesSpec
from tests.conftest import END
from tests.support.more_systems import CURSOR, write_sources
from tests.support.plain_night import parts_of, run_plain
from tests.support.programs import make_certificate
from tests.support.quick_night import run_night
from tests.support.scripted_server import SECRETS, FakeSystem, make_rows, serving
from warehouse.store.connection import Limits, read_rows

ARCHIVE = {
    "label": "Kho lưu trữ (archive)",
    "auth": {"kind": "bearer"},
    "entities": {"loan": {**CURSOR, "fields": {"id": None, "name": None}}},
}


@pytest.fixture(name="sources")
def fixture_sources(tmp_path: Path) -> Path:
    return write_sources(tmp_path, archive=ARCHIVE)


def test_settings_of_a_system_come_from_environment_and_file(
    sources: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    certificate = tmp_path / "ca.pem"
    certificate.touch()
    lines = [
        f"MOTCUA_SOURCES={sources}", "MOTCUA_ARCHIVE_URL=https://file.example.vn/", "OTHER_URL=https://x.vn",
        "MOTCUA_ARCHIVE_TOKEN=token-canary", f"MOTCUA_ARCHIVE_CA={certificate}", "MOTCUA_CASES_URL=",
    ]  # fmt: skip
    (tmp_path / ".env").write_text("\n".join(lines), encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("MOTCUA_ARCHIVE_URL", "https://luutru.example.vn/")
    settings = Settings.load()
    settings.check_systems(load_spec(settings.sources_file))
    assert settings.base_urls() == {"archive": "https://luutru.example.vn"}, "the environment first"
    assert settings.credential("archive") == "token-canary"
    assert settings.ways() == {"archive": (certificate, None)}
    assert not settings.uses_demo_systems
    assert "token-canary" not in repr(settings)


@pytest.mark.parametrize(
    ("given", "told"),
    [
        (
            {"archives_url": "https://x.vn", "archives_token": "t"},
            "MOTCUA_ARCHIVES_TOKEN and MOTCUA_ARCHIVES_URL: .*sources.yml has no system archives, but cases, ",
        ),
        ({"archive_url": "https://x.vn"}, "MOTCUA_ARCHIVE_URL: set MOTCUA_ARCHIVE_TOKEN too"),
        ({"archive_ca": __file__}, "MOTCUA_ARCHIVE_CA: set MOTCUA_ARCHIVE_URL too"),
        ({"archive_url": "x.vn", "archive_token": "t"}, "MOTCUA_ARCHIVE_URL: write an address"),
        ({"archive_ca": "/nowhere.pem"}, "MOTCUA_ARCHIVE_CA: no such certificate file"),
    ],
)
def test_a_wrong_setting_says_what_to_do(
    given: dict[str, str], told: str, sources: Path, tmp_path: Path
) -> None:
    with pytest.raises(SettingsError, match=told):
        compose(Settings.load(_env_file=None, home=tmp_path, sources=sources, **given))


def test_a_system_without_a_secret_needs_no_token(sources: Path) -> None:
    spec = load_spec(sources).model_dump(by_alias=True)
    spec["systems"]["archive"]["auth"]["kind"] = "none"
    settings = Settings.load(_env_file=None, archive_url="https://x.vn", sources=sources)
    settings.check_systems(SourcesSpec.model_validate(spec))


@pytest.mark.parametrize(
    ("name", "taken"), [("heartbeat", "MOTCUA_HEARTBEAT_URL"), ("centre", "MOTCUA_CENTRE")]
)
def test_names_of_other_settings_are_no_system_names(name: str, taken: str, tmp_path: Path) -> None:
    sources = write_sources(tmp_path, **{name: ARCHIVE})
    with pytest.raises(SettingsError, match=f"no system can be called {name}, for {taken} is"):
        compose(Settings.load(_env_file=None, home=tmp_path, sources=sources))


def test_the_command_line_ends_as_a_configuration_error(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-c", "from orchestration.cli import main; main()", "doctor", "--offline"],
        capture_output=True, text=True, check=False, cwd=tmp_path,
        env={"MOTCUA_HOME": str(tmp_path), "MOTCUA_CASE_URL": "https://x.vn", "PYTHONPATH": str(PROJECT)},
    )  # fmt: skip
    assert done.returncode == 2
    assert "has no system case, but cases, ratings" in done.stderr


def test_a_fifth_system_is_read_over_https(sources: Path, tmp_path: Path) -> None:
    certificate = make_certificate(tmp_path, expired=False)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, tmp_path / "key.pem")
    with serving(FakeSystem(auth="bearer", rows=make_rows(25)), context) as system:
        settings = Settings.load(
            _env_file=None, home=tmp_path / "home", as_of=END, sources=sources,
            archive_url=system.address.replace("http://127.0.0.1", "https://localhost"),
            archive_token=SECRETS["bearer"], archive_ca=certificate,
        )  # fmt: skip
        told = run_night(settings, builds=False)
        (found,) = [f for f in examine(settings) if f.subject == "source.archive"]
    assert told["loan"]["fetched"] == 25
    assert told["case"] == {"skipped": "Chưa nối nguồn. The system has no address."}
    assert found.state == "ok"
    rows = read_rows(settings.warehouse_path, "select id, name from raw.archive__loan order by id")
    assert rows == [{"id": row["id"], "name": row["name"]} for row in make_rows(25)]


class ForwardProxy(http.server.BaseHTTPRequestHandler):
    """Fetches what it is asked for by its whole address, and remembers who asked with which password."""

    asked: ClassVar[list[tuple[str, str | None]]] = []

    def do_GET(self) -> None:
        self.asked.append((self.path, self.headers.get("Proxy-Authorization")))
        headers = {
            name: value for name, value in self.headers.items() if not name.startswith("Proxy-")
        }
        session = requests.Session()
        session.trust_env = False
        answer = session.get(self.path, headers=headers, timeout=10, stream=True)
        self.send_response(answer.status_code)
        body = answer.raw.read()
        for name, value in answer.headers.items():
            if name.lower() not in ("transfer-encoding", "connection", "content-length"):
                self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Nothing on the terminal."""


def test_sources_are_read_through_the_proxy_and_no_other(
    sources: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9")
    ForwardProxy.asked.clear()
    proxy = http.server.ThreadingHTTPServer(("127.0.0.1", 0), ForwardProxy)
    threading.Thread(target=proxy.serve_forever, daemon=True).start()
    with serving(FakeSystem(auth="bearer", rows=make_rows(25))) as system:
        address = f"http://clerk:canary-proxy@127.0.0.1:{proxy.server_port}"
        settings = Settings.load(
            _env_file=None, home=tmp_path / "home", as_of=END, sources=sources, proxy=address,
            archive_url=system.address, archive_token=SECRETS["bearer"],
        )  # fmt: skip
        told = run_night(settings, builds=False)
        (found,) = [f for f in examine(settings) if f.subject == "source.archive"]
    proxy.shutdown()
    assert told["loan"]["fetched"] == 25
    assert found.state == "ok"
    assert ForwardProxy.asked, "nothing came through the proxy"
    assert all(path.startswith(system.address) for path, _ in ForwardProxy.asked)
    assert {secret is not None for _, secret in ForwardProxy.asked} == {True}
    assert "canary-proxy" not in repr(settings)


@pytest.mark.parametrize("address", ["canary-proxy:3128", "http://", "ftp://canary-proxy"])
def test_a_proxy_is_an_address(address: str) -> None:
    with pytest.raises(
        SettingsError, match=r"PROXY: write the proxy's address, for example http://"
    ) as told:
        Settings.load(_env_file=None, proxy=address)
    assert "canary" not in str(told.value)


@pytest.fixture(name="unconnected", scope="module")
def fixture_unconnected(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    """A home after a night that could ask the case system alone, of five."""
    folder = tmp_path_factory.mktemp("unconnected")
    world = World.build(seed=11, end=END, years=1, cases_per_year=300, procedures=150)
    server = serve(world, clock=END)
    settings = Settings.load(
        _env_file=None, home=folder / "home", as_of=END, sources=write_sources(folder, archive=ARCHIVE),
        cases_url=server.urls["cases"], cases_token=DEMO_CREDENTIALS["cases"],
    )  # fmt: skip
    site = dataclasses.replace(make_site(settings, lambda *_: None), limits=Limits(threads=1))
    told = run_plain(site, parts_of(settings.sources_file), "cases alone", "full")
    server.close()
    assert not told.blocking
    return settings


def published(settings: Settings, query: str) -> list[tuple[object, ...]]:
    with duckdb.connect(str(settings.published / "kpi.duckdb"), read_only=True) as connection:
        return connection.execute(query).fetchall()


@pytest.mark.slow
def test_what_isnt_connected_is_told_by_freshness(unconnected: Settings) -> None:
    rows = published(unconnected, "select system, entity, state, label_vi from meta.freshness")
    lists = {
        (system, entity)
        for system, spec in load_spec(unconnected.sources_file).systems.items()
        for entity in spec.entities
        if entity != "case_key"  # a sweep, read in the place of case
    }
    assert {(system, entity) for system, entity, _, _ in rows} == lists
    for system, entity, state, label in rows:
        expected = ("fresh", "Đã đọc") if system == "cases" else ("not_connected", "Chưa nối nguồn")
        assert (state, label) == expected, entity


@pytest.mark.slow
def test_its_figures_say_why_there_is_nothing(unconnected: Settings) -> None:
    figures = published(
        unconnected,
        "select kpi_id, status, unconnected_systems from marts.scorecard where lacks_source order by 1",
    )
    told = {str(kpi): (status, systems) for kpi, status, systems in figures}
    assert told["very_satisfied"] == ("no_data", "ratings")
    assert told["announced"] == ("no_data", "registry")
    assert told["services_with_cases"] == ("no_data", "services")
    assert told["plan_42"] == ("no_data", None), "files never came; that is no system"
    page = (unconnected.home / "reports" / "scorecard.html").read_text(encoding="utf-8")
    for words in ("Chưa nối nguồn (ratings)", "Not connected (registry)", "archive · loan"):
        assert words in page
    assert (
        "Không phát sinh"
        not in page.partition('id="kpi-very_satisfied"')[2].partition("</article>")[0]
    )


@pytest.mark.slow
def test_the_doctor_tells_what_isnt_connected(unconnected: Settings) -> None:
    told = {f.subject: f for f in examine(unconnected, call_sources=False)}
    assert "source.cases" not in told
    for name in ("ratings", "services", "registry", "archive"):
        assert told[f"source.{name}"].state == "warn"
        assert "chưa nối nguồn" in told[f"source.{name}"].message
        assert f"MOTCUA_{name.upper()}_URL" in told[f"source.{name}"].remedy


def test_of_simulated_systems_only_the_others_are_missing(sources: Path, tmp_path: Path) -> None:
    settings = Settings.load(_env_file=None, home=tmp_path / "home", as_of=END, sources=sources)
    told = [f.subject for f in examine(settings, call_sources=False)]
    assert [name for name in told if name.startswith("source.")] == ["source.archive"]
