#!/usr/bin/env python3
"""Ten minutes of a busy conversation, played faster than any line: does every frame arrive?

As many frames as ten minutes at 9600 bit/s hold without a pause: the guide's, and reads and writes of
random bytes in all sizes. With --unreadable, instead of these, messages that are random from the first
byte to the last: a splitter has to take their lengths on trust.

SPDX-License-Identifier: GPL-2.0-or-later
"""
import argparse
import random
import sys
import tempfile
import time

import bench_paths
from line_player import CLIENT_TO_METER, METER_TO_CLIENT, Frame, LinePlayer, load_frames
from tapping import Tap

BAUD = 9600
SECONDS = 600
LARGEST_MESSAGE = 476
ALERT = bytes(2)


def frame(direction, message):
    return Frame(direction, len(message).to_bytes(2, "big") + message)


def unreadable_exchange(rng):
    return [frame(direction, rng.randbytes(rng.randint(9, LARGEST_MESSAGE)))
            for direction in (CLIENT_TO_METER, METER_TO_CLIENT)]


def readable_exchange(rng):
    """A partial read or write of random bytes, with random sequence numbers and digests."""
    table = rng.choice([0x0017, 0x001C, 0x0040, 0x0832]).to_bytes(2, "big")
    offset = rng.randrange(1 << 16).to_bytes(3, "big")
    if rng.random() < 0.5:
        count = rng.randint(1, LARGEST_MESSAGE - 11)
        return [frame(CLIENT_TO_METER, b"\x3f" + table + offset + count.to_bytes(2, "big") +
                      rng.randbytes(12)),
                frame(METER_TO_CLIENT, b"\x00" + count.to_bytes(2, "big") +
                      rng.randbytes(count + 8))]
    count = rng.randint(1, LARGEST_MESSAGE - 20)
    return [frame(CLIENT_TO_METER, b"\x4f" + table + offset + count.to_bytes(2, "big") +
                  rng.randbytes(count + 12)),
            frame(METER_TO_CLIENT, b"\x00" + rng.randbytes(8))]


def conversation(size, seed, random_exchange=readable_exchange):
    """Frames of `size` bytes in all: requests, their responses, now and then an alert."""
    rng = random.Random(seed)
    guide = load_frames(bench_paths.TESTS.parent / "samples" / "guide-frames.jsonl")
    frames = []
    left = size
    while True:
        if rng.random() < 0.5:
            request = rng.choice([number for number, frame in enumerate(guide)
                                  if frame.direction == CLIENT_TO_METER])
            exchange = guide[request:request + 2]
        else:
            exchange = random_exchange(rng)
        if rng.random() < 0.05:
            exchange.append(Frame(METER_TO_CLIENT, ALERT))
        left -= sum(len(one.data) for one in exchange)
        if left < 0:
            return frames
        frames += exchange


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--largest-chunk", type=int, default=64)
    parser.add_argument("--unreadable", action="store_true")
    arguments = parser.parse_args()

    frames = conversation(BAUD // 10 * SECONDS, arguments.seed,
                          unreadable_exchange if arguments.unreadable else readable_exchange)
    size = sum(len(frame.data) for frame in frames)
    with tempfile.TemporaryDirectory() as folder, \
            LinePlayer(speedup=0, chunk=(1, arguments.largest_chunk),
                       seed=arguments.seed) as player, \
            Tap(bench_paths.mepdump(), folder, player, "--frame-timeout", "60000") as tap:
        begin = time.monotonic()
        player.play(frames)
        tap.wait(lambda: sum(len(data) for data in tap.frames) == size, "every byte")
        seconds = time.monotonic() - begin
        status, errors = tap.stop()

    good = status == 0 and not errors
    for direction, code in ((CLIENT_TO_METER, 1), (METER_TO_CLIENT, 2)):
        sent = [frame.data for frame in frames if frame.direction == direction]
        packets = [packet for packet in tap.capture.packets if packet.direction == code]
        same = [packet.frame for packet in packets] == sent
        clean = all(packet.status == 0 for packet in packets)
        counted = tap.capture.interfaces[code - 1].statistics
        good = good and same and clean and counted.received == len(sent)
        print(f"{direction}: {len(sent)} frames sent, {len(packets)} captured, "
              f"{'byte for byte the same' if same else 'NOT the same'}, "
              f"{'none' if clean else 'SOME'} marked; statistics: {counted.received} received, "
              f"{counted.dropped} dropped")
    print(f"{size} bytes in {seconds:.1f} s, {size * 10 / BAUD / seconds:.0f} times line speed")
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())
