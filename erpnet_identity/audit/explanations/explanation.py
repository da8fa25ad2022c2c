"""What can be said of a cause."""

from dataclasses import dataclass
from enum import Enum


class Told(Enum):
    """Who may learn the cause from the answer itself; the trail tells it to administrators in any case (DR-02)."""

    DEVELOPER = "application developer"
    END_USER = "end user"
    ADMINISTRATORS = "administrators only"


ADMINISTRATORS, DEVELOPER, END_USER = Told.ADMINISTRATORS, Told.DEVELOPER, Told.END_USER


@dataclass(frozen=True, slots=True)
class Explanation:
    """Who may be told, what has happened and what helps, in whole sentences."""

    told: Told
    happened: str
    helps: str
