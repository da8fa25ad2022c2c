"""The chart of slots in use: from hours of use to columns, and from columns to shapes. Pure.

A chart is a plane of 1000 × 1000 units that the page stretches to whatever room it has; its texts stand beside it, so
that they keep their size.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import groupby

from erpnet_identity.erp_sessions.usage import HourOfUse

SIZE = 1000
# How much of a column's room its bar takes.
_FILLED = 0.78
# Values at the top of the scale, and these times ten, a hundred and so on; all even, so that the middle is a number.
_TOPS = (2, 4, 6, 8, 10, 12, 16, 20, 24, 30, 40, 50, 60, 70, 80)
# A pool so many times larger than what was used would press the bars flat: then it is only named.
_FAR = 10


@dataclass(frozen=True, slots=True)
class Column:
    """One hour or one day. ``slots`` is the size of the pool then, None when unlimited or unknown; ``kept`` how many
    seats were kept for absent accounts at most."""

    start: datetime
    length: timedelta
    peak: int
    slots: int | None
    opened: int
    refused: int
    kept: int = 0

    @property
    def shut(self) -> int:
        """How many of the reserved seats nobody else could take: above the peak, and within the pool."""
        return 0 if self.slots is None else min(self.kept, max(0, self.slots - self.peak))


@dataclass(frozen=True, slots=True)
class Bar:
    """The shapes of a column: its room, the bar in it, and above that the seats that were kept."""

    column: Column
    left: int
    room: int
    x: int
    width: int
    y: int
    height: int
    kept_y: int = 0
    kept_height: int = 0


@dataclass(frozen=True, slots=True)
class Mark:
    """A text below the chart and where its line stands."""

    start: datetime
    x: int


@dataclass(frozen=True, slots=True)
class Chart:
    """``top`` is the value at the upper edge. ``limit`` is the path of the pool's size; empty when it is unlimited or
    far above everything (``is_far``)."""

    bars: list[Bar]
    marks: list[Mark]
    top: int
    limit: str
    is_far: bool

    @property
    def middle(self) -> int:
        return self.top // 2

    @property
    def columns(self) -> list[Column]:
        return [bar.column for bar in self.bars]

    @property
    def peak(self) -> int:
        """The largest number of slots in use."""
        return max((column.peak for column in self.columns), default=0)

    @property
    def kept(self) -> int:
        """The largest number of seats that were kept and are drawn."""
        return max((column.shut for column in self.columns), default=0)

    @property
    def refused(self) -> int:
        return sum(column.refused for column in self.columns)


def hourly(hours: Iterable[HourOfUse]) -> list[Column]:
    """A column for each hour."""
    return [
        Column(hour.hour, timedelta(hours=1), hour.peak, hour.slots, hour.opened, hour.refused, hour.kept)
        for hour in hours
    ]


def daily(hours: Iterable[HourOfUse]) -> list[Column]:
    """A column for each day (UTC): its highest peak, the largest size of the pool that is known of it, and the most
    seats that were kept."""
    columns = []
    for day, group in groupby(hours, key=lambda hour: hour.hour.replace(hour=0)):
        of_day = list(group)
        columns.append(
            Column(
                start=day,
                length=timedelta(days=1),
                peak=max(hour.peak for hour in of_day),
                slots=max((hour.slots for hour in of_day if hour.slots is not None), default=None),
                opened=sum(hour.opened for hour in of_day),
                refused=sum(hour.refused for hour in of_day),
                kept=max(hour.kept for hour in of_day),
            )
        )
    return columns


def top_of(value: int) -> int:
    """The value at the upper edge of a chart that shows ``value`` and leaves a little room above it."""
    step = 1
    while True:
        for top in _TOPS:
            if top * step >= value * 1.05:
                return top * step
        step *= 10


def draw(columns: Sequence[Column], *, every: int) -> Chart:
    """The chart of ``columns``, with a text at every ``every``-th of them."""
    peak = max((column.peak for column in columns), default=0)
    pool = max((column.slots for column in columns if column.slots is not None), default=0)
    is_far = bool(peak) and pool > _FAR * peak
    shown = max((column.peak + column.shut for column in columns), default=0)
    top = top_of(shown if is_far else max(shown, pool))
    edges = [round(SIZE * number / len(columns)) for number in range(len(columns) + 1)] if columns else [0]
    bars = []
    for column, left, right in zip(columns, edges, edges[1:], strict=False):
        width = max(1, round((right - left) * _FILLED))
        # What is there can be seen, however small it is beside the rest.
        height = max(4, _scaled(column.peak, top)) if column.peak else 0
        x = left + (right - left - width) // 2
        # Up to where both together stand, so that rounding leaves no gap between them.
        kept = max(0, _scaled(column.peak + column.shut, top) - height) if column.shut else 0
        bars.append(Bar(column, left, right - left, x, width, SIZE - height, height, SIZE - height - kept, kept))
    marks = [Mark(bar.column.start, bar.left) for bar in bars[::every]]
    return Chart(bars, marks, top, "" if is_far else _limit(bars, top), is_far)


def _scaled(value: int, top: int) -> int:
    return min(SIZE, round(SIZE * value / top))


def _limit(bars: Sequence[Bar], top: int) -> str:
    """A line in steps, with gaps where there was no limit."""
    path: list[str] = []
    at: int | None = None
    for bar in bars:
        slots = bar.column.slots
        if slots is None:
            at = None
            continue
        y = SIZE - _scaled(slots, top)
        if at is None:
            path.append(f"M{bar.left} {y}")
        elif y != at:
            path.append(f"V{y}")
        path.append(f"H{bar.left + bar.room}")
        at = y
    return "".join(path)
