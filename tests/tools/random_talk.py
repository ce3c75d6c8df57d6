"""Random exchanges of messages that no key opens: clear ones as any client may send them, and the same
encrypted.

Digests are random bytes, and so is what RC4 makes of a message: without the key nothing tells either
from noise (rc4_frames.py encrypts for real, where a key is to open it).

SPDX-License-Identifier: GPL-2.0-or-later
"""
import os
import struct

from capture_file import CLIENT_TO_METER, METER_TO_CLIENT, Frame
from oma_digest import DIGEST_SIZE, frame

# How much of its usual length a measurement has: less where only the version of Wireshark is new.
LENGTH = float(os.environ.get("MEP_MEASUREMENTS", "1"))

OK, REFUSED, SEQUENCE = 0x00, 0x0B, 0x0C
ERRORS = (0x01, 0x02, 0x03, 0x04, 0x05, 0x0A, REFUSED)
LARGEST = 476
TABLES = [*range(0, 6), 7, 8, *range(11, 17), *range(20, 29), *range(50, 56), *range(61, 68), 72, 73,
          74, 75, 76] + [0x800 + number for number in (4, 5, 11, 13, 14, 50, 52, 53, 57, 58, 66, 70)]
# C12.18's requests without a table, and what follows the code.
SERVICES = {0x20: lambda rng: b"",  # identify
            0x21: lambda rng: b"",  # terminate
            0x52: lambda rng: b"",  # log off
            0x50: lambda rng: rng.randbytes(2) + text(rng, 10),  # log on: user ID and user
            0x51: lambda rng: text(rng, 20),  # security: password
            0x61: lambda rng: struct.pack(">HBB", rng.choice((64, 512, 2048)), rng.randrange(1, 255),
                                          rng.randrange(1, 11)),  # negotiate
            0x70: lambda rng: rng.randbytes(1)}  # wait


def text(rng, size):
    letters = bytes(rng.randrange(0x20, 0x7F) for _ in range(rng.randrange(size + 1)))
    return letters.ljust(size, rng.choice((b"\0", b" ")))


def digest(rng):
    return rng.randbytes(DIGEST_SIZE)


def request(rng, known_tables, services):
    """A request's message without digest, and how many table bytes its answer may have: None where
    it has none."""
    table = rng.choice(TABLES) if rng.random() < known_tables else rng.getrandbits(16)
    offset = rng.choice((0, rng.randrange(500), rng.getrandbits(24)))
    count = rng.choice((512, rng.randrange(1, 465), rng.getrandbits(16)))
    sequence = struct.pack(">I", rng.getrandbits(32))
    kind = rng.random()
    if kind < services:
        code, body = rng.choice(list(SERVICES.items()))
        return bytes([code]) + body(rng) + sequence, None
    if kind < 0.45:
        return struct.pack(">BHH", 0x30, table, count) + sequence, count
    if kind < 0.5:
        return struct.pack(">BH", 0x30, table) + sequence, LARGEST
    if kind < 0.8:
        return struct.pack(">BHBHH", 0x3F, table, offset >> 16, offset & 0xFFFF, count) + sequence, \
            count
    data = rng.randbytes(rng.randrange(0, 200))
    if kind < 0.9:
        return struct.pack(">BHH", 0x40, table, len(data)) + data + sequence, None
    return struct.pack(">BHBHH", 0x4F, table, offset >> 16, offset & 0xFFFF, len(data)) + data + \
        sequence, None


def answer(rng, asked, count):
    """An answer's message without digest."""
    kind = rng.random()
    if kind < 0.1:
        return bytes([rng.choice(ERRORS)])
    if kind < 0.15:
        expected = struct.unpack(">I", asked[-4:])[0] + rng.choice((1, 8, rng.getrandbits(32)))
        return struct.pack(">BI", SEQUENCE, expected & 0xFFFFFFFF)
    if count is None:
        return bytes([OK])
    data = rng.randbytes(min(count, rng.randrange(1, LARGEST - 11)))
    return struct.pack(">BH", OK, len(data)) + data


def talk(rng, exchanges, encrypted=False, known_tables=0.5, services=0.05):
    """Frames, each answer behind its request. `known_tables`: the share of requests for tables that
    the guide names; `services`: of requests that are about no table."""
    frames = []
    for _ in range(exchanges):
        asked, count = request(rng, known_tables, services)
        answered = answer(rng, asked, count)
        if encrypted:
            asked = rng.randbytes(len(asked))
            if answered[0] != REFUSED:
                answered = rng.randbytes(len(answered))
        frames += [Frame(frame(asked + digest(rng)), CLIENT_TO_METER, 100_000),
                   Frame(frame(answered + digest(rng)), METER_TO_CLIENT, 20_000)]
    return frames
