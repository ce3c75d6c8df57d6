"""Makes the captures in samples/ anew, byte for byte the same every time.

Stories are told by the simulated meter of the built mepdump (its interface mep-demo). The TLS
sessions are held by the built tls_meter, which needs mbedTLS 2.28 to give the same bytes; without it
the captures of them stay as they are.

SPDX-License-Identifier: GPL-2.0-or-later
"""
import os
import pathlib
import struct
import subprocess
import tempfile

import oma_digest
from capture_file import (CLIENT_TO_METER, METER_TO_CLIENT, Frame, load_frames, parse_frames, write)
from rc4_frames import encrypted, encrypted_request

TOP = pathlib.Path(__file__).resolve().parent.parent.parent
SAMPLES = TOP / "samples"
FRAMES = SAMPLES / "guide-frames.jsonl"

READ, WRITE = 0x3F, 0x4F
OK, REFUSED, WRONG_SEQUENCE = b"\x00", b"\x0B", b"\x0C"
BT01, BT21, BT23, BT28, BT52, ET50 = 0x01, 0x15, 0x17, 0x1C, 0x34, 0x832

# A meter that never was, on an evening in November 2023.
MANUFACTURER_INFO = b"DEMO" + b"SAMPLE-1" + bytes(2) + b"\x30\x18" + bytes(8)
DIMENSIONS = bytes([0, 0, 1, 11, 0, 0, 1, 4, 0, 84])
REGISTERS = struct.pack("<11i", 12_345_678, 1_204_512, 3_201_077, 250_118, 1_240, 3, 13_550_190,
                        11_141_166, 0, 0, 0)
CLOCK = bytes([23, 11, 14, 22, 13, 20])


def present_values(watts):
    """The first twelve values of BT28: powers, currents, voltages, power factor, frequency."""
    milliamperes = watts * 1000 // 3 // 230
    return struct.pack("<12i", watts, 0, watts // 9, 0, milliamperes, milliamperes + 14,
                       milliamperes - 21, 230_412, 229_874, 231_066, 994, 49_985)


def request(code, table, count, offset=0, data=b""):
    return struct.pack(">BH", code, table) + struct.pack(">I", offset)[1:] + \
        struct.pack(">H", count) + data


def reading(table, data):
    """A read and its answer."""
    return request(READ, table, len(data)), OK + struct.pack(">H", len(data)) + data


def writing(table, data, offset):
    return request(WRITE, table, len(data), offset, data), OK


REGISTERING = writing(ET50, b"\1", 30)


def sealed(exchange, sequence):
    """An exchange as frames with sequence number and digests."""
    asked, answered = exchange
    frame = oma_digest.seal(asked + struct.pack(">I", sequence))
    return [Frame(frame, CLIENT_TO_METER, 100_000),
            Frame(oma_digest.answer(frame, answered), METER_TO_CLIENT, 20_000)]


def rc4_frames():
    sequence = 0x2A00
    asked, _ = reading(BT01, MANUFACTURER_INFO)
    frames = sealed((asked, WRONG_SEQUENCE + struct.pack(">I", sequence)), 1)
    for exchange in [reading(BT01, MANUFACTURER_INFO), reading(BT21, DIMENSIONS),
                     reading(BT52, CLOCK), reading(BT23, REGISTERS),
                     reading(BT28, present_values(2_340)), REGISTERING]:
        sequence += 1
        frames += sealed(exchange, sequence)
    frames = encrypted(frames)
    # Somebody with a key that the meter does not have.
    other = b"an0ther-meters-k"
    foreign = oma_digest.read(BT28, 48, 0, sequence + 1, other)
    frames += [Frame(encrypted_request(foreign, other), CLIENT_TO_METER, 100_000),
               Frame(oma_digest.frame(REFUSED), METER_TO_CLIENT, 20_000)]
    return frames + sealed(reading(BT28, present_values(2_355)), sequence + 1)


# Captures of the simulated meter: script, when it begins, seed, rounds.
STORIES = {
    "first-contact": ("first-contact", "2026-03-02T07:30:00Z", 1, 1),
    "daily-reading": ("daily-reading", "2026-06-15T11:45:00Z", 2, 6),
    "load-profile": ("load-profile", "2026-06-20T18:00:20Z", 3, 1),
    "mbus": ("mbus", "2026-01-20T18:59:40Z", 4, 1),
    "transaction": ("transaction", "2026-03-04T08:00:00Z", 5, 1),
    "procedures": ("procedures", "2026-03-05T08:10:00Z", 6, 1),
    "alerts": ("alerts", "2026-03-06T09:00:00Z", 7, 1),
    "dual-client": ("dual-client", "2026-09-08T06:00:00Z", 8, 1),
    "line-trouble": ("line-trouble", "2026-05-04T17:30:00Z", 9, 1),
    "misbehaving": ("misbehaving", "2026-05-05T06:40:00Z", 10, 1),
}


# As mepdump says it.
WHAT_SHOWS_IT = 'Wireshark needs the plugin "mep" (MEP for Wireshark) to show what they say'


def find_built(*path):
    """A built program; None where there is none."""
    folders = [os.environ.get("MEP_BUILD_DIR"), TOP / "build-ci", TOP / "build"]
    for folder in filter(None, folders):
        program = pathlib.Path(folder).joinpath(*path)
        if program.exists():
            return program
    return None


def write_story(path, mepdump, script, start, seed, rounds):
    """What the tap hears while the simulated client follows its script."""
    subprocess.run([mepdump, "--capture", "--extcap-interface", "mep-demo", "--script", script,
                    "--start", start, "--seed", str(seed), "--rounds", str(rounds),
                    "--speed-up", "0", "--force", "--fifo", path], check=True)


def tls_frames(program, *actions):
    """What client and meter say to each other, and the TLS key log that goes with it."""
    arguments = [action if isinstance(action, str) else ":".join(each.hex() for each in action)
                 for action in actions]
    with tempfile.TemporaryDirectory() as folder:
        key_log = pathlib.Path(folder) / "keys.log"
        output = subprocess.run([program, "--keylog", key_log, *arguments], check=True, text=True,
                                stdout=subprocess.PIPE).stdout
        return parse_frames(output), key_log.read_bytes()


def write_tls(folder, program):
    frames, _ = tls_frames(program, "handshake", reading(BT21, DIMENSIONS),
                           reading(BT23, REGISTERS), reading(BT28, present_values(2_340)), "repeat",
                           REGISTERING, "handshake", reading(BT28, present_values(2_355)),
                           "terminate")
    write(folder / "tls.pcapng", frames, comment=f"Two TLS sessions, with the factory default key. {WHAT_SHOWS_IT}")
    frames, key_log = tls_frames(program, "--key", b"a-key-for-nobody".hex(), "--seed", "2",
                                 "handshake", reading(BT52, CLOCK), reading(BT23, REGISTERS),
                                 reading(BT28, present_values(2_340)), "terminate")
    write(folder / "tls-with-secrets.pcapng", frames, key_log=key_log,
          comment=f"A TLS session with a key that is told to nobody, and its secrets. {WHAT_SHOWS_IT}")


def make(folder, tls_meter, mepdump):
    """Writes the captures into the folder, those for which there is the program. The names of the
    ones written."""
    for kind, what in (("rc4", "RC4 security"), ("tls", "TLS security")):
        write(folder / f"guide-{kind}.pcapng", load_frames(FRAMES, kind),
              comment=f"The MEP guide's examples for {what}. {WHAT_SHOWS_IT}")
    write(folder / "rc4.pcapng", rc4_frames(),
          comment=f"RC4 encrypted reads, with the factory default key. {WHAT_SHOWS_IT}")
    names = ["guide-rc4", "guide-tls", "rc4"]
    if tls_meter:
        write_tls(folder, tls_meter)
        names += ["tls", "tls-with-secrets"]
    if mepdump:
        for name, story in STORIES.items():
            write_story(folder / f"{name}.pcapng", mepdump, *story)
        names += STORIES
    return [f"{name}.pcapng" for name in names]


def main():
    tls_meter = find_built("tests", "tls_meter")
    mepdump = find_built("extcap", "mepdump")
    for name in make(SAMPLES, tls_meter, mepdump):
        print(f"samples/{name}")
    if not tls_meter:
        print("tls_meter was not built: samples/tls*.pcapng stay as they are")
    if not mepdump:
        print("mepdump was not built: the simulated meter's captures stay as they are")


if __name__ == "__main__":
    main()
