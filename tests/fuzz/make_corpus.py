"""What the fuzz targets begin with, made of samples/ and tests/cases/: make_corpus.py FOLDER.

SPDX-License-Identifier: GPL-2.0-or-later
"""
import hashlib
import pathlib
import struct
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]
CAPTURES = sorted((ROOT / "samples").glob("*.pcapng")) + sorted((ROOT / "tests/cases").glob("*.pcapng"))
LOGS = sorted((ROOT / "tests/cases").glob("*.txt")) + sorted((ROOT / "tests/cases").glob("*.log"))
TAP, RAW = 160, 161
TO_METER, TO_CLIENT = 1, 2
# As test_mepimport has them, in short: marks, times, and forms of bytes.
LOG_LINES = ["[11:27:00][D][uart_debug:114]: >>> %s\n", "Request: %s\n", "2026-03-01 11:27:00.250 TX (19): %s\n",
             "<tr><td>1</td><td>%s</td></tr>\n", "-> %s\n", "O 11:27:00.000000\n000000 %s\n",
             "1772350020.123456 read(5, \"%s\", 64) = 32\n", "uart-1: RX: %s\n"]


def records(path):
    """(direction, bytes) of each record of a MEP capture, tap headers and all."""
    data, at, links = path.read_bytes(), 0, []
    while at < len(data):
        kind, size = struct.unpack_from("<II", data, at)
        body = data[at + 8:at + size - 4]
        at += size
        if kind == 1:
            links.append(struct.unpack_from("<H", body)[0])
        elif kind == 6:
            interface, _, _, captured, _ = struct.unpack_from("<IIIII", body)
            record = body[20:20 + captured]
            if links[interface] == TAP and len(record) > 12:
                yield record[2], record
            elif links[interface] == RAW:
                yield 0, record


def frame_of(record):
    return record[record[1]:] if record[:1] == b"\x01" else record


def some_records(data, skip, count):
    """The capture with that many records, behind those that are skipped."""
    made, at, seen = b"", 0, 0
    while at < len(data):
        kind, size = struct.unpack_from("<II", data, at)
        seen += kind == 6
        if kind != 6 or skip < seen <= skip + count:
            made += data[at:at + size]
        at += size
    return made


NETWORKS = [{}, {"protocol": 17}, {"telnet": True}, {"version": 6}]


def over_network(talk, protocol=6, telnet=False, version=4):
    """A pcap file of Ethernet with these frames as a port server sends them."""
    made = struct.pack("<IHHiIII", 0xA1B2C3D4, 2, 4, 0, 0, 65535, 1)
    sequence = {TO_METER: 1, TO_CLIENT: 1}
    for number, (direction, record) in enumerate(talk):
        side = TO_CLIENT if direction == TO_CLIENT else TO_METER
        ports = (50123, 4001) if side == TO_METER else (4001, 50123)
        payload = frame_of(record)
        if telnet:
            payload = b"\xff\xfb\x2c" + payload.replace(b"\xff", b"\xff\xff")
        for piece in (payload[:9], payload[9:]):
            if protocol == 6:
                body = struct.pack(">HHIIBBHHH", *ports, sequence[side], 0, 5 << 4, 24, 8192, 0, 0) + piece
            else:
                body = struct.pack(">HHHH", *ports, 8 + len(piece), 0) + piece
            sequence[side] += len(piece)
            size = 4 if version == 4 else 16
            ends = [bytes(size - 1) + b"\1", bytes(size - 1) + b"\2"]
            addresses = b"".join(ends if side == TO_METER else ends[::-1])
            ip = struct.pack(">BBHHHBBH", 0x45, 0, 20 + len(body), 1, 0, 64, protocol, 0) if version == 4 else \
                struct.pack(">IHBB", 6 << 28, len(body), protocol, 64)
            data = bytes(12) + (b"\x08\0" if version == 4 else b"\x86\xdd") + ip + addresses + body
            made += struct.pack("<IIII", 1_700_000_000, number * 10_000, len(data), len(data)) + data
    return made


class Corpus:
    def __init__(self, folder):
        self.folder = folder

    def add(self, target, data):
        place = self.folder / target
        place.mkdir(parents=True, exist_ok=True)
        (place / hashlib.sha1(data).hexdigest()[:16]).write_bytes(data)


def tables_of(talk):
    """(table, offset, bytes) of reads and writes in clear."""
    question = None
    for _, record in talk:
        message = frame_of(record)[2:]
        if len(message) > 12 and message[0] in (0x30, 0x3F):
            question = message
        elif question and message[:1] == b"\0" and len(message) > 11:
            offset = int.from_bytes(question[3:6], "big") if question[0] == 0x3F else 0
            yield struct.unpack_from(">H", question, 1)[0], offset, message[3:-8]
            question = None
        if len(message) > 20 and message[0] == 0x40:
            yield struct.unpack_from(">H", message, 1)[0], 0, message[5:-12]


def main():
    corpus = Corpus(pathlib.Path(sys.argv[1]))
    for path in CAPTURES:
        data = path.read_bytes()
        corpus.add("capture_reader", data)
        corpus.add("serial_capture", data)
        # Few records: a run of the target is as long as its input.
        for count in (4, 12):
            for skip in (0, 20):
                corpus.add("sharing", bytes([count]) + some_records(data, skip, count))
        talk = list(records(path))
        for way in NETWORKS:
            corpus.add("network_capture", over_network(talk[:10], **way))
        stream = b""
        for first in range(0, min(len(talk), 40), 20):
            for carrier in (0, 1, 2) if first == 0 else (0,):
                corpus.add("plugin", bytes([carrier]) + b"".join(
                    bytes([direction != TO_METER, 1]) + struct.pack(">H", len(piece)) + piece
                    for direction, record in talk[first:first + 20]
                    for piece in [record if carrier == 0 else frame_of(record)]))
        for number, (direction, record) in enumerate(talk):
            frame = frame_of(record)
            corpus.add("message", frame[2:])
            corpus.add("tap", record)
            corpus.add("pieces", bytes([direction]) + struct.pack(">H", 20) + frame)
            corpus.add("security", b"k3y-from-the-gri" + struct.pack(">H", 40) + frame[2:])
            corpus.add("evidence", struct.pack(">II", 5, 6) + b"\x11" + frame[2:])
            stream = (stream + frame)[-400:]
            if number % 4 == 0:
                corpus.add("frame_splitter", b"\x20" + bytes((0, 100, 20, 1, 0, 60)) + stream)
            corpus.add("telnet", b"\xff\xfb\x2c\xff\xfd\x00" + frame.replace(b"\xff", b"\xff\xff") + b"\xff\xf0")
            line = LOG_LINES[number % len(LOG_LINES)]
            corpus.add("log_reader", (line % frame.hex(" ")).encode())
        pieces = b"".join(
            struct.pack(">H", len(part) | (0x8000 if direction == TO_CLIENT else 0)) + part
            for direction, record in talk
            for part in [frame_of(record)[3:]] if part[:1] in (b"\x14", b"\x15", b"\x16", b"\x17"))
        if pieces:
            corpus.add("tls", pieces)
        for table, offset, data in tables_of(talk):
            for dimensions in (b"\0", b"\x02\x03\x00\x00\x02\x10\x01\x00\x09"):
                corpus.add("table", bytes([table & 0x7F]) + offset.to_bytes(3, "big") + dimensions + data)
            if table in (7, 8):
                corpus.add("procedure", bytes([data[0], table == 7]) + data)
            if table in (0x834, 0x835):
                corpus.add("transaction", data)
            if table in (0x810, 0x82D, 0x84A):
                for at in range(0, min(len(data), 60), 4):
                    corpus.add("mbus", b"\0" + data[at:])
    for number in range(256):
        corpus.add("table", bytes([number, 0, 0, 0, 0]) + bytes(range(100)))
        corpus.add("procedure", bytes([number, number & 1]) + bytes(range(60)))
    # EN 13757-3: volume, a fabrication number, a date, texts and the maker's own.
    for records_of in ("0C13060831020C7878563412046D32371F15", "02FD17000084403B1122334452FD1100",
                       "0DFD0C0548454C4C4F0F0102030405", "8C10132222000042EC7E0115"):
        corpus.add("mbus", b"\0" + bytes.fromhex(records_of))
        corpus.add("mbus", b"\1" + bytes.fromhex(records_of))
    for path in LOGS:
        corpus.add("log_reader", path.read_bytes()[:20000])
        corpus.add("key_file", path.read_bytes()[:2000])
    # What was found once.
    corpus.add("capture_reader", struct.pack("<IHHiIII", 0xA1B2C3D4, 2, 4, 0, 0, 65535, 161) + bytes(10))
    corpus.add("log_reader", b"9999999999.5 RX: 00 11 30 00 17 02 00\n")
    corpus.add("pieces", b"\0\x02\0" + bytes(1200))
    section = struct.pack("<IIIHHqI", 0x0A0D0D0A, 28, 0x1A2B3C4D, 1, 0, -1, 28)
    interface = struct.pack("<IIHHIHHqHHI", 1, 36, 161, 0, 0, 14, 8, -9_000_000_000, 0, 0, 36)
    packets = b"".join(struct.pack("<IIIIIII4sI", 6, 36, 0, high, 0, 4, 4, b"\0\2\0\0", 36)
                       for high in (0xFFFFFFFF, 0))
    for target in ("serial_capture", "capture_reader", "network_capture"):
        corpus.add(target, section + interface + packets)
    corpus.add("sharing", b"\0" + section + interface + packets)
    corpus.add("key_file", b'# keys\n"hall","MBK","k3y-from-the-grid-op","TRUE"\nMAK 0x01,0x02\n')
    corpus.add("transaction", bytes.fromhex("1a0000070003003001") + bytes(20))


if __name__ == "__main__":
    main()
