"""The proxy of a host on which an instance lies below a path, and other sites beside it."""

import http.client
import threading
from contextlib import contextmanager
from dataclasses import dataclass, field

from .quiet_server import QuietHandler, QuietServer

_OF_ONE_HOP = {"connection", "keep-alive", "transfer-encoding", "content-length"}


@dataclass
class Proxy:
    """Passes ``path`` and what is below it on to ``port``, with the path or without it, and of the host's own addresses
    those that belong to the instance. ``strays`` are the requests for anything else."""

    path: str
    strips: bool
    port: int
    url: str = ""
    strays: list[str] = field(default_factory=list)

    def target(self, asked):
        """What the instance is asked for, None for what is not its own."""
        path = asked.partition("?")[0]
        if path in (f"/.well-known/oauth-authorization-server{self.path}/id", "/.well-known/change-password"):
            return asked
        if path == self.path or path.startswith(f"{self.path}/"):
            rest = asked.removeprefix(self.path) if self.strips else asked
            return rest if rest.startswith("/") else f"/{rest}"
        self.strays.append(asked)
        return None


class _Handler(QuietHandler):
    server: "_Server"
    protocol_version = "HTTP/1.1"

    def _pass_on(self):
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        target = self.server.proxy.target(self.path)
        if target is None:
            self._answer(404, [("Content-Type", "text/plain")], b"Another site of this host.")
            return
        upstream = http.client.HTTPConnection("127.0.0.1", self.server.proxy.port, timeout=30)
        try:
            upstream.putrequest(self.command, target, skip_host=True, skip_accept_encoding=True)
            for name, value in self.headers.items():
                if name.lower() not in _OF_ONE_HOP:
                    upstream.putheader(name, value)
            if body or self.command == "POST":
                upstream.putheader("Content-Length", str(len(body)))
            upstream.endheaders(body)
            response = upstream.getresponse()
            kept = [(name, value) for name, value in response.getheaders() if name.lower() not in _OF_ONE_HOP]
            self._answer(response.status, kept, response.read())
        finally:
            upstream.close()

    do_GET = do_HEAD = do_POST = do_OPTIONS = do_PUT = do_DELETE = do_PATCH = _pass_on

    def _answer(self, status, headers, body):
        self.send_response_only(status)
        for name, value in headers:
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)


class _Server(QuietServer):
    proxy: Proxy


@contextmanager
def proxying(path, *, strips, port):
    """A proxy on a free port of this machine before a server on ``port``, which need not run yet."""
    with _Server(("127.0.0.1", 0), _Handler) as server:
        server.proxy = Proxy(path, strips, port, f"http://127.0.0.1:{server.server_address[1]}")
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
        thread.start()
        try:
            yield server.proxy
        finally:
            server.shutdown()
            thread.join()
