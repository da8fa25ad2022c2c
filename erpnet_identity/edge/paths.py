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
