"""Mail in the background: a page does not wait for it, and none is lost."""

import logging
import subprocess
import sys
import threading
import time

import pytest

from erpnet_identity.identity import mail
from tests.support.server import ROOT


def test_nobody_waits():
    is_answered, order = threading.Event(), []
    mail.later(lambda: (is_answered.wait(10), order.append("mail")))
    order.append("page")
    is_answered.set()
    mail.flush()
    assert order == ["page", "mail"]


def test_begins_after_the_answer(monkeypatch):
    monkeypatch.setattr(mail, "DELAY", 0.05)
    begun = []
    promised = time.monotonic()
    mail.later(lambda: begun.append(time.monotonic()))
    mail.flush()
    assert begun[0] - promised >= 0.05


@pytest.mark.contract("OP-233")
def test_a_mail_server_that_refuses(caplog):
    def refuse():
        raise ConnectionRefusedError("550 maria@example.com is unknown here")

    sent = []
    with caplog.at_level(logging.ERROR):
        mail.later(refuse)
        mail.later(lambda: sent.append(1))
        mail.flush()
    assert sent == [1]
    assert "ConnectionRefusedError" in caplog.text
    assert "maria" not in caplog.text


def test_a_process_that_ends_sends_what_it_promised():
    script = (
        "from erpnet_identity.identity import mail\n"
        "for number in range(3):\n"
        "    mail.later(lambda number=number: print('sent', number, flush=True))\n"
        "print('ends', flush=True)\n"
    )
    ended = subprocess.run([sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True, timeout=60)
    assert ended.stdout.split("\n")[:-1] == ["ends", "sent 0", "sent 1", "sent 2"], ended.stderr
