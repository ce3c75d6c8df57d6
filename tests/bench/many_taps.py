#!/usr/bin/env python3
"""Sixteen taps at once at 115200 bit/s: does each of them get everything, and what does that cost?

SPDX-License-Identifier: GPL-2.0-or-later
"""
import argparse
import pathlib
import random
import tempfile
import threading
import time

import bench_paths
from line_player import LinePlayer
from tapping import Tap
from ten_minutes import readable_exchange

BAUD = 115200


def processor_seconds(process):
    with open(f"/proc/{process.pid}/stat", encoding="ascii") as stat:
        return sum(map(int, stat.read().rsplit(")", 1)[1].split()[11:13])) / 100


def resident_kib(process):
    status = pathlib.Path(f"/proc/{process.pid}/status").read_text(encoding="ascii")
    return int(status.split("VmRSS:")[1].split()[0])


def play(player, frames):
    for frame in frames:
        player.pause(0.005)
        player.send(frame.direction, frame.data)


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    parser.add_argument("--taps", type=int, default=16)
    parser.add_argument("--exchanges", type=int, default=100, help="of each")
    arguments = parser.parse_args()

    sent = lost = disorder = 0
    with tempfile.TemporaryDirectory() as folder:
        taps = []
        for number in range(arguments.taps):
            place = pathlib.Path(folder) / str(number)
            place.mkdir()
            player = LinePlayer(baud=BAUD, chunk=(64, 64), seed=number)
            rng = random.Random(number)
            frames = [frame for _ in range(arguments.exchanges) for frame in readable_exchange(rng)]
            taps.append((player, Tap(bench_paths.mepdump(), place, player, "--baud", str(BAUD)),
                         frames))
        begin = time.monotonic()
        threads = [threading.Thread(target=play, args=(player, frames))
                   for player, _, frames in taps]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        seconds = time.monotonic() - begin
        time.sleep(1)
        used = sum(processor_seconds(tap.process) for _, tap, _ in taps)
        memory = max(resident_kib(tap.process) for _, tap, _ in taps)
        for player, tap, frames in taps:
            tap.stop()
            player.close()
            number_of = {frame.data: number for number, frame in enumerate(frames)}
            seen = [number_of[packet.frame] for packet in tap.capture.packets
                    if packet.frame in number_of]
            sent += len(frames)
            lost += len(frames) - len(set(seen))
            disorder += sum(b < a for a, b in zip(seen, seen[1:]))
    print(f"{arguments.taps} taps at {BAUD} bit/s: {sent} frames in {seconds:.1f} s, {lost} lost, "
          f"{disorder} out of order; {100 * used / seconds / arguments.taps:.1f} % of a processor and "
          f"{memory / 1024:.1f} MiB each")


if __name__ == "__main__":
    main()
