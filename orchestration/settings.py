"""Settings: the only reader of the environment and of .env.

Belongs here: every MOTCUA_* name of the contract, checked once, all errors told together.
Doesn't: anything that acts on them.
"""

import datetime as dt
import os
import secrets
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Literal, Self
from zoneinfo import ZoneInfo

import yaml
from pydantic import Field, SecretStr, ValidationError, field_validator, model_validator
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

LOCAL = ZoneInfo("Asia/Ho_Chi_Minh")
PROJECT = Path(__file__).resolve().parent.parent
SYSTEMS = ("cases", "ratings", "services", "registry")
SHORTEST_KEY = 32


class SettingsError(Exception):
    """Settings are wrong; the message lists every error (exit code 2)."""


class Settings(BaseSettings):
    """Everything a site may set. Frozen; secrets never show in a repr."""

    model_config = SettingsConfigDict(
        env_prefix="MOTCUA_", env_file=".env", extra="ignore", frozen=True, env_ignore_empty=True
    )

    home: Path = Path("data")
    cases_url: str | None = None
    cases_token: SecretStr | None = None
    ratings_url: str | None = None
    ratings_token: SecretStr | None = None
    services_url: str | None = None
    services_token: SecretStr | None = None
    registry_url: str | None = None
    registry_token: SecretStr | None = None
    sources: Path | None = None
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
        return value.expanduser().resolve()

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

    @field_validator("cases_url", "ratings_url", "services_url", "registry_url")
    @classmethod
    def _http(cls, value: str | None) -> str | None:
        if value is not None and not value.startswith(("http://", "https://")):
            raise ValueError("write an address that begins with https:// (or http:// on loopback)")
        return value.rstrip("/") if value else value

    @model_validator(mode="after")
    def _whole_systems(self) -> Self:
        for system in SYSTEMS:
            url, token = getattr(self, f"{system}_url"), getattr(self, f"{system}_token")
            if (url is None) != (token is None):
                name = system.upper()
                raise ValueError(
                    f"set MOTCUA_{name}_URL and MOTCUA_{name}_TOKEN together, or neither"
                )
        return self

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
                f"{'MOTCUA_' + '_'.join(str(p) for p in e['loc']).upper() if e['loc'] else 'settings'}: "
                f"{e['msg'].removeprefix('Value error, ')}"
                for e in error.errors(include_input=False, include_url=False)
            ]
            raise SettingsError("; ".join(parts)) from None

    def now(self) -> dt.datetime:
        """The as-of instant in Asia/Ho_Chi_Minh: pinned, or the clock."""
        return (self.as_of or dt.datetime.now(LOCAL)).astimezone(LOCAL)

    @property
    def uses_demo_systems(self) -> bool:
        """No source is configured, so the built-in simulated systems are read."""
        return all(getattr(self, f"{system}_url") is None for system in SYSTEMS)

    def base_urls(self) -> Mapping[str, str]:
        """Configured systems and their addresses."""
        urls = {system: getattr(self, f"{system}_url") for system in SYSTEMS}
        return {system: url for system, url in urls.items() if url}

    def credential(self, system: str) -> str:
        """The secret of a system; handed to the HTTP client only."""
        token: SecretStr | None = getattr(self, f"{system}_token", None)
        return token.get_secret_value() if token else ""

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
