"""No secret reaches a log line or an event, whatever it is called and wherever it stands."""

import logging
import logging.config

import pytest
import structlog
from hypothesis import given
from hypothesis import strategies as st

from erpnet_identity.audit.redaction import HIDDEN, redact, redact_event, scrub, shorten
from erpnet_identity.audit.request_log import LOGGER
from trusted_apps import secrets

TOKEN = "eyJhbGciOiJSUzI1NiJ9.eyJzdWIiOiJtYXJpYSJ9.c2lnbmF0dXJl"
REFERENCE = "enrt_" + "0A1B" * 16
CODE = "0A1B2C3D" * 8
SECRET = "aB3dE" * 8


@pytest.mark.contract("TA-55", "ID-09", "OP-233", "AU-02")
@pytest.mark.parametrize(
    "name",
    [
        "password", "client_secret", "secret", "Authorization", "access_token", "refresh_token", "id_token", "token",
        "code", "code_verifier", "X-Api-Key", "cookie", "csrfmiddlewaretoken", "ApplicationSecretHash", "private_key",
    ],
)  # fmt: skip
def test_by_name(name):
    assert redact({name: "value"}) == {name: HIDDEN}


@pytest.mark.contract("TA-55", "ID-09", "OP-233", "AU-02")
@pytest.mark.parametrize(
    "text",
    [
        TOKEN, REFERENCE, CODE, SECRET, f"Bearer {TOKEN}", "Basic U2VydmljZTpERU1PREVNTw==", "client_secret=DEMODEMO",
        "grant_type=x&password=hunter22", "code=abcdef123", "0a1b" * 8 + "-d2m3k9-" + "9f8e" * 8,
    ],
)  # fmt: skip
def test_by_shape_anywhere(text):
    for value in (text, f"before {text} after", [text], {"note": text}, {"a": [{"b": text}]}):
        shown = repr(redact(value))
        assert HIDDEN in shown
        for secret in (TOKEN, REFERENCE, CODE, SECRET, "DEMODEMO", "hunter22", "abcdef123", "U2Vydm"):
            assert secret not in shown


@pytest.mark.parametrize(
    "value",
    [
        {"cause": "secret_wrong", "secret_name": "default", "token_id": "0A1B" * 8, "status_code": 200},
        {"changes": {"Scope": {"old": "read", "new": "read update"}}},
        {"generated": True, "credential_changed": True},
        {"digest": "0a1b2c3d" * 5, "other": "a" * 40, "longer": "aB3dE" * 9},
    ],
)
def test_what_is_harmless_stays(value):
    assert redact(value) == value


@pytest.mark.contract("TA-55", "OP-233")
def test_a_secret_that_we_make_has_the_shape():
    assert all(scrub(f"client_id {secrets.generate()}") == f"client_id {HIDDEN}" for _ in range(50))


def test_shorten():
    assert shorten("short") == HIDDEN
    assert shorten("0123456789ABCDEF01234567") == "…234567"


@given(st.text())
def test_scrubbed_text_can_always_be_stored(text):
    scrubbed = scrub(text)
    assert "\x00" not in scrubbed
    scrubbed.encode("utf-8")


@pytest.mark.contract("OP-233", "ID-09")
def test_the_log_filter_is_in_place(settings, capsys):
    """The handler of the settings writes what the filter leaves, for our loggers and for those of libraries."""
    loggers = logging.getLogger(), logging.getLogger(LOGGER)
    before = [(logger.handlers[:], logger.level, logger.propagate) for logger in loggers]
    logging.config.dictConfig(settings.LOGGING)
    try:
        structlog.get_logger("erpnet.test").error("it failed", client_secret="DEMODEMO", header=f"Bearer {TOKEN}")
        logging.getLogger("some.library").error("sent %s", f"password=hunter22 {TOKEN}", extra={"api_key": "K" * 20})
        try:
            raise ValueError(f"bad token {TOKEN}")
        except ValueError:
            logging.getLogger("some.library").exception("oops")
        written = capsys.readouterr().err
    finally:
        for logger, (handlers, level, propagate) in zip(loggers, before, strict=True):
            logger.handlers[:], logger.propagate = handlers, propagate
            logger.setLevel(level)
    assert written.count(HIDDEN) >= 5
    assert "oops" in written
    for secret in ("DEMODEMO", "hunter22", "K" * 20, TOKEN):
        assert secret not in written


def test_numbers_of_an_event_stay():
    assert redact_event({"status": 401, "ms": 1.5, "token": "x"}) == {"status": 401, "ms": 1.5, "token": HIDDEN}
