"""The settings of an instance, gathered from one file per subject.

Environments differ by variables only (``env.py``), so what runs in production is what was tested.
"""

from .api import *  # noqa: F403
from .django import *  # noqa: F403
from .logging import *  # noqa: F403
from .oauth import *  # noqa: F403
from .security import *  # noqa: F403
