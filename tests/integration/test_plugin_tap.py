"""The tap header of DLT_USER13 in tshark: versions, lengths, directions, what the line suffered.

SPDX-License-Identifier: GPL-2.0-or-later
"""
import struct

import pytest

from capture_file import CLIENT_TO_METER, METER_TO_CLIENT, Frame, tap_header
from oma_digest import read, read_answer

pytestmark = pytest.mark.usefixtures("plugin")

REQUEST = read(0x17, 44)
ANSWER = read_answer(REQUEST, bytes(44))
BITS = {"truncated": 0x01, "noise": 0x02, "framing_error": 0x04, "parity_error": 0x08,
        "break": 0x10, "lost": 0x20}
EXPERT = "_ws.expert.message"
FACTORY_KEY_NOTE = "The factory default key is in use: everybody knows it"


def header(version=1, size=12, direction=1, status=0, more=b""):
    return struct.pack(">BBBBII", version, size, direction, status, 9600, 1000) + more


@pytest.mark.parametrize("more", [1, 4, 100, 243])
def test_longer_header_is_skipped(capture, tshark_fields, more):
    records = [Frame(b"", CLIENT_TO_METER,
                     record=header(size=12 + more, more=b"\xEE" * more) + REQUEST)]
    shown = tshark_fields(capture(records), ["mep.tap.header_length", "mep.table", "mep.count",
                                             "mep.digest.status", EXPERT])
    assert shown[0] == {"mep.tap.header_length": [str(12 + more)], "mep.table": ["0x0017"],
                        "mep.count": ["44"], "mep.digest.status": ["1"], EXPERT: [FACTORY_KEY_NOTE]}


@pytest.mark.parametrize("record", [header(version=2) + REQUEST, header(version=0) + REQUEST,
                                    header(size=11) + REQUEST, header(size=0) + REQUEST])
def test_unknown_header(capture, tshark_fields, record):
    """Says so, and does not guess at a frame."""
    shown = tshark_fields(capture([Frame(b"", record=record)]),
                          ["mep.tap.malformed", "mep.table", "_ws.col.Info", EXPERT])
    assert len(shown[0]["mep.tap.malformed"]) == 1
    assert f"Version {record[0]} with a header of {record[1]} bytes" in shown[0][EXPERT][0]
    assert shown[0]["mep.table"] == []
    assert shown[0]["_ws.col.Info"] == ["Tap header of an unknown kind"]


def test_header_cut_short(capture, tshark_fields):
    """In every place: said in words, with what is there of the header."""
    records = [Frame(b"", record=header()[:size]) for size in range(12)]
    shown = tshark_fields(capture(records), ["mep.tap.malformed", "mep.tap.header_length", EXPERT,
                                             "_ws.malformed.expert", "_ws.col.Info"])
    for size, packet in enumerate(shown):
        assert packet["mep.tap.malformed"] and not packet["_ws.malformed.expert"], size
        assert packet[EXPERT] == \
            [f"The record ends after {size} of the 12 bytes that a tap header has at least"]
        assert packet["_ws.col.Info"] == ["Tap header cut short"]
        assert packet["mep.tap.header_length"] == (["12"] if size > 1 else [])


def test_header_longer_than_its_record(capture, tshark_fields):
    records = [Frame(b"", record=header(size=size) + bytes(more))
               for size, more in ((13, 0), (20, 0), (255, 20), (255, 242))]
    shown = tshark_fields(capture(records), ["mep.tap.malformed", "mep.tap.header_length", EXPERT,
                                             "_ws.malformed.expert", "_ws.col.Info"])
    for frame, packet in zip(records, shown):
        said, there = frame.record[1], len(frame.record)
        assert packet["mep.tap.malformed"] and not packet["_ws.malformed.expert"], said
        assert packet[EXPERT] == [f"The header says that it has {said} bytes, and the record ends "
                                  f"after {there}: what wrote it has lost the frame"]
        assert packet["_ws.col.Info"] == ["Tap header longer than its record"]
        assert packet["mep.tap.header_length"] == [str(said)]


def test_each_status_bit_is_filterable(capture, tshark_fields):
    records = [Frame(REQUEST, CLIENT_TO_METER, status=bit) for bit in (*BITS.values(), 0, 0x3F)]
    path = capture(records)
    for number, name in enumerate(BITS, 1):
        shown = tshark_fields(path, ["frame.number"], "-Y", f"mep.tap.status.{name} == 1")
        assert [packet["frame.number"] for packet in shown] == [[str(number)], ["8"]]
    shown = tshark_fields(path, ["mep.tap.status"])
    assert [int(packet["mep.tap.status"][0], 16) for packet in shown] == \
        [*BITS.values(), 0, 0x3F]


@pytest.mark.parametrize("name", ["framing_error", "parity_error", "break", "lost"])
def test_line_trouble_leaves_the_frame_readable(capture, tshark_fields, name):
    shown = tshark_fields(capture([Frame(REQUEST, CLIENT_TO_METER, status=BITS[name])]),
                          ["mep.table", "mep.digest.status", "mep.line_trouble"])
    assert shown[0]["mep.table"] == ["0x0017"] and shown[0]["mep.digest.status"] == ["1"]
    assert len(shown[0]["mep.line_trouble"]) == 1


def test_noise(capture, tshark_fields):
    records = [Frame(bytes([0x55] * size), METER_TO_CLIENT, status=BITS["noise"])
               for size in (1, 2, 300)]
    records.append(Frame(REQUEST, CLIENT_TO_METER, status=BITS["noise"]))
    shown = tshark_fields(capture(records), ["mep.noise", "mep.noise.expert", "mep.length",
                                             "mep.table", "_ws.malformed", "_ws.col.Info",
                                             "_ws.col.Source"])
    for record, packet in zip(records, shown):
        assert packet["mep.noise"][0].replace(":", "") == record.data.hex()
        assert len(packet["mep.noise.expert"]) == 1
        assert packet["mep.length"] == packet["mep.table"] == packet["_ws.malformed"] == []
    assert shown[0]["_ws.col.Info"] == ["Noise, 1 byte that forms no frame"]
    assert shown[2]["_ws.col.Info"] == ["Noise, 300 bytes that form no frame"]
    assert [packet["_ws.col.Source"] for packet in shown] == [["Meter"]] * 3 + [["Client"]]


def test_frames_that_never_ended(capture, tshark_fields):
    """Every length that a frame can be cut to: said in words, and not taken for malformed."""
    records = [Frame(REQUEST[:size], CLIENT_TO_METER, status=BITS["truncated"])
               for size in range(1, len(REQUEST))]
    shown = tshark_fields(capture(records), ["mep.cut_short", "_ws.malformed", "mep.table", EXPERT,
                                             "mep.length", "_ws.col.Info", "mep.malformed"])
    for record, packet in zip(records, shown):
        size = len(record.data)
        assert len(packet["mep.cut_short"]) == 1
        assert packet["_ws.malformed"] == packet["mep.malformed"] == []
        assert "cut short" in packet["_ws.col.Info"][0]
        assert packet["mep.table"] == (["0x0017"] if size >= 5 else [])
        assert packet["mep.length"] == ([str(len(REQUEST) - 2)] if size >= 2 else [])
        if size >= 2:
            assert f"{size - 2} of {len(REQUEST) - 2} bytes came" in packet[EXPERT][0]


def test_bytes_after_the_frame(capture, tshark_fields):
    shown = tshark_fields(capture([Frame(REQUEST + b"\xAB" * 3, CLIENT_TO_METER),
                                   Frame(b"\0\0\xAB", METER_TO_CLIENT)]),
                          ["mep.length.excess", "mep.table", "mep.digest.status", "mep.alert",
                           EXPERT])
    assert all(len(packet["mep.length.excess"]) == 1 for packet in shown)
    assert shown[0][EXPERT] == [FACTORY_KEY_NOTE, "3 bytes after the end of the frame"]
    assert shown[0]["mep.table"] == ["0x0017"] and shown[0]["mep.digest.status"] == ["1"]
    assert shown[1][EXPERT][-1] == "1 byte after the end of the frame"
    assert len(shown[1]["mep.alert"]) == 1


@pytest.mark.parametrize("flags", [True, False])
def test_direction_unknown(capture, tshark_fields, flags):
    """From the packet flags, and without those from the frames themselves."""
    records = [Frame(b"", direction if flags else 0, 50_000, interface=0,
                     record=tap_header(0, 0, len(data)) + data)
               for direction, data in ((CLIENT_TO_METER, REQUEST), (METER_TO_CLIENT, ANSWER),
                                       (METER_TO_CLIENT, b"\0\0"))]
    shown = tshark_fields(capture(records), ["_ws.col.Source", "mep.tap.direction",
                                             "mep.digest.status", "mep.request_in"])
    assert [packet["_ws.col.Source"] for packet in shown] == [["Client"], ["Meter"], ["Meter"]]
    assert {packet["mep.tap.direction"][0] for packet in shown} == {"0"}
    assert [packet["mep.digest.status"] for packet in shown] == [["1"], ["1"], []]
    assert shown[1]["mep.request_in"] == ["1"]


def test_header_direction_outweighs_packet_flags(capture, tshark_fields):
    record = tap_header(METER_TO_CLIENT, 0, 2) + b"\0\0"
    shown = tshark_fields(capture([Frame(b"", CLIENT_TO_METER, record=record)]),
                          ["_ws.col.Source"])
    assert shown[0]["_ws.col.Source"] == ["Meter"]
