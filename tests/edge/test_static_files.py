"""Style sheets and scripts are sent compressed by the process itself, with no proxy and no step before the start."""

import gzip

import pytest
from django.contrib.staticfiles import finders

# A response that is closed looks after the connections of its thread, which other tests may have left open.
pytestmark = pytest.mark.django_db

SHEET = "/static/erp/site.css"


@pytest.fixture
def answer(client):
    """``answer(address, accepted, method, **headers)``: a response that was read to its end, and its body."""

    def get(address=SHEET, accepted="gzip, deflate, br, zstd", method="GET", **headers):
        headers = {name.replace("_", "-"): value for name, value in headers.items()}
        response = client.generic(method, address, headers={"Accept-Encoding": accepted, **headers})
        body = response.getvalue()
        response.close()
        return response, body

    return get


def files(*endings):
    """The addresses of what the applications bring along."""
    for finder in finders.get_finders():
        for path, storage in finder.list([]):
            if path.endswith(endings):
                yield f"/static/{path}", storage.path(path)


def test_every_text_is_compressed_and_is_the_file(answer):
    seen = 0
    for address, path in files(".css", ".js", ".svg"):
        with open(path, "rb") as file:
            content = file.read()
        response, body = answer(address)
        assert response.status_code == 200
        if response.headers.get("Content-Encoding") == "gzip":
            seen += 1
            assert gzip.decompress(body) == content
            assert int(response.headers["Content-Length"]) == len(body) < len(content)
        else:
            assert body == content
            assert len(content) < 1000, address
        assert response.headers["Vary"] == "Accept-Encoding"
        assert "max-age=3600" in response.headers["Cache-Control"]
        plain, body = answer(address, "identity")
        assert body == content
        assert (plain.headers["Content-Type"], plain.headers["Vary"]) == (
            response.headers["Content-Type"], "Accept-Encoding",
        )  # fmt: skip
    assert seen > 20


def test_pictures_are_not(answer):
    for address, path in files(".png", ".woff2"):
        with open(path, "rb") as file:
            response, body = answer(address)
            assert body == file.read()
        assert not {"Content-Encoding", "Vary"} & set(response.headers)


@pytest.mark.parametrize(
    ("accepted", "compressed"),
    [
        ("gzip", True), ("x-gzip", True), ("br, GZIP;q=0.5", True), ("identity, gzip ; q=1", True),
        ("gzip;q=0.001", True),
        ("", False), ("br", False), ("gzip;q=0", False), ("gzip;q=0.000, br", False), ("gzipped", False),
        ("not-gzip", False), ("*", False),
    ],
)  # fmt: skip
def test_who_can_read_it(answer, accepted, compressed):
    response, _ = answer(accepted=accepted)
    assert (response.headers.get("Content-Encoding") == "gzip") is compressed


def test_the_tag_of_other_bytes_is_weak(answer):
    """RFC 9110 §8.8.3.3: a strong tag would say that both are the same bytes."""
    plain, compressed = answer(accepted="")[0].headers["ETag"], answer()[0].headers["ETag"]
    assert compressed == f"W/{plain}"
    for accepted, tag in (("", plain), ("gzip", compressed)):
        for named in (plain, compressed):
            response, body = answer(accepted=accepted, if_none_match=named)
            assert (response.status_code, body, response.headers["ETag"]) == (304, b"", tag)
            assert response.headers["Vary"] == "Accept-Encoding"


def test_other_questions(answer):
    response, body = answer(method="HEAD")
    assert (response.headers["Content-Encoding"], body) == ("gzip", b"")
    assert response.headers["Content-Length"] == answer()[0].headers["Content-Length"]
    assert answer(method="POST")[0].status_code == 405
    assert answer(range="bytes=0-9")[0].status_code == 200
    assert answer(accepted="", range="bytes=0-9")[1] == answer(accepted="")[1][:10]


def test_a_file_that_changes_is_read_anew(answer, settings, tmp_path):
    """As in development, where files are looked for at every request."""
    settings.STATICFILES_DIRS = [tmp_path]
    settings.WHITENOISE_AUTOREFRESH = True
    finders.get_finder.cache_clear()
    try:
        for content in (b"a" * 5000, b"b" * 6000):
            (tmp_path / "new.css").write_bytes(content)
            assert gzip.decompress(answer("/static/new.css")[1]) == content
    finally:
        finders.get_finder.cache_clear()
