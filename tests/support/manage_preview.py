"""The pages of the Instance Manager with a busy day on them: for a browser test and for screenshots.

The templates and what they are given are the real ones, made of rows that are never stored.
"""

import random
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any

from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from erpnet_identity.edge.language import in_english
from erpnet_identity.edge.middleware import CONTENT_SECURITY_POLICY
from erpnet_identity.erp_sessions.lifetimes import absolute_end
from erpnet_identity.erp_sessions.models import ErpSession, Kind
from erpnet_identity.erp_sessions.pool_figures import PoolFigures, Use
from erpnet_identity.erp_sessions.usage import HourOfUse
from erpnet_identity.manage import chart
from erpnet_identity.manage.forms import AppearanceForm, FindForm, SeatForm, SlotsForm
from erpnet_identity.manage.live_sessions import ON_A_PAGE, LiveSession
from erpnet_identity.users.models import User, UserType
from trusted_apps.models import TrustedApplication

NOW = datetime(2025, 11, 25, 14, 31, 5, tzinfo=UTC)
NAMES = (
    ("Maria Petrova", "maria.petrova"),
    ("Georgi Ivanov", "georgi.ivanov"),
    ("Anna Schmidt", "a.schmidt"),
    ("Elena Dimitrova", "elena.d"),
    ("Thomas Müller", "t.mueller"),
    (
        "Wolfeschlegelsteinhausenbergerdorff, Adolph",
        "wolfeschlegelsteinhausenbergerdorff.adolph.blaine.charles",
    ),
    ("Ivan Stoyanov", "ivan.stoyanov"),
    ("Sofia Koleva", "sofia"),
)
SERVICES = (("Shop sync", "svc.shop-sync"), ("Warehouse", "svc.warehouse"), ("Nightly reports", "svc.reports"))
APPLICATIONS = [
    TrustedApplication(name=name, client_id=client_id)
    for name, client_id in (
        ("Sales cockpit", "acme.example.net/cockpit"),
        ("Web client", "internal.erp.net/web"),
        ("Shop sync", "shop.example.com/sync"),
        ("Warehouse synchronisation of the northern centres", "warehouse.example.com/sync"),
    )
]
AGENTS = (
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/131.0.0.0 Safari/537.36",
    "Mozilla/5.0 (Macintosh; Intel Mac OS X 10.15; rv:133.0) Gecko/20100101 Firefox/133.0",
    "Mozilla/5.0 (iPhone; CPU iPhone OS 18_1 like Mac OS X) AppleWebKit/605.1.15 Version/18.1 Mobile Safari/604.1",
    "",
)


def minutes(number: float) -> timedelta:
    return timedelta(minutes=number)


def rows(number: int) -> list[LiveSession]:
    """That many live sessions, the newest first; the same at every call."""
    luck = random.Random(7)
    found = []
    for index in range(number):
        is_service = index % 4 == 2
        name, login = luck.choice(SERVICES) if is_service else NAMES[index % len(NAMES)]
        opened = NOW - minutes(1 + index * (3.1 if is_service else 8.3) % (58 if is_service else 2900))
        session: Any = ErpSession(
            kind=Kind.SERVICE if is_service else Kind.INTERACTIVE,
            key=f"key{index}",
            user=User(name=name, login=login),
            address="2001:db8:85a3::8a2e:370:7334" if index % 7 == 3 else f"10.0.{index % 9}.{luck.randrange(2, 250)}",
            user_agent="ErpNet.Api.Client/1.4" if is_service else AGENTS[index % len(AGENTS)],
            opened_at=opened,
            last_seen_at=max(opened, NOW - minutes(luck.choice((0, 0.4, 2, 7, 13, 19)))),
            expires_at=absolute_end(opened_at=opened, is_service=is_service),
            requests=luck.randrange(1, 40_000),
            bytes_up=luck.randrange(200, 9_000_000),
            bytes_down=luck.randrange(2_000, 4_000_000_000),
        )
        if index in (1, 9):
            session.shared_at, session.other_address = NOW - minutes(4), "203.0.113.77"
        session.has_seat = index % 6 == 0
        applications = [APPLICATIONS[2]] if is_service else luck.sample(APPLICATIONS, luck.choice((1, 1, 2, 3)))
        found.append(LiveSession(session, applications, luck.choice((0, 0, 1, 3)) if index != 4 else None, NOW))
    return sorted(found, key=lambda row: row.session.opened_at, reverse=True)


def hours(slots: int | None = 60) -> list[HourOfUse]:
    """A month of working days."""
    luck = random.Random(3)
    found = []
    midnight = NOW.replace(hour=0, minute=0, second=0)
    for number in range(30 * 24 - (23 - NOW.hour)):
        hour = midnight - timedelta(days=29) + timedelta(hours=number)
        is_work = hour.weekday() < 5 and 7 <= hour.hour <= 18
        base = 38 - 3 * abs(hour.hour - 12) if is_work else 4
        peak = max(0, base + luck.randrange(-3, 12 if is_work else 3))
        pool = None if slots is None else (slots if number > 300 else slots - 10)
        if pool is not None:
            peak = min(peak, pool)
        refused = luck.randrange(1, 9) if pool is not None and peak >= pool - 2 else 0
        kept = 6 if is_work else 11
        found.append(HourOfUse(hour, peak, pool, peak // 2, refused, 0 if pool is None else kept))
    return found


POOL = PoolFigures(
    slots=60, people=34, services=9, shared=2, reserved=8, absent=5, service_applications=3, kept_from_services=20
)
FULL = PoolFigures(
    slots=40, people=34, services=9, shared=2, reserved=8, absent=5, service_applications=3, absent_services=1
)
UNLIMITED = PoolFigures(slots=None, people=3, services=0, shared=0, reserved=0, absent=0)
QUIET = PoolFigures(slots=20, people=0, services=0, shared=0, reserved=0, absent=0)


def sessions(number: int, pool: PoolFigures = POOL, **asked: str) -> dict[str, Any]:
    form = FindForm(asked)
    form.full_clean()
    page = Paginator(rows(number), ON_A_PAGE).get_page(1)
    return {
        "form": form, "page": page, "rows": page.object_list, "pool": pool, "query": "", "here": "",
        "is_filtered": bool(asked),
    }  # fmt: skip


def licenses(pool: PoolFigures, used: list[HourOfUse], data: dict[str, str] | None = None) -> dict[str, Any]:
    form = SlotsForm(data, initial={"slots": pool.slots, "kept_from_services": pool.kept_from_services})
    if data:
        form.add_error("slots", "8 seats cannot be kept: there are 4 concurrent licenses.")
    return {
        "pool": pool, "form": form, "uses": uses() if pool.live else [],
        "peak_today": max(hour.peak for hour in used[-15:]),
        "refused_today": sum(hour.refused for hour in used[-15:]),
        "day": chart.draw(chart.hourly(used[-24:]), every=6), "month": chart.draw(chart.daily(used), every=6),
    }  # fmt: skip


def uses() -> list[Use]:
    limits = (None, None, 5, 12)
    for application, limit in zip(APPLICATIONS, limits, strict=True):
        application.slot_limit = limit
    return [Use(application, live) for application, live in zip(APPLICATIONS, (23, 11, 5, 4), strict=True)]


def reservations(number: int, data: dict[str, str] | None = None) -> dict[str, Any]:
    people = [
        User(name=name, login=login, is_active=index != 3, user_type=UserType.SYSTEM if "svc" in login else 0)
        for index, (name, login) in enumerate((*NAMES, *SERVICES))
    ]
    seats = [SimpleNamespace(user=user, is_connected=index in (0, 2, 8)) for index, user in enumerate(people[:number])]
    page = Paginator(seats, 100).get_page(1)
    form = SeatForm(data)
    if data:
        form._errors = form.error_class()  # nothing is looked up
        form._errors = {}
        form.cleaned_data = {}
        form.add_error("login", "There is no account with the login nobody.")
    return {"form": form, "page": page, "seats": page.object_list, "pool": POOL}


def asking(template: str, **context: Any) -> tuple[str, dict[str, Any]]:
    return template, {"back": "/manage/sessions", **context}


def home(pool: PoolFigures) -> tuple[str, dict[str, Any]]:
    return "manage/home.html", {"name": "ACME", "host": "acme.example.net", "pool": pool}


def pages() -> dict[str, tuple[str, dict[str, Any]]]:
    """Every page by its name: its template and what it is given."""
    busy = hours()
    empty = [HourOfUse(hour.hour, 0, None, 0, 0) for hour in busy]
    return {
        "home": home(POOL),
        "home-full": home(FULL),
        "home-unlimited": home(UNLIMITED),
        "sessions": ("manage/sessions.html", sessions(73)),
        "sessions-none": ("manage/sessions.html", sessions(0, QUIET)),
        "sessions-no-match": ("manage/sessions.html", sessions(0, q="nobody")),
        "end-session": asking("manage/end_session.html", row=rows(10)[3]),
        "close-all": asking("manage/close_all.html", pool=POOL),
        "licenses": ("manage/licenses.html", licenses(POOL, busy)),
        "licenses-refused": ("manage/licenses.html", licenses(FULL, hours(40), {"slots": "4"})),
        "licenses-unlimited": ("manage/licenses.html", licenses(UNLIMITED, empty)),
        "appearance": ("manage/appearance.html", {"form": AppearanceForm()}),
        "reservations": ("manage/reservations.html", reservations(11)),
        "reservations-refused": ("manage/reservations.html", reservations(3, {"login": "nobody"})),
        "reservations-none": ("manage/reservations.html", reservations(0)),
        "forbidden": (
            "identity/administrators_only.html",
            {"person": User(name="Sofia Koleva", login="sofia"), "other_url": "/id/signin", "account_url": "/id/"},
        ),
    }


def preview(request: HttpRequest, name: str) -> HttpResponse:
    """One page."""
    template, context = pages()[name]
    # Where one is, as the navigation marks it.
    where: Any = request.resolver_match
    where.url_name = template.removeprefix("manage/").removesuffix(".html").replace("_", "-")
    everywhere = {
        "administrator": User(name="Maria Petrova", login="maria.petrova"), "now": NOW,
    }  # fmt: skip
    # A refusal is a page for people like any other.
    show = render if name == "forbidden" else in_english(render)
    response = show(request, template, {**everywhere, **context}, status=403 if name == "forbidden" else 200)
    response["Content-Security-Policy"] = CONTENT_SECURITY_POLICY
    return response
