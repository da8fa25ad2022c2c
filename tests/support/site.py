"""A web site of somebody else on this machine: a few files in memory, and a list of what was asked of it."""

import ssl
import threading
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from urllib.parse import parse_qsl, urlsplit

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID

from .quiet_server import QuietHandler, QuietServer

TYPES = {"html": "text/html; charset=utf-8", "js": "text/javascript; charset=utf-8"}


@dataclass
class Site:
    """``pages`` are the contents by path, with an ending that says their type. ``posts`` are the forms sent to it."""

    url: str
    pages: dict[str, tuple[str, bytes]] = field(default_factory=dict)
    posts: list[dict[str, str]] = field(default_factory=list)
    redirects: dict[str, str] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)

    def redirect(self, path, address):
        """From now on ``path`` leads to ``address``."""
        self.redirects[path] = address

    def add(self, path, content, kind="html"):
        self.pages[path] = (TYPES[kind], content if isinstance(content, bytes) else content.encode())


class _Handler(QuietHandler):
    server: "_Server"

    def do_GET(self):
        self.server.site.asked.append(self.path)
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


class _Server(QuietServer):
    site: Site


def _certificate(host, folder):
    """A file with a key and a certificate that nobody has signed: the browser is told to take it."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, host)])
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .sign(key, hashes.SHA256())
    )
    secret = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    file = Path(folder) / "site.pem"
    file.write_bytes(secret + made.public_bytes(Encoding.PEM))
    return file


@contextmanager
def serving_site(host="127.0.0.1", *, has_tls=False):
    """A site on a free port of this machine, called by the name ``host``."""
    with _Server(("127.0.0.1", 0), _Handler) as server, TemporaryDirectory() as folder:
        server.site = Site(f"{'https' if has_tls else 'http'}://{host}:{server.server_address[1]}")
        if has_tls:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(_certificate(host, folder))
            server.socket = context.wrap_socket(server.socket, server_side=True, do_handshake_on_connect=False)
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
        thread.start()
        try:
            yield server.site
        finally:
            server.shutdown()
            thread.join()
