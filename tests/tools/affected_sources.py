"""Lists the C++ sources that a change since a commit may concern: the changed ones, and those that
include a changed header, directly or not. All of them without a commit, or where a change concerns
how they are built or analysed.

    affected_sources.py [COMMIT]

SPDX-License-Identifier: GPL-2.0-or-later
"""
import pathlib
import re
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]
ROOMS = ("protocol", "plugin", "extcap", "captures", "simulator", "system", "compat", "tests")
FOR_ALL = re.compile(r"(^|/)(CMakeLists\.txt|CMakePresets\.json|\.clang-tidy|.*\.cmake)$")


def includes(path):
    """The project's own files that this one includes, from its root."""
    found = re.findall(r'^\s*#\s*include\s+"([^"]+)"', path.read_text(encoding="utf-8"), re.M)
    for name in found:
        for candidate in (ROOT / name, path.parent / name):
            if candidate.exists():
                yield candidate.resolve()


def changed_since(commit):
    """Files that differ from that commit, also those that git does not know yet."""
    def lines(*arguments):
        return subprocess.run(["git", *arguments], cwd=ROOT, capture_output=True, text=True,
                              check=True, timeout=60).stdout.splitlines()

    return lines("diff", "--name-only", commit) + lines("ls-files", "--others",
                                                        "--exclude-standard")


def main():
    files = [path for room in ROOMS for path in (ROOT / room).rglob("*")
             if path.suffix in (".cpp", ".h", ".inc")]
    affected = set(files)
    if len(sys.argv) > 1:
        changed = changed_since(sys.argv[1])
        if not any(FOR_ALL.search(name) for name in changed):
            affected = {(ROOT / name).resolve() for name in changed}
            graph = {path: set(includes(path)) for path in files}
            more = affected
            while more:
                more = {path for path in files if graph[path] & affected} - affected
                affected = affected | more
    for path in sorted(set(files) & affected):
        if path.suffix == ".cpp":
            print(path.relative_to(ROOT))


if __name__ == "__main__":
    main()
