"""Makes the captures in samples/ anew, byte for byte the same every time.

SPDX-License-Identifier: GPL-2.0-or-later
"""
import pathlib

from capture_file import load_frames, write

SAMPLES = pathlib.Path(__file__).resolve().parent.parent.parent / "samples"
FRAMES = SAMPLES / "guide-frames.jsonl"


def main():
    for kind, what in (("rc4", "RC4 security"), ("tls", "TLS security")):
        write(SAMPLES / f"guide-{kind}.pcapng", load_frames(FRAMES, kind),
              comment=f"The MEP guide's examples for {what}")
        print(f"samples/guide-{kind}.pcapng")


if __name__ == "__main__":
    main()
