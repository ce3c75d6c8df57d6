"""Port servers that talk Telnet (RFC 854, RFC 2217): the frames inside decode as if it were not
there.

SPDX-License-Identifier: GPL-2.0-or-later
"""
import random

import pytest

from oma_digest import frame, read, read_answer
from test_plugin_tcp import DECODE_AS, Connection, flattened, pcap  # noqa: F401

pytestmark = pytest.mark.usefixtures("plugin")

FIELDS = ["mep.length", "mep.table", "mep.count", "mep.data", "mep.sequence", "mep.digest",
          "mep.digest.status", "mep.alert"]
MORE = ["mep.telnet", "mep.telnet.command", "mep.telnet.expert", "_ws.col.Info",
        "_ws.expert.message", "mep.length.invalid", "_ws.malformed"]
SHUT_UP = bytes.fromhex("FFFB03 FFFB01 FFFE01 FFFD00")  # what ser2net says first
SPEED = bytes.fromhex("FFFA2C01000025 80FFF0")
# A value of a serial port's option may be FF, and is doubled there, too.
MASK = bytes.fromhex("FFFA2C0BFFFFFFF0")


def doubled(data):
    return data.replace(b"\xFF", b"\xFF\xFF")


def exchanges(count, filler=0xFF):
    """With FF in table data, and where chance puts it."""
    requests = [read(0x17, 44, sequence=0xFF000000 + number) for number in range(count)]
    return [(request, read_answer(request, bytes([filler, number, filler, filler] * 11)))
            for number, request in enumerate(requests)]


@pytest.fixture(scope="module")
def plain(user, tshark_fields):
    """The same exchanges without Telnet."""

    def fields(talk):
        connection = Connection()
        for request, reply in talk:
            connection.client(request)
            connection.meter(reply)
        import struct
        path = user.folder() / "plain.pcap"
        path.write_bytes(struct.pack("<IHHiIII", 0xA1B2C3D4, 2, 4, 0, 0, 65535, 1)
                         + b"".join(connection.records))
        user.own(path)
        return flattened(tshark_fields(path, FIELDS, *DECODE_AS, "-2"), FIELDS)

    return fields


def check(tshark_fields, path, expected):
    for passes in ([], ["-2"]):
        shown = tshark_fields(path, FIELDS + MORE, *DECODE_AS, *passes)
        assert flattened(shown, FIELDS) == expected
        assert all(packet["mep.length.invalid"] == packet["_ws.malformed"] == []
                   for packet in shown)
        assert sum(len(packet["mep.telnet.expert"]) for packet in shown) == 1
    return shown


@pytest.mark.parametrize("who", ["both", "meter", "client"])
@pytest.mark.parametrize("size", [1, 7, 1000])
def test_frames_in_telnet(pcap, tshark_fields, plain, who, size):  # noqa: F811
    """Either side may have begun, and either may say nothing."""
    talk = exchanges(6)
    connection = Connection()
    if who != "client":
        connection.meter(SHUT_UP)
    if who != "meter":
        connection.client(bytes.fromhex("FFFD03FFFB2C") + SPEED + MASK)
    for request, reply in talk:
        for send, data in ((connection.client, doubled(request)),
                           (connection.meter, doubled(reply))):
            for at in range(0, len(data), size):
                send(data[at:at + size])
    shown = check(tshark_fields, pcap(connection.records), plain(talk))
    first = shown[3]
    assert first["_ws.col.Info"] == ["Telnet negotiation: 4 commands"]
    expected = ["WILL suppress go ahead", "WILL echo", "DON'T echo", "DO binary transmission"] \
        if who != "client" else \
        ["DO suppress go ahead", "WILL serial port (RFC 2217)",
         "subnegotiation serial port (RFC 2217)", "subnegotiation serial port (RFC 2217)"]
    assert first["mep.telnet.command"] == expected
    assert "ser2net" in first["_ws.expert.message"][0]


def test_commands_in_any_place(pcap, tshark_fields, plain):  # noqa: F811
    """Between frames, within one, cut by a segment's end; modem states come at any time."""
    dice = random.Random(2217)
    talk = exchanges(8)
    stream = SHUT_UP
    state = bytes.fromhex("FFFA2C6B30FFF0")
    for _, reply in talk:
        data = [bytes([byte]) if byte != 0xFF else b"\xFF\xFF" for byte in reply]
        for _ in range(dice.randrange(3)):
            data.insert(dice.randrange(len(data) + 1), dice.choice((state, MASK, b"\xFF\xF1")))
        stream += b"".join(data)
    connection = Connection()
    connection.meter(stream[:2])
    connection.meter(stream[2:5])
    for request, _ in talk:
        connection.client(doubled(request))
    at = 5
    while at < len(stream):
        size = dice.randrange(1, 60)
        connection.meter(stream[at:at + size])
        at += size
    # The answers come late and together, so only what they hold is compared.
    shown = tshark_fields(pcap(connection.records), FIELDS + MORE, *DECODE_AS, "-2")
    expected = plain(talk)
    found = flattened(shown, FIELDS)
    assert found["mep.data"] == expected["mep.data"]
    assert sorted(found["mep.digest"]) == sorted(expected["mep.digest"])
    assert all(packet["mep.length.invalid"] == packet["_ws.malformed"] == [] for packet in shown)


def test_several_frames_in_a_segment(pcap, tshark_fields, plain):  # noqa: F811
    talk = exchanges(3)
    connection = Connection()
    connection.meter(SHUT_UP)
    connection.client(doubled(b"".join(request for request, _ in talk)))
    connection.meter(doubled(b"".join(reply for _, reply in talk)))
    for passes in ([], ["-2"]):
        shown = tshark_fields(pcap(connection.records), FIELDS + MORE, *DECODE_AS, *passes)
        assert len(shown[-1]["mep.data"]) == 3
        assert shown[-1]["mep.data"] == plain(talk)["mep.data"]
        assert shown[-1]["_ws.col.Info"][0].count(" | ") == 2


def test_a_client_that_does_not_know(pcap, tshark_fields):  # noqa: F811
    """It sends FF as it is, where no command can be meant."""
    request = read(0x17, 44, sequence=0x01FF0203)
    connection = Connection()
    connection.meter(SHUT_UP)
    connection.client(request)
    shown = tshark_fields(pcap(connection.records), FIELDS, *DECODE_AS)
    assert shown[-1]["mep.sequence"] == ["0x01ff0203"]


def test_what_is_not_telnet_stays_so(pcap, tshark_fields, plain):  # noqa: F811
    """FF in pairs, within frames, in a raw stream."""
    talk = exchanges(4)
    connection = Connection()
    for request, reply in talk:
        connection.client(request)
        connection.meter(reply)
    # Encrypted frames begin with a length, whatever else they hold.
    connection.client(frame(SHUT_UP + SPEED + bytes(20)))
    shown = tshark_fields(pcap(connection.records), FIELDS + MORE, *DECODE_AS, "-2")
    assert flattened(shown[:-1], FIELDS) == plain(talk)
    assert shown[-1]["mep.length"] == [str(len(SHUT_UP + SPEED) + 20)]
    assert all(packet["mep.telnet"] == [] for packet in shown)


def test_connections_are_told_apart(pcap, tshark_fields):  # noqa: F811
    """One Telnet, one raw, at once."""
    (request, reply), = exchanges(1)
    telnet = Connection(50000)
    raw = Connection(50001, telnet.records)
    telnet.meter(SHUT_UP)
    telnet.client(doubled(request))
    raw.client(request)
    telnet.meter(doubled(reply))
    raw.meter(reply)
    shown = tshark_fields(pcap(telnet.records), FIELDS + MORE, *DECODE_AS, "-2")
    assert [packet["mep.data"] for packet in shown[-2:]] == [[reply[5:-8].hex()]] * 2
    assert sum(len(packet["mep.telnet.expert"]) for packet in shown) == 1


def test_without_desegmentation(pcap, tshark_fields):  # noqa: F811
    """The preference that forbids TCP to put segments together: whole frames decode anyway."""
    (request, reply), = exchanges(1)
    connection = Connection()
    connection.meter(SHUT_UP)
    connection.client(doubled(request))
    connection.meter(doubled(reply)[:20])
    shown = tshark_fields(pcap(connection.records), FIELDS + MORE, *DECODE_AS, "-o",
                          "tcp.desegment_tcp_streams:FALSE")
    assert shown[4]["mep.table"] == ["0x0017"]
    assert "cut short" in shown[5]["_ws.col.Info"][0]


def test_nonsense(pcap, user):  # noqa: F811
    dice = random.Random(854)
    connection = Connection()
    connection.meter(SHUT_UP)
    for _ in range(80):
        for send in (connection.client, connection.meter):
            data = bytes(dice.choice((0xFF, 0xFA, 0xF0, 0xFB, 0, 1, dice.randrange(256)))
                         for _ in range(dice.randrange(1, 300)))
            send(data)
    for passes in ([], ["-2"]):
        result = user.run(["env", "WIRESHARK_ABORT_ON_DISSECTOR_BUG=1", "tshark", "-r",
                           pcap(connection.records), *DECODE_AS, *passes, "-V"])
        assert result.returncode == 0, result.stderr
        assert "issector bug" not in result.stdout + result.stderr


# What ser2net 4.3 (accepter telnet(rfc2217)) and a client that sets the speed said on a real
# connection: who, and the segment's bytes.
RECORDED = [
    (False, "fffb03fffd03fffb01fffe01fffd00fffb00fffd2c"),
    (True, "fffd03fffb2cfffb00fffd00fffa2c0100002580fff0"),
    (False, "fffa2c6b00fff0"),
    (False, "fffa2c6500002580fff0"),
    (True, "00143f0017000000002c01ffff0200b2ecc7e391171875"),
    (False, "003700002c" + "ffff00ffffffff" * 11 + "2f583715ed98a0e6"),
]


def test_recorded_from_ser2net(pcap, tshark_fields):  # noqa: F811
    connection = Connection()
    for from_client, data in RECORDED:
        (connection.client if from_client else connection.meter)(bytes.fromhex(data))
    shown = tshark_fields(pcap(connection.records), FIELDS + MORE, *DECODE_AS)[3:]
    assert [len(packet["mep.telnet.command"]) for packet in shown] == [7, 5, 1, 1, 0, 0]
    assert [packet["mep.digest.status"] for packet in shown[4:]] == [["1"], ["1"]]
    assert shown[5]["mep.data"] == ["ff00ffff" * 11]
