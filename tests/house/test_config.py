"""Settings: defaults that work, and one clear line for what cannot."""

import stat

import pytest

import config
from config import ConfigError

STRONG = "k3y-of-many-letters-and-9-digits-"


@pytest.fixture
def load(tmp_path):
    return lambda **environ: config.load({"DATA_DIR": str(tmp_path), **environ})


def test_without_settings_everything_is_kept_under_the_data_folder(load, tmp_path):
    settings = load()

    assert settings["SQLALCHEMY_DATABASE_URI"] == f"sqlite:///{tmp_path}/guichet.db"
    assert settings["BASE_URL"] == "http://127.0.0.1:8000"
    assert settings["REDIS_URL"].startswith("unix:///")


def test_the_key_is_made_once_and_for_its_owner_only(load, tmp_path):
    assert load()["SECRET_KEY"] == load()["SECRET_KEY"]
    assert len(load()["SECRET_KEY"]) >= 32
    assert stat.S_IMODE((tmp_path / "secret_key").stat().st_mode) == 0o600


def test_the_first_key_signs_and_the_others_verify(load):
    settings = load(SECRET_KEY=f"{STRONG}new, {STRONG}old")

    assert (settings["SECRET_KEY"], settings["SECRET_KEY_FALLBACKS"]) == (f"{STRONG}new", [f"{STRONG}old"])


@pytest.mark.parametrize(
    "key", ["", "short", "a" * 40, "changeme" * 5, "secretsecretsecretsecretsecretsecret", f"{STRONG},x"]
)
def test_a_weak_key_is_refused(load, key):
    with pytest.raises(ConfigError, match="SECRET_KEY"):
        load(SECRET_KEY=key)


def test_a_weak_key_never_stands_in_the_refusal(load):
    with pytest.raises(ConfigError) as refused:
        load(SECRET_KEY="hunter2")

    assert "hunter2" not in str(refused.value)


@pytest.mark.parametrize("scheme", ["postgres", "postgresql", "postgresql+psycopg"])
def test_postgresql_is_spoken_to_by_psycopg(load, scheme):
    url = load(DATABASE_URL=f"{scheme}://me:p%40ss@db/guichet")["SQLALCHEMY_DATABASE_URI"]

    assert url == "postgresql+psycopg://me:p%40ss@db/guichet"


def test_a_relative_sqlite_file_does_not_depend_on_where_one_stands(load):
    url = load(DATABASE_URL="sqlite:///some.db")["SQLALCHEMY_DATABASE_URI"]

    assert url == f"sqlite:///{config.ROOT}/some.db"


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("SMS_URL", "twilio"), ("SMS_URL", "twilio://SID:TOKEN@FROM/+33123456789"),
        ("DATABASE_URL", "sqlite://"), ("DATABASE_URL", "oracle://x"), ("DATABASE_URL", "nonsense"),
        ("REDIS_URL", "http://x"), ("PORT", "0"), ("PORT", "65536"), ("PORT", "٣"), ("WEB_WORKERS", "-1"),
        ("BASE_URL", "ftp://x"), ("BASE_URL", "https://x/?a=1"), ("MAIL_URL", "http://x"),
        ("MAIL_URL", "smtp://x:port"), ("TRUSTED_PROXIES", "all"), ("LANGUAGE", "de"), ("TIMEZONE", "Mars/Olympus"),
        ("LOG_LEVEL", "LOUD"), ("MAX_UPLOAD_BYTES", "1"),
    ],
)  # fmt: skip
def test_what_cannot_work_is_refused_by_name(load, name, value):
    with pytest.raises(ConfigError, match=name):
        load(**{name: value})


def test_new_teams_get_addresses_of_the_public_host(load):
    assert load(BASE_URL="https://help.example.org")["MAIL_DOMAIN"] == "help.example.org"
    assert load(BASE_URL="http://10.0.0.1:8000")["MAIL_DOMAIN"] == "localhost.localdomain"


def test_the_queue_of_a_deep_folder_has_a_short_address(load, tmp_path):
    deep = tmp_path / ("x" * 120)

    assert len(load(DATA_DIR=str(deep))["REDIS_URL"]) < 110
