#!/usr/bin/env python3
"""How time and memory grow with the capture, beside those of Wireshark's Modbus/TCP: of tshark, which
forgets what it has printed (one pass), and with -2, which keeps as much of a frame as Wireshark's window
does. The floor, the same bytes that nobody decodes, is taken off; what is left is of one frame between
one size and the next, and a straight line has the same in each row.

Processor time, not the time on a clock. tshark reads MEP and Modbus in turn.

SPDX-License-Identifier: GPL-2.0-or-later
"""
import argparse
import os
import subprocess
import typing

import bench_paths  # noqa: F401: lets the modules below be found
import capture_file
import instructions
import traffic

PROTOCOLS = {"mep": (capture_file.LINK_TAP, ("--disable-protocol", "mep_tap",
                                             "--disable-protocol", "mep")),
             "modbus": (traffic.ETHERNET, ("-d", "tcp.port==502,data"))}


class Cost(typing.NamedTuple):
    seconds: float
    kilobytes: float

    def __sub__(self, other):
        return Cost(self.seconds - other.seconds, self.kilobytes - other.kilobytes)


def cost(user, path, options):
    with open(os.devnull, "wb") as nowhere:
        process = user.start(["tshark", "-n", "-r", path, *options], stdout=nowhere,
                             stderr=subprocess.DEVNULL)
        _, status, used = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode != 0:
        raise RuntimeError(f"tshark ended with {process.returncode}")
    return Cost(used.ru_utime + used.ru_stime, used.ru_maxrss)


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n", maxsplit=1)[0])
    parser.add_argument("--frames", nargs="+", type=int, default=[10_000, 100_000, 1_000_000],
                        help="sizes of captures, from small to large")
    parser.add_argument("--protocols", nargs="+", choices=list(PROTOCOLS), default=list(PROTOCOLS))
    arguments = parser.parse_args()
    user = instructions.somebody()
    try:
        before = {}
        for frames in arguments.frames:
            costs = {}
            for name in arguments.protocols:
                link, without = PROTOCOLS[name]
                path = user.folder() / f"{name}.pcapng"
                capture_file.write(path, getattr(traffic, name)(frames), link=link)
                user.own(path)
                for passes, options in (("one pass", ()), ("-2", ("-2",))):
                    costs[passes, name] = \
                        cost(user, path, options) - cost(user, path, (*options, *without))
                path.unlink()
            for (passes, name), all_of_them in costs.items():
                at_first = before.get((passes, name), (0, Cost(0, 0)))
                more, added = frames - at_first[0], all_of_them - at_first[1]
                print(f"{frames:9,} frames, {passes:8} {name:6} adds "
                      f"{1e6 * added.seconds / more:7.2f} µs and "
                      f"{added.kilobytes / more:6.3f} KB a frame", flush=True)
                before[passes, name] = frames, all_of_them
    finally:
        user.remove()


if __name__ == "__main__":
    main()
