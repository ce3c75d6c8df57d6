#!/usr/bin/env python3
"""A computer that is held up: what does a capture lose, does its order hold, how wrong are its times?

A conversation at line speed over two pseudo terminals, while (a) mepdump is stopped again and again
(SIGSTOP), (b) the process that reads its lines is stopped, too, as if the computer had been, or (c) its
output is not read. Lost are frames that are not there whole; out of order is an answer before its request.

SPDX-License-Identifier: GPL-2.0-or-later
"""
import argparse
import fcntl
import random
import statistics
import tempfile
import threading
import time

import bench_paths
from line_player import CLIENT_TO_METER, LinePlayer
from tapping import Tap, processes_of, stopped
from ten_minutes import readable_exchange


BAUD = 9600


class TimedPlayer(LinePlayer):
    """Notes when each frame was on the line."""

    def __init__(self, **options):
        super().__init__(**options)
        self.sent = []

    def send(self, direction, data):
        begin = time.time()
        super().send(direction, data)
        self.sent.append((direction, data, begin, time.time()))


def hold_up(processes, seconds, ended):
    while not ended.wait(random.uniform(0.3, 1.0)):
        with stopped(*processes):
            ended.wait(seconds)


def take_nothing(tap, seconds, ended):
    """The other end of the FIFO, which is as small as it gets, is not read meanwhile."""
    fcntl.fcntl(tap._stream, fcntl.F_SETPIPE_SZ, 4096)
    while not ended.wait(random.uniform(0.1, 0.3)):
        with tap._changed:
            ended.wait(seconds)


def measure(seconds, duration, seed, who):
    rng = random.Random(seed)
    with tempfile.TemporaryDirectory() as folder, \
            TimedPlayer(baud=BAUD, chunk=(1, 4), seed=seed) as player, \
            Tap(bench_paths.mepdump(), folder, player) as tap:
        ended = threading.Event()
        held = {"mepdump": lambda: [tap.process.pid], "both processes": lambda: processes_of(tap)}.get(who)
        thread = threading.Thread(target=hold_up, args=(held(), seconds, ended)) \
            if held else threading.Thread(target=take_nothing, args=(tap, seconds, ended))
        if seconds:
            thread.start()
        until = time.monotonic() + duration
        while time.monotonic() < until:
            player.play(readable_exchange(rng))
            player.pause(0.1)
        ended.set()
        if seconds:
            thread.join()
        time.sleep(0.5)
        tap.stop()
        packets = tap.capture.packets
    sent = {data: (number, begin, end)
            for number, (_, data, begin, end) in enumerate(player.sent)}
    # A busy computer holds up the player, too, and then the line really was silent in a frame.
    stalled = sum(end - begin - len(data) * 10 / BAUD > 0.1 for _, data, begin, end in player.sent)
    whole = [packet for packet in packets if packet.frame in sent]
    order = [sent[packet.frame][0] for packet in whole]
    wrong = sum(1 for before, behind in zip(order, order[1:]) if behind < before)
    errors = [abs(packet.ticks / 1e9 + packet.duration_us / 1e6 - sent[packet.frame][2])
              for packet in whole]
    times = [packet.ticks for packet in packets]
    milliseconds = sorted(1000 * error for error in errors)
    print(f"{who} held up for {seconds:3.1f} s: {len(sent)} frames ({stalled} of them with the "
          f"player's own pauses inside), {len(sent) - len(set(order))} lost, "
          f"{len(packets) - len(whole)} records that nobody sent, {wrong} out of order, "
          f"{sum(b < a for a, b in zip(times, times[1:]))} times backwards; times off by "
          f"{statistics.median(milliseconds):.1f} ms (median), "
          f"{milliseconds[int(len(milliseconds) * 0.95)]:.0f} ms (95 %), {milliseconds[-1]:.0f} ms (worst)")


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    parser.add_argument("--seconds", type=float, nargs="*", default=[0, 0.3, 1, 2])
    parser.add_argument("--duration", type=float, default=20, help="of each, in seconds")
    parser.add_argument("--seed", type=int, default=1)
    arguments = parser.parse_args()
    for who in ("mepdump", "both processes", "its output"):
        for seconds in arguments.seconds:
            measure(seconds, arguments.duration, arguments.seed, who)


if __name__ == "__main__":
    main()
