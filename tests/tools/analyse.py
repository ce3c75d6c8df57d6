#!/usr/bin/env python3
"""Runs clang-tidy on the sources that are named on standard input, as many at a time as there are
processors. What it found nothing wrong with, as it stands there with all that it includes, it is not
asked about again: that is remembered in $XDG_CACHE_HOME/mep-analysed, beside ccache's folder.

    analyse.py BUILD_FOLDER < names

MEP_LINT_MINUTES: what has not been begun by then is left, and counted: the next run begins with it.

SPDX-License-Identifier: GPL-2.0-or-later
"""
import concurrent.futures
import hashlib
import json
import os
import pathlib
import shlex
import subprocess
import sys
import time

ROOT = pathlib.Path(__file__).resolve().parents[2]
CACHE = pathlib.Path(os.environ.get("XDG_CACHE_HOME") or pathlib.Path.home() / ".cache") / "mep-analysed"
# What writes files in place of text, with its argument.
OUTPUTS = {"-o": 1, "-c": 0, "-MD": 0, "-MT": 1, "-MF": 1}


def preprocess_command(entry):
    """The command by which the source is compiled, as one that prints it with all it includes, and
    comments: there are some for clang-tidy among them."""
    words = iter(shlex.split(entry["command"])[1:])
    kept = []
    for word in words:
        if word in OUTPUTS:
            for _ in range(OUTPUTS[word]):
                next(words)
        elif not word.endswith("/c++"):  # behind ccache
            kept.append(word)
    return ["clang++", "-E", "-C", "-P", "-w", *kept]


def key_of(entry, rules):
    text = subprocess.run(preprocess_command(entry), cwd=entry["directory"], capture_output=True,
                          check=True).stdout
    return hashlib.sha256(rules + text).hexdigest()


def analyse(build, entry, rules, until):
    """Whether nothing was found; nothing where it was not begun. What was found is printed."""
    mark = CACHE / key_of(entry, rules)
    if mark.exists():
        return True
    if time.monotonic() > until:
        return None
    result = subprocess.run(["clang-tidy", "-p", build, "--quiet", entry["file"]], capture_output=True,
                            text=True, check=False)
    if result.returncode != 0 or result.stdout.strip():
        print(result.stdout or result.stderr, flush=True)
        return result.returncode == 0
    mark.touch()
    return True


def main():
    build = sys.argv[1]
    entries = {os.path.relpath(entry["file"], ROOT): entry
               for entry in json.loads((pathlib.Path(build) / "compile_commands.json").read_text())}
    version = subprocess.run(["clang-tidy", "--version"], capture_output=True, check=True).stdout
    rules = version + (ROOT / ".clang-tidy").read_bytes()
    CACHE.mkdir(parents=True, exist_ok=True)
    names = [os.path.relpath(name, ROOT) for name in sys.stdin.read().split()]
    for name in set(names) - entries.keys():
        print(f"{name} is not in this build: nothing is known of how it would be compiled")
    until = time.monotonic() + 60 * float(os.environ.get("MEP_LINT_MINUTES", "inf"))
    with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        good = list(pool.map(lambda name: analyse(build, entries[name], rules, until),
                             filter(entries.__contains__, names)))
    if None in good:
        print(f"There was no time for {good.count(None)} of {len(good)}: they are next time's")
    sys.exit(1 if False in good else 0)


if __name__ == "__main__":
    main()
