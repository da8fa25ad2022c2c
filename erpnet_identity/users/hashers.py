"""How passwords are stored."""

from django.contrib.auth.hashers import Argon2PasswordHasher


class InteractiveArgon2PasswordHasher(Argon2PasswordHasher):
    """Argon2id at OWASP's parameters for interactive sign-in: 19 MiB of memory, two passes, one lane."""

    time_cost = 2
    memory_cost = 19 * 1024
    parallelism = 1
