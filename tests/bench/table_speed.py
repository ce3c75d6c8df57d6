#!/usr/bin/env python3
"""How long `tshark -V` takes per frame with table data, beside the same file with the plugin
disabled.

The frames are answers with 84 present values (BT28) and with load profile intervals (BT64), with
their requests between them; all digests are checked. The runs with and without the plugin come in
turn, so that whatever else the computer does hits both.

SPDX-License-Identifier: GPL-2.0-or-later
"""
import argparse
import os
import pathlib
import random
import statistics
import sys
import time

import bench_paths  # noqa: F401: lets the modules below be found
import capture_file
from ordinary_user import OrdinaryUser
from table_talk import BT, Talk, bt61, bt62, i32

CHANNELS = (0, 1, 15, 16, 17, 12, 13, 14)
INTERVALS = 96
DIFFERENT = 64  # exchanges, which are then repeated
BLOCK = 5 + 12 + INTERVALS * (5 + 4 * len(CHANNELS))


def exchanges(answers):
    """As many requests with their answers, the ones that teach the dimensions in front."""
    rng = random.Random(1)
    lesson = Talk()
    lesson.read(BT(61), bt61((30, INTERVALS, len(CHANNELS), 15)))
    lesson.read(BT(62), bt62(CHANNELS))
    talk = Talk()
    for number in range(DIFFERENT):
        if number % 2:
            block = bytes([22, 3, 1, 7, 30]) + b"\xff" * 12
            block += b"".join(bytes(5) + i32(*(rng.randrange(1 << 20) for _ in CHANNELS))
                              for _ in range(11))
            talk.read(BT(64), block[:420], number % 30 * BLOCK)
        else:
            talk.read(BT(28), i32(*(rng.randrange(250_000) for _ in range(84))))
    repeated = talk.frames * (answers // DIFFERENT + 1)
    return lesson.frames + repeated[:2 * answers]


def seconds(user, path, *arguments):
    begin = time.perf_counter()
    with open(os.devnull, "wb") as nowhere:
        process = user.start(["tshark", "-r", str(path), "-V", *arguments], stdout=nowhere)
        assert process.wait() == 0
    return time.perf_counter() - begin


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    parser.add_argument("--answers", type=int, default=100_000)
    parser.add_argument("--runs", type=int, default=1, help="with and without the plugin, each")
    arguments = parser.parse_args()
    folder = os.environ.get("MEP_BUILD_DIR")
    if not folder:
        sys.exit("MEP_BUILD_DIR does not name a build folder")

    user = OrdinaryUser(pathlib.Path(folder).resolve())
    try:
        path = user.folder() / "tables.pcapng"
        frames = exchanges(arguments.answers)
        capture_file.write(path, frames)
        user.own(path)
        decoded, plain = [], []
        for _ in range(arguments.runs):
            decoded.append(seconds(user, path))
            plain.append(seconds(user, path, "--disable-protocol", "mep_tap",
                                  "--disable-protocol", "mep"))
    finally:
        user.remove()

    with_plugin, without = statistics.median(decoded), statistics.median(plain)
    print(f"{len(frames)} frames, {arguments.answers} of them answers with BT28 and BT64 in turn: "
          f"{1e6 * with_plugin / len(frames):.0f} us per frame decoded, "
          f"{1e6 * without / len(frames):.0f} us with the plugin disabled, "
          f"ratio {with_plugin / without:.1f}")


if __name__ == "__main__":
    main()
