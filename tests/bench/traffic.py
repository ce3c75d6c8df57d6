"""Captures for the benchmarks: MEP as clients read a meter, and Modbus/TCP of the same size.

SPDX-License-Identifier: GPL-2.0-or-later
"""
import random
import struct

import bench_paths  # noqa: F401: lets the modules below be found
import capture_file
import rc4_frames
from table_talk import BT, Talk, bt21, bt61, bt62, i32

ETHERNET = 1
CHANNELS = (0, 1, 15, 16, 17, 12, 13, 14)
INTERVALS = 96
BLOCK = 5 + 12 + INTERVALS * (5 + 4 * len(CHANNELS))
DIFFERENT = 40  # exchanges, which are then repeated


def mep(frames):
    """Reads and their answers: of three powers (BT28) a load profile (BT64), energies (BT23) and a
    clock (BT52); every fourth exchange is RC4 encrypted. The dimensions are told in front."""
    rng = random.Random(1)
    lesson = Talk()
    lesson.read(BT(21), bt21(summations=11))
    lesson.read(BT(61), bt61((30, INTERVALS, len(CHANNELS), 15)))
    lesson.read(BT(62), bt62(CHANNELS))
    talk = []
    for number in range(DIFFERENT):
        one = Talk()
        kind = number % 6
        if kind < 3:
            one.read(BT(28), i32(*(rng.randrange(250_000) for _ in range(84))))
        elif kind == 3:
            block = bytes([22, 3, 1, 7, 30]) + b"\xff" * 12
            block += b"".join(bytes(5) + i32(*(rng.randrange(1 << 20) for _ in CHANNELS))
                              for _ in range(11))
            one.read(BT(64), block[:420], number % 30 * BLOCK)
        elif kind == 4:
            one.read(BT(23), i32(*(rng.randrange(1 << 20) for _ in range(11))))
        else:
            one.read(BT(52), bytes([26, 3, 1, 12, number, 0, 1]))
        talk += rc4_frames.encrypted(one.frames) if number % 4 == 3 else one.frames
    repeated = talk * (frames // len(talk) + 1)
    return (lesson.frames + repeated)[:frames]


def modbus(frames):
    """As many, each as long as its counterpart of mep() as far as Modbus has such: reads of holding
    registers, and what they answer."""
    rng = random.Random(2)
    most_registers = 125
    result = []
    sequence = [1000, 7000]
    registers = 1
    for number, frame in enumerate(mep(frames)):
        from_client = number % 2 == 0
        transaction = number // 2 % 0xFFFF
        if from_client:
            body = struct.pack(">BBHH", 1, 3, rng.randrange(1000), registers)
        else:
            registers = max(1, min((len(frame.data) - 9) // 2, most_registers))
            body = struct.pack(">BBB", 1, 3, 2 * registers) + rng.randbytes(2 * registers)
        payload = struct.pack(">HHH", transaction, 0, len(body)) + body
        result.append(capture_file.Frame(payload, frame.direction, frame.gap_us,
                                         record=segment(payload, from_client, sequence)))
    return result


def segment(payload, from_client, sequence, port=502):
    """A TCP segment in an Ethernet frame; counts `sequence` of client and server on."""
    me = 0 if from_client else 1
    ports = (50000, port) if from_client else (port, 50000)
    hosts = [bytes([192, 0, 2, 1]), bytes([192, 0, 2, 2])]
    if not from_client:
        hosts.reverse()
    tcp = struct.pack(">HHIIBBHHH", *ports, sequence[me], sequence[1 - me], 5 << 4, 24, 8192, 0, 0)
    sequence[me] = (sequence[me] + len(payload)) & 0xFFFFFFFF
    ip = struct.pack(">BBHHHBBH", 0x45, 0, 20 + len(tcp) + len(payload), 1, 0, 64, 6, 0)
    return bytes(12) + b"\x08\x00" + ip + b"".join(hosts) + tcp + payload
