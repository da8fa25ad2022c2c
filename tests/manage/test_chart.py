"""The geometry of the chart, and the words and numbers beside it."""

import re
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from erpnet_identity.erp_sessions.usage import HourOfUse
from erpnet_identity.manage import device
from erpnet_identity.manage.chart import SIZE, Column, daily, draw, hourly, top_of
from erpnet_identity.manage.templatetags.manage import clock, lasting, size

START = datetime(2025, 11, 24, tzinfo=UTC)
HOUR = timedelta(hours=1)


def columns(*peaks, slots=10, refused=0):
    pools = slots if isinstance(slots, list) else [slots] * len(peaks)
    return [
        Column(START + number * HOUR, HOUR, peak, pool, 0, refused)
        for number, (peak, pool) in enumerate(zip(peaks, pools, strict=True))
    ]


class TestColumns:
    def test_a_day_has_its_highest_peak_and_all_that_happened(self):
        hours = [
            HourOfUse(START + 22 * HOUR, 3, 10, 1, 0),
            HourOfUse(START + 23 * HOUR, 7, 10, 2, 4),
            HourOfUse(START + 24 * HOUR, 5, None, 1, 0),
            HourOfUse(START + 25 * HOUR, 2, 20, 0, 1),
        ]
        day = timedelta(days=1)
        assert daily(hours) == [Column(START, day, 7, 10, 3, 4), Column(START + day, day, 5, 20, 1, 1)]

    def test_an_hour_is_a_column(self):
        assert hourly([HourOfUse(START, 3, 10, 1, 2)]) == [Column(START, HOUR, 3, 10, 1, 2)]


class TestScale:
    @pytest.mark.parametrize(
        ("value", "top"), [(0, 2), (1, 2), (2, 4), (5, 6), (20, 24), (47, 50), (60, 70), (95, 100), (1000, 1200)]
    )
    def test_a_round_number_with_room_above(self, value, top):
        assert top_of(value) == top

    @settings(deadline=None)  # a busy machine is no mistake
    @given(st.integers(0, 10**7))
    def test_never_too_small_and_never_far_too_large(self, value):
        top = top_of(value)
        assert value < top <= max(2, 2.2 * value)
        assert top % 2 == 0, "the number in the middle of the scale is whole"


class TestShapes:
    def test_bars_stand_on_the_ground(self):
        chart = draw(columns(5, 10, 0, slots=None), every=1)
        assert chart.top == 12
        assert [bar.height for bar in chart.bars] == [417, 833, 0]
        assert all(bar.y + bar.height == SIZE for bar in chart.bars)

    @settings(deadline=None)  # a busy machine is no mistake
    @given(st.lists(st.integers(0, 10_000), max_size=200), st.none() | st.integers(0, 10_000))
    def test_everything_is_on_the_plane(self, peaks, slots):
        chart = draw(columns(*peaks, slots=slots), every=6)
        rooms = [(bar.left, bar.left + bar.room) for bar in chart.bars]
        assert [room[0] for room in rooms] == [0, *(room[1] for room in rooms)][: len(rooms)]
        assert not rooms or rooms[-1][1] == SIZE
        for bar, peak in zip(chart.bars, peaks, strict=True):
            assert bar.left <= bar.x
            assert bar.x + bar.width <= bar.left + bar.room
            assert 0 <= bar.y <= SIZE
            assert (bar.height > 0) == (peak > 0), "what was used can be seen, and nothing else"
        assert all(0 <= int(number) <= SIZE for number in re.findall(r"\d+", chart.limit))

    @settings(deadline=None)  # a busy machine is no mistake
    @given(st.lists(st.tuples(st.integers(0, 500), st.integers(0, 500), st.none() | st.integers(0, 600)), max_size=60))
    def test_kept_seats_stand_on_the_bar_and_below_the_limit(self, hours):
        found = [
            Column(START + number * HOUR, HOUR, peak, slots, 0, 0, kept)
            for number, (peak, kept, slots) in enumerate(hours)
        ]
        chart = draw(found, every=6)
        for bar, (peak, kept, slots) in zip(chart.bars, hours, strict=True):
            assert bar.kept_y + bar.kept_height == bar.y
            assert bar.kept_y >= 0
            if slots is None or slots <= peak or not kept:
                assert bar.kept_height == 0
                assert bar.column.shut == 0
            else:
                assert peak + bar.column.shut <= slots
                assert bar.kept_y >= SIZE - round(SIZE * slots / chart.top) - 4 or chart.is_far

    def test_a_day_has_the_largest_size_it_had_and_the_most_seats_kept(self):
        hours = [HourOfUse(START, 40, 50, 1, 0, 2), HourOfUse(START + HOUR, 3, 10, 0, 0, 6)]
        assert daily(hours) == [Column(START, timedelta(days=1), 40, 50, 1, 0, 6)]

    def test_the_size_of_the_pool_is_a_line_in_steps(self):
        chart = draw(columns(1, 1, 1, 1, slots=[5, 5, 10, 10]), every=2)
        assert chart.top == 12
        assert chart.limit == "M0 583H250H500V167H750H1000"
        assert [(mark.start, mark.x) for mark in chart.marks] == [(START, 0), (START + 2 * HOUR, 500)]

    def test_no_line_where_there_was_no_limit(self):
        assert draw(columns(1, 1, 1, slots=[None, 5, None]), every=1).limit == "M333 167H667"
        assert draw(columns(1, 1, slots=None), every=1).limit == ""

    def test_a_pool_that_is_far_larger_is_only_named(self):
        far = draw(columns(3, 2, slots=31), every=1)
        assert (far.is_far, far.limit, far.top) == (True, "", 4)
        near = draw(columns(3, 2, slots=30), every=1)
        assert (near.is_far, near.top) == (False, 40)
        unused = draw(columns(0, 0, slots=500), every=1)
        assert (unused.is_far, unused.top) == (False, 600)

    def test_what_it_says_of_itself(self):
        chart = draw(columns(3, 8, 2, refused=2), every=1)
        assert (chart.peak, chart.refused, chart.middle) == (8, 6, 6)
        empty = draw([], every=6)
        assert (empty.peak, empty.refused, empty.bars, empty.marks, empty.limit) == (0, 0, [], [], "")


@pytest.mark.parametrize(
    ("minutes", "text"),
    [(0, "under 1 min"), (0.9, "under 1 min"), (1, "1 min"), (59.9, "59 min"), (60, "1 h"), (95, "1 h 35 min"),
     (24 * 60 + 5, "1 d"), (27 * 60, "1 d 3 h"), (24 * 60 * 400, "400 d")],
)  # fmt: skip
def test_lengths_of_time(minutes, text):
    assert lasting(timedelta(minutes=minutes)) == text


def test_moments():
    now = datetime(2025, 11, 25, 0, 5, tzinfo=UTC)
    assert clock(datetime(2025, 11, 25, 0, 1, tzinfo=UTC), now) == "00:01"
    assert clock(datetime(2025, 11, 4, 23, 59, tzinfo=UTC), now) == "2025-11-04 23:59"
    assert clock(datetime(2025, 11, 26, 0, 59, tzinfo=UTC), now) == "2025-11-26 00:59"


@pytest.mark.parametrize(
    ("number", "text"),
    [(0, "0 B"), (999, "999 B"), (1000, "1.0 kB"), (9_949, "9.9 kB"), (9_960, "10 kB"), (999_499, "999 kB"),
     (999_500, "1.0 MB"), (4_300_000, "4.3 MB"), (3 * 10**12, "3.0 TB"), (10**16, "10000 TB")],
)  # fmt: skip
def test_sizes(number, text):
    assert size(number) == text


CHROME = "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/131.0 Safari/537.36"


@pytest.mark.parametrize(
    ("user_agent", "text"),
    [
        (CHROME, "Chrome on Windows"),
        (f"{CHROME} Edg/131.0", "Edge on Windows"),
        ("Mozilla/5.0 (Macintosh; Intel Mac OS X 10.15; rv:133.0) Gecko/20100101 Firefox/133.0", "Firefox on macOS"),
        ("Mozilla/5.0 (iPhone; CPU iPhone OS 18_1 like Mac OS X) AppleWebKit/6 Version/18.1 Mobile/1 Safari/604.1",
         "Safari on iPhone"),
        ("Mozilla/5.0 (Linux; Android 15) AppleWebKit/5 Chrome/131.0 Mobile Safari/5", "Chrome on Android"),
        ("Mozilla/5.0 (X11; Linux x86_64; rv:133.0) Gecko/20100101 Firefox/133.0", "Firefox on Linux"),
        ("ErpNet.Api.Client/1.4 (…)", "ErpNet.Api.Client 1.4"),
        ("python-requests/2.32.3", "python-requests 2.32.3"),
        ("curl", "curl"),
        ("(nothing)" + "x" * 90, "(nothing)" + "x" * 31),
        ("", ""),
    ],
)  # fmt: skip
def test_devices_in_a_few_words(user_agent, text):
    assert device.in_short(user_agent) == text
