"""A web site of somebody else on this machine: a few files in memory, and a list of what was asked of it."""

import threading
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qsl, urlsplit

TYPES = {"html": "text/html; charset=utf-8", "js": "text/javascript; charset=utf-8"}


@dataclass
class Site:
    """``pages`` are the contents by path, with an ending that says their type. ``posts`` are the forms sent to it."""

    url: str
    pages: dict[str, tuple[str, bytes]] = field(default_factory=dict)
    posts: list[dict[str, str]] = field(default_factory=list)
    redirects: dict[str, str] = field(default_factory=dict)

    def redirect(self, path, address):
        """From now on ``path`` leads to ``address``."""
        self.redirects[path] = address

    def add(self, path, content, kind="html"):
        self.pages[path] = (TYPES[kind], content if isinstance(content, bytes) else content.encode())


class _Handler(BaseHTTPRequestHandler):
    server: "_Server"

    def do_GET(self):
        if target := self.server.site.redirects.get(urlsplit(self.path).path):
            self.send_response(302)
            self.send_header("Location", target)
            self.send_header("Content-Length", "0")
            self.end_headers()
            return
        kind, content = self.server.site.pages.get(urlsplit(self.path).path, ("text/plain", b""))
        self.send_response(200 if content else 404)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"])).decode()
        self.server.site.posts.append(dict(parse_qsl(body, keep_blank_values=True, strict_parsing=True)))
        self.do_GET()

    def log_message(self, *arguments):
        pass


class _Server(ThreadingHTTPServer):
    site: Site
    daemon_threads = True


@contextmanager
def serving_site(host="127.0.0.1"):
    """A site on a free port of this machine, called by the name ``host``."""
    with _Server(("127.0.0.1", 0), _Handler) as server:
        server.site = Site(f"http://{host}:{server.server_address[1]}")
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
        thread.start()
        try:
            yield server.site
        finally:
            server.shutdown()
            thread.join()
