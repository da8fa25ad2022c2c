"""How many slots were in use: exact hourly peaks, worked out from when sessions were opened and closed, next to the
size that the pool had then and the seats that were kept.

Nothing is written for them when a session opens or closes. Every minute one process counts on from where the last count
ended; a reader between two counts gets the rest worked out on the spot.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import Exists, F, Max, OuterRef, Q

from .models import ErpSession, License, PoolChange, ReservedSeat, SlotUsage

HOUR = timedelta(hours=1)
# A session is opened or closed as of the moment at which the caller asked, and stored a little later. What is older
# than this is counted for good.
SETTLED_AFTER = timedelta(seconds=10)

Interval = tuple[datetime, datetime]


@dataclass(frozen=True, slots=True)
class HourOfUse:
    """One hour as the chart shows it. ``slots`` is the size of the pool then, the larger one if it changed, None when
    unlimited or unknown. ``kept`` is how many seats were kept for absent accounts at most."""

    hour: datetime
    peak: int
    slots: int | None
    opened: int
    refused: int
    kept: int = 0


def hour_of(moment: datetime) -> datetime:
    """The beginning of the hour."""
    return moment.replace(minute=0, second=0, microsecond=0)


def hours_between(start: datetime, end: datetime) -> Iterator[datetime]:
    """The beginnings of all hours that ``[start, end]`` touches."""
    hour = hour_of(start)
    while hour <= end:
        yield hour
        hour += HOUR


def peak(intervals: Iterable[Interval], start: datetime, end: datetime) -> int:
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
            found[hour] = (peak(intervals, first, last), opened)
    return found


def _begin(now: datetime) -> datetime:
    """Where counting begins when nothing was counted yet."""
    first = ErpSession.objects.order_by("opened_at").values_list("opened_at", flat=True).first()
    return min(first or now, now)


class Limits:
    """What the size of the pool was at any time, as far as its changes have been written down."""

    def __init__(self, changes: Iterable[PoolChange]) -> None:
        self._changes = sorted(changes, key=lambda change: (change.at, change.pk or 0))

    def during(self, start: datetime, end: datetime, *, otherwise: int | None) -> int | None:
        """The largest size that held at a moment of ``[start, end)``; None for unlimited. ``otherwise`` is what is
        known of a time before the first change."""
        before = [change for change in self._changes if change.at <= start]
        inside = [change for change in self._changes if start < change.at < end]
        if not before and not inside:
            return otherwise
        held = [before[-1].slots if before else inside[0].old_slots, *(change.slots for change in inside)]
        return None if None in held else max(size for size in held if size is not None)


def seats_kept(*, now: datetime) -> int:
    """How many seats are reserved at ``now`` for accounts that can call and are not connected (SE-67)."""
    connected = ErpSession.objects.live(now).filter(user=OuterRef("user"))
    return ReservedSeat.objects.of_use().filter(~Exists(connected)).count()


@transaction.atomic
def summarise(*, now: datetime) -> None:
    """Count on to a moment before ``now`` that nobody changes any more, and store it."""
    end = now - SETTLED_AFTER
    newest = SlotUsage.objects.select_for_update().exclude(until=None).order_by("-hour").first()
    start = newest.until if newest is not None and newest.until is not None else _begin(end)
    slots = License.objects.values_list("slots", flat=True).first()
    limits = Limits(PoolChange.objects.all())
    # The hour that was counted in part is counted again from its beginning: a process that stood still for longer than
    # we wait may have stored an opening since.
    for hour, (peak, opened) in _counted(hour_of(start), end).items():
        row, _ = SlotUsage.objects.select_for_update().get_or_create(hour=hour)
        row.peak = max(row.peak, peak)
        row.opened = max(row.opened, opened)
        # Not today's size: the hour may be long over when it is counted.
        row.slots = limits.during(hour, min(hour + HOUR, end), otherwise=slots)
        if hour == hour_of(now):
            row.kept = max(row.kept, seats_kept(now=now))
        row.until = min(hour + HOUR, end)
        row.save(update_fields=["peak", "opened", "slots", "kept", "until"])


def count_refusal(*, now: datetime) -> None:
    """One more call was refused for want of a slot."""
    rows = SlotUsage.objects.filter(hour=hour_of(now))
    if not rows.update(refused=F("refused") + 1):
        SlotUsage.objects.bulk_create([SlotUsage(hour=hour_of(now))], ignore_conflicts=True)
        rows.update(refused=F("refused") + 1)


def hours(*, since: datetime, now: datetime, kept: int = 0) -> list[HourOfUse]:
    """Every hour from that of ``since`` to that of ``now``, those without any use included. ``kept`` is how many seats
    are kept right now."""
    stored = {row.hour: row for row in SlotUsage.objects.filter(hour__gte=hour_of(since), hour__lte=now)}
    newest = SlotUsage.objects.aggregate(until=Max("until"))["until"] or _begin(now)
    rest = _counted(hour_of(newest), now) if newest < now else {}
    slots = License.objects.values_list("slots", flat=True).first()
    limits = Limits(PoolChange.objects.all())
    found = []
    for hour in hours_between(since, now):
        row = stored.get(hour) or SlotUsage(hour=hour)
        peak, opened = rest.get(hour, (0, 0))
        is_now = hour == hour_of(now)
        known = row.slots if row.until is not None and not is_now else slots
        size = limits.during(hour, min(hour + HOUR, now), otherwise=known)
        most_kept = max(row.kept, kept) if is_now else row.kept
        found.append(HourOfUse(hour, max(row.peak, peak), size, max(row.opened, opened), row.refused, most_kept))
    return found
