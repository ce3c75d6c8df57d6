"""The product at work, without hardware: a recorded conversation between a client and a meter is
played at line speed into two pseudo terminals; mepdump captures both, and tshark shows what was
said as it happens.

SPDX-License-Identifier: GPL-2.0-or-later
"""
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


def live_arguments(player):
    """tshark's arguments for a live capture of the player's two lines."""
    return ["-i", "mep", "-o", f"extcap.mep.clientline:{player.client_line.path}",
            "-o", f"extcap.mep.meterline:{player.meter_line.path}"]


def show(user, player, frames):
    capture = user.folder() / "demo.pcapng"
    tshark = user.start(["tshark", *live_arguments(player), "-l", "-P", "-w", capture])
    player.wait_for_readers(timeout=20)
    play = threading.Thread(target=player.play, args=(frames,))
    play.start()
    play.join()
    threading.Event().wait(1)
    tshark.send_signal(signal.SIGINT)
    tshark.wait(timeout=20)
    return capture


def main():
    frames = load_frames(FRAMES)
    user = OrdinaryUser(pathlib.Path(os.environ["MEP_BUILD_DIR"]))
    try:
        with LinePlayer() as player:
            print(f"\n== Live: client line {player.client_line.path}, meter line "
                  f"{player.meter_line.path}, 9600 bit/s\n", flush=True)
            capture = show(user, player, frames)
        print("\n== One answer in full (tshark -V)\n", flush=True)
        print(user.tshark(["-r", capture, "-Y", "mep.response_code == 0 && mep.table == 0x17",
                           "-O", "mep"]).stdout, flush=True)
        print("== The same in Wireshark: ./run install, start Wireshark, choose the interface "
              "\"MEP\",\n   name the two ports; or open a capture from samples/.")
    finally:
        user.remove()


if __name__ == "__main__":
    main()
