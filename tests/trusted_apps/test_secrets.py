"""Secrets, without a database: made, hashed, compared, judged."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trusted_apps import secrets

DEMO_HASH = "T/AGymuI51LwjLeIFxRQXOs9IHnupDKs/ajhWODR2C4="


@pytest.mark.contract("TA-51", "TA-14")
def test_the_published_vector():
    assert secrets.digest("DEMO") == DEMO_HASH
    assert len(DEMO_HASH) == 44


@pytest.mark.contract("TA-50", "TA-52")
@given(st.text(min_size=1, max_size=100))
def test_a_secret_matches_its_own_hash_only(secret):
    stored = secrets.digest(secret)
    assert secrets.matches(secret, stored)
    assert not secrets.matches(stored, stored), "the hash is no secret"
    assert not secrets.matches(secret + "x", stored)
    assert secrets.is_digest(stored)


@pytest.mark.contract("TA-35")
@pytest.mark.parametrize(
    "text",
    ["", "DEMO", DEMO_HASH[:-1], DEMO_HASH + "=", DEMO_HASH + "\n", DEMO_HASH.replace("/", "_"), "A" * 44, "AAAA"],
)  # fmt: skip
def test_what_is_no_hash(text):
    assert not secrets.is_digest(text)


@pytest.mark.contract("TA-56")
def test_generated_secrets():
    made = {secrets.generate() for _ in range(100)}
    assert len(made) == 100
    assert all(re.fullmatch(r"[A-Za-z0-9]{40}", secret) for secret in made)
    assert all(secrets.weakness(secret) is None for secret in made)


@pytest.mark.parametrize("secret", ["", "DEMO", "x" * 23, "a" * 40, "abab" * 20])
def test_weak_secrets(secret):
    assert secrets.weakness(secret)
