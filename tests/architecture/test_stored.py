"""Nothing that is stored can run code when it is read: no pickle in the cache, in sessions or in messages.

The product is used, and what it left is looked at as it is stored. Then somebody who can write to the store puts a
pickle there.
"""

import ast
import json
import pickle
import zlib

import pytest
from django.contrib.messages.storage.cookie import CookieStorage
from django.contrib.sessions.models import Session
from django.core.cache import cache
from django.core.signing import b64_decode

from erpnet_identity.operations import cleanup, health
from erpnet_identity.platform import json_values
from erpnet_identity.platform.redis_cache import RedisCache
from erpnet_identity.platform.session_store import SessionStore
from tests.architecture import source

FORBIDDEN = {"pickle", "cPickle", "dill", "cloudpickle", "marshal", "shelve", "jsonpickle"}


@pytest.fixture
def pickles(monkeypatch):
    """The calls that made or read a pickle; they fail as well."""
    calls = []

    def forbidden(*args, **kwargs):
        calls.append(args)
        raise AssertionError("a pickle")

    for name in ("dumps", "loads", "dump", "load"):
        monkeypatch.setattr(pickle, name, forbidden)
    return calls


def stored_in_redis():
    client = cache._cache.get_client(write=True)
    found = {}
    for key in client.scan_iter(match=f"{cache.key_prefix}:*"):
        match client.type(key):
            case b"string":
                found[key] = [client.get(key)]
            case b"hash":
                found[key] = client.hvals(key)
            case b"zset":
                found[key] = []  # its members are words, its scores numbers
            case other:
                raise AssertionError(f"{key} is a {other}")
    return found


def stored():
    """What the cache holds, as it is stored: key → values."""
    if isinstance(cache._connections[cache._alias], RedisCache):
        return stored_in_redis()
    return {key: [value] for key, value in cache._connections[cache._alias]._cache.items()}


def payload(signed):
    """What Django has signed, read as JSON."""
    data = signed.strip('"').split(":")[0]
    raw = b64_decode(data.removeprefix(".").encode())
    return json.loads(zlib.decompress(raw) if data.startswith(".") else raw)


def put(key, raw):
    """Write to the store past the cache, as a neighbour would."""
    backend = cache._connections[cache._alias]
    full = backend.make_and_validate_key(key)
    if isinstance(backend, RedisCache):
        backend._cache.get_client(write=True).set(full, raw)
    else:
        backend._set(full, raw, 60)


def use_everything(client, administrator, service_app, token_request, service_token, settings):
    settings.SESSION_RPM, settings.SESSION_CONCURRENT_REQUESTS = 600, 10
    keys_of = {"client_id": service_app.client_id, "grant_type": "client_credentials"}
    assert token_request(**keys_of, client_secret="wrong").status_code == 400
    token = service_token(service_app, "read")
    headers = {"Authorization": f"Bearer {token}"}
    assert client.get("/api/domain/odata/Crm_Sales_Customers", headers=headers).status_code == 200
    client.post("/id/signin", {"login": administrator.login, "password": "wrong"})
    client.post("/id/password/reset", {"email": administrator.email})
    client.force_login(administrator)
    assert client.post("/manage/licenses", {"slots": "5"}).status_code == 303
    health._cache()
    cleanup.take_turn()


@pytest.mark.contract("OPS-03")
def test_what_is_stored_is_json(pickles, client, administrator, service_app, token_request, service_token, settings):
    use_everything(client, administrator, service_app, token_request, service_token, settings)

    assert pickles == []
    found = stored()
    assert len(found) >= 3  # a throttle, the check of health, the clean-up
    for key, values in found.items():
        for value in values:
            try:
                json.loads(value)
            except ValueError:
                pytest.fail(f"{key} holds {value!r}")
    (row,) = Session.objects.all()
    kept = SessionStore().decode(row.session_data)
    assert payload(row.session_data) == kept
    # The notice of the change, which would otherwise travel in a cookie that every instance on the host calls the same.
    assert json.loads(kept["_messages"])
    assert CookieStorage.cookie_name not in client.cookies


victims: list[str] = []


def hurt(text):
    victims.append(text)


class Bomb:
    """Its pickle calls ``hurt`` where it is read."""

    def __reduce__(self):
        return (hurt, ("a pickle was read",))


def test_a_pickle_in_the_store_is_not_read(client, service_app, token_request):
    """Under every key that the product has just used, and will look at again."""
    refused = {"client_id": service_app.client_id, "grant_type": "client_credentials", "client_secret": "wrong"}
    token_request(**refused)
    assert cache.add("cleanup:lock", 1, timeout=60)
    backend = cache._connections[cache._alias]
    prefix = backend.make_key("")
    keys = [key.decode() if isinstance(key, bytes) else key for key in stored()]
    assert len(keys) >= 2  # a throttle and the lock
    for key in keys:
        put(key.removeprefix(prefix), pickle.dumps(Bomb()))

    assert token_request(**refused).status_code in (400, 429)
    cleanup.take_turn()
    for key in keys:
        with pytest.raises(ValueError):
            cache.get(key.removeprefix(prefix))
    assert victims == []


@pytest.mark.parametrize("value", [0, -3, 2**60, True, None, "text", 1.5, [1, [2.5, "x"]], {"a": {"b": []}}])
def test_what_comes_back_is_what_went_in(value):
    cache.set("value", value)
    found = cache.get("value")
    assert found == value
    assert type(found) is type(value)
    assert cache.add("value", 1) is False
    assert cache.add("another", value) is True
    assert cache.get("another") == value


def test_numbers_are_counted_up():
    assert cache.add("number", 0)
    assert [cache.incr("number"), cache.incr("number", 5), cache.decr("number")] == [1, 6, 5]
    with pytest.raises(ValueError):
        cache.incr("unknown")


@pytest.mark.parametrize("value", [object(), {1, 2}, b"bytes", float("nan"), ValueError("x")])
def test_what_json_cannot_say_is_refused(value):
    with pytest.raises((TypeError, ValueError)):
        cache.set("value", value)


@pytest.mark.parametrize("raw", [b"", b"\x80\x05K\x01.", b"{", b"\xff\xfe", b"[" * 100_000])
def test_what_cannot_be_read_is_one_kind_of_error(raw):
    with pytest.raises(ValueError):
        json_values.loads(raw)


def test_the_address_of_redis_cannot_bring_pickles_back():
    options = {"OPTIONS": {"serializer": "django.core.cache.backends.redis.RedisSerializer"}}
    backend = RedisCache("redis://127.0.0.1:6379/0", options)
    assert isinstance(backend._cache._serializer, json_values.JsonSerializer)


def test_no_file_of_the_product_imports_one():
    found = []
    for name, tree in source.syntax_trees():
        for node in ast.walk(tree):
            if isinstance(node, ast.Import):
                names = [alias.name for alias in node.names]
            elif isinstance(node, ast.ImportFrom):
                names = [node.module or ""]
            else:
                continue
            found += [f"{name}: {module}" for module in names if module.split(".")[0] in FORBIDDEN]
    assert found == []


def test_django_is_told_so(settings):
    assert settings.SESSION_SERIALIZER.endswith("JSONSerializer")
    assert list(settings.CACHES) == ["default"]
    backend = settings.CACHES["default"]["BACKEND"]
    assert backend.startswith(("erpnet_identity.platform.", "tests.support.cache."))
