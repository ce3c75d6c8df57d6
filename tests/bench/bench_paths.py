"""Lets the benchmarks find the tests' modules and the built capture tool.

SPDX-License-Identifier: GPL-2.0-or-later
"""
import os
import pathlib
import sys

TESTS = pathlib.Path(__file__).resolve().parent.parent
sys.path[:0] = [str(TESTS / "tools"), str(TESTS / "integration")]


def mepdump():
    folder = os.environ.get("MEP_BUILD_DIR")
    if not folder:
        sys.exit("MEP_BUILD_DIR does not name a build folder")
    return pathlib.Path(folder).resolve() / "extcap" / "mepdump"
