"""What is said of keys and of what digests prove: access levels, permissions by Appendix C, the
factory key, bare answers, reused sequence numbers, refused TLS handshakes.

SPDX-License-Identifier: GPL-2.0-or-later
"""
import pytest

from capture_file import CLIENT_TO_METER, METER_TO_CLIENT, Frame
from oma_digest import FACTORY_DEFAULT_KEY, answer, frame, read, read_answer, write

pytestmark = pytest.mark.usefixtures("plugin")

KEY = b"k3y-from-the-gri"
NAMES = ["mep.access_level", "mep.security.not_permitted", "mep.security.bare_answer",
         "mep.security.sequence_reused", "mep.security.factory_key", "_ws.col.Info"]


def table_of_keys(kind):
    return ("-o", f'uat:mep_keys:"hall","{kind}","{KEY.decode()}","TRUE"')


def asked(request, reply=None):
    reply = answer(request, key=KEY) if reply is None else reply
    return [Frame(request, CLIENT_TO_METER, 100_000), Frame(reply, METER_TO_CLIENT, 20_000)]


@pytest.mark.parametrize("kind, level", [("MBK", "1"), ("MAK", "2")])
def test_access_level(capture, tshark_fields, kind, level):
    request = read(0x17, 4, key=KEY)
    path = capture(asked(request, read_answer(request, bytes(4), KEY)))
    for packet in tshark_fields(path, NAMES, *table_of_keys(kind)):
        assert packet["mep.access_level"] == [level]
        assert packet["mep.security.factory_key"] == []


def call(procedure):
    return bytes([procedure, 0x08, 5])


# Appendix C, tables C.1 and C.2: what, and whether MBK and MAK may.
@pytest.mark.parametrize("table, data, basic, advanced", [
    (0x0832, b"\1", True, True),         # ET50
    (0x080D, b"\1", False, True),        # ET13
    (0x0017, b"\1", False, True),        # BT23
    (0x0034, b"\1", False, False),       # BT52
    (0x0847, b"\1", True, True),         # ET71, by its own page
    (0x083D, b"\1", False, True),        # ET61, by its own page
    (0x0859, b"\1", False, False),       # ET89, by its own page
    (0x0005, b"\1", True, True),         # BT05: not listed, so nothing is said
    (0x0007, call(0x11), True, True),    # EP17
    (0x0007, call(0x13), False, True),   # EP19
])
def test_permissions(capture, tshark_fields, table, data, basic, advanced):
    path = capture(asked(write(table, data, key=KEY)))
    for kind, allowed in (("MBK", basic), ("MAK", advanced)):
        request, reply = tshark_fields(path, NAMES, *table_of_keys(kind))
        assert bool(request["mep.security.not_permitted"]) is not allowed
        assert reply["mep.security.not_permitted"] == []


def removal(handle):
    """A call of EP17 (page 244): action, device handle."""
    return call(0x11) + bytes([0]) + handle.to_bytes(2, "little")


# Page 244: with the MBK only MEP clients are removed. Handles of clients begin with 1000 (page 85);
# 0xFFFF means all devices.
@pytest.mark.parametrize("handle, basic", [
    (1000, True), (1016, True), (2000, True), (0xFFFE, True), (1, False), (4, False), (999, False),
    (0xFFFF, False)])
def test_what_the_basic_key_may_remove(capture, tshark_fields, handle, basic):
    path = capture(asked(write(0x0007, removal(handle), key=KEY)))
    for kind, allowed in (("MBK", basic), ("MAK", True)):
        request, _ = tshark_fields(path, NAMES, *table_of_keys(kind))
        assert bool(request["mep.security.not_permitted"]) is not allowed


def test_a_removal_without_its_handle(capture, tshark_fields):
    """Nothing is said of a device that is not named."""
    for size in range(2, 6):
        path = capture(asked(write(0x0007, removal(1)[:size], key=KEY)))
        request, _ = tshark_fields(path, NAMES, *table_of_keys("MBK"))
        assert request["mep.security.not_permitted"] == []


def inside(*messages):
    """A transaction of these requests, pages 130 to 132."""
    records = b"".join(len(message).to_bytes(2, "little") + message for message in messages)
    return (len(records) + 7).to_bytes(2, "little") + b"\0\5\0" + records + b"\5\0"


def inner(table, data):
    return b"\x40" + table.to_bytes(2, "big") + len(data).to_bytes(2, "big") + data


READ_BT52 = b"\x3F\0\x34" + bytes(3) + b"\0\6"


@pytest.mark.parametrize("table, data, basic, advanced", [
    (0x0832, b"\1", True, True), (0x080D, b"\1", False, True), (0x0034, b"\1", False, False),
    (0x0007, call(0x11), True, True), (0x0007, call(0x13), False, True),
    (0x0007, removal(3), False, True), (0x0007, removal(1016), True, True)])
@pytest.mark.parametrize("pieces", [1, 2])
def test_permissions_inside_a_transaction(capture, tshark_fields, table, data, basic, advanced,
                                          pieces):
    """Page 130: by the key with which the transaction is written."""
    whole = inside(READ_BT52, inner(table, data), READ_BT52)
    size = -(-len(whole) // pieces)
    frames = []
    for offset in range(0, len(whole), size):
        frames += asked(write(0x0834, whole[offset:offset + size], offset, key=KEY,
                              sequence=0x2000 + offset))
    path = capture(frames)
    for kind, allowed in (("MBK", basic), ("MAK", advanced)):
        packets = tshark_fields(path, NAMES, *table_of_keys(kind))
        noted = [len(packet["mep.security.not_permitted"]) for packet in packets]
        assert noted == [0, 0] * (pieces - 1) + [0 if allowed else 1, 0]


def test_each_request_inside_by_itself(capture, tshark_fields):
    whole = inside(inner(0x080D, b"\1"), inner(0x0832, b"\1"), inner(0x0034, b"\1"), READ_BT52)
    path = capture(asked(write(0x0834, whole, key=KEY)))
    for kind, count in (("MBK", 2), ("MAK", 1)):
        packets = tshark_fields(path, NAMES, *table_of_keys(kind))
        assert [len(packet["mep.security.not_permitted"]) for packet in packets] == [count, 0]


def test_reading_is_always_permitted(capture, tshark_fields):
    path = capture(asked(read(0x0034, 6, key=KEY)))
    assert tshark_fields(path, NAMES, *table_of_keys("MBK"))[0]["mep.security.not_permitted"] == []


@pytest.mark.parametrize("passes", [(), ("-2",)])
def test_factory_key(capture, tshark_fields, passes):
    """It may be either of the two: no level is told. It is noted once on each bus; the key's label
    finds the rest."""
    frames = []
    for bus in (0, 1):
        for sequence in range(3):
            request = write(0x0034, b"\1", key=FACTORY_DEFAULT_KEY, sequence=sequence + 1)
            frames += [Frame(request, CLIENT_TO_METER, 1000, interface=2 * bus),
                       Frame(answer(request), METER_TO_CLIENT, 1000, interface=2 * bus + 1)]
    path = capture(frames, interfaces=4)
    shown = tshark_fields(path, NAMES, *passes)
    assert [len(packet["mep.security.factory_key"]) for packet in shown] == [1, 0, 0, 0, 0, 0] * 2
    assert all(packet["mep.access_level"] == packet["mep.security.not_permitted"] == []
               for packet in shown)
    assert len(tshark_fields(path, NAMES, "-Y", 'mep.key == "factory default"', *passes)) == 12
    # Wherever one looks first.
    alone = tshark_fields(path, NAMES, "-2", "-Y", "frame.number == 7 || frame.number == 9")
    assert [len(packet["mep.security.factory_key"]) for packet in alone] == [1, 0]


def test_a_bare_answer_proves_nothing(capture, tshark_fields):
    request = read(0x17, 4, key=KEY, sequence=0x1001)
    path = capture(asked(write(0x0832, b"\1", key=KEY))
                   + asked(request, read_answer(request, bytes(4), KEY)))
    packets = tshark_fields(path, [*NAMES, "mep.digest.status"], *table_of_keys("MBK"))
    assert [len(packet["mep.security.bare_answer"]) for packet in packets] == [0, 1, 0, 0]
    assert [packet["mep.digest.status"] for packet in packets] == [["1"]] * 4


def test_sequence_number_used_twice(capture, tshark_fields):
    """A repetition uses it, too: only other bytes are worth a word."""
    first, other = read(0x17, 4, key=KEY), read(0x17, 8, key=KEY)
    path = capture(asked(first) + asked(first) + asked(other))
    packets = tshark_fields(path, [*NAMES, "_ws.expert.message"], *table_of_keys("MBK"))
    assert [bool(packet["mep.security.sequence_reused"]) for packet in packets] == \
        [False, False, False, False, True, False]
    assert any("in frame 1" in text for text in packets[4]["_ws.expert.message"])


def test_bad_digest_in_the_packet_list(capture, tshark_fields):
    request = read(0x17, 4, key=KEY)
    damaged = bytearray(read_answer(request, bytes(4), KEY))
    damaged[6] ^= 1
    path = capture(asked(request, bytes(damaged)))
    assert tshark_fields(path, NAMES, *table_of_keys("MBK"))[1]["_ws.col.Info"][0].endswith(
        "[bad digest]")


@pytest.mark.parametrize("code, words", [(1, "TLS error"), (3, "Invalid identity or key")])
def test_refused_tls_handshake(capture, tshark_fields, code, words):
    hello = frame(b"\x58" + bytes.fromhex("1603030004010000000000000000"))
    path = capture(asked(hello, frame(bytes([code]))))
    packets = tshark_fields(path, [*NAMES, "mep.response_code"])
    assert packets[1]["_ws.col.Info"] == [f"{words}, TLS Handshake"]
    assert packets[1]["mep.response_code"] == [f"0x{code:02x}"]
