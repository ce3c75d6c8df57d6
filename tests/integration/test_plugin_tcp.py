"""MEP over TCP, chosen with Decode As: the stream's segments cut as the network likes.

SPDX-License-Identifier: GPL-2.0-or-later
"""
import itertools
import random
import struct

import pytest

from capture_file import load_frames
from oma_digest import read, read_answer

pytestmark = pytest.mark.usefixtures("plugin")

PORT = 24078
CLIENT, METER = "192.0.2.1", "192.0.2.2"
DECODE_AS = ("-d", f"tcp.port=={PORT},mep")
FIELDS = ["mep.length", "mep.request_code", "mep.response_code", "mep.table", "mep.offset",
          "mep.count", "mep.data", "mep.sequence", "mep.digest", "mep.digest.status", "mep.key"]


class Connection:
    """A TCP connection in progress; collects its packets as a pcap file's records."""

    def __init__(self, client_port=50000, records=None, meter_port=PORT, handshake=True):
        self.ports = [client_port, meter_port]
        self.sequence = {True: 1000, False: 7000}
        self.records = [] if records is None else records
        if not handshake:
            return
        self._packet(True, b"", syn=True)
        self._packet(False, b"", syn=True, ack=True)
        self._packet(True, b"", ack=True)

    def _packet(self, from_client, payload, syn=False, ack=False, at=None):
        addresses = [bytes(map(int, text.split("."))) for text in (CLIENT, METER)]
        ports = list(self.ports)
        if not from_client:
            addresses.reverse()
            ports.reverse()
        sequence = self.sequence[from_client] if at is None else at
        flags = (2 if syn else 0) | (16 if ack else 0) | (8 if payload else 0)
        tcp = struct.pack(">HHIIBBHHH", *ports, sequence, self.sequence[not from_client] if ack
                          else 0, 5 << 4, flags, 8192, 0, 0) + payload
        ip = struct.pack(">BBHHHBBH", 0x45, 0, 20 + len(tcp), 1, 0, 64, 6, 0) + b"".join(addresses)
        ethernet = bytes(12) + b"\x08\x00"
        data = ethernet + ip + tcp
        self.records.append(struct.pack("<IIII", 1_700_000_000, len(self.records) * 10_000,
                                        len(data), len(data)) + data)
        if at is None:
            self.sequence[from_client] += len(payload) + (1 if syn else 0)

    def client(self, payload, at=None):
        self._packet(True, payload, ack=True, at=at)

    def meter(self, payload, at=None):
        self._packet(False, payload, ack=True, at=at)


@pytest.fixture
def pcap(user):
    def make(records):
        path = user.folder() / "capture.pcap"
        path.write_bytes(struct.pack("<IHHiIII", 0xA1B2C3D4, 2, 4, 0, 0, 65535, 1)
                         + b"".join(records))
        user.own(path)
        return path

    return make


def flattened(packets, names):
    """The values of fields in the order of the stream, however they spread over packets."""
    return {name: list(itertools.chain.from_iterable(packet[name] for packet in packets))
            for name in names}


@pytest.fixture(scope="module")
def frames(data_dir):
    return load_frames(data_dir / "guide-frames.jsonl", "rc4")


@pytest.fixture(scope="module")
def expected(capture, frames, tshark_fields):
    """The same frames from tapped lines."""
    return flattened(tshark_fields(capture(frames), FIELDS, "-2"), FIELDS)


def in_turn(connection, frames, cut):
    for frame in frames:
        for piece in cut(frame.data):
            (connection.client if frame.direction == 1 else connection.meter)(piece)


@pytest.mark.parametrize("size", [1, 3, 20, 1000])
def test_frames_over_segments(pcap, frames, expected, tshark_fields, size):
    connection = Connection()
    in_turn(connection, frames,
            lambda data: [data[at:at + size] for at in range(0, len(data), size)])
    for passes in ([], ["-2"]):
        shown = tshark_fields(pcap(connection.records), FIELDS + ["mep.request_in"], *DECODE_AS,
                              *passes)
        assert flattened(shown, FIELDS) == expected
        assert sum(bool(packet["mep.request_in"]) for packet in shown) == len(frames) / 2


@pytest.mark.parametrize("size", [20, 1000, 10_000])
def test_longer_than_the_protocol_permits(pcap, tshark_fields, size):
    """As other links have it: decoded, over segments, and the frames behind it are found."""
    request = read(0x40, 3000)
    answers = [read_answer(request, bytes(3000)), read_answer(read(0x17, 4), bytes(4))]
    connection = Connection()
    connection.client(request)
    stream = answers[0]
    for at in range(0, len(stream), size):
        connection.meter(stream[at:at + size])
    connection.client(read(0x17, 4))
    connection.meter(answers[1])
    shown = tshark_fields(pcap(connection.records), [*FIELDS, "mep.request_in"], *DECODE_AS)
    assert flattened(shown, ["mep.data"])["mep.data"] == ["00" * 3000, "00" * 4]
    assert flattened(shown, ["mep.digest.status"])["mep.digest.status"] == ["1"] * 4
    assert sum(bool(packet["mep.request_in"]) for packet in shown) == 2


def requests_and_answers(count):
    requests = [read(0x17, 44, sequence=number) for number in range(count)]
    return requests, [read_answer(request, bytes([number] * 44))
                      for number, request in enumerate(requests)]


def test_several_frames_in_a_segment(pcap, tshark_fields):
    requests, answers = requests_and_answers(3)
    connection = Connection()
    connection.client(b"".join(requests))
    connection.meter(answers[0] + b"\0\0" + b"".join(answers[1:]))
    for passes in ([], ["-2"]):
        shown = tshark_fields(pcap(connection.records),
                              [*FIELDS, "mep.alert", "_ws.col.Info", "_ws.col.Protocol"],
                              *DECODE_AS, *passes)[3:]
        assert shown[0]["mep.sequence"] == [f"0x{number:08x}" for number in range(3)]
        assert shown[1]["mep.data"] == [f"{number:02x}" * 44 for number in range(3)]
        assert shown[0]["mep.digest.status"] == shown[1]["mep.digest.status"] == ["1"] * 3
        assert len(shown[1]["mep.alert"]) == 1
        assert shown[0]["_ws.col.Protocol"] == ["MEP"]
        # The list tells all of it, not only the last frame.
        assert shown[0]["_ws.col.Info"][0].count("Read BT23") == 3
        assert shown[1]["_ws.col.Info"][0].count("OK, BT23") == 3
        assert shown[1]["_ws.col.Info"][0].count("Alert") == 1


def test_pairing_with_several_frames_in_a_segment(pcap, tshark_fields):
    requests, answers = requests_and_answers(3)
    connection = Connection()
    connection.client(b"".join(requests))
    connection.meter(b"".join(answers))
    shown = tshark_fields(pcap(connection.records), ["mep.request_in", "mep.response_in"],
                          *DECODE_AS, "-2")[3:]
    assert shown[0]["mep.response_in"] == ["5"] * 3
    assert shown[1]["mep.request_in"] == ["4"] * 3


def test_random_cuts(pcap, tshark_fields):
    dice = random.Random(4059)
    requests, answers = requests_and_answers(40)
    connection = Connection()
    streams = [b"".join(requests), b"".join(answers)]
    while any(streams):
        which = dice.randrange(2)
        # The answers stay behind the requests.
        size = min(dice.randrange(1, 90), max(0, len(streams[1]) - len(streams[0]))
                   if which else len(streams[0]))
        if not size and not streams[0]:
            size = dice.randrange(1, 90)
        piece, streams[which] = streams[which][:size], streams[which][size:]
        if piece:
            (connection.meter if which else connection.client)(piece)
    shown = flattened(tshark_fields(pcap(connection.records), FIELDS, *DECODE_AS, "-2"), FIELDS)
    assert sorted(shown["mep.sequence"]) == [f"0x{number:08x}" for number in range(40)]
    assert shown["mep.data"] == [f"{number:02x}" * 44 for number in range(40)]


def test_capture_that_begins_within_a_frame(pcap, tshark_fields):
    """Says what is wrong, and goes on with the next frame that begins a segment."""
    requests, answers = requests_and_answers(3)
    connection = Connection()
    connection.client(b"\x2C\x01" + requests[0][-8:])
    connection.meter(b"\xFF" * 9)
    for request, answer in zip(requests[1:], answers[1:]):
        connection.client(request)
        connection.meter(answer)
    shown = tshark_fields(pcap(connection.records), [*FIELDS, "mep.length.invalid"], *DECODE_AS,
                          "-2")[3:]
    assert [len(packet["mep.length.invalid"]) for packet in shown] == [1, 1, 0, 0, 0, 0]
    assert flattened(shown, FIELDS)["mep.digest.status"] == ["1"] * 4


def test_segments_in_any_order(pcap, tshark_fields):
    """With TCP's preference for it switched on."""
    dice = random.Random(4060)
    requests, answers = requests_and_answers(8)
    stream = b"".join(requests)
    cuts = sorted({0, len(stream), *dice.sample(range(1, len(stream)), 25)})
    pieces = list(zip(cuts, cuts[1:]))
    for at in range(0, len(pieces), 4):
        pieces[at:at + 4] = dice.sample(pieces[at:at + 4], len(pieces[at:at + 4]))
    connection = Connection()
    start = connection.sequence[True]
    for begin, end in pieces:
        connection.client(stream[begin:end], at=start + begin)
    connection.sequence[True] += len(stream)
    for answer in answers:
        connection.meter(answer)
    for passes in ([], ["-2"]):
        shown = tshark_fields(pcap(connection.records), FIELDS, *DECODE_AS, *passes, "-o",
                              "tcp.reassemble_out_of_order:TRUE")
        found = flattened(shown, FIELDS)
        assert found["mep.sequence"] == [f"0x{number:08x}" for number in range(8)]
        assert found["mep.digest.status"] == ["1"] * 16


@pytest.mark.parametrize("out_of_order", ["TRUE", "FALSE"])
def test_retransmissions_and_disorder(pcap, tshark_fields, out_of_order):
    requests, answers = requests_and_answers(4)
    connection = Connection()
    stream = b"".join(requests)
    start = connection.sequence[True]
    pieces = [(0, 25), (50, 75), (25, 50), (0, 25), (75, len(stream))]
    for begin, end in pieces:
        connection.client(stream[begin:end], at=start + begin)
    connection.sequence[True] += len(stream)
    for answer in answers:
        connection.meter(answer)
    shown = tshark_fields(pcap(connection.records), FIELDS, *DECODE_AS, "-2", "-o",
                          f"tcp.reassemble_out_of_order:{out_of_order}")
    found = flattened(shown, FIELDS)
    if out_of_order == "TRUE":
        assert found["mep.sequence"] == [f"0x{number:08x}" for number in range(4)]
    assert found["mep.data"] == [f"{number:02x}" * 44 for number in range(4)]


def test_connections_are_told_apart(pcap, tshark_fields):
    """Two clients with the same requests, interleaved."""
    requests, answers = requests_and_answers(2)
    first = Connection(50000)
    second = Connection(50001, first.records)
    first.client(requests[0])
    second.client(requests[0])
    second.meter(answers[0])
    first.meter(answers[0])
    shown = tshark_fields(pcap(first.records),
                          ["mep.request_in", "mep.response_in", "mep.analysis.retransmission",
                           "ip.src"], *DECODE_AS, "-2")[6:]
    assert [packet["mep.response_in"] for packet in shown] == [["10"], ["9"], [], []]
    assert [packet["mep.request_in"] for packet in shown] == [[], [], ["8"], ["7"]]
    assert all(packet["mep.analysis.retransmission"] == [] for packet in shown)


def test_addresses_stay_those_of_the_network(pcap, tshark_fields):
    connection = Connection()
    connection.client(read(0x17, 44))
    shown = tshark_fields(pcap(connection.records), ["_ws.col.Source", "_ws.col.Destination"],
                          *DECODE_AS)
    assert shown[3] == {"_ws.col.Source": [CLIENT], "_ws.col.Destination": [METER]}


def test_not_decoded_unless_asked_to(pcap, tshark_fields):
    connection = Connection()
    connection.client(read(0x17, 44))
    assert tshark_fields(pcap(connection.records), ["mep.table"])[3]["mep.table"] == []


def test_stream_of_nonsense(pcap, user):
    dice = random.Random(1)
    connection = Connection()
    for _ in range(60):
        connection.client(dice.randbytes(dice.randrange(1, 600)))
        connection.meter(dice.randbytes(dice.randrange(1, 600)))
    for passes in ([], ["-2"]):
        result = user.run(["env", "WIRESHARK_ABORT_ON_DISSECTOR_BUG=1", "tshark", "-r",
                           pcap(connection.records), *DECODE_AS, *passes, "-V"])
        assert result.returncode == 0, result.stderr
        assert "issector bug" not in result.stdout + result.stderr
