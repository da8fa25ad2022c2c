"""Which addresses are spoken to by programs. They have no session, no form token and no language of a person."""

MACHINE_PREFIXES = (
    "/api",
    "/tableapi",
    "/id/connect/token",
    "/id/connect/userinfo",
    "/id/.well-known/",
    "/.well-known/",
    "/tools/",
    "/sys/",
    "/health/",
)


def is_machine(path: str) -> bool:
    """Whether the path belongs to an endpoint for programs."""
    return path.startswith(MACHINE_PREFIXES)


# Pages that an application may show in a window of its own and wait for.
_IN_POPUPS = ("/id/connect/authorize", "/id/signin", "/id/account")


def opener_policy(path: str) -> str:
    """Whether a page keeps its tie to the window that opened it (Cross-Origin-Opener-Policy). Only on the way through
    a sign-in: there the application that opened the window waits for it, and hears nothing once the tie is cut."""
    return "unsafe-none" if path.startswith(_IN_POPUPS) else "same-origin"
