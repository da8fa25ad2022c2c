"""Requests as they arrive: slowly, in pieces, half or not at all. Nobody else waits for them (OPS-07, API-18)."""

import hashlib
import http.client
import json
import resource
import socket
import threading
import time
from contextlib import ExitStack
from queue import SimpleQueue
from types import SimpleNamespace

import pytest

from erpnet_identity.operations.bodies import _LOOK_EVERY, Limits
from erpnet_identity.operations.front import Front
from tests.support.server import free_port, get, manage, serving

pytestmark = pytest.mark.contract("OPS-07")
SECONDS = 3
TOKEN = b"POST /id/connect/token HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/x-www-form-urlencoded\r\n"
ECHO = b"POST /echo HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n"


@pytest.fixture(scope="module")
def port(tmp_path_factory):
    folder = tmp_path_factory.mktemp("bodies")
    variables = {
        "DATABASE_URL": f"sqlite:///{folder / 'instance.sqlite3'}",
        "DJANGO_SETTINGS_MODULE": "tests.support.slow_settings",
        "ERPNET_BODY_SECONDS": str(SECONDS),
        "ERPNET_API_BODY_BYTES": "2000000",
    }
    assert manage("migrate", "--verbosity=0", **variables).returncode == 0
    number = free_port()
    with serving(number, "serve", f"--port={number}", "--workers=1", log=folder / "log", **variables):
        yield number


def connect(port):
    return socket.create_connection(("127.0.0.1", port), timeout=30)


def receive(connection):
    """Everything until the server closes the connection."""
    received = b""
    while piece := connection.recv(65536):
        received += piece
    return received


def send(port, *parts, pause=0.0):
    """The answer to bytes that are sent one part after the other."""
    with connect(port) as connection:
        for part in parts:
            connection.sendall(part)
            time.sleep(pause)
        return receive(connection)


def seen(answer):
    assert b" 200 OK" in answer.partition(b"\r\n")[0], answer
    return json.loads(answer.partition(b"\r\n\r\n")[2])


def test_slow_senders_delay_nobody(port):
    """Four of them stopped a process, when each took a thread with it."""
    with ExitStack() as stack:
        senders = [stack.enter_context(connect(port)) for _ in range(200)]
        began = time.monotonic()
        for sender in senders:
            sender.sendall(TOKEN + b"Content-Length: 500\r\n\r\ngrant_type=")
        waited = []
        while time.monotonic() < began + SECONDS + 1.5:
            asked = time.monotonic()
            assert get(port, "/health/live", timeout=10)[0] == 200
            waited.append(time.monotonic() - asked)
            time.sleep(0.05)
        assert max(waited) < 2
        answers = [receive(sender) for sender in senders]
        assert time.monotonic() < began + SECONDS + 4
    assert {answer.split(b" ")[1] for answer in answers} == {b"408"}
    assert all(b"connection: close" in answer.lower() for answer in answers)


def test_however_many_send_slowly_the_next_one_is_let_in(port):
    """As many as a process reads at a time refused everybody else, for as long as a body may take."""
    with ExitStack() as stack:
        senders = [stack.enter_context(connect(port)) for _ in range(600)]
        for sender in senders:
            sender.sendall(ECHO + b"Content-Length: 500\r\n\r\nslow")
        time.sleep(1.2)
        for _ in range(3):
            assert seen(send(port, ECHO + b"Content-Length: 5\r\n\r\nquick"))["length"] == 5
        # Those that were there first gave way, and were told so; on a slow machine their time was over before.
        assert receive(senders[0]).startswith((b"HTTP/1.1 503 ", b"HTTP/1.1 408 "))


def test_connections_that_send_nothing_keep_nobody_out(port):
    """The time of a connection that sends no request is half a minute; a thousand of them stopped a process so long."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if hard != resource.RLIM_INFINITY and hard < 4096:
        pytest.skip("the system does not allow as many connections")
    resource.setrlimit(resource.RLIMIT_NOFILE, (max(soft, 4096), hard))
    with ExitStack() as stack:
        stack.callback(resource.setrlimit, resource.RLIMIT_NOFILE, (soft, hard))
        for number in range(2_200):
            connection = stack.enter_context(connect(port))
            if number % 2:
                connection.sendall(b"GET /health/live HTTP/1.1\r\nX-Half: a")
        began = time.monotonic()
        assert get(port, "/health/live", timeout=10)[0] == 200
        assert time.monotonic() - began < 2


class Piece:
    """A piece that will come, as granian tells about it."""

    def __init__(self):
        self.content, self.cancelled, self.call = None, False, None

    def done(self):
        return self.content is not None or self.cancelled

    def result(self):
        return self.content

    def cancel(self):
        self.cancelled = True
        if self.call is not None:
            self.call(self)

    def add_done_callback(self, call, *, context):
        self.call = call

    def come(self, content):
        self.content = content
        if self.call is not None and not self.cancelled:
            self.call(self)


class Sender:
    """A body that comes piece by piece when the test says so, as granian gives it to the front. ``status`` is that of
    the answer: 200 of the application, which tells how much it got."""

    def __init__(self, front, length=0, *, at_once=0):
        self.status, self.at_once = None, at_once
        headers = {"content-length": str(length)} if length else {"transfer-encoding": "chunked"}
        self.scope = SimpleNamespace(
            headers=headers,
            client="127.0.0.1:1",
            server="127.0.0.1:2",
            scheme="http",
            authority=None,
            method="POST",
            path="/",
            query_string="",
            http_version="1.1",
        )
        self.proto = self
        front.schedule(self)

    def __aiter__(self):
        return self

    def __anext__(self):
        self.next = Piece()
        if self.at_once:
            self.at_once -= 1
            self.next.come(b"x")
        return self.next

    def send(self, size):
        self.next.come(b"x" * size)

    def response_bytes(self, status, headers, body):
        assert self.status is None
        self.status, self.body = status, body

    def got(self):
        return int(self.body) if self.status == 200 else None


def front(*, during=lambda: None, **limits):
    def application(environ, start_response):
        during()
        start_response("200 OK", [("Content-Length", "1")])
        return [str(len(environ["wsgi.input"].read())).encode()]

    limit = Limits(**{"longest": 100, "first_byte": 60, "whole": 60} | limits)
    return Front(application, loop=SimpleNamespace(call_later=lambda *_: None), threads=1, limits=limit, in_place=True)


def test_bodies_that_hold_too_much_together_give_way():
    """The longest first: who sends a little is let in whatever others hold."""
    here = front(together=300)
    large = [Sender(here, 100) for _ in range(3)]
    for one in large:
        one.send(90)
    small = Sender(here, 40)
    small.send(40)
    assert (small.got(), [one.status for one in large]) == (40, [503, None, None])
    assert large[0].next.cancelled
    large[1].send(10)
    assert large[1].got() == 100
    again = Sender(here, 100)
    again.send(100)
    assert (again.got(), large[2].status) == (100, None)  # what has gone holds nothing


def test_one_that_gives_way_is_answered_once():
    here = front(bodies=1, patience=0)
    first, second = Sender(here, 10), Sender(here, 10)
    assert (first.status, second.status) == (503, None)
    first.next.cancelled = False  # granian was about to tell about it when it gave way
    first.send(10)
    assert first.status == 503
    here.stop()
    assert second.status == 503
    assert Sender(here, 10).status == 503


def test_who_has_just_begun_never_gives_way():
    """A crowd that comes in one moment is let in: nobody of it has been slow."""
    here = front(bodies=1)
    crowd = [Sender(here, 10) for _ in range(50)]
    assert all(one.status is None for one in crowd)
    for one in crowd:
        one.send(10)
    assert all(one.got() == 10 for one in crowd)


def test_while_all_threads_are_busy_time_does_not_count(monkeypatch):
    """A piece that has come waits for a thread then, and its sender can do nothing about it."""
    now, looked = 1000.0, []
    monkeypatch.setattr("erpnet_identity.operations.bodies.time.monotonic", lambda: now)

    def look_for(seconds):
        nonlocal now
        for _ in range(round(seconds / _LOOK_EVERY)):
            now += _LOOK_EVERY
            here._bodies._look()
        looked.append(slow.status)

    here = front(during=lambda: look_for(100))
    slow = Sender(here, 10)
    look_for(50)
    other = Sender(here, 10)
    other.send(10)  # answered for 100 seconds
    look_for(9)
    look_for(2)
    assert looked == [None, None, None, 408]


def test_a_body_in_many_pieces_that_are_there_already():
    """Each is taken in turn, and none in the call of the one before it."""
    assert Sender(front(longest=5_000), 5_000, at_once=5_000).got() == 5_000


def test_a_body_that_cannot_be_kept_is_answered(monkeypatch):
    """The folder of temporary files is full."""
    monkeypatch.setattr("erpnet_identity.operations.bodies.BytesIO", lambda: SimpleNamespace(close=lambda: None))
    here = front()
    one = Sender(here, 10)
    one.send(5)
    assert one.status == 503
    assert not here._bodies._reading


def test_bodies_that_come_where_granian_cannot_tell_in_its_own_threads():
    """On Windows the event loop hears of the pieces, and threads of ours answer."""
    heard = []
    loop = SimpleNamespace(call_later=lambda *_: None, call_soon_threadsafe=lambda *called: heard.append(called))
    answered = SimpleQueue()

    def application(environ, start_response):
        answered.put(threading.current_thread())
        start_response("200 OK", [("Content-Length", "1")])
        return [environ["wsgi.input"].read()]

    here = Front(application, loop=loop, threads=2, limits=Limits(longest=100), in_place=False)
    assert here.pieces_loop is loop
    one = Sender(here, 10)
    ((call, *arguments),) = heard
    call(*arguments)
    one.send(10)
    assert answered.get(timeout=10) is not threading.current_thread()


def test_a_body_that_does_not_begin(port):
    began = time.monotonic()
    assert send(port, TOKEN + b"Content-Length: 500\r\n\r\n").startswith(b"HTTP/1.1 408 ")
    assert time.monotonic() - began < SECONDS + 2


def test_a_slow_body_that_arrives(port):
    parts = [b"%d" % number for number in range(5)]
    assert seen(send(port, ECHO + b"Content-Length: 5\r\n\r\n", *parts, pause=0.2))["length"] == 5


@pytest.mark.parametrize("length", [1, 65_536, 65_537, 1_500_000])
@pytest.mark.parametrize("announced", [True, False], ids=["announced", "chunked"])
def test_what_is_sent_arrives(port, length, announced):
    body = bytes(number % 251 for number in range(length))
    if announced:
        sent = ECHO + b"Content-Length: %d\r\n\r\n%b" % (length, body)
    else:
        pieces = [body[start : start + 50_000] for start in range(0, length, 50_000)]
        chunks = b"".join(b"%x\r\n%b\r\n" % (len(piece), piece) for piece in [*pieces, b""])
        sent = ECHO + b"Transfer-Encoding: chunked\r\n\r\n" + chunks
    answer = seen(send(port, sent))
    assert answer["length"] == length
    assert answer["digest"] == hashlib.sha256(body).hexdigest()


def test_a_body_on_a_kept_connection(port):
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
    for body in (b"first", b"", b"third" * 100_000):
        connection.request("POST", "/echo", body)
        assert json.loads(connection.getresponse().read())["length"] == len(body)
    connection.close()


@pytest.mark.parametrize("form", [b"Content-Length: 50", b"Transfer-Encoding: chunked"])
def test_a_caller_who_goes_away(port, form):
    """Half a body is not taken for a whole one."""
    with connect(port) as connection:
        connection.sendall(ECHO + form + b"\r\n\r\n20\r\nhalf")
        connection.shutdown(socket.SHUT_WR)
        assert receive(connection).startswith(b"HTTP/1.1 400 ")


def test_permission_to_send_a_body(port):
    """`Expect: 100-continue` (RFC 9110 §10.1.1): granted when the body is wanted, not when it is too long."""
    with connect(port) as connection:
        connection.sendall(ECHO + b"Expect: 100-continue\r\nContent-Length: 4\r\n\r\n")
        assert connection.recv(1000).startswith(b"HTTP/1.1 100 ")
        connection.sendall(b"body")
        assert seen(receive(connection))["length"] == 4
    answer = send(port, TOKEN + b"Connection: close\r\nExpect: 100-continue\r\nContent-Length: 99999999\r\n\r\n")
    assert answer.startswith(b"HTTP/1.1 400 ")
    assert b"too large" in answer


def test_a_body_that_is_too_long_without_saying_so(port):
    chunk = b"%x\r\n%b\r\n" % (50_000, b"x" * 50_000)
    with connect(port) as connection:
        connection.sendall(TOKEN + b"Connection: close\r\nTransfer-Encoding: chunked\r\n\r\n" + chunk * 41)
        answer = connection.recv(65536)
    assert answer.startswith(b"HTTP/1.1 400 ")
    assert b"too large" in answer


def test_a_head_alone(port):
    with connect(port) as connection:
        connection.sendall(b"HEAD /health/live HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n")
        head, _, body = receive(connection).partition(b"\r\n\r\n")
    assert b"content-length: 18" in head.lower()
    assert body == b""


def test_an_answer_in_pieces(port):
    status, body = get(port, "/pieces")
    assert status == 200
    assert body == b"".join(b"%07d\n" % number for number in range(200_000))


def test_an_answer_that_breaks_takes_no_thread_with_it(port):
    for _ in range(8):
        get(port, "/broken")
    assert get(port, "/health/live", timeout=5)[0] == 200


def test_what_the_application_is_told(port):
    """A header with an underscore does not pass for the one with a hyphen, and nothing of the environment is told."""
    answer = seen(send(port, ECHO + b"X_Forwarded_For: 203.0.113.9\r\nContent-Length: 1\r\n\r\nx"))
    assert answer["for"] is None
    assert not {"SECRET_KEY", "PATH", "HOME"} & set(answer["environ"])
    twice = ECHO + b"X-Forwarded-For: 203.0.113.9\r\nX-Forwarded-For: 203.0.113.10\r\nContent-Length: 1\r\n\r\nx"
    assert seen(send(port, twice))["for"] == "203.0.113.9,203.0.113.10"
