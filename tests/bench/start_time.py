#!/usr/bin/env python3
"""What Wireshark waits for: how long mepdump takes to answer, beside Wireshark's own sshdump or
another mepdump; how many libraries it loads and how much memory a short capture takes.

Wireshark waits for every extcap at each start. The two run in turn, so that whatever else the
computer does hits both.

SPDX-License-Identifier: GPL-2.0-or-later
"""
import argparse
import os
import pathlib
import re
import statistics
import subprocess
import sys
import tempfile
import time

import bench_paths

INTERFACES = ["--extcap-interfaces"]
CONFIG = ["--extcap-config", "--extcap-interface", "mep"]


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


def seconds(program, call):
    begin = time.perf_counter()
    subprocess.run([str(program), *call], stdout=subprocess.DEVNULL, check=True)
    return time.perf_counter() - begin


def compare(count, ours, theirs, call):
    pairs = [(seconds(ours, call), seconds(theirs, call)) for _ in range(count)]
    mine, other = (1000 * statistics.median(column) for column in zip(*pairs))
    ratio = statistics.median(a / b for a, b in pairs)
    print(f"{call[0]}: {count} pairs: mepdump {mine:.2f} ms, {theirs.name} {other:.2f} ms "
          f"(medians), ratio {ratio:.2f}")


def libraries(program):
    return len(subprocess.run(["ldd", str(program)], capture_output=True, text=True,
                              check=True).stdout.splitlines())


def peak_kilobytes(program):
    """Of a simulated capture; nothing without the simulator."""
    with tempfile.TemporaryDirectory() as folder:
        process = subprocess.Popen(
            [str(program), "--capture", "--extcap-interface", "mep-demo", "--speed-up", "0",
             "--rounds", "1", "--force", "--fifo", f"{folder}/x.pcapng"], stderr=subprocess.DEVNULL)
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
    return usage.ru_maxrss if process.returncode == 0 else None


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n", maxsplit=1)[0])
    parser.add_argument("--pairs", type=int, default=100)
    parser.add_argument("--sshdump", type=pathlib.Path, default=None)
    parser.add_argument("--beside", type=pathlib.Path, default=None,
                        help="another mepdump, such as an older one, in place of sshdump")
    arguments = parser.parse_args()

    ours = bench_paths.mepdump()
    if arguments.beside is None:
        compare(arguments.pairs, ours, arguments.sshdump or sshdump(), INTERFACES)
        return
    for call in (INTERFACES, CONFIG):
        compare(arguments.pairs, ours, arguments.beside, call)
    for program in (ours, arguments.beside):
        peaks = [peak_kilobytes(program) for _ in range(5)]
        memory = f"{statistics.median(peaks)} kB" if None not in peaks else "no demo"
        print(f"{program.name}: {libraries(program)} lines of ldd, peak memory of a capture {memory}")


if __name__ == "__main__":
    main()
