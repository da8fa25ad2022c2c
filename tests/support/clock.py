"""Time as a test wants it, as fixtures: ``clock = frozen(…)`` in a module."""

import pytest
import time_machine
from django.utils import timezone

from erpnet_identity.platform import throttle

NOON = 1_772_442_000.0  # a full minute


def frozen(at=None):
    """Time stands still at this moment, or at the one when the test begins, until the test moves it."""

    @pytest.fixture
    def clock():
        with time_machine.travel(at or timezone.now(), tick=False) as traveller:
            yield traveller

    return clock


@pytest.fixture
def counters_clock(monkeypatch):
    """``clock(seconds)``: the time for the counters of throttles, after a full minute. Begins at 12."""

    def at(seconds):
        monkeypatch.setattr(throttle.time, "time", lambda: NOON + seconds)

    at(12)
    return at
