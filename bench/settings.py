"""The demo's settings with a var folder of their own, gone at the end, and the bare view beside."""

import atexit
import os
import shutil
import tempfile
from pathlib import Path

FOLDER = tempfile.mkdtemp(prefix="portal-bench-")
atexit.register(shutil.rmtree, FOLDER, ignore_errors=True)
os.environ |= {"PORTAL_ENV": "demo", "PORTAL_VAR": FOLDER, "DEBUG": "false"}
os.environ.setdefault("DATABASE_URL", "")  # a .env file then does not fill it in

from cluster_portal.settings import *  # noqa: E402, F403
from cluster_portal.settings import TEMPLATES  # noqa: E402

ROOT_URLCONF = "bench.bare"
TEMPLATES[0]["DIRS"].append(Path(__file__).resolve().parent)
