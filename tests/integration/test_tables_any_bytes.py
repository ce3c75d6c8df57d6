"""Any bytes in any table: nothing breaks, every field lies where its bytes are and shows what they
say, and a second pass shows the same.

SPDX-License-Identifier: GPL-2.0-or-later
"""
import random
import re

import pytest

from table_talk import BT, ET, Talk, bt21, bt61, bt62, i32, packets_of, u16

pytestmark = pytest.mark.usefixtures("plugin")

EXTENDED = [3, 4, 9, 11, 13, 14, 15, 16, 21, 23, 29, 31, 34, 36, 41, 42, 45, 46, 47, 50, 51, 52, 53,
            54, 55, 57, 58, 59, 61, 62, 66, 70, 71, 74, 75, 79, 80, 81, 85, 89, 90, 97]
BASIC = [0, 1, 3, 4, 7, 8, 15, 20, 21, 22, 23, 24, 25, 26, 27, 28, 30, 33, 50, 52, 53, 54, 55, 60,
         61, 62, 63, 64, 65, 66, 67, 70, 71, 74]
TABLES = [BT(number) for number in BASIC] + [ET(number) for number in EXTENDED]
BROKEN = re.compile(r".*(Malformed Packet|Dissector bug|Unreassembled|size limited|\[Exception).*")

# Dimensions that are taught before the tables are read.
TAUGHT = {
    "usual": lambda talk: None,
    "small": lambda talk: (
        talk.read(BT(21), bt21(0x7F, 2, 2, 2, 2, 1, 2, 1, 2, 3)),
        talk.read(BT(61), bt61(*[(4, 5, 3, 15)] * 4)),
        talk.read(BT(62), bt62(*[(0, 15, 112)] * 4)),
        talk.read(ET(11), bytes([6, 40, 24, 2, 6]) + u16(60, 200, 300) + bytes([9, 4, 9]))),
    "zero": lambda talk: (
        talk.read(BT(21), bytes(10)), talk.read(BT(61), bytes(31)), talk.read(ET(11), bytes(39)),
        talk.read(ET(36), bytes(200)), talk.read(BT(50), bytes(9))),
    "largest": lambda talk: (
        talk.read(BT(21), b"\xff" * 10), talk.read(BT(61), b"\xff" * 31),
        talk.read(ET(11), b"\xff" * 39), talk.read(ET(36), b"\xff" * 200),
        talk.read(BT(50), b"\xff" * 9)),
}


def any_bytes(rng, size):
    """Mostly noise; also what is rather small, as counts and lengths are."""
    if rng.random() < 0.5:
        return rng.randbytes(size)
    return bytes(rng.choice((0, 1, 2, 3, 4, 6, 12, 30)) for _ in range(size))


def noise(seed, teach):
    """Each table once from its beginning and twice from anywhere, read or written."""
    rng = random.Random(seed)
    talk = Talk()
    TAUGHT[teach](talk)
    tables = TABLES * 3
    rng.shuffle(tables)
    for number, table in enumerate(tables):
        offset = 0 if number % 3 == 0 else rng.choice((rng.randrange(64), rng.randrange(2000),
                                                      rng.randrange(1 << 24)))
        data = any_bytes(rng, rng.randint(1, 455))
        if rng.random() < 0.3:
            talk.write(table, data, offset)
        else:
            talk.read(table, data, offset)
    return talk


@pytest.mark.parametrize("teach", TAUGHT)
@pytest.mark.parametrize("seed", range(3))
def test_nothing_breaks(capture, user, seed, teach):
    path = capture(noise(seed, teach).frames)
    once = user.tshark(["-r", path, "-V"])
    twice = user.tshark(["-r", path, "-V", "-2"])
    assert once.returncode == twice.returncode == 0
    assert once.stderr == twice.stderr == ""
    assert BROKEN.findall(once.stdout) == []
    assert backward_only(once.stdout) == backward_only(twice.stdout)


def backward_only(text):
    """Without what only a second pass knows: where the answer is."""
    return [line for line in text.splitlines()
            if not re.match(r" *\[?(Response in|Responses in|Result in)", line)]


@pytest.mark.parametrize("teach", TAUGHT)
def test_every_field_lies_in_its_bytes(capture, tshark_pdml, teach):
    talk = noise(7, teach)
    packets = packets_of(tshark_pdml(capture(talk.frames)))
    checked = 0
    for frame, packet in zip(talk.frames, packets):
        tap = 12
        size = tap + len(frame.data)
        for data in packet.all("mep.data")[:1]:
            reassembled = [element for element in data.children
                           if "from several frames" in element.label]
            assert data.position >= tap and data.position + data.size <= size
            for element in data.walk():
                if element.size == 0 or any(element in other.walk() for other in reassembled):
                    continue
                assert element.position >= data.position, element.label
                assert element.position + element.size <= data.position + data.size, element.label
                checked += 1
    assert checked > 2000


@pytest.mark.parametrize("teach", ["usual", "small"])
def test_integers_say_what_their_bytes_do(capture, tshark_pdml, teach):
    """Little-endian in all table fields of BT23, BT28 and the like, whatever their names."""
    talk = noise(9, teach)
    packets = packets_of(tshark_pdml(capture(talk.frames)))
    checked = 0
    for frame, packet in zip(talk.frames, packets):
        record = bytes(12) + frame.data
        for element in packet.walk():
            plain = re.fullmatch(r"-?\d+", element.show)
            if not re.match(r"mep\.[be]t\d\d\.", element.name) or not plain or \
                    not 1 <= element.size <= 8 or "=" in element.label:
                continue
            if packet.all("mep.transaction.size") or element.position + element.size > len(record):
                continue
            data = record[element.position:element.position + element.size]
            values = {int.from_bytes(data, "little"), int.from_bytes(data, "little", signed=True)}
            # Bytes are shown as hex digits, which may look like a number.
            assert int(element.show) in values or element.show == data.hex(), element.label
            checked += 1
    assert checked > 1000


def test_bits_say_what_their_bytes_do(capture, tshark_pdml):
    """".... .1.. = Name: value": the pattern's bits are those of the bytes."""
    talk = noise(11, "small")
    packets = packets_of(tshark_pdml(capture(talk.frames)))
    checked = 0
    for frame, packet in zip(talk.frames, packets):
        record = bytes(12) + frame.data
        if packet.all("mep.transaction.size"):
            continue
        for element in packet.walk():
            pattern = re.match(r"([01. ]+) = ", element.label)
            if not re.match(r"mep\.[be]t\d\d\.", element.name) or not pattern:
                continue
            digits = pattern[1].replace(" ", "")
            word = int.from_bytes(record[element.position:element.position + element.size],
                                  "little")
            binary = format(word, f"0{len(digits)}b")
            assert all(digit in (".", bit) for digit, bit in zip(digits, binary)), element.label
            checked += 1
    assert checked > 1000


def test_parts_and_the_whole_agree(capture, tshark_pdml):
    """What a table says when read in pieces is what it says when read whole."""
    rng = random.Random(5)
    for table, data in ((BT(23), rng.randbytes(220)), (BT(28), rng.randbytes(336)),
                        (ET(4), rng.randbytes(140)), (BT(63), rng.randbytes(52))):
        talk = Talk()
        talk.read(table, data)
        # Cut where four bytes end: nearly all of these fields do not lie across.
        for offset in range(0, len(data), 44):
            talk.read(table, data[offset:offset + 44], offset)
        packets = packets_of(tshark_pdml(capture(talk.frames)))
        names = [element.name for element in packets[1].walk()
                 if re.match(r"mep\.[be]t\d\d\.", element.name)]
        whole = [(element.name, element.show) for element in packets[1].walk()
                 if element.name in names]
        parts = [(element.name, element.show) for packet in packets[3::2]
                 for element in packet.walk() if element.name in names]
        cut = sum(len(packet.all("mep.cut")) for packet in packets[3::2])
        assert set(parts) <= set(whole)
        assert len(whole) - len(parts) <= cut


def test_info_column(capture, tshark_fields):
    talk = Talk()
    expected = {}
    expected[talk.read(BT(23), i32(1234567, 89000))] = \
        "OK, BT23, 8 bytes: [assumed BT21, ET55, BT22] import 1234.567 kWh, export 89.000 kWh"
    expected[talk.read(BT(28), i32(1234, 0, 5, 6, 5370, 40, 0, 231500))] = \
        "OK, BT28, 32 bytes: [assumed BT21, BT27] [secondary] import 1234 W, export 0 W, " \
        "L1 231.5 V 5.37 A, L2 0.04 A"
    expected[talk.read(BT(28), i32(49980), 44)] = "OK, BT28, 4 bytes: [assumed BT21, BT27] 49.98 Hz"
    expected[talk.read(BT(52), bytes([22, 3, 1, 7, 30, 15]))] = \
        "OK, BT52, 6 bytes: 2022-03-01 07:30:15 UTC"
    expected[talk.read(ET(13), bytes([0b01001]), 4 * 66 + 8)] = \
        "OK, ET13, 1 byte: [assumed ET11] Scheduled Read Request Alert, M-Bus Change"
    expected[talk.read(ET(13), bytes([0]), 4 * 66 + 8)] = "OK, ET13, 1 byte: [assumed ET11] no flags"
    expected[talk.rejected(BT(23), 44, 3)] = "No permission for specified request, BT23"
    packets = tshark_fields(capture(talk.frames), ["_ws.col.Info"])
    for number, info in expected.items():
        assert packets[number - 1]["_ws.col.Info"][0] == info
