#!/usr/bin/env python3
"""Plays MEP frames over two pseudo terminals, paced like a UART, for mepdump to tap.

As a program it prints the two ports, plays and ends:

    line_player.py --frames samples/guide-frames.jsonl --baud 9600 --wait-for-readers

As a module, see LinePlayer.

SPDX-License-Identifier: GPL-2.0-or-later
"""
import argparse
import json
import os
import pathlib
import random
import select
import signal
import sys
import time
import tty

CLIENT_TO_METER = "c2m"
METER_TO_CLIENT = "m2c"
BITS_PER_BYTE = 10  # 8N1 with its start and stop bit


class Frame:
    """One frame as it stands on the wire, its length included, and whose it is."""

    def __init__(self, direction, data):
        self.direction = direction
        self.data = data

    def __repr__(self):
        return f"Frame({self.direction}, {self.data.hex()})"


def load_frames(path):
    """Frames from a file of JSON lines with "dir" and "hex"."""
    lines = pathlib.Path(path).read_text(encoding="utf-8").splitlines()
    entries = [json.loads(line) for line in lines if line.strip()]
    return [Frame(entry["dir"], bytes.fromhex(entry["hex"])) for entry in entries]


class Line:
    """One tapped line: a pseudo terminal whose far end, `path`, stands for the serial port."""

    def __init__(self):
        self.master, slave = os.openpty()
        tty.setraw(slave)
        self.path = os.ttyname(slave)
        # Whoever runs the capture tool may read, as at a real port in the right group.
        os.fchmod(slave, 0o666)
        # Kept closed, so that the master hangs up while nobody else has the port open.
        os.close(slave)

    def has_reader(self):
        poll = select.poll()
        poll.register(self.master, 0)
        return not any(event & select.POLLHUP for _, event in poll.poll(0))

    def was_written_to(self):
        """Whether anything came from the far end, which must never happen."""
        poll = select.poll()
        poll.register(self.master, select.POLLIN)
        return any(event & select.POLLIN for _, event in poll.poll(0))

    def write(self, data):
        while data:
            data = data[os.write(self.master, data):]

    def unplug(self):
        if self.master is not None:
            os.close(self.master)
            self.master = None

    close = unplug


class LinePlayer:
    """Two lines and a sense of time. `speedup` makes everything faster, pauses included; 0 leaves
    all pauses out. `chunk` is how many bytes are handed over at a time: a number, or a range from
    which a random one is taken each time."""

    def __init__(self, baud=9600, speedup=1.0, chunk=(1, 16), seed=1):
        self.client_line = Line()
        self.meter_line = Line()
        self.lines = {CLIENT_TO_METER: self.client_line, METER_TO_CLIENT: self.meter_line}
        self.seconds_per_byte = BITS_PER_BYTE / baud / speedup if speedup else 0.0
        self.pause_factor = 1 / speedup if speedup else 0.0
        self.chunk = chunk if isinstance(chunk, tuple) else (chunk, chunk)
        self.random = random.Random(seed)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def close(self):
        self.client_line.close()
        self.meter_line.close()

    def wait_for_readers(self, timeout=None, settle=0.3):
        """Waits until both ports are open, and a little longer: what arrives while a reader is
        still setting up is lost on it."""
        until = None if timeout is None else time.monotonic() + timeout
        while not (self.client_line.has_reader() and self.meter_line.has_reader()):
            if until is not None and time.monotonic() > until:
                raise TimeoutError("nobody opened the ports")
            time.sleep(0.02)
        time.sleep(settle)

    def send(self, direction, data):
        """Plays bytes, each chunk at the moment when its last bit has crossed the line."""
        begin = time.monotonic()
        sent = 0
        while sent < len(data):
            chunk = data[sent:sent + self.random.randint(*self.chunk)]
            sent += len(chunk)
            self._sleep_until(begin + sent * self.seconds_per_byte)
            self.lines[direction].write(chunk)

    def pause(self, seconds):
        if self.pause_factor:
            time.sleep(seconds * self.pause_factor)

    def play(self, frames):
        """Plays a conversation: a response 20 to 30 ms after its request, a request at least 100 ms
        after what came before it."""
        for number, frame in enumerate(frames):
            if frame.direction == CLIENT_TO_METER:
                if number:
                    self.pause(self.random.uniform(0.100, 0.120))
            else:
                self.pause(self.random.uniform(0.020, 0.030))
            self.send(frame.direction, frame.data)

    @staticmethod
    def _sleep_until(moment):
        left = moment - time.monotonic()
        if left > 0:
            time.sleep(left)


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    parser.add_argument("--frames", required=True, help='JSON lines with "dir" and "hex"')
    parser.add_argument("--baud", type=int, default=9600)
    parser.add_argument("--speedup", type=float, default=1.0,
                        help="how many times faster than life; 0: without any pause")
    parser.add_argument("--chunk", type=int, nargs=2, default=(1, 16), metavar=("LEAST", "MOST"))
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--repeat", type=int, default=1, help="how often; 0: until stopped")
    parser.add_argument("--wait-for-readers", action="store_true",
                        help="do not begin before both ports have been opened")
    parser.add_argument("--links", metavar="FOLDER",
                        help="also make links client-line and meter-line to the ports there")
    arguments = parser.parse_args()

    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    frames = load_frames(arguments.frames)
    with LinePlayer(arguments.baud, arguments.speedup, tuple(arguments.chunk),
                    arguments.seed) as player:
        ports = {"client-line": player.client_line.path, "meter-line": player.meter_line.path}
        for name, path in ports.items():
            print(f"--{name} {path}", flush=True)
            if arguments.links:
                link = pathlib.Path(arguments.links) / name
                link.unlink(missing_ok=True)
                link.symlink_to(path)
        if arguments.wait_for_readers:
            player.wait_for_readers()
        played = 0
        while arguments.repeat == 0 or played < arguments.repeat:
            if played:
                player.pause(0.1)
            player.play(frames)
            played += 1
        # A port that vanishes with bytes in it takes them along.
        time.sleep(0.5)


if __name__ == "__main__":
    try:
        main()
    except KeyboardInterrupt:
        sys.exit(130)
