"""Programs besides Python that some tests drive: a browser, Node.js, Apache, the servers of databases."""

import os
import shutil


def found(name, *, path=None):
    """Where the program is. None where the machine lacks it, or is to be as one that has Python only
    (``TEST_ONLY_PYTHON=1``)."""
    return None if os.environ.get("TEST_ONLY_PYTHON") == "1" else shutil.which(name, path=path)
