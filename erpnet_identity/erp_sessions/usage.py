"""How many slots were in use: exact hourly peaks, worked out from when sessions were opened and closed.

Nothing is written for them when a session opens or closes. Every minute one process counts on from where the last count
ended; whoever looks between two counts gets the rest worked out on the spot.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import F, Max, Q

from .models import ErpSession, License, SlotUsage

HOUR = timedelta(hours=1)
# A session is opened or closed as of the moment at which somebody asked, and stored a little later. What is older than
# this is counted for good.
SETTLED_AFTER = timedelta(seconds=10)

Interval = tuple[datetime, datetime]


@dataclass(frozen=True, slots=True)
class HourOfUse:
    """One hour as the chart shows it. ``slots`` is the size of the pool then, None when unlimited or unknown."""

    hour: datetime
    peak: int
    slots: int | None
    opened: int
    refused: int


def hour_of(moment: datetime) -> datetime:
    """The beginning of the hour."""
    return moment.replace(minute=0, second=0, microsecond=0)


def hours_between(start: datetime, end: datetime) -> Iterator[datetime]:
    """The beginnings of all hours that ``[start, end]`` touches."""
    hour = hour_of(start)
    while hour <= end:
        yield hour
        hour += HOUR


def most_at_once(intervals: Iterable[Interval], start: datetime, end: datetime) -> int:
    """The largest number of ``[begin, end)`` intervals that hold at one moment of ``[start, end)``. Pure."""
    steps = []
    for begin, finish in intervals:
        if max(begin, start) < min(finish, end):
            steps.append((max(begin, start), 1))
            if finish < end:
                steps.append((finish, -1))
    # What ends at the moment at which another begins has made room for it.
    steps.sort()
    now = most = 0
    for _, step in steps:
        now += step
        most = max(most, now)
    return most


def _intervals(start: datetime, end: datetime) -> list[Interval]:
    """When the sessions that touch ``[start, end)`` held their slots, as far as it is known now."""
    rows = ErpSession.objects.filter(Q(closed_at=None) | Q(closed_at__gte=start), opened_at__lt=end)
    return [
        (row.opened_at, row.closed_at or row.ends_at)
        for row in rows.only("opened_at", "closed_at", "last_seen_at", "expires_at").order_by()
    ]


def _counted(start: datetime, end: datetime) -> dict[datetime, tuple[int, int]]:
    """Peak and number of openings of each hour of ``[start, end)``, of the part that lies in it."""
    intervals = _intervals(start, end)
    found = {}
    for hour in hours_between(start, end):
        first, last = max(hour, start), min(hour + HOUR, end)
        if first < last:
            opened = sum(first <= begin < last for begin, _ in intervals)
            found[hour] = (most_at_once(intervals, first, last), opened)
    return found


def _begin(now: datetime) -> datetime:
    """Where counting begins when nothing was counted yet."""
    first = ErpSession.objects.order_by("opened_at").values_list("opened_at", flat=True).first()
    return min(first or now, now)


@transaction.atomic
def summarise(*, now: datetime) -> None:
    """Count on to a moment before ``now`` that nobody changes any more, and store it."""
    end = now - SETTLED_AFTER
    newest = SlotUsage.objects.select_for_update().exclude(until=None).order_by("-hour").first()
    start = newest.until if newest is not None and newest.until is not None else _begin(end)
    slots = License.objects.values_list("slots", flat=True).first()
    for hour, (peak, opened) in _counted(start, end).items():
        row, _ = SlotUsage.objects.select_for_update().get_or_create(hour=hour)
        row.peak = max(row.peak, peak)
        row.opened += opened
        row.slots = slots
        row.until = min(hour + HOUR, end)
        row.save(update_fields=["peak", "opened", "slots", "until"])


def count_refusal(*, now: datetime) -> None:
    """One more call was refused for want of a slot."""
    rows = SlotUsage.objects.filter(hour=hour_of(now))
    if not rows.update(refused=F("refused") + 1):
        SlotUsage.objects.bulk_create([SlotUsage(hour=hour_of(now))], ignore_conflicts=True)
        rows.update(refused=F("refused") + 1)


def hours(*, since: datetime, now: datetime) -> list[HourOfUse]:
    """Every hour from that of ``since`` to that of ``now``, those without any use included."""
    stored = {row.hour: row for row in SlotUsage.objects.filter(hour__gte=hour_of(since), hour__lte=now)}
    newest = SlotUsage.objects.aggregate(until=Max("until"))["until"] or _begin(now)
    rest = _counted(newest, now) if newest < now else {}
    slots = License.objects.values_list("slots", flat=True).first()
    found = []
    for hour in hours_between(since, now):
        row = stored.get(hour) or SlotUsage(hour=hour)
        peak, opened = rest.get(hour, (0, 0))
        size = row.slots if row.until is not None and hour != hour_of(now) else slots
        found.append(HourOfUse(hour, max(row.peak, peak), size, row.opened + opened, row.refused))
    return found
