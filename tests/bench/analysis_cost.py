#!/usr/bin/env python3
"""What the conversation analysis adds to reading a capture: its share of the instructions a frame.

The frames are those of table_speed.py. tshark runs under callgrind (valgrind), which counts
instructions: the share does not depend on what else the computer does. What tshark does before the
first frame is taken off, by reading a file of none.

SPDX-License-Identifier: GPL-2.0-or-later
"""
import argparse
import re
import subprocess

import bench_paths  # noqa: F401: lets the modules below be found
import capture_file
from instructions import count, somebody
from table_speed import exchanges

# Everything that the analysis does begins in one of these.
PARTS = ("mep::plugin::analyse(", "mep::plugin::show_findings(")
LINE = re.compile(r"^\s*([\d,]+)\s*\([^)]*\)\s+\S+?:(.*)$")


def counted(user, path, *arguments):
    """Instructions in all, and in the analysis with what it calls."""
    out = path.with_suffix(".callgrind")
    total = count(user, path, arguments, profile=out)
    text = subprocess.run(["callgrind_annotate", "--inclusive=yes", "--threshold=100", str(out)],
                          capture_output=True, text=True, check=True).stdout
    inside = 0
    for line in text.splitlines():
        found = LINE.match(line)
        if found and any(found[2].startswith(part) for part in PARTS):
            inside += int(found[1].replace(",", ""))
    return total, inside


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    parser.add_argument("--answers", type=int, default=2_000)
    answers = parser.parse_args().answers

    user = somebody()
    try:
        frames = exchanges(answers)
        for options in (["-V"], []):
            totals = []
            for name, part in (("none", []), ("all", frames)):
                path = user.folder() / f"{name}.pcapng"
                capture_file.write(path, part)
                user.own(path)
                totals.append(counted(user, path, *options))
            read = totals[1][0] - totals[0][0]
            print(f"tshark {' '.join(options) or '(one line a frame)'}: {read / len(frames):,.0f} "
                  f"instructions a frame, of them {totals[1][1] / len(frames):,.0f} "
                  f"({100 * totals[1][1] / read:.2f} %) for the analysis")
    finally:
        user.remove()


if __name__ == "__main__":
    main()
