"""The settings of an instance, gathered from one file per subject.

Environments differ by variables only (``env.py``), so what runs in production is what was tested.
"""

from .accounts import *  # noqa: F403
from .api import *  # noqa: F403
from .django import *  # noqa: F403
from .env import Settings
from .logging import *  # noqa: F403
from .oauth import *  # noqa: F403
from .security import *  # noqa: F403
from .values import env

# For `manage.py settings`, which describes where each value comes from.
ENVIRONMENT: Settings = env
