"""Nothing reaches a log line around the redaction."""

import logging
import logging.config
import sys
from contextlib import contextmanager

import pytest

from erpnet_identity.platform.log_handler import Handler
from tests.platform.test_redaction import TOKEN


@contextmanager
def configured(settings):
    """The logging of the product on top of Django's own, as when it starts. Afterwards all is as before."""
    from django.utils.log import DEFAULT_LOGGING

    names = [name for name, logger in logging.root.manager.loggerDict.items() if isinstance(logger, logging.Logger)]
    loggers = [logging.getLogger(name) for name in ["", *names, *settings.LOGGING["loggers"]]]
    before = [(logger, logger.handlers[:], logger.level, logger.propagate, logger.disabled) for logger in loggers]
    logging.config.dictConfig(DEFAULT_LOGGING)
    logging.config.dictConfig(settings.LOGGING)
    try:
        yield loggers
    finally:
        _restore(before)


def _restore(before):
    for logger, handlers, level, propagate, disabled in before:
        logger.handlers[:], logger.propagate, logger.disabled = handlers, propagate, disabled
        logger.setLevel(level)


@pytest.mark.contract("OP-233", "ID-09")
def test_every_handler_redacts(settings):
    """Django's own, which print or mail a record as it is, are gone; no logger is left to the last resort."""
    with configured(settings) as loggers:
        reached = {logger.name: {type(handler) for handler in handlers_of(logger)} for logger in loggers}
    assert {"root", "django", "django.server", "django.request", "erpnet.request"} <= set(reached)
    assert {name: kinds for name, kinds in reached.items() if kinds != {Handler}} == {}


def handlers_of(logger):
    """Every handler that a record of this logger gets to, without those of the test run."""
    found = []
    while logger is not None:
        found += [
            handler
            for handler in logger.handlers
            if not type(handler).__module__.startswith("_pytest") and type(handler) is not logging.NullHandler
        ]
        logger = logger.parent if logger.propagate else None
    return found


@pytest.mark.contract("OP-233", "ID-09")
@pytest.mark.parametrize("logger", ["django.security.csrf", "django.server", "django.request", "some.library"])
def test_only_named_extras_are_written(settings, capsys, logger):
    class Request:
        def __repr__(self):
            return "<WSGIRequest: POST '/id/password/reset/plain-text-secret'>"

    extra = {"request": Request(), "status_code": 403, "anything": "plain-text-secret", "args_of": {"a": "x"}}
    with configured(settings):
        logging.getLogger(logger).error("refused", extra=extra)
    written = capsys.readouterr().err
    assert "refused" in written
    assert "403" in written
    assert "secret" not in written
    assert "anything" not in written


def write_what_cannot_be_written():
    (handler,) = [handler for handler in logging.root.handlers if isinstance(handler, Handler)]
    record = logging.LogRecord("some.library", logging.ERROR, "/x/source.py", 7, "%d of %s", ("no number", TOKEN), None)
    handler.handle(record)


@pytest.mark.contract("OP-233", "ID-09")
def test_a_line_that_cannot_be_written_is_not_printed_either(settings, capsys):
    with configured(settings):
        write_what_cannot_be_written()
    assert capsys.readouterr().err == "a log line of some.library source.py:7 could not be written: TypeError\n"


def test_nowhere_to_complain(settings, monkeypatch):
    class Closed:
        def write(self, text):
            raise ValueError("closed")

    monkeypatch.setattr(sys, "stderr", Closed())
    with configured(settings):
        write_what_cannot_be_written()
