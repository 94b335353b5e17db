"""Settings: the only reader of the environment and of .env.

Belongs here: every MOTCUA_* name of the contract, checked once, all errors told together; the names of each
system's settings, which the source file gives. Doesn't: anything that acts on them.
"""

import datetime as dt
import os
import re
import secrets
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Annotated, Any, Literal, Self
from urllib.parse import urlsplit

import yaml
from pydantic import BaseModel, ConfigDict, Field, SecretStr, ValidationError, field_validator
from pydantic_settings import (
    BaseSettings,
    NoDecode,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
)

from common.local_time import LOCAL
from sources.spec.systems import SourcesSpec

PROJECT = Path(__file__).resolve().parent.parent
PREFIX = "MOTCUA_"
SHORTEST_KEY = 32


class SettingsError(Exception):
    """Settings are wrong; the message lists every error (exit code 2)."""


class SystemSettings(BaseModel):
    """Where one source system is, who asks, and the CA file that its certificate is held against."""

    model_config = ConfigDict(frozen=True)

    url: str | None = None
    token: SecretStr | None = None
    ca: Path | None = None

    @field_validator("url")
    @classmethod
    def _http(cls, value: str | None) -> str | None:
        if value is not None and not value.startswith(("http://", "https://")):
            raise ValueError("write an address that begins with https:// (or http:// on loopback)")
        return value.rstrip("/") if value else value

    @field_validator("ca")
    @classmethod
    def _there(cls, value: Path | None) -> Path | None:
        if value is not None and not value.is_file():
            raise ValueError("no such certificate file; give the path of a PEM file")
        return value


_OF_SYSTEM = re.compile(f"(.+)_({'|'.join(SystemSettings.model_fields)})")


class Settings(BaseSettings):
    """Everything a site may set. Frozen; secrets never show in a repr."""

    model_config = SettingsConfigDict(
        env_prefix=PREFIX, env_file=".env", extra="ignore", frozen=True, env_ignore_empty=True
    )

    home: Path = Path("data")
    # MOTCUA_<SYSTEM>_URL, _TOKEN and _CA by system, whatever systems the source file names.
    systems: Annotated[Mapping[str, SystemSettings], NoDecode] = Field(default_factory=dict)
    sources: Path | None = None
    # For sources alone; it may hold a password.
    proxy: SecretStr | None = None
    as_of: Annotated[dt.datetime | None, NoDecode] = None
    centre: str = "H37.01.TTPVHCC"
    pii_key: SecretStr | None = None
    pii_key_next: SecretStr | None = None
    alert_webhook: SecretStr | None = None
    alert_smtp: SecretStr | None = None
    heartbeat_url: SecretStr | None = None
    landing_days: int = Field(default=90, ge=0)
    run_days: int = Field(default=90, ge=7)
    dagster_postgres: SecretStr | None = None
    code_server: str | None = None
    memory_limit: str = "1400MB"
    threads: int = Field(default=2, ge=1)
    quarantine_cap: float = Field(default=0.01, ge=0, le=1)
    engine: Literal["duckdb", "spark"] = "duckdb"
    spark_master: str = "local[2]"
    # Dagster says so itself: who develops wants no night at 01:30, and no alert of a home on a desk.
    is_development: bool = Field(default=False, validation_alias="DAGSTER_IS_DEV_CLI")

    @field_validator("home")
    @classmethod
    def _absolute(cls, value: Path) -> Path:
        home = value.expanduser().resolve()
        if found := {"?", "\\"} & set(str(home)):
            raise ValueError(
                f"DuckDB keeps no database below a folder with {' or '.join(found)} in its name; choose another one"
            )
        return home

    @field_validator("proxy")
    @classmethod
    def _proxy_address(cls, value: SecretStr | None) -> SecretStr | None:
        if value is None:
            return None
        found = urlsplit(value.get_secret_value())
        if found.scheme not in ("http", "https") or not found.hostname:
            raise ValueError("write the proxy's address, for example http://proxy.province.vn:3128")
        return value

    @field_validator("as_of", mode="before")
    @classmethod
    def _read_as_of(cls, value: object) -> object:
        if value is None or isinstance(value, dt.datetime):
            return value
        try:
            return dt.datetime.fromisoformat(str(value))
        except ValueError:
            raise ValueError(
                "write an ISO date-time, for example 2026-11-24T01:30:00+07:00"
            ) from None

    @field_validator("as_of", mode="after")
    @classmethod
    def _localise(cls, value: dt.datetime | None) -> dt.datetime | None:
        return value.replace(tzinfo=LOCAL) if value is not None and value.tzinfo is None else value

    @field_validator("pii_key", "pii_key_next")
    @classmethod
    def _long_enough(cls, value: SecretStr | None) -> SecretStr | None:
        if value is not None and len(value.get_secret_value().encode()) < SHORTEST_KEY:
            raise ValueError(f"use a key of at least {SHORTEST_KEY} bytes")
        return value

    @field_validator("code_server")
    @classmethod
    def _host_and_port(cls, value: str | None) -> str | None:
        if value is not None and not value.rpartition(":")[2].isdigit():
            raise ValueError("write host:port, for example code:4000")
        return value

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],  # noqa: ARG003
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,  # noqa: ARG003
    ) -> tuple[Any, ...]:
        """Beside the settings that have a name here, those of systems, which the source file names."""
        prefix = PREFIX.lower()
        given = [
            (name.removeprefix(prefix), value)
            for source in (dotenv_settings, env_settings)
            for name, value in getattr(source, "env_vars", {}).items()
            if name.startswith(prefix)
        ]
        given += getattr(init_settings, "init_kwargs", {}).items()

        def by_system() -> dict[str, Any]:
            systems: dict[str, dict[str, Any]] = {}
            for name, value in given:
                match = _OF_SYSTEM.fullmatch(name)
                if match and name not in cls.model_fields:
                    systems.setdefault(match[1], {})[match[2]] = value
            return {"systems": systems}

        return init_settings, by_system, env_settings, dotenv_settings

    @classmethod
    def load(cls, **overrides: object) -> Self:
        """Read the environment and .env.

        Raises:
            SettingsError: one line that names every wrong setting and what to write.
        """
        try:
            return cls(**overrides)  # type: ignore[arg-type]
        except ValidationError as error:
            parts = [
                f"{_variable(*(str(p) for p in e['loc'] if p != 'systems'))}: "
                f"{e['msg'].removeprefix('Value error, ')}"
                for e in error.errors(include_input=False, include_url=False)
            ]
            raise SettingsError("; ".join(parts)) from None

    def check_systems(self, sources: SourcesSpec) -> None:
        """Hold the systems' settings against the source file, which says what systems there are.

        Raises:
            SettingsError: one line that names every wrong setting or name and what to do.
        """
        if wrong := [*self._ill_named(sources), *self._half_set(sources)]:
            raise SettingsError("; ".join(wrong))

    def _ill_named(self, sources: SourcesSpec) -> Iterator[str]:
        for name in sources.systems:
            own = {name, *(f"{name}_{part}" for part in SystemSettings.model_fields)}
            for taken in sorted(own & Settings.model_fields.keys()):
                yield (
                    f"{self.sources_file}: no system can be called {name}, for {_variable(taken)} is a setting "
                    "of its own; give it another name"
                )

    def _half_set(self, sources: SourcesSpec) -> Iterator[str]:
        for name, system in self.systems.items():
            names = " and ".join(_variable(name, part) for part in sorted(system.model_fields_set))
            if name not in sources.systems:
                yield (
                    f"{names}: {self.sources_file} has no system {name}, but {', '.join(sources.systems)}; mend "
                    "the name, unset it, or add the system there"
                )
            elif system.url is None:
                yield f"{names}: set {_variable(name, 'url')} too, or unset it"
            elif system.token is None and sources.systems[name].auth.kind != "none":
                yield f"{names}: set {_variable(name, 'token')} too, or unset it"

    def now(self) -> dt.datetime:
        """The as-of instant in Asia/Ho_Chi_Minh: pinned, or the clock."""
        return (self.as_of or dt.datetime.now(LOCAL)).astimezone(LOCAL)

    @property
    def uses_demo_systems(self) -> bool:
        """No source is configured, so the built-in simulated systems are read."""
        return not self.base_urls()

    def base_urls(self) -> Mapping[str, str]:
        """Configured systems and their addresses."""
        return {name: system.url for name, system in self.systems.items() if system.url}

    def credential(self, system: str) -> str:
        """The secret of a system; handed to the HTTP client only."""
        token = self.systems[system].token if system in self.systems else None
        return token.get_secret_value() if token else ""

    def ways(self) -> Mapping[str, tuple[Path | None, str | None]]:
        """How each configured system is reached: its own CA file and the proxy, if any."""
        proxy = self.proxy.get_secret_value() if self.proxy else None
        return {name: (system.ca, proxy) for name, system in self.systems.items() if system.url}

    @property
    def warehouse_path(self) -> Path:
        """The restricted store."""
        return self.home / "warehouse.duckdb"

    @property
    def lock_path(self) -> Path:
        """The lock beside the restricted store."""
        return self.home / "warehouse.lock"

    @property
    def landing(self) -> Path:
        """Response bytes as they came."""
        return self.home / "landing"

    @property
    def inbox(self) -> Path:
        """Where people drop files."""
        return self.home / "inbox"

    @property
    def published(self) -> Path:
        """What BI tools read."""
        return self.home / "published"

    @property
    def dagster_home(self) -> Path:
        """Dagster's storage."""
        return self.home / "dagster"

    @property
    def sql_root(self) -> Path:
        """The folder of SQL models."""
        return PROJECT / "sql"

    @property
    def sources_file(self) -> Path:
        """The declarative source file in use."""
        return self.sources or PROJECT / "sources" / "sources.yml"

    @property
    def person_key_file(self) -> Path:
        """Where the key of the keyed hash lies when no setting gives it."""
        return self.home / "pii.key"

    def person_key(self) -> bytes:
        """The key of the keyed hash; made once into the home folder when no setting gives it."""
        if self.pii_key is not None:
            return self.pii_key.get_secret_value().encode()
        return _kept_key(self.person_key_file)

    def next_person_key(self, *, make: bool = False) -> bytes | None:
        """The key that `motcua rotate-key` changes to; `make` makes one beside a key that lies in the home folder."""
        if self.pii_key_next is not None:
            return self.pii_key_next.get_secret_value().encode()
        path = self.person_key_file.with_suffix(".key.next")
        return _kept_key(path) if self.pii_key is None and (make or path.exists()) else None

    def person_keys(self) -> list[bytes]:
        """The keys that the store may be under: the present one, and the next while a change isn't finished."""
        following = self.next_person_key()
        return [self.person_key(), *([following] if following else [])]


def _variable(*parts: str) -> str:
    return PREFIX + "_".join(parts).upper() if parts else "settings"


def _kept_key(path: Path) -> bytes:
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        # Whole or not at all: a key cut short by a crash would be taken for a key.
        waiting = path.with_name(f".{path.name}.new")
        waiting.unlink(missing_ok=True)
        descriptor = os.open(waiting, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "w", encoding="ascii") as file:
            file.write(secrets.token_hex(SHORTEST_KEY))
            file.flush()
            os.fsync(file.fileno())
        waiting.replace(path)
    return path.read_bytes().strip()


def use_dagster_home(settings: Settings) -> Path:
    """Make Dagster's home below MOTCUA_HOME with our dagster.yaml and point the process to it."""
    home = settings.dagster_home
    home.mkdir(parents=True, exist_ok=True)
    text = (PROJECT / "orchestration" / "dagster.yaml").read_text(encoding="utf-8")
    if settings.dagster_postgres is not None:
        # The address holds a password, so the file names the variable and children inherit it.
        os.environ["MOTCUA_DAGSTER_POSTGRES"] = settings.dagster_postgres.get_secret_value()
        config = yaml.safe_load(text)
        config["storage"]["custom"] = {
            "module": "orchestration.postgres_store", "class": "KeptPostgresStorage",
            "config": {"postgres_url": {"env": "MOTCUA_DAGSTER_POSTGRES"}},
        }  # fmt: skip
        text = yaml.safe_dump(config, sort_keys=False)
    target = home / "dagster.yaml"
    if not target.exists() or target.read_text(encoding="utf-8") != text:
        target.write_text(text, encoding="utf-8")
    os.environ["DAGSTER_HOME"] = str(home)
    return home


def workspace_file(settings: Settings) -> Path:
    """The workspace that webserver and daemon load: this code, wherever it is installed, or a setting's code server."""
    loaded: dict[str, dict[str, object]] = {
        "python_module": {"module_name": "orchestration.definitions", "location_name": "motcua"}
    }
    if settings.code_server is not None:
        host, _, port = settings.code_server.rpartition(":")
        server = {"host": host or "127.0.0.1", "port": int(port), "location_name": "motcua"}
        loaded = {"grpc_server": server}
    path = use_dagster_home(settings) / "workspace.yaml"
    text = yaml.safe_dump({"load_from": [loaded]}, sort_keys=False)
    if not path.exists() or path.read_text(encoding="utf-8") != text:
        path.write_text(text, encoding="utf-8")
    return path
