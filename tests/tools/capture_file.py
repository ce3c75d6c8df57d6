"""Writes captures for tests and samples: pcapng files of MEP frames, byte for byte the same every time.

The format is written out here with struct on purpose: what tshark reads from it was not made by the code under test.

As a program: capture_file.py FRAMES.jsonl OUT.pcapng [--kind rc4|tls] [--comment TEXT]

SPDX-License-Identifier: GPL-2.0-or-later
"""
import argparse
import dataclasses
import json
import pathlib
import struct

LINK_TAP, LINK_RAW = 160, 161
CLIENT_TO_METER, METER_TO_CLIENT = 1, 2
BAUD = 9600
BYTE_US = 10 * 1_000_000 // BAUD
START_US = 1_700_000_000_000_000  # 14 November 2023, 22:13:20 UTC


@dataclasses.dataclass
class Frame:
    """One record: `data` is the frame with its length field."""
    data: bytes
    direction: int = CLIENT_TO_METER
    gap_us: int = 0  # silence before it, counted from the end of the one before
    status: int = 0
    interface: int | None = None  # otherwise: one per direction
    time_us: int | None = None    # otherwise: after the one before
    record: bytes | None = None   # the record as it is to be, in place of header and data
    original_size: int | None = None  # of a record of which only `record` was captured
    tap: int = 0                  # its number; 0: a header without one


def option(code, value):
    return struct.pack("<HH", code, len(value)) + value + bytes(-len(value) % 4)


def block(kind, body):
    size = len(body) + 12
    return struct.pack("<II", kind, size) + body + struct.pack("<I", size)


def section_header(comment=None):
    options = option(1, comment.encode()) if comment else b""
    options += option(4, b"MEP for Wireshark")
    return block(0x0A0D0D0A,
                 struct.pack("<IHHq", 0x1A2B3C4D, 1, 0, -1) + options + option(0, b""))


def interface_description(link, name, description):
    """Without a name or description where that is None."""
    texts = b"".join(option(code, text.encode()) for code, text in ((2, name), (3, description))
                     if text is not None)
    return block(1, struct.pack("<HHI", link, 0, 0) + texts + option(9, b"\x06") + option(0, b""))


def tap_header(direction, status, size, tap=0):
    """Of 12 bytes, as before there were tap numbers, where that is 0."""
    duration = max(size - 1, 0) * BYTE_US
    header = struct.pack(">BBBBII", 1, 16 if tap else 12, direction, status, BAUD, duration)
    return header + struct.pack(">I", tap) if tap else header


def packet(interface, time_us, data, direction, original_size=None):
    flags = {CLIENT_TO_METER: 2, METER_TO_CLIENT: 1}.get(direction, 0)
    options = option(2, struct.pack("<I", flags)) + option(0, b"") if flags else b""
    return block(6, struct.pack("<IIIII", interface, time_us >> 32, time_us & 0xFFFFFFFF,
                                len(data), len(data) if original_size is None else original_size)
                 + data + bytes(-len(data) % 4) + options)


def decryption_secrets(key_log):
    """A Decryption Secrets Block with the lines of a TLS key log."""
    tls_key_log = 0x544C534B
    return block(10, struct.pack("<II", tls_key_log, len(key_log)) + key_log
                 + bytes(-len(key_log) % 4))


def write(path, frames, link=LINK_TAP, comment=None, interfaces=2, key_log=None):
    """Writes frames in their order. `interfaces`: how many to describe, client and meter in turn, or
    (link, name, description) of each. `key_log`: bytes of a TLS key log to embed."""
    roles = ("client line (client to meter)", "meter line (meter to client)")
    if isinstance(interfaces, int):
        interfaces = [(link, f"line{number}", roles[number % 2]) for number in range(interfaces)]
    blocks = [section_header(comment)]
    if key_log is not None:
        blocks.append(decryption_secrets(key_log))
    blocks += [interface_description(*interface) for interface in interfaces]
    now = START_US
    for frame in frames:
        now = frame.time_us if frame.time_us is not None else now + frame.gap_us
        interface = frame.interface
        if interface is None:
            interface = 1 if frame.direction == METER_TO_CLIENT and len(interfaces) > 1 else 0
        data = frame.data
        if frame.record is not None:
            data = frame.record
        elif link == LINK_TAP:
            data = tap_header(frame.direction, frame.status, len(data), frame.tap) + data
        blocks.append(packet(interface, now, data, frame.direction, frame.original_size))
        now += len(frame.data) * BYTE_US
    pathlib.Path(path).write_bytes(b"".join(blocks))


def parse_frames(text, kind=None):
    """The frames of a vector file's lines, with the pauses that the guide allows: 20 ms before an
    answer, 100 ms before a request."""
    frames = []
    for line in text.splitlines():
        vector = json.loads(line)
        if kind and vector["kind"] != kind:
            continue
        client = vector["dir"] == "c2m"
        frames.append(Frame(bytes.fromhex(vector["hex"]),
                            CLIENT_TO_METER if client else METER_TO_CLIENT,
                            100_000 if client else 20_000))
    return frames


def load_frames(path, kind=None):
    """The frames of a vector file."""
    return parse_frames(pathlib.Path(path).read_text(), kind)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("frames", type=pathlib.Path)
    parser.add_argument("output", type=pathlib.Path)
    parser.add_argument("--kind", choices=("rc4", "tls"))
    parser.add_argument("--comment")
    parser.add_argument("--raw", action="store_true", help="link type USER14, no tap header")
    arguments = parser.parse_args()
    write(arguments.output, load_frames(arguments.frames, arguments.kind),
          LINK_RAW if arguments.raw else LINK_TAP, arguments.comment)


if __name__ == "__main__":
    main()
