#!/usr/bin/env python3
"""How long `mepdump --extcap-interfaces` takes, beside Wireshark's own sshdump.

Wireshark waits for every extcap at each start. The two run in turn, so that whatever else the
computer does hits both.

SPDX-License-Identifier: GPL-2.0-or-later
"""
import argparse
import pathlib
import re
import statistics
import subprocess
import sys
import time

import bench_paths


def sshdump():
    """Where Wireshark's global extcaps are, by its own account."""
    folders = subprocess.run(["tshark", "-G", "folders"], capture_output=True, text=True,
                             check=True).stdout
    for line in folders.splitlines():
        if re.match(r"(Global )?Extcap path", line):
            for folder in line.split("\t")[-1].split(":"):
                if (pathlib.Path(folder) / "sshdump").exists():
                    return pathlib.Path(folder) / "sshdump"
    sys.exit("Wireshark's sshdump is not installed")


def seconds(program):
    begin = time.perf_counter()
    subprocess.run([str(program), "--extcap-interfaces"], stdout=subprocess.DEVNULL, check=True)
    return time.perf_counter() - begin


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    parser.add_argument("--pairs", type=int, default=100)
    parser.add_argument("--sshdump", type=pathlib.Path, default=None)
    arguments = parser.parse_args()

    ours, theirs = bench_paths.mepdump(), arguments.sshdump or sshdump()
    pairs = [(seconds(ours), seconds(theirs)) for _ in range(arguments.pairs)]
    mine, other = (1000 * statistics.median(column) for column in zip(*pairs))
    print(f"{len(pairs)} pairs: mepdump {mine:.2f} ms, sshdump {other:.2f} ms (medians), "
          f"ratio {mine / other:.2f}")


if __name__ == "__main__":
    main()
