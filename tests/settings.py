"""Settings of the tests: databases of their own, keys and files in a directory that is thrown away."""

from __future__ import annotations

import os
import tempfile

if "MYNA_VAR_DIR" not in os.environ:
    os.environ["MYNA_VAR_DIR"] = tempfile.mkdtemp(prefix="mynaportal-tests-")
if os.environ.get("TEST_DATABASE_URL"):
    os.environ["DATABASE_URL"] = os.environ["TEST_DATABASE_URL"]

from mynaportal.settings import *  # noqa: F403
from mynaportal.settings import DATABASES, VAR_DIR

EMAIL_BACKEND = "django.core.mail.backends.locmem.EmailBackend"
CELERY_TASK_ALWAYS_EAGER = True
CELERY_TASK_EAGER_PROPAGATES = True

for _alias, _database in DATABASES.items():
    if _database["ENGINE"].endswith("sqlite3"):
        # A file and not memory: threads and processes of one test share it.
        _database["TEST"] = {"NAME": str(VAR_DIR / f"test-{_alias}.sqlite3")}
    else:
        # The tests' databases are made from template0's neighbour; the connection for CREATE DATABASE is the named one.
        _database["CONN_MAX_AGE"] = 0
