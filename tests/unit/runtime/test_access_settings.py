"""Open mode and secrets (SEC-01, SEC-19), and the inner door."""

from pathlib import Path

import pytest

from runtime.settings import RefusedStartError, ServiceSettings, load, weak_password, weak_secret
from services.gateway.settings import GatewaySettings
from services.identity.settings import IdentitySettings

GOOD = "8f3b0c5d9e7a412c6b1d0f9e8a7c6b5d"
DATABASE = "postgresql://payflow:8f3b0c5d9e7a@127.0.0.1/payflow"


def refused(monkeypatch: pytest.MonkeyPatch, **env: str) -> str:
    """Why a start is refused; empty if it is not."""
    for name, value in env.items():
        monkeypatch.setenv(name, value)
    try:
        load(ServiceSettings)
    except RefusedStartError as error:
        return str(error)
    return ""


def test_sec_01_development_is_open_and_production_is_not() -> None:
    assert ServiceSettings().is_open
    assert ServiceSettings().inner_secret is None
    assert not ServiceSettings(PAYFLOW_PROFILE="production").is_open
    assert not ServiceSettings(PAYFLOW_ACCESS="required").is_open


@pytest.mark.parametrize(
    ("env", "why"),
    [
        ({"PAYFLOW_PROFILE": "production", "DATABASE_URL": DATABASE}, "SECRET_KEY is not set"),
        ({"PAYFLOW_ACCESS": "required"}, "SECRET_KEY is not set"),
        ({"PAYFLOW_ACCESS": "required", "SECRET_KEY": "short"}, "SECRET_KEY"),
        ({"PAYFLOW_ACCESS": "required", "SECRET_KEY": "a" * 64}, "everybody knows"),
        ({"PAYFLOW_ACCESS": "required", "SECRET_KEY": "ChangeMe-ChangeMe-0123456789-ChangeMe"}, "everybody knows"),
        ({"PAYFLOW_PROFILE": "production", "PAYFLOW_ACCESS": "open", "SECRET_KEY": GOOD}, "needs sign-in"),
        (
            {"PAYFLOW_PROFILE": "production", "SECRET_KEY": GOOD, "DATABASE_URL": "postgresql://payflow@127.0.0.1/x"},
            "password of the database",
        ),
        (
            {"PAYFLOW_PROFILE": "production", "SECRET_KEY": GOOD, "DATABASE_URL": "postgresql://p:payflow@h/x"},
            "everybody knows",
        ),
        ({"PAYFLOW_ACCESS": "sometimes"}, "PAYFLOW_ACCESS"),
    ],
)
def test_sec_19_what_protects_nothing_refuses_the_start(
    monkeypatch: pytest.MonkeyPatch, env: dict[str, str], why: str
) -> None:
    told = refused(monkeypatch, **env)
    assert why in told
    assert env.get("SECRET_KEY", "no secret") not in told


def test_sec_19_good_secrets_start(monkeypatch: pytest.MonkeyPatch) -> None:
    assert refused(monkeypatch, PAYFLOW_PROFILE="production", SECRET_KEY=GOOD, DATABASE_URL=DATABASE) == ""
    assert weak_password("postgresql:///payflow?host=/var/run/postgresql") is None
    assert weak_secret(GOOD) is None


def test_sec_19_any_setting_can_come_from_a_file(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "key").write_text(GOOD + "\n")
    (tmp_path / "db").write_text("p/w\r\n")
    monkeypatch.setenv("SECRET_KEY_FILE", str(tmp_path / "key"))
    monkeypatch.setenv("DB_PASSWORD_FILE", str(tmp_path / "db"))
    monkeypatch.delenv("DATABASE_URL", raising=False)
    settings = load(ServiceSettings)
    assert settings.secret_key.get_secret_value() == GOOD
    assert settings.database_url == "postgresql://payflow:p%2Fw@127.0.0.1:5432/payflow"


def test_sec_19_a_file_that_cannot_be_used_refuses_the_start(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "key").write_text(GOOD)
    assert "SECRET_KEY_FILE" in refused(monkeypatch, SECRET_KEY_FILE=str(tmp_path / "nothing"))
    assert "both set" in refused(monkeypatch, SECRET_KEY_FILE=str(tmp_path / "key"), SECRET_KEY="x")
    (tmp_path / "empty").write_text("\n")
    assert "both set" not in refused(monkeypatch, SECRET_KEY_FILE=str(tmp_path / "empty"), SECRET_KEY="x"), (
        "it gives nothing"
    )
    (tmp_path / "large").write_bytes(b"x" * 100_000)
    monkeypatch.delenv("SECRET_KEY")
    assert "more than" in refused(monkeypatch, SECRET_KEY_FILE=str(tmp_path / "large"))


def test_sec_19_secrets_do_not_show_in_the_settings_text() -> None:
    settings = IdentitySettings(
        SECRET_KEY=GOOD, DB_PASSWORD="hidden-password", DATABASE_URL=DATABASE, OIDC_CLIENT_SECRET="hidden-client"
    )
    for secret in (GOOD, "hidden-password", "8f3b0c5d9e7a", "hidden-client"):
        assert secret not in repr(settings)
        assert secret not in str(settings)


def test_the_inner_secret_follows_from_the_key_and_does_not_tell_it() -> None:
    one, same, other = (
        ServiceSettings(PAYFLOW_ACCESS="required", SECRET_KEY=key).inner_secret for key in (GOOD, GOOD, GOOD[::-1])
    )
    assert one == same != other
    assert GOOD not in str(one)


def test_sec_01_open_mode_stays_on_loopback() -> None:
    with pytest.raises(RefusedStartError, match="GATEWAY_HOST"):
        GatewaySettings(GATEWAY_HOST="0.0.0.0").check_open_mode()
    GatewaySettings(GATEWAY_HOST="0.0.0.0", PAYFLOW_ACCESS="required", SECRET_KEY=GOOD).check_open_mode()


def test_sec_11_the_limit_is_off_in_open_mode_and_can_be_set() -> None:
    assert GatewaySettings().limit is None
    assert GatewaySettings(PAYFLOW_ACCESS="required").limit == (50, 100)
    assert GatewaySettings(PAYFLOW_ACCESS="required", RATE_LIMIT=0).limit is None
    assert GatewaySettings(RATE_LIMIT=5, RATE_BURST=7).limit == (5, 7)


@pytest.mark.parametrize("half", [{"OIDC_ISSUER": "https://id.example"}, {"OIDC_CLIENT_ID": "x"}])
def test_half_a_provider_refuses_the_start(half: dict[str, str]) -> None:
    with pytest.raises(RefusedStartError, match="belong together"):
        IdentitySettings(**half).check_oidc()
    whole = {"OIDC_ISSUER": "http://id.example", "OIDC_CLIENT_ID": "x", "OIDC_REDIRECT_URL": "https://p.example/cb"}
    IdentitySettings(**whole).check_oidc()
    for profile in ("test", "production"):
        with pytest.raises(RefusedStartError, match="https"):
            IdentitySettings(**whole, PAYFLOW_PROFILE=profile).check_oidc()
