#!/usr/bin/env python3
"""What a frame costs, of each sample and of captures that are made to cost much: instructions, counted
with callgrind in one run of frame_cost, against the figures in tests/frame_costs.json, which are of one
Wireshark and one compiler. `--record` writes those anew.

SPDX-License-Identifier: GPL-2.0-or-later
"""
import argparse
import json
import pathlib
import re
import shutil
import sys

import bench_paths  # noqa: F401: lets the modules below be found
import capture_file
import hostile_costs
import instructions
import ordinary_user
import traffic
from keys_speed import rows

ROOT = pathlib.Path(__file__).resolve().parents[2]
FIGURES = ROOT / "tests" / "frame_costs.json"
# More is no slip of a compiler's or of a hash's.
TOLERANCE = 0.10


def made_with(build):
    """What the figures depend on."""
    cache = (build / "CMakeCache.txt").read_text()
    compilers = list(build.glob("CMakeFiles/*/CMakeCXXCompiler.cmake"))
    compiler = re.search(r'CMAKE_CXX_COMPILER_ID "(.*)"', compilers[0].read_text())[1]
    version = re.search(r'CMAKE_CXX_COMPILER_VERSION "(.*)"', compilers[0].read_text())[1]
    kind = re.search(r"^CMAKE_BUILD_TYPE:\w+=(.*)$", cache, re.MULTILINE)[1]
    flags = re.search(rf"^CMAKE_CXX_FLAGS_{kind.upper()}:\w+=(.*)$", cache, re.MULTILINE)[1]
    wireshark = ".".join(map(str, ordinary_user.wireshark_version()))
    return {"wireshark": wireshark, "compiler": f"{compiler} {version}", "flags": flags}


def why_not(build, recorded):
    """Why the figures cannot be counted here, or are not those of this build; nothing if they are."""
    if not shutil.which("valgrind"):
        return "valgrind is not installed"
    if not (build / "tests" / "frame_cost").exists():
        return "frame_cost was not built"
    here = made_with(build)
    return None if here == recorded["made with"] else f"the figures are not of {here}"


def options(arguments):
    """-o A -o B as frame_cost has them."""
    return tuple("-o" + value for value in arguments if value != "-o")


def jobs(user):
    def made(name, frames, link=capture_file.LINK_TAP):
        path = user.folder() / f"{name}.pcapng"
        capture_file.write(path, frames, link=link)
        user.own(path)
        return path

    for sample in sorted((ROOT / "samples").glob("*.pcapng")):
        yield instructions.Job(f"{sample.stem}: a line", sample)
        yield instructions.Job(f"{sample.stem}: details", sample, "details")
        yield instructions.Job(f"{sample.stem}: a filter", sample, "filter", ("mep.table == 0x9999",))
    few = 300
    path = made("answers", hostile_costs.one_request_many_answers(few))
    yield instructions.Job("a TLS request answered differently each time", path)
    path = made("alerts", hostile_costs.alerts_in_one_segment(few), traffic.ETHERNET)
    yield instructions.Job("a packet of 300 alerts", path, "line",
                           (f"-dtcp.port=={hostile_costs.PORT},mep",))
    for kind, encrypted in (("clear", False), ("RC4", True)):
        path = made(kind, hostile_costs.nobodys(few, encrypted))
        yield instructions.Job(f"requests that no key opens, {kind}", path)
    # Last: keys stay.
    path = made("many-keys", hostile_costs.nobodys(few, True))
    yield instructions.Job("requests that none of fifty keys opens, RC4", path, "line",
                           options(rows(range(50))))


def count(build):
    """{name: instructions a frame}"""
    user = ordinary_user.OrdinaryUser(build)
    try:
        program = instructions.frame_cost(user, build)
        return instructions.dissected(user, program, list(jobs(user)))
    finally:
        user.remove()


def differences(counted, recorded):
    """A line for each figure that is another than it was."""
    lines = []
    for name in sorted(counted.keys() | recorded.keys()):
        now, before = counted.get(name), recorded.get(name)
        if now is None or before is None:
            lines.append(f"{name}: {'not counted' if now is None else 'not recorded'}")
        elif abs(now - before) > TOLERANCE * before:
            lines.append(f"{name}: {now:,.0f} instructions a frame, and {before:,.0f} before "
                         f"({now / before - 1:+.0%})")
    return lines


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n", maxsplit=1)[0])
    parser.add_argument("--record", action="store_true", help="write the figures anew")
    arguments = parser.parse_args()
    build = instructions.build_folder()
    if arguments.record:
        figures = {name: round(each) for name, each in sorted(count(build).items())}
        FIGURES.write_text(json.dumps({"made with": made_with(build), "figures": figures},
                                      indent=2) + "\n")
        return
    recorded = json.loads(FIGURES.read_text())
    reason = why_not(build, recorded)
    if reason:
        sys.exit(reason)
    lines = differences(count(build), recorded["figures"])
    print("\n".join(lines) if lines else f"{len(recorded['figures'])} figures, as they were")
    sys.exit(bool(lines))


if __name__ == "__main__":
    main()
