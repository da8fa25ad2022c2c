"""Walks whole flows, again and again: what a person and an application do one after the other cannot be one request.

Runs as a process of its own with one process for each simulated browser, so that its share of the machine can be told.
"""

import base64
import hashlib
import http.client
import json
import multiprocessing
import re
import sys
import time
from dataclasses import asdict, dataclass
from http.cookies import SimpleCookie
from urllib.parse import parse_qs, urlencode, urlsplit

from .seed import LOGIN, PASSWORD, REDIRECT_URI, SIGN_IN_CLIENT_ID

AUTHORIZE = "/id/connect/authorize"
_HIDDEN = re.compile(r'<input[^>]*type="hidden"[^>]*name="([^"]+)"[^>]*value="([^"]*)"')
VERIFIER = "v" * 64
CHALLENGE = base64.urlsafe_b64encode(hashlib.sha256(VERIFIER.encode()).digest()).decode().rstrip("=")


@dataclass(frozen=True)
class Flow:
    """``kind`` is ``sign-in`` (authorize, page, password, code, tokens) or ``refresh``; ``root`` is the instance."""

    kind: str
    root: str
    secret: str


class Browser:
    """A browser and the back end of an application in one, over one kept connection. Follows nothing by itself."""

    def __init__(self, flow: Flow) -> None:
        self.flow = flow
        parts = urlsplit(flow.root)
        self.connection = http.client.HTTPConnection(parts.hostname or "", parts.port, timeout=60)
        self.cookies: dict[str, str] = {}

    def send(self, method: str, path: str, form: dict[str, str] | None = None) -> tuple[int, str, str]:
        """Status, ``Location`` and body."""
        headers = {"Cookie": "; ".join(f"{name}={value}" for name, value in self.cookies.items())}
        body = None
        if form is not None:
            headers["Content-Type"] = "application/x-www-form-urlencoded"
            body = urlencode(form)
        self.connection.request(method, path, body, headers)
        response = self.connection.getresponse()
        text = response.read().decode()
        for value in response.headers.get_all("Set-Cookie") or []:
            for name, morsel in SimpleCookie(value).items():
                self.cookies[name] = morsel.value
        return response.status, response.headers.get("Location", ""), text

    def sign_in(self) -> str:
        """A code, by way of the sign-in page. Says yes to the consent page where there is one."""
        self.cookies.clear()
        address = self.expect(302, *self.send("GET", authorize_path()))
        _, _, page = self.send("GET", address)
        form = {**dict(_HIDDEN.findall(page)), "login": LOGIN, "password": PASSWORD}
        address = self.expect(302, *self.send("POST", address, form))
        status, location, page = self.send("GET", address)
        if status == 200:
            form = {**dict(_HIDDEN.findall(page)), "answer": "allow"}
            status, location, page = self.send("POST", f"{AUTHORIZE}/consent", form)
        return parse_qs(urlsplit(self.expect(302, status, location, page)).query)["code"][0]

    def token(self, **form: str) -> dict[str, str]:
        """The tokens for a code or a refresh token."""
        credentials = {"client_id": SIGN_IN_CLIENT_ID, "client_secret": self.flow.secret}
        status, location, body = self.send("POST", "/id/connect/token", {**credentials, **form})
        self.expect(200, status, location, body)
        tokens: dict[str, str] = json.loads(body)
        return tokens

    def tokens(self) -> dict[str, str]:
        return self.token(
            grant_type="authorization_code", code=self.sign_in(), redirect_uri=REDIRECT_URI, code_verifier=VERIFIER
        )

    @staticmethod
    def expect(wanted: int, status: int, location: str, body: str) -> str:
        if status != wanted:
            raise SystemExit(f"expected {wanted}, got {status} {location}: {body[:500]}")
        return location


def authorize_path() -> str:
    """The authorization request of the benchmark's application."""
    query = {
        "client_id": SIGN_IN_CLIENT_ID,
        "redirect_uri": REDIRECT_URI,
        "response_type": "code",
        "scope": "openid profile read offline_access",
        "state": "benchmark",
        "nonce": "benchmark",
        "code_challenge": CHALLENGE,
        "code_challenge_method": "S256",
    }
    return f"{AUTHORIZE}?{urlencode(query)}"


def walk(flow: Flow, seconds: float) -> list[float]:
    """The seconds that each walk took."""
    browser = Browser(flow)
    tokens = browser.tokens()
    latencies = []
    ends = time.perf_counter() + seconds
    while (started := time.perf_counter()) < ends:
        if flow.kind == "refresh":
            tokens = browser.token(grant_type="refresh_token", refresh_token=tokens["refresh_token"])
        else:
            browser.tokens()
        latencies.append(time.perf_counter() - started)
    return latencies


def _walk(arguments: tuple[Flow, float]) -> list[float]:
    return walk(*arguments)


def command(flow: Flow, *, connections: int, seconds: float) -> list[str]:
    """How to run a flow in a process of its own."""
    return [sys.executable, "-m", "tests.benchmarks.flows", json.dumps(asdict(flow)), str(connections), str(seconds)]


def main(text: str, connections: int, seconds: float) -> None:
    flow = Flow(**json.loads(text))
    with multiprocessing.Pool(connections) as pool:
        latencies = sorted(
            latency for part in pool.map(_walk, [(flow, seconds)] * connections, chunksize=1) for latency in part
        )
    result = {
        "requests": len(latencies),
        "seconds": seconds,
        "failed": 0,
        "p50": latencies[len(latencies) // 2] * 1000,
        "p99": latencies[len(latencies) * 99 // 100] * 1000,
    }
    print(json.dumps(result), flush=True)


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]), float(sys.argv[3]))
