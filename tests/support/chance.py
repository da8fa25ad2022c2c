"""Random numbers of a test, which a failed run can be given again: ``TEST_SEED=… pytest …``."""

import os
import random

VARIABLE = "TEST_SEED"


def choose_seed():
    """The seed of this run, and of the processes that it starts: what the environment says, else any."""
    return os.environ.setdefault(VARIABLE, str(random.SystemRandom().randrange(2**32)))


def chance(*names):
    """Random numbers of this run for the test, or the part of it, that ``names`` tell apart."""
    return random.Random(":".join([choose_seed(), *map(str, names)]))
