"""Why no session could be opened."""

from erpnet_identity.audit.causes import Cause


class LicenseSlotsExhausted(Exception):
    """Every slot that the caller may take is taken or reserved for another user (SE-58). The token stays good (SE-60).

    For the trace, not for the caller: ``cause`` names the limit (``lifetimes.what_refuses``), ``slots`` is the size of
    the pool, ``live`` how many are taken, ``kept`` how many of the rest are kept for accounts with a reserved seat;
    ``used`` and ``limit`` are the numbers of a limit that is not the pool's.
    """

    code = "MaximumLicenseCountExceeded"

    def __init__(
        self,
        *,
        slots: int | None,
        live: int,
        kept: int,
        cause: Cause = Cause.NO_FREE_SLOT,
        used: int = 0,
        limit: int | None = None,
    ) -> None:
        super().__init__(self.code)
        self.cause = cause
        self.slots = slots
        self.live = live
        self.kept = kept
        self.used = used
        self.limit = limit
