#!/usr/bin/env python3
"""How long after a frame's last byte the record can be read from the FIFO.

SPDX-License-Identifier: GPL-2.0-or-later
"""
import argparse
import os
import pathlib
import random
import statistics
import subprocess
import tempfile
import time

import bench_paths
from line_player import METER_TO_CLIENT, LinePlayer, load_frames
from pcapng_blocks import INTERFACE_STATISTICS, Capture, read_block


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    parser.add_argument("--frames", type=int, default=200)
    arguments = parser.parse_args()

    guide = load_frames(bench_paths.TESTS.parent / "samples" / "guide-frames.jsonl")
    rng = random.Random(1)
    delays = []
    with tempfile.TemporaryDirectory() as folder, LinePlayer() as player:
        fifo = pathlib.Path(folder) / "fifo"
        os.mkfifo(fifo)
        process = subprocess.Popen(
            [str(bench_paths.mepdump()), "--capture", "--extcap-interface", "mep", "--client-line",
             player.client_line.path, "--meter-line", player.meter_line.path, "--fifo", str(fifo)])
        with open(fifo, "rb", buffering=0) as stream:
            capture = Capture()
            while len(capture.interfaces) < 2:
                capture.feed(read_block(stream))
            for _ in range(arguments.frames):
                frame = rng.choice(guide)
                line = player.meter_line if frame.direction == METER_TO_CLIENT else \
                    player.client_line
                line.write(frame.data[:-1])
                time.sleep(rng.uniform(0.010, 0.030))
                begin = time.perf_counter()
                line.write(frame.data[-1:])
                while (block := read_block(stream)).kind == INTERFACE_STATISTICS:
                    pass
                delays.append(time.perf_counter() - begin)
                capture.feed(block)
                assert capture.packets[-1].frame == frame.data
            process.terminate()
            stream.read()
        process.wait()

    milliseconds = sorted(1000 * delay for delay in delays)
    print(f"{len(delays)} frames: median {statistics.median(milliseconds):.3f} ms, "
          f"95 % {milliseconds[int(len(delays) * 0.95)]:.3f} ms, worst {milliseconds[-1]:.3f} ms")


if __name__ == "__main__":
    main()
