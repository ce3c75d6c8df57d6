"""docs/link-types.md suffices to read what mepdump writes: a reader that is made of its tables reads its
examples, and the samples as the dissector does.

SPDX-License-Identifier: GPL-2.0-or-later
"""
import pathlib
import re

import pytest

import capture_file
from pcapng_blocks import Capture

ROOT = pathlib.Path(__file__).resolve().parents[2]
PAGE = (ROOT / "docs" / "link-types.md").read_text(encoding="utf-8")
SAMPLES = sorted((ROOT / "samples").glob("*.pcapng"))


# --- The reader: nothing but the page ------------------------------------------------------------

def table(heading):
    """The rows of the page's table with this first column."""
    rows = re.search(rf"^\| {heading} \|.*\n\| ---.*\n((?:\|.*\n)+)", PAGE, re.MULTILINE)[1]
    return [[cell.strip() for cell in row.strip("| \n").split(" | ")] for row in rows.splitlines()]


FIELDS = {re.match(r"\w+( \w+)?", text)[0]: (int(offset), int(size)) for offset, size, text in table("offset")}
BITS = {int(bit, 16): meaning for bit, meaning in table("status bit") if meaning != "reserved"}
CUT_SHORT, NO_FRAME = (next(bit for bit, meaning in BITS.items() if meaning.startswith(start))
                       for start in ("cut short", "bytes that form no frame"))
VERSION, SMALLEST, LARGEST_DIRECTION = 1, 12, 2
LARGEST_LENGTH = 476


def read(record):
    """A record's header, by the fields' names, and what its frame is; nothing for one that is bytes."""
    def number(name):
        offset, size = FIELDS[name]
        return int.from_bytes(record[offset:offset + size], "big") if offset + size <= size_of_header else 0

    size_of_header = len(record)
    if len(record) < SMALLEST or number("version") != VERSION:
        return None
    size_of_header = number("header length")
    if not SMALLEST <= size_of_header <= len(record):
        return None
    header = {name: number(name) for name in FIELDS}
    header["status"] = header.pop("status bits") & sum(BITS)
    if header["direction"] > LARGEST_DIRECTION:
        header["direction"] = 0
    frame = record[size_of_header:]
    header["frame"] = frame
    length = int.from_bytes(frame[:2], "big")
    if header["status"] & NO_FRAME:
        header["kind"] = "none"
    elif header["status"] & CUT_SHORT:
        header["kind"] = "cut short" if 0 < len(frame) < 2 + length or len(frame) == 1 else "wrong"
    elif frame == b"\0\0":
        header["kind"] = "alert"
    else:
        header["kind"] = "whole" if len(frame) == 2 + length and 1 <= length <= LARGEST_LENGTH else "wrong"
    return header


# --- What it reads -------------------------------------------------------------------------------

def test_the_page_has_every_field_and_bit():
    assert sorted(FIELDS.values()) == [(0, 1), (1, 1), (2, 1), (3, 1), (4, 4), (8, 4), (12, 4)]
    assert sorted(BITS) == [1 << bit for bit in range(6)]


def test_its_examples_are_read_as_it_says():
    examples = table("record")
    assert len(examples) >= 5
    for text, direction, status, speed, microseconds, tap, frame in examples:
        header = read(bytes.fromhex(text.strip("`")))
        kind = header["kind"] if header["kind"] == "alert" else f"{header['kind']}, {len(header['frame'])} bytes"
        assert [str(header["direction"]), f"0x{header['status']:02x}", str(header["line speed"]),
                str(header["microseconds from"]), str(header["tap"]), kind] == \
            [direction, status, speed, microseconds, tap, frame], text


def test_the_dissector_reads_its_examples_the_same(capture, plugin, tshark_fields):
    records = [bytes.fromhex(row[0].strip("`")) for row in table("record")]
    path = capture([capture_file.Frame(b"", record=record, gap_us=1_000_000) for record in records])
    rows = tshark_fields(path, TAP_NAMES)
    assert len(rows) == len(records)
    assert [tap_values(row) for row in rows] == [expected(read(record)) for record in records]


TAP_NAMES = ["mep.tap.direction", "mep.tap.status", "mep.tap.baud_rate", "mep.tap.duration", "mep.tap.id"]


def tap_values(row):
    return [int(row["mep.tap.direction"][0]), int(row["mep.tap.status"][0], 0) & sum(BITS)] + \
        [int(row["mep.tap.baud_rate"][0]), int(row["mep.tap.duration"][0]),
         int(row["mep.tap.id"][0], 0) if row["mep.tap.id"] else 0]


def expected(header):
    return [header["direction"], header["status"], header["line speed"], header["microseconds from"], header["tap"]]


@pytest.mark.parametrize("sample", SAMPLES, ids=lambda path: path.stem)
def test_samples_are_read_as_the_dissector_reads_them(sample, user, plugin, tshark_fields):
    records = [packet.raw for packet in Capture.read(sample).packets]
    headers = [read(record) for record in records]
    assert all(header and header["kind"] != "wrong" for header in headers)
    assert [tap_values(row) for row in tshark_fields(user.readable(sample), TAP_NAMES)] == \
        [expected(header) for header in headers]


@pytest.mark.parametrize("record", ["", "01", "02 10" + "00" * 14, "01 0b" + "00" * 20, "01 20" + "00" * 20])
def test_what_is_no_record_of_this_version_stays_bytes(record):
    assert read(bytes.fromhex(record)) is None
