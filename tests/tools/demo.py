#!/usr/bin/env python3
"""The product at work, without hardware: tshark captures from mepdump's simulated meter at line
speed and shows what is said as it happens.

With --lines it plays the frames that the guide prints into two pseudo terminals instead, which
mepdump taps like serial ports.

SPDX-License-Identifier: GPL-2.0-or-later
"""
import argparse
import os
import pathlib
import signal
import sys
import threading

TESTS = pathlib.Path(__file__).resolve().parent.parent
sys.path[:0] = [str(TESTS / "tools"), str(TESTS / "integration")]

from line_player import LinePlayer, load_frames  # noqa: E402
from ordinary_user import OrdinaryUser  # noqa: E402

FRAMES = TESTS.parent / "samples" / "guide-frames.jsonl"
SECONDS = 20
LIVE = ["-l", "-P"]  # each packet at once, although there is a file, too


def simulated_arguments(seconds):
    """tshark's arguments for a live capture of the simulated meter."""
    return ["-i", "mep-demo", "-o", f"extcap.mep_demo.duration:{seconds}"]


def live_arguments(player):
    """tshark's arguments for a live capture of the player's two lines."""
    return ["-i", "mep", "-o", f"extcap.mep.clientline:{player.client_line.path}",
            "-o", f"extcap.mep.meterline:{player.meter_line.path}"]


def show_simulation(user):
    """Captures the simulated meter until its time is over. The capture's path."""
    capture = user.folder() / "demo.pcapng"
    arguments = simulated_arguments(SECONDS)
    print(f"\n== Live, {SECONDS} seconds at line speed: tshark {' '.join(arguments)}\n", flush=True)
    user.start(["tshark", *arguments, *LIVE, "-w", capture]).wait(timeout=SECONDS + 40)
    return capture


def show_lines(user, player, frames):
    """Captures what is played into two lines. The capture's path."""
    capture = user.folder() / "demo.pcapng"
    print(f"\n== Live: client line {player.client_line.path}, meter line "
          f"{player.meter_line.path}, 9600 bit/s\n", flush=True)
    tshark = user.start(["tshark", *live_arguments(player), *LIVE, "-w", capture])
    player.wait_for_readers(timeout=20)
    player.play(frames)
    threading.Event().wait(1)
    tshark.send_signal(signal.SIGINT)
    tshark.wait(timeout=20)
    return capture


def show_one_answer(user, capture):
    """The first answer to a read of BT23, in full."""
    wanted = ["-r", capture, "-Y", "mep.response_code == 0 && mep.table == 0x17"]
    numbers = user.tshark([*wanted, "-T", "fields", "-e", "frame.number"]).stdout.split()
    if not numbers:
        sys.exit("demo: the capture has no answer to show")
    print(f"\n== Packet {numbers[0]} in full\n", flush=True)
    print(user.tshark(["-r", capture, "-Y", f"frame.number == {numbers[0]}", "-O", "mep"]).stdout,
          flush=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__, allow_abbrev=False,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--lines", action="store_true",
                        help="play the guide's frames into two pseudo terminals")
    lines = parser.parse_args().lines
    user = OrdinaryUser(pathlib.Path(os.environ["MEP_BUILD_DIR"]))
    try:
        if lines:
            with LinePlayer() as player:
                capture = show_lines(user, player, load_frames(FRAMES))
        else:
            capture = show_simulation(user)
        show_one_answer(user, capture)
        print("== The same in Wireshark: ./run install, start Wireshark, double click the interface\n"
              "   \"MEP demo (simulated meter, no hardware)\"; the gear beside it has other stories.\n"
              "   With two taps on a real meter's lines: the interface \"MEP\", and its gear for the\n"
              "   ports. Or open a capture from samples/.")
    finally:
        user.remove()


if __name__ == "__main__":
    main()
