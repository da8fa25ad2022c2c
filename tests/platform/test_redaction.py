"""No secret reaches a log line or an event, whatever it is called and wherever it stands."""

import itertools
import logging
import logging.config
import re
import time

import pytest
import structlog
from hypothesis import given
from hypothesis import strategies as st

from erpnet_identity.platform.redaction import (
    HIDDEN,
    LONGEST,
    NAMED,
    SHAPES,
    beginning,
    redact,
    redact_event,
    scrub,
)
from erpnet_identity.platform.request_log import LOGGER
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
        f"id_token_hint%3D{TOKEN}", TOKEN.rpartition(".")[0], '{"password": "hunter22"}',
        "<QueryDict: {'client_secret': ['DEMODEMO']}>", "('code', 'abcdef123')", "old_password=hunter22",
    ],
)  # fmt: skip
def test_by_shape_anywhere(text):
    for value in (text, f"before {text} after", [text], {"note": text}, {"a": [{"b": text}]}):
        shown = repr(redact(value))
        assert HIDDEN in shown
        for secret in (TOKEN, REFERENCE, CODE, SECRET, "DEMODEMO", "hunter22", "abcdef123", "U2Vydm"):
            assert secret not in shown


RESET = "0a1b" * 8 + "-d2m3k9-" + "9f8e" * 8


@pytest.mark.contract("OP-233")
@pytest.mark.parametrize("secret", [TOKEN, REFERENCE, CODE, SECRET, RESET])
@pytest.mark.parametrize(
    "around",
    [
        "/signin%3Fcode%3D{}", "next=%2Fcb%2F{}%26a", "%22{}%22", "%253D{}", "a_{}_b", "é{}é", "/{}/", "b'{}'", "<{}>",
        "-{}-", "\t{}\n",
    ],
)  # fmt: skip
def test_by_shape_whatever_stands_beside_it(secret, around):
    """An address in an address is encoded, and what encodes it looks like a part of the secret."""
    shown = scrub(around.format(secret))
    assert secret[8:24] not in shown
    assert secret[-8:] not in shown


@pytest.mark.contract("OP-233")
@pytest.mark.parametrize(
    "text",
    [
        "password=\"hunter 22\"", "password='hunter 22'", "'password': 'it\\'s hunter 22'", "password=it's-hunter-22",
        '"password": "it\'s hunter 22"', "{'password': ['first', 'hunter 22']}", "client_secret=b'hunter 22'",
        "'code': b'hunter 22'", "/x%3Fpassword%3Dhunter-22", "client_secret%253Dhunter-22", "('code', ('hunter 22',))",
    ],
)  # fmt: skip
def test_by_the_word_before_it_however_it_is_quoted(text):
    shown = scrub(f"before {text} after")
    assert "hunter" not in shown
    assert "22" not in shown
    assert shown.startswith("before ")
    assert shown.endswith(" after")


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


class Request:
    """As Django's prints itself: with the whole address."""

    def __init__(self, address):
        self.address = address

    def __str__(self):
        return f"<WSGIRequest: POST '{self.address}'>"


class Silent:
    def __str__(self):
        raise RuntimeError(CODE)


@pytest.mark.contract("OP-233", "ID-09")
@pytest.mark.parametrize("wrap", [lambda value: value, lambda value: [value], lambda value: {"a": (value,)}])
def test_whatever_the_type(wrap):
    for value in (Request(f"/end?hint={TOKEN}"), f"Bearer {TOKEN}".encode(), ValueError(CODE), Silent(), {TOKEN: "x"}):
        shown = repr(redact_event({"event": "x", "value": wrap(value)}))
        assert TOKEN not in shown
        assert CODE not in shown


PIECES = (
    "eyJ", "eyJhbGciOiJS", "enrt_", "enrt_0A1B", "basic ", "Bearer", " ", "code=", "client_secret", "password1",
    "'code': '", '"secret":"', "password=[", "password=(", "password=\"\\", "%25", "3d", "\\",
    "A1", "aB", "0a1b", "-", ".", ":", "=", "'", "_token",
)  # fmt: skip


@pytest.mark.contract("OP-233")
@pytest.mark.parametrize("pattern", [*SHAPES, *NAMED])
def test_every_pattern_takes_time_by_the_length_of_the_text_alone(pattern):
    """On whatever hostile text: of a pattern that looks back, one of these takes minutes."""
    compiled = re.compile(pattern)
    for pieces in itertools.product(PIECES, repeat=2):
        text = "".join(pieces)
        for hostile in (text * (20_000 // len(text)), pieces[0] + pieces[1] * (20_000 // len(pieces[1]))):
            began = time.thread_time()
            compiled.sub(HIDDEN, hostile)
            assert time.thread_time() - began < 0.3, text


def test_the_pieces_meet_every_pattern():
    """A new pattern needs pieces of its own in the test above."""
    for pattern in (*SHAPES, *NAMED):
        words = [word.casefold() for word in re.findall(r"[A-Za-z_]{3,}", re.sub(r"\[[^]]*\]|\\.", " ", pattern))]
        assert not words or any(word in "".join(PIECES).casefold() for word in words), pattern


@pytest.mark.contract("OP-233")
@pytest.mark.parametrize("secret", [TOKEN, REFERENCE, CODE, SECRET, f"Basic {'U2Vy' * 9}", "password=hunter22hunter22"])
def test_a_cut_never_leaves_half_a_credential(secret):
    last = secret.split("=")[-1].split(" ")[-1]
    for at in range(1, len(secret)):
        for text in (
            "x" * (LONGEST // 2 - at - 1) + " " + secret + " y" * LONGEST,
            "x " * LONGEST + secret + " " + "y" * (LONGEST // 2 - at - 1),
        ):
            shown = scrub(text)
            assert len(shown) <= LONGEST + 100
            assert all(last[n : n + 6] not in shown for n in range(len(last) - 5)), at
        assert last[:6] not in scrub(beginning("/id/" + secret, 4 + at)) or at > len(secret) - len(last) + 8


def test_the_end_of_a_long_trace_is_kept():
    shown = scrub("Traceback\n" + "  File x\n" * 10_000 + "ValueError: this is why")
    assert shown.startswith("Traceback")
    assert shown.endswith("ValueError: this is why")
    assert "characters left out" in shown
