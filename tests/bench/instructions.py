"""Instructions that tshark executes, counted with callgrind (valgrind): the same whatever else the
computer does. What tshark does before the first frame is taken off, by reading a file of none.

SPDX-License-Identifier: GPL-2.0-or-later
"""
import concurrent.futures
import os
import pathlib
import re
import subprocess
import sys

import bench_paths  # noqa: F401: lets the modules below be found
import capture_file
from ordinary_user import OrdinaryUser

TIMEOUT = 3000


def somebody():
    folder = os.environ.get("MEP_BUILD_DIR")
    if not folder:
        sys.exit("MEP_BUILD_DIR does not name a build folder")
    return OrdinaryUser(pathlib.Path(folder).resolve())


def count(user, path, arguments, profile=None):
    """Instructions of one run, start included. `profile`: where to leave callgrind's."""
    out = profile or user.folder() / "out.callgrind"
    with open(os.devnull, "wb") as nowhere:
        process = user.start(["valgrind", "--tool=callgrind", f"--callgrind-out-file={out}",
                              "tshark", "-r", path, *arguments], stdout=nowhere,
                             stderr=subprocess.PIPE)
        errors = process.communicate(timeout=TIMEOUT)[1].decode(errors="replace")
    if process.returncode != 0:
        raise RuntimeError(errors)
    return int(re.search(r"Collected : (\d+)", errors)[1])


class Counter:
    """Counts what is asked for, as many at a time as there are processors."""

    def __init__(self, user):
        self.user = user
        self.pool = concurrent.futures.ThreadPoolExecutor(os.cpu_count())
        self.runs = {}
        self.nothing = {}
        for link in (capture_file.LINK_TAP, 1):
            path = user.folder() / "none.pcapng"
            capture_file.write(path, [], link=link)
            user.own(path)
            self.nothing[link] = path

    def ask(self, name, path, arguments, link=capture_file.LINK_TAP):
        """Begins to count; result(name) is without what the start takes."""
        start = ("start", link, tuple(arguments))
        for key, file in ((start, self.nothing[link]), (name, path)):
            if key not in self.runs:
                self.runs[key] = self.pool.submit(count, self.user, file, arguments)
        self.runs[name, "start"] = self.runs[start]

    def result(self, name):
        return self.runs[name].result() - self.runs[name, "start"].result()
