"""The ways by which frames reach the dissector: Decode As, Wireshark's table of user DLTs, and what
on our own two is somebody else's.

SPDX-License-Identifier: GPL-2.0-or-later
"""
import struct

import pytest

from capture_file import (CLIENT_TO_METER, LINK_RAW, LINK_TAP, METER_TO_CLIENT, START_US, Frame,
                          interface_description, packet, section_header, tap_header)
from oma_digest import read, read_answer

pytestmark = pytest.mark.usefixtures("plugin")

ASK = read(0x17, 44)
ANSWER = read_answer(ASK, bytes(range(44)))
FIELDS = ["mep.table", "mep.data", "mep.digest.status", "mep.request_in", "mep.tap.version",
          "_ws.col.Protocol", "_ws.col.Info", "_ws.expert.message"]
TALK = ((CLIENT_TO_METER, ASK), (METER_TO_CLIENT, ANSWER))


def user_dlt(number, payload, header=0, header_protocol=""):
    return ("-o", f'uat:user_dlts:"User {number - 147} (DLT={number})","{payload}","{header}",'
                  f'"{header_protocol}","0",""')


@pytest.fixture
def linked(user):
    """linked(link type, records of (direction, bytes), …) -> a capture."""

    def make(link, records, gap_us=20_000):
        path = user.folder() / "capture.pcapng"
        path.write_bytes(section_header() + interface_description(link, "line", "line")
                         + b"".join(packet(0, START_US + number * gap_us, data, direction)
                                    for number, (direction, data) in enumerate(records)))
        user.own(path)
        return path

    return make


# --- User DLTs -----------------------------------------------------------------------------------


@pytest.mark.parametrize("link", [147, 150, 159, 162])
def test_another_user_dlt(linked, tshark_fields, link):
    shown = tshark_fields(linked(link, TALK), FIELDS, *user_dlt(link, "mep.raw"))
    assert [each["mep.table"] for each in shown] == [["0x0017"]] * 2
    assert shown[1]["mep.request_in"] == ["1"]
    tapped = [(direction, tap_header(direction, 0, len(data)) + data) for direction, data in TALK]
    shown = tshark_fields(linked(link, tapped), FIELDS, *user_dlt(link, "mep.tap"))
    assert [each["mep.table"] for each in shown] == [["0x0017"]] * 2
    assert [each["mep.tap.version"] for each in shown] == [["1"]] * 2


@pytest.mark.parametrize("link, payload", [(LINK_TAP, "mep.raw"), (LINK_TAP, "mep.tap"),
                                           (LINK_RAW, "mep.raw"), (LINK_RAW, "mep.tap")])
def test_ours_named_in_the_table(linked, tshark_fields, link, payload):
    """Also where it is the DLT that carries MEP anyway; no circle."""
    records = [(direction, (tap_header(direction, 0, len(data)) if payload == "mep.tap" else b"")
                + data) for direction, data in TALK]
    shown = tshark_fields(linked(link, records), FIELDS, *user_dlt(link, payload))
    assert [each["mep.table"] for each in shown] == [["0x0017"]] * 2


def ipv4():
    return struct.pack(">BBHHHBBH", 0x45, 0, 20, 1, 0, 64, 59, 0) + bytes((192, 0, 2, 1,
                                                                           192, 0, 2, 2))


@pytest.mark.parametrize("link", [LINK_TAP, LINK_RAW])
def test_a_users_own_setting(linked, tshark_fields, link):
    path = linked(link, [(0, ipv4())])
    shown = tshark_fields(path, [*FIELDS, "ip.src"], *user_dlt(link, "ip"))
    assert shown[0]["ip.src"] == ["192.0.2.1"]
    assert shown[0]["_ws.expert.message"] == []
    # A setting for another DLT says nothing of this one.
    shown = tshark_fields(path, [*FIELDS, "ip.src"], *user_dlt(150, "ip"))
    assert shown[0]["ip.src"] == []
    assert shown[0]["_ws.col.Protocol"] == ["MEP"]


@pytest.mark.parametrize("record", [ipv4(), struct.pack(">BBBBII", 2, 12, 1, 0, 9600, 0) + ASK,
                                    struct.pack(">BBBBII", 1, 11, 1, 0, 9600, 0) + ASK,
                                    struct.pack(">BBBBII", 1, 200, 1, 0, 9600, 0) + ASK,
                                    struct.pack(">BBBBII", 1, 12, 3, 0, 9600, 0) + ASK, b"\1\x0C"])
def test_what_is_no_tap_header_is_the_users(linked, run_tshark, record):
    """One by one: a record with a header stays ours beside those."""
    path = linked(LINK_TAP, [(0, record), (0, tap_header(1, 0, len(ASK)) + ASK)])
    shown = run_tshark(["-r", path, "-V", *user_dlt(LINK_TAP, "data")]).stdout
    first, second = shown.split("\nFrame 2:")
    assert "DLT: 160, Payload: data" in first and "MEP Tap" not in first
    assert "MEP Tap, client to meter" in second


def test_without_a_setting_the_header_is_complained_about(linked, tshark_fields):
    shown = tshark_fields(linked(LINK_TAP, [(0, ipv4())]), FIELDS)
    assert shown[0]["_ws.col.Info"] == ["Tap header of an unknown kind"]
    assert "DLT_USER" not in str(shown[0]["_ws.expert.message"])


# --- RTAC ----------------------------------------------------------------------------------------

RTAC_LINK = 250
TX_START, RX_START, TX_END, RX_END = 1, 2, 3, 4


def rtac(event, data, number=0):
    return struct.pack(">IIBBH", 1_700_000_000, number, event, 0, 0) + data


@pytest.mark.parametrize("events", [(TX_START, RX_START), (TX_END, RX_END)])
def test_rtac(linked, tshark_fields, events):
    """What the device transmits goes to the meter; in pieces, as it reads them."""
    records = [(0, rtac(events[direction - 1], data[at:at + 20]))
               for direction, data in TALK for at in range(0, len(data), 20)]
    for passes in ([], ["-2"]):
        shown = tshark_fields(linked(RTAC_LINK, records), [*FIELDS, "_ws.col.Source"], "-d",
                              "rtacser.data,mep", *passes)
        assert shown[1]["mep.table"] == ["0x0017"]
        assert shown[-1]["mep.data"] == [ANSWER[5:-8].hex()]
        assert shown[-1]["mep.digest.status"] == ["1"]
        assert [each["_ws.col.Source"] for each in shown] == [["Client"]] * 2 + [["Meter"]] * 3


def test_rtac_undirected(linked, tshark_fields):
    records = [(0, rtac(7, data)) for _, data in TALK]
    shown = tshark_fields(linked(RTAC_LINK, records), FIELDS, "-d", "rtacser.data,mep")
    assert shown[1]["mep.request_in"] == ["1"]


# --- UDP -----------------------------------------------------------------------------------------

PORT = 24078
CLIENT, METER = bytes((192, 0, 2, 1)), bytes((192, 0, 2, 2))


def datagram(from_client, payload, client_port=50000):
    ends = [(CLIENT, client_port), (METER, PORT)]
    if not from_client:
        ends.reverse()
    udp = struct.pack(">HHHH", ends[0][1], ends[1][1], 8 + len(payload), 0) + payload
    ip = struct.pack(">BBHHHBBH", 0x45, 0, 20 + len(udp), 1, 0, 64, 17, 0)
    return 0, bytes(12) + b"\x08\x00" + ip + ends[0][0] + ends[1][0] + udp


@pytest.mark.parametrize("size", [1, 20, 1000])
def test_udp(linked, tshark_fields, size):
    """Datagrams as a serial port's bridge makes them: of any size."""
    records = [datagram(direction == CLIENT_TO_METER, data[at:at + size])
               for direction, data in TALK for at in range(0, len(data), size)]
    for passes in ([], ["-2"]):
        shown = tshark_fields(linked(1, records, 2000), [*FIELDS, "_ws.col.Source"], "-d",
                              f"udp.port=={PORT},mep", *passes)
        assert shown[-1]["mep.data"] == [ANSWER[5:-8].hex()]
        assert shown[-1]["mep.digest.status"] == ["1"]
        assert len(shown[-1]["mep.request_in"]) == 1
        assert shown[-1]["_ws.col.Source"] == ["192.0.2.2"]


def test_udp_several_frames_in_a_datagram(linked, tshark_fields):
    again = read(0x832, 7, sequence=0x1001)
    records = [datagram(True, ASK + again),
               datagram(False, ANSWER + read_answer(again, bytes(7)) + b"\0\0")]
    shown = tshark_fields(linked(1, records), [*FIELDS, "mep.alert"], "-d",
                          f"udp.port=={PORT},mep")
    assert shown[0]["mep.table"] == shown[1]["mep.table"] == ["0x0017", "0x0832"]
    assert shown[1]["mep.request_in"] == ["1", "1"]
    assert len(shown[1]["mep.alert"]) == 1
    assert shown[1]["_ws.col.Info"][0].count(" | ") == 2


def test_udp_clients_are_told_apart(linked, tshark_fields):
    """Pieces of two clients' requests, in turn."""
    other = read(0x832, 7)
    records = [datagram(True, ASK[:9], 50000), datagram(True, other[:11], 50001),
               datagram(True, ASK[9:], 50000), datagram(True, other[11:], 50001)]
    shown = tshark_fields(linked(1, records, 2000), FIELDS, "-d", f"udp.port=={PORT},mep")
    assert [each["mep.table"] for each in shown] == [[], [], ["0x0017"], ["0x0832"]]
