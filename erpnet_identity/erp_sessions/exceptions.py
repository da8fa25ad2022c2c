"""Why no session could be opened."""


class LicenseSlotsExhausted(Exception):
    """Every slot is taken or kept for somebody else (SE-58). The token stays good (SE-60).

    ``slots`` is the size of the pool, ``live`` how many are taken, ``kept`` how many of the rest are kept for accounts
    with a reserved seat: for the trace, not for the caller.
    """

    code = "MaximumLicenseCountExceeded"

    def __init__(self, *, slots: int, live: int, kept: int) -> None:
        super().__init__(self.code)
        self.slots = slots
        self.live = live
        self.kept = kept
