"""Damaged frames in tshark: never an abort, never a dissector bug, and an expert entry that says
what is wrong. The frames stand in few large captures, since starting tshark takes most of the time.

SPDX-License-Identifier: GPL-2.0-or-later
"""
import random
import struct

import pytest

from capture_file import (CLIENT_TO_METER, LINK_RAW, LINK_TAP, METER_TO_CLIENT, Frame, load_frames,
                          tap_header)
from oma_digest import answer, frame, read, read_answer, seal

pytestmark = pytest.mark.usefixtures("plugin")

# `_ws.malformed` stands on frames with any expert entry of the group Malformed, too;
# `_ws.malformed.expert` only where the dissector left by an exception.
SAID = ["_ws.expert.message", "_ws.malformed", "_ws.malformed.expert", "_ws.short", "mep.malformed",
        "_ws.col.Info"]
UNDERFLOW = "42949672"  # how a negative number looks that should not be one


@pytest.fixture
def survives(user, tshark_fields):
    """survives(path) -> what is said of each frame, after tshark went through all of it on one and
    on two passes, with its alarms for bugs switched on."""

    def run(path, names=(), *arguments):
        for passes in ([], ["-2"]):
            result = user.run(["env", "WIRESHARK_ABORT_ON_DISSECTOR_BUG=1", "tshark", "-r", path,
                               "-V", *passes, *arguments])
            assert result.returncode == 0, result.stderr[-2000:]
            for text in (result.stdout, result.stderr):
                assert "issector bug" not in text and UNDERFLOW not in text
        return tshark_fields(path, [*SAID, *names], *arguments)

    return run


@pytest.fixture(scope="module")
def frames(data_dir):
    return load_frames(data_dir / "guide-frames.jsonl")


@pytest.mark.parametrize("directions", [True, False])
def test_records_that_end_early(capture, survives, frames, directions):
    """Every frame, ending at every byte. Without a tap header it would be a part of a frame:
    test_pieces.py."""
    records = []
    for whole in frames:
        for size in range(len(whole.data)):
            records.append(Frame(whole.data[:size], whole.direction if directions else 0, 1000))
    for record, said in zip(records, survives(capture(records))):
        assert said["_ws.malformed.expert"], record
        assert said["mep.malformed"], record
        assert said["_ws.short"] == []
        if len(record.data) >= 2:
            declared = int.from_bytes(record.data[:2], "big")
            assert (f"The frame ends after {len(record.data) - 2} of the {declared} bytes"
                    in said["_ws.expert.message"][0])
        assert "after the end of the frame" not in str(said["_ws.expert.message"])


@pytest.mark.parametrize("link", [LINK_TAP, LINK_RAW])
def test_records_captured_in_part(capture, survives, frames, link):
    """Wireshark says that the capture was limited; nobody is to blame for a malformed frame."""
    records = []
    for whole in frames:
        header = tap_header(whole.direction, 0, len(whole.data)) if link == LINK_TAP else b""
        for size in range(len(header + whole.data)):
            records.append(Frame(b"", whole.direction, 1000, original_size=len(header + whole.data),
                                 record=(header + whole.data)[:size]))
    for record, said in zip(records, survives(capture(records, link=link))):
        assert said["_ws.short"], record
        assert said["_ws.malformed"] == said["mep.malformed"] == [], record
        assert "after the end of the frame" not in str(said["_ws.expert.message"]), record


def test_parts_say_what_they_can(capture, tshark_fields):
    """The table of a request of which the length field says more than there is."""
    request, asked = read(0x17, 44), read(0x832, 7)
    shown = tshark_fields(capture([Frame(request[:12], CLIENT_TO_METER),
                                   Frame(read_answer(asked, bytes(7))[:5], METER_TO_CLIENT)]),
                          ["mep.table", "mep.length", "mep.response_code", "_ws.col.Info"])
    assert shown[0]["mep.table"] == ["0x0017"]
    assert shown[0]["mep.length"] == ["20"]
    assert shown[1]["mep.response_code"] == ["0x00"]


def test_random_bytes(capture, survives):
    dice = random.Random(2)
    for link in (LINK_TAP, LINK_RAW):
        records = [Frame(dice.randbytes(dice.randrange(0, 120)), dice.randrange(3), 1000,
                         dice.choice((0, 0, 0, 1, 2, 0x3C))) for _ in range(1500)]
        survives(capture(records, link=link))


def test_random_records(capture, survives):
    """Not even the tap header is one."""
    dice = random.Random(3)
    survives(capture([Frame(b"", dice.randrange(3), 1000, record=dice.randbytes(dice.randrange(40)))
                      for _ in range(600)]))
    survives(capture([Frame(b"", dice.randrange(3), 1000,
                            record=b"\1" + dice.randbytes(dice.randrange(60)))
                      for _ in range(600)]))


def test_right_lengths_around_random_messages(capture, survives):
    """As encrypted frames look without a key."""
    dice = random.Random(4)
    records = []
    for _ in range(1500):
        message = dice.randbytes(dice.randrange(1, 80))
        if dice.random() < 0.7:
            message = dice.choice((b"\x30", b"\x3F", b"\x40", b"\x4F", b"\x58", b"\x80", b"\x00",
                                   b"\x0C", b"\x03")) + message[1:]
        records.append(Frame(frame(message), dice.randrange(3), 1000))
    for record, said in zip(records, survives(capture(records), ["mep.response_code"])):
        assert said["_ws.malformed.expert"] == [], record


def test_frames_with_turned_bits(capture, survives, frames):
    dice = random.Random(5)
    records = []
    for _ in range(60):
        for whole in frames:
            data = bytearray(whole.data)
            for _ in range(dice.randrange(1, 4)):
                data[dice.randrange(len(data))] ^= 1 << dice.randrange(8)
            records.append(Frame(bytes(data), whole.direction, 1000))
    survives(capture(records))


def test_random_length_fields(capture, survives, frames):
    dice = random.Random(6)
    records = [Frame(struct.pack(">H", dice.choice((dice.randrange(65536), dice.randrange(500))))
                     + whole.data[2:], whole.direction, 1000)
               for _ in range(30) for whole in frames]
    for record, said in zip(records, survives(capture(records))):
        declared = int.from_bytes(record.data[:2], "big")
        if declared > len(record.data) - 2:
            assert said["_ws.malformed.expert"] and said["mep.malformed"], record
        elif declared < len(record.data) - 2:
            assert "after the end of the frame" in str(said["_ws.expert.message"]), record


def test_nothing_one_and_two_bytes(capture, survives):
    records = [Frame(data, direction) for data in (b"", b"\0", b"\x01", b"\xFF", b"\0\0", b"\0\1",
                                                   b"\xFF\xFF") for direction in (0, 1, 2)]
    for record, packet in zip(records, survives(capture(records), ["mep.alert"])):
        alert = record.data == b"\0\0"
        assert bool(packet["mep.alert"]) == alert
        assert bool(packet["_ws.malformed.expert"]) != alert
        assert bool(packet["mep.malformed"]) != alert


@pytest.mark.parametrize("size", [477, 500, 5000])
@pytest.mark.parametrize("direction", [CLIENT_TO_METER, METER_TO_CLIENT])
def test_longer_than_the_protocol_permits(capture, survives, size, direction):
    said = survives(capture([Frame(frame(bytes(size)), direction)]), ["mep.length.invalid"])[0]
    assert len(said["mep.length.invalid"]) == 1
    assert "at most 476 bytes" in str(said["_ws.expert.message"])
    assert "cut short" not in said["_ws.col.Info"][0]


REQUEST_PROBLEMS = [
    (b"\x3F\0\x17", "too short for its sequence number and digest"),
    (b"\x3F", "too short for its sequence number and digest"),
    (seal(b"\x3F\0\x17\0\0\0" + bytes(4))[2:], "ends before its fixed fields do"),
    (seal(b"\x30\0" + bytes(4))[2:], "ends before its fixed fields do"),
    (seal(b"\x4F\0\x17\0\0\0\0\5\1\2" + bytes(4))[2:], "Fewer table bytes than the count"),
    (seal(b"\x40\0\x17\0\1\1\2" + bytes(4))[2:], "More bytes than the count"),
    (seal(b"\x3F\0\x17\0\0\0\0\5\1" + bytes(4))[2:], "More bytes than the count"),
    (bytes.fromhex("9937d2e0b7114cf6a92885d36b0ee1747ac25f1b"), "probably encrypted"),
]
# Of answers to a read, all of them with the digest that belongs to their bytes.
RESPONSE_PROBLEMS = [
    (b"\0\0\5\1\2", "Fewer table bytes than the count"),
    (b"\0\0\1\1\2", "More bytes than the count"),
    (b"\0", "ends before its fixed fields do"),
    (b"\x0C\0\0", "ends before its fixed fields do"),
    (b"\x03\1", "More bytes than"),
]


def test_what_is_wrong_is_said(capture, survives):
    path = capture([Frame(frame(message), CLIENT_TO_METER, 1000)
                    for message, _ in REQUEST_PROBLEMS])
    for (message, reason), said in zip(REQUEST_PROBLEMS, survives(path)):
        assert any(reason in text for text in said["_ws.expert.message"]), (message, said)

    request = read(0x17, 44)
    path = capture([record for message, _ in RESPONSE_PROBLEMS
                    for record in (Frame(request, CLIENT_TO_METER, 1000),
                                   Frame(answer(request, message), METER_TO_CLIENT, 1000))])
    for (message, reason), said in zip(RESPONSE_PROBLEMS, survives(path)[1::2]):
        assert any(reason in text for text in said["_ws.expert.message"]), (message, said)


def test_answers_that_do_not_fit_their_requests(capture, survives):
    request = read(0x17, 44)
    messages = [b"", b"\0", b"\0\0", b"\0\0\x2C", b"\0\0\0", b"\0\0\1\7", b"\x0C", b"\x0C\0",
                b"\x63"]
    records = [item for message in messages
               for item in (Frame(request, CLIENT_TO_METER, 1000),
                            Frame(frame(message + bytes(8)), METER_TO_CLIENT, 1000),
                            Frame(frame(message) if message else b"\0\1\3", METER_TO_CLIENT, 1000))]
    survives(capture(records))


def test_whole_frames_are_not_blamed(capture, tshark_fields, frames):
    said = tshark_fields(capture(frames), SAID)
    for number, packet in enumerate(said, 1):
        assert packet["_ws.malformed"] == packet["mep.malformed"] == packet["_ws.short"] == []
        # What is said of keys and of what digests prove is no blame; the guide's examples count on from
        # each other's sequence numbers as little as they follow each other.
        blame = [text for text in packet["_ws.expert.message"]
                 if not text.startswith(("The factory default key", "A bare answer",
                                         "The sequence number jumped", "A key fitted before"))]
        assert bool(blame) == (number in (2, 15, 21, 22))
