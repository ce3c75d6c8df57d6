#!/usr/bin/env python3
"""What many keys cost: time per frame of tshark with fifty keys in the table against one, over RC4
frames of one meter, of fifty meters in turn, and of a meter whose key is not there.

The first case is the usual one: the last fitting key is tried first, so the others are not. In the
second each request goes through half of the table; in the third through all of it, as clear text
and as RC4.

SPDX-License-Identifier: GPL-2.0-or-later
"""
import argparse
import os
import pathlib
import statistics
import sys
import time

import bench_paths  # noqa: F401 (lets the modules below be found)
import capture_file
import oma_digest
import rc4_frames
from capture_file import CLIENT_TO_METER, METER_TO_CLIENT, Frame
from ordinary_user import OrdinaryUser

BT23, SIZE = 0x17, 44


def printed(number):
    return f"key-number-{number:02}-of-50"


def key_of(number):
    return printed(number)[:16].encode()


def rows(numbers):
    return [argument for number in numbers for argument in
            ("-o", f'uat:mep_keys:"{number}","MAK","{printed(number)}","TRUE"')]


def conversation(frames, keys):
    """Encrypted reads and answers, with the keys in turn."""
    result = []
    for sequence in range(frames // 2):
        key = keys[sequence % len(keys)]
        request = oma_digest.read(BT23, SIZE, 0, sequence, key)
        answer = oma_digest.read_answer(request, bytes(SIZE), key)
        hidden = rc4_frames.encrypted_answer(request, answer, key)
        result += [Frame(rc4_frames.encrypted_request(request, key), CLIENT_TO_METER, 100_000),
                   Frame(hidden, METER_TO_CLIENT, 20_000)]
    return result


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n", maxsplit=1)[0])
    parser.add_argument("--frames", type=int, default=20_000)
    parser.add_argument("--rounds", type=int, default=5)
    arguments = parser.parse_args()
    build = os.environ.get("MEP_BUILD_DIR")
    if not build:
        sys.exit("MEP_BUILD_DIR does not name a build folder")

    user = OrdinaryUser(pathlib.Path(build).resolve())
    try:
        folder = user.folder()

        def capture(name, frames):
            path = folder / f"{name}.pcapng"
            capture_file.write(path, frames)
            user.own(path)
            return path

        def seconds(path, keys):
            begin = time.perf_counter()
            result = user.tshark(["-r", path, "-q", "-o", "mep.try_default_key:FALSE", "-z",
                                  "io,stat,0,mep.digest.status==1", *keys], timeout=600)
            assert result.returncode == 0, result.stderr
            return time.perf_counter() - begin

        one, all_fifty = [49], list(range(50))
        nothing = capture("nothing", [])
        one_meter = capture("one", conversation(arguments.frames, [key_of(49)]))
        fifty_meters = capture("fifty", conversation(arguments.frames,
                                                     [key_of(number) for number in all_fifty]))
        stranger = capture("stranger", conversation(arguments.frames, [b"a-key-for-nobody"]))
        cases = {"one key, its meter": (one_meter, rows(one)),
                 "50 keys, one meter": (one_meter, rows(all_fifty)),
                 "50 keys, 50 meters in turn": (fifty_meters, rows(all_fifty)),
                 "one key, another's meter": (stranger, rows(one)),
                 "50 keys, another's meter": (stranger, rows(all_fifty))}
        # In turn, so that what else the machine does falls on all of them.
        times = {name: [] for name in cases}
        for _ in range(arguments.rounds):
            for name, (path, keys) in cases.items():
                times[name].append(seconds(path, keys) - seconds(nothing, keys))
        first = statistics.median(times["one key, its meter"])
        for name, measured in times.items():
            median = statistics.median(measured)
            print(f"{name:28} {1e6 * median / arguments.frames:7.1f} µs per frame, "
                  f"{median / first:5.2f} times one key")
    finally:
        user.remove()


if __name__ == "__main__":
    main()
