"""``uv run python -m tests.benchmarks``: how fast is the product, next to a bare project? See README.md."""

import argparse
import base64
import json
import os
import statistics
import tempfile
import time
import urllib.request
from collections import defaultdict
from contextlib import ExitStack
from dataclasses import dataclass, replace
from pathlib import Path
from urllib.error import HTTPError

from . import databases, load, seed
from .flows import Browser, Flow, authorize_path
from .load import Request, Sample
from .servers import Server, granian, product

BARE = "tests.benchmarks.bare.wsgi:application"
SESSIONLESS = {"DJANGO_SETTINGS_MODULE": "tests.benchmarks.sessionless.settings"}
LIMITLESS = {
    **SESSIONLESS,
    "ERPNET_DOMAIN_API": json.dumps({"RateLimits": {"SessionRpm": 0, "SessionConcurrentRequests": 0}}),
}


@dataclass(frozen=True)
class Workload:
    """A named request and the yardstick that it is compared with: at least ``target`` of its throughput. ``without``
    is the same request where something is left out, of which it has at least ``share``."""

    name: str
    request: Request | Flow
    yardstick: str = ""
    target: float = 0.0
    without: str = ""
    share: float = 0.0

    @property
    def server(self) -> str:
        """The name of the server that answers it."""
        first = self.name.split()[0]
        return first if first in ("bare", "sessionless", "limitless") else "product"


@dataclass(frozen=True)
class Measured:
    """Medians over all rounds. ``cpu`` is milliseconds of worker time per request, which a busy machine disturbs
    less than it disturbs the throughput."""

    sample: Sample
    cpu: float


Results = dict[str, Measured]


def options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks", description=__doc__)
    parser.add_argument("--large", action="store_true", help="compare with a database of a million tokens")
    parser.add_argument("--before", type=Path, help="compare with the product in this folder, another commit's copy")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=float, default=3.0, help="of each measurement")
    parser.add_argument("--connections", type=int, default=16)
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument(
        "--threads", type=int, default=4, help="of each worker of the bare project; the product has its own (4)"
    )
    parser.add_argument("--only", default="", help="comma-separated workloads; their yardsticks are added")
    parser.add_argument(
        "--postgresql", default="postgres://postgres@127.0.0.1:5432", help="a server to make databases on"
    )
    parser.add_argument("--redis", default="redis://127.0.0.1:6379/14")
    return parser.parse_args()


def product_environment(arguments: argparse.Namespace) -> dict[str, str]:
    """The settings of production, with secrets for this run only. Requests of a session are counted as there, and none
    is refused: all of them are of one session."""
    limits = {"SessionRpm": 0, "SessionConcurrentRequests": max(10, arguments.workers * arguments.threads)}
    return {
        "DJANGO_SETTINGS_MODULE": "erpnet_identity.settings",
        "SECRET_KEY": base64.b64encode(os.urandom(48)).decode(),
        "KEY_ENCRYPTION_KEYS": base64.urlsafe_b64encode(os.urandom(32)).decode(),
        "CACHE_URL": arguments.redis,
        "LOG_FORMAT": "json",
        "ERPNET_DOMAIN_API": json.dumps({"RateLimits": limits}),
    }


class _FollowNothing(urllib.request.HTTPRedirectHandler):
    def redirect_request(self, *arguments: object) -> None:
        return None


_opener = urllib.request.build_opener(_FollowNothing)


def answer(request: Request) -> bytes:
    """Send the request once and make sure that it succeeds, with a redirect to an application at most."""
    sent = urllib.request.Request(
        request.url, method=request.method, data=request.body.encode() or None, headers=request.headers
    )
    try:
        with _opener.open(sent, timeout=30) as response:
            body: bytes = response.read()
    except HTTPError as error:
        if error.code == 302 and error.headers["Location"].startswith(seed.REDIRECT_URI):
            return b""
        raise SystemExit(f"{request.method} {request.url} answers {error.code}: {error.read()[:500]!r}") from None
    return body


def product_workloads(server: Server, secret: str) -> list[Workload]:
    identity = f"{server.url}/id"
    basic = base64.b64encode(f"{seed.CLIENT_ID}:{secret}".encode()).decode()
    token_request = Request(
        f"{identity}/connect/token",
        method="POST",
        body="grant_type=client_credentials&scope=read",
        headers={"Authorization": f"Basic {basic}", "Content-Type": "application/x-www-form-urlencoded"},
    )
    token = json.loads(answer(token_request))["access_token"]
    customers = Request(
        f"{server.url}/api/domain/odata/Crm_Sales_Customers?$top=10", headers={"Authorization": f"Bearer {token}"}
    )
    configuration = f"{identity}/.well-known/openid-configuration"
    browser = Browser(Flow("sign-in", server.url, secret))
    person = browser.tokens()
    cookie = "; ".join(f"{name}={value}" for name, value in browser.cookies.items())
    return [
        Workload("token", token_request, "bare view", 0.08),
        Workload("API list", customers, "bare list", 0.7, "sessionless", 0.9),
        Workload("discovery", Request(configuration), "bare view", 0.8),
        Workload("key set", Request(f"{configuration}/jwks"), "bare view", 0.8),
        Workload("silent SSO", Request(server.url + authorize_path(), headers={"Cookie": cookie}), "bare view"),
        Workload(
            "UserInfo",
            Request(f"{identity}/connect/userinfo", headers={"Authorization": f"Bearer {person['access_token']}"}),
            "bare view",
        ),
        Workload("refresh", Flow("refresh", server.url, secret), "bare view"),
        Workload("sign-in", Flow("sign-in", server.url, secret), "bare view"),
    ]


def beside(name: str, server: Server, secret: str, own: list[Workload]) -> list[tuple[Server, Workload]]:
    """The workloads of ``own`` at another server of the product, under names that tell which."""
    wanted = {workload.name for workload in own}
    return [
        (server, replace(workload, name=f"{workload.name}, {name}"))
        for workload in product_workloads(server, secret)
        if workload.name in wanted
    ]


def bare_workloads(server: Server) -> list[Workload]:
    return [
        Workload("bare view", Request(f"{server.url}/view")),
        Workload("bare list", Request(f"{server.url}/customers")),
    ]


def reduced_workloads(servers: dict[str, Server], own: list[Workload]) -> list[Workload]:
    """The list without a session, then without limits too, with the token that was got from the product."""
    (request,) = [workload.request for workload in own if workload.name == "API list"]
    assert isinstance(request, Request)
    path = request.url.partition("/api/")[2]

    def at(name: str) -> Request:
        return replace(request, url=f"{servers[name].url}/api/{path}")

    return [
        Workload("sessionless", at("sessionless"), "bare list", without="limitless"),
        Workload("limitless", at("limitless"), "bare list"),
    ]


def measure(plan: list[tuple[Server, Workload]], arguments: argparse.Namespace) -> Results:
    """Every workload once per round, so that a slow minute of the machine slows all of them."""
    for _, workload in plan:
        if isinstance(workload.request, Request):
            answer(workload.request)
        load.run(workload.request, connections=arguments.connections, seconds=1)
    samples: dict[str, list[Measured]] = defaultdict(list)
    for number in range(arguments.rounds):
        for server, workload in plan if number % 2 == 0 else reversed(plan):
            before = server.cpu_seconds()
            sample = load.run(workload.request, connections=arguments.connections, seconds=arguments.seconds)
            cpu = (server.cpu_seconds() - before) * 1000 / (sample.per_second * arguments.seconds)
            samples[workload.name].append(Measured(sample, cpu))
    return {name: median(measured) for name, measured in samples.items()}


def median(measured: list[Measured]) -> Measured:
    def middle(field: str) -> float:
        return statistics.median(getattr(one.sample, field) for one in measured)

    sample = Sample(
        per_second=middle("per_second"),
        p50=middle("p50"),
        p99=middle("p99"),
        failed=sum(one.sample.failed for one in measured),
        client_share=middle("client_share"),
    )
    return Measured(sample, statistics.median(one.cpu for one in measured))


def print_table(workloads: list[Workload], results: Results) -> None:
    print(
        f"\n{'workload':<12}{'per second':>11}{'ratio':>8}{'target':>8}{'p50 ms':>9}{'p99 ms':>9}{'CPU ms':>8}"
        f"{'client':>8}{'failed':>8}"
    )
    for workload in workloads:
        measured = results[workload.name]
        sample = measured.sample
        ratio = target = verdict = ""
        if workload.yardstick:
            value = sample.per_second / results[workload.yardstick].sample.per_second
            ratio = f"{value:.3f}"
            if workload.target:
                target = f"{workload.target:.2f}"
                verdict = "  met" if value >= workload.target else "  MISSED"
        print(
            f"{workload.name:<12}{sample.per_second:>11.0f}{ratio:>8}{target:>8}{sample.p50:>9.1f}{sample.p99:>9.1f}"
            f"{measured.cpu:>8.2f}{sample.client_share:>8.0%}{sample.failed:>8}{verdict}"
        )


def print_costs(workloads: list[Workload], results: Results) -> None:
    for workload in workloads:
        if not workload.without:
            continue
        with_it, without = results[workload.name], results[workload.without]
        value = with_it.sample.per_second / without.sample.per_second
        verdict = f"   target: {workload.share:.2f}  {'met' if value >= workload.share else 'MISSED'}"
        print(
            f"\n{workload.name} is {value:.3f} of {workload.without}, {with_it.cpu - without.cpu:+.2f} CPU ms"
            f"{verdict if workload.share else ''}"
        )


def print_memory(servers: dict[str, Server]) -> None:
    print("\nmemory per worker after the load, MiB")
    for name, server in servers.items():
        workers = "   ".join(f"RSS {memory.rss:.0f} PSS {memory.pss:.0f}" for memory in server.memory())
        print(f"  {name:<12}{workers}")


def print_slowdown(workloads: list[Workload], results: Results) -> None:
    print(f"\n{'workload':<12}{'small':>9}{'large':>9}{'slower by':>11}   target: at most 10 %")
    for workload in workloads:
        small = results[workload.name].sample.per_second
        large = results[f"{workload.name}, large"].sample.per_second
        slower = 1 - large / small
        print(f"{workload.name:<12}{small:>9.0f}{large:>9.0f}{slower:>11.1%}  {'met' if slower <= 0.1 else 'MISSED'}")


def print_change(workloads: list[Workload], results: Results) -> None:
    print(f"\n{'workload':<12}{'before':>9}{'now':>9}{'faster by':>11}{'CPU ms before':>15}{'now':>7}")
    for workload in workloads:
        before, now = results[f"{workload.name}, before"], results[workload.name]
        faster = now.sample.per_second / before.sample.per_second - 1
        print(
            f"{workload.name:<12}{before.sample.per_second:>9.0f}{now.sample.per_second:>9.0f}{faster:>+11.1%}"
            f"{before.cpu:>15.2f}{now.cpu:>7.2f}"
        )


def chosen(workloads: list[Workload], only: str) -> list[Workload]:
    names = {name.strip() for name in only.split(",") if name.strip()}
    for _ in range(2):  # what is left out once may be left out of something that has more left out
        names |= {workload.without for workload in workloads if workload.name in names}
    names |= {workload.yardstick for workload in workloads if workload.name in names}
    return [workload for workload in workloads if not names or workload.name in names]


def main() -> None:
    arguments = options()
    started = time.monotonic()
    environment = product_environment(arguments)
    name = f"erpnet_bench_{os.getpid()}"
    with ExitStack() as stack:
        logs = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        small = stack.enter_context(databases.throwaway(arguments.postgresql, name))
        environment["DATABASE_URL"] = small
        secret = seed.seed(environment)

        def serve(settings: dict[str, str], log: str) -> Server:
            return stack.enter_context(product(environment=settings, workers=arguments.workers, log=logs / log))

        if arguments.large:
            # A token must exist to be copied; the copy also carries the first signing key.
            with product(environment=environment, workers=1, log=logs / "first.log") as first:
                product_workloads(first, secret)
            databases.disconnect(arguments.postgresql, name)
            large = stack.enter_context(databases.throwaway(arguments.postgresql, f"{name}_large", template=name))
            print(f"adding {databases.APPLICATIONS:,} applications and {databases.TOKENS:,} tokens …", flush=True)
            databases.fill(large)
        servers = {"product": serve(environment, "product.log")}
        servers["bare"] = stack.enter_context(
            granian(
                BARE,
                environment={"DATABASE_URL": small, "DJANGO_SETTINGS_MODULE": "tests.benchmarks.bare.settings"},
                workers=arguments.workers,
                threads=arguments.threads,
                log=logs / "bare.log",
            )
        )
        servers["sessionless"] = serve({**environment, **SESSIONLESS}, "sessionless.log")
        servers["limitless"] = serve({**environment, **LIMITLESS}, "limitless.log")
        own = product_workloads(servers["product"], secret)
        reduced = reduced_workloads(servers, own)
        workloads = chosen([*bare_workloads(servers["bare"]), *reduced, *own], arguments.only)
        plan = [(servers[workload.server], workload) for workload in workloads]
        own = [workload for workload in own if workload in workloads]
        if arguments.large:
            servers["large"] = serve({**environment, "DATABASE_URL": large}, "large.log")
            plan += beside("large", servers["large"], secret, own)
        if arguments.before:
            old = stack.enter_context(databases.throwaway(arguments.postgresql, f"{name}_before"))
            settings = {**environment, "DATABASE_URL": old}
            old_secret = seed.seed_elsewhere(settings, root=arguments.before)
            servers["before"] = stack.enter_context(
                product(environment=settings, workers=arguments.workers, log=logs / "before.log", root=arguments.before)
            )
            plan += beside("before", servers["before"], old_secret, own)

        print(
            f"{arguments.rounds} rounds of {arguments.seconds:g} s, {arguments.connections} connections, "
            f"{arguments.workers} workers × {arguments.threads} threads, load by {load.generator()}",
            flush=True,
        )
        results = measure(plan, arguments)
        print_table(workloads, results)
        print_costs(workloads, results)
        if arguments.large:
            print_slowdown(own, results)
        if arguments.before:
            print_change(own, results)
        print_memory(servers)
    print(f"\n{time.monotonic() - started:.0f} s")


if __name__ == "__main__":
    main()
