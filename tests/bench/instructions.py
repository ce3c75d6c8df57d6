"""Instructions that a dissection takes, counted with callgrind (valgrind): the same whatever else
the computer does. Counter counts those of whole runs of tshark, of any version, and takes off what it
does before the first frame, by reading a file of none; dissected() has frame_cost dissect any number
of captures in one run, and counts each by itself.

SPDX-License-Identifier: GPL-2.0-or-later
"""
import concurrent.futures
import os
import pathlib
import re
import subprocess
import sys
import typing

import bench_paths  # noqa: F401: lets the modules below be found
import capture_file
from ordinary_user import OrdinaryUser

TIMEOUT = 3000


def build_folder():
    folder = os.environ.get("MEP_BUILD_DIR")
    if not folder:
        sys.exit("MEP_BUILD_DIR does not name a build folder")
    return pathlib.Path(folder).resolve()


def somebody():
    return OrdinaryUser(build_folder())


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


class Job(typing.NamedTuple):
    """What frame_cost.cpp takes a line of."""
    name: str
    path: pathlib.Path
    way: str = "line"
    words: tuple = ()  # and options

    def line(self, user):
        return "\t".join([self.name, str(user.readable(self.path)), self.way, *self.words])


def frame_cost(user, folder):
    """The program, where this user may run it; nothing where it was not built."""
    program = folder / "tests" / "frame_cost"
    if not program.exists():
        return None
    copy = user.readable(program)
    copy.chmod(0o755)
    return copy


def dissected(user, program, jobs):
    """Of each job's name the instructions a frame."""
    folder = user.folder()
    run = user.run(["valgrind", "--tool=callgrind", "--instr-atstart=no",
                    f"--callgrind-out-file={folder}/out", program], timeout=TIMEOUT,
                   input="".join(job.line(user) + "\n" for job in jobs))
    if run.returncode != 0:
        raise RuntimeError(run.stderr)
    frames = dict(line.split("\t") for line in run.stdout.splitlines())
    counts = {}
    for dump in folder.glob("out.*"):
        text = dump.read_text(errors="replace")
        name = re.search(r"^desc: Trigger: Client Request: (.*)$", text, re.MULTILINE)
        if name:
            counted = re.search(r"^(?:totals|summary): (\d+)", text, re.MULTILINE)
            counts[name[1]] = int(counted[1]) / int(frames[name[1]])
    return counts


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
