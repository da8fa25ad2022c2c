"""A disk without room, as only SQLite can be told of it."""

from contextlib import contextmanager

from django.db import connection


@contextmanager
def full_disk():
    """Until the end of the block the database takes no page more."""
    with connection.cursor() as cursor:
        cursor.execute("VACUUM")
        most = cursor.execute("PRAGMA max_page_count").fetchone()[0]
        pages = cursor.execute("PRAGMA page_count").fetchone()[0]
        cursor.execute(f"PRAGMA max_page_count = {pages}")
    try:
        yield
    finally:
        with connection.cursor() as cursor:
            cursor.execute(f"PRAGMA max_page_count = {most}")
