"""File > Export PDUs to File…, tap MEP: what is written there is told, frame for frame, as in the capture
that it came from, and needs no key.

SPDX-License-Identifier: GPL-2.0-or-later
"""
import itertools
import pathlib
import struct

import pytest
from capture_file import START_US, interface_description, packet, section_header

pytestmark = pytest.mark.usefixtures("plugin")

SAMPLES = pathlib.Path(__file__).resolve().parents[2] / "samples"
KEY = "k3y-from-the-grid-op"
KEYS = ("-o", f'uat:mep_keys:"hall","MBK","{KEY}","TRUE"')
# Published: a capture that was made to be shared opens without any other.
NO_KEYS = ("-o", "mep.try_default_key:FALSE", "-o", "mep.try_sharing_keys:FALSE")
LINK_EXPORTED = 252  # LINKTYPE_WIRESHARK_UPPER_PDU
ORIGINAL = "exported_pdu.orig_fno"
# What a message says, and who to whom. What TLS wraps is in `mep.tls_data`.
TOLD = ["mep.stream", "mep.src", "mep.dst", "mep.request_code", "mep.response_code", "mep.table",
        "mep.offset", "mep.count", "mep.data", "mep.sequence", "mep.digest", "mep.alert", "mep.noise",
        "mep.bt28.rms_voltage_mv_l1", "mep.reading.energy.import", "mep.tap.baud_rate",
        "mep.tap.status", "mep.tap.duration", "mep.procedure", "mep.transaction.number"]
TLS_CODES = {"0x57", "0x58", "0x59", "0x80"}


@pytest.fixture(scope="module")
def export(run_tshark, user):
    """export(capture, *options) -> the file that tshark's Export PDUs makes of it."""

    def run(capture, *options):
        path = user.folder() / "export.pcapng"
        result = run_tshark(["-r", user.readable(capture), "-U", "MEP", "-w", path, *options])
        assert result.returncode == 0, result.stderr
        return path

    return run


def told(packet, names):
    return {name: packet[name] for name in names}


@pytest.mark.parametrize("name", ["daily-reading", "load-profile", "mbus", "procedures", "transaction",
                                  "alerts", "dual-client", "line-trouble", "misbehaving", "rc4",
                                  "guide-rc4"])
def test_a_sample_is_told_as_before(export, tshark_fields, name):
    path = SAMPLES / f"{name}.pcapng"
    before = tshark_fields(path, ["frame.number", "frame.time_epoch", *TOLD], *KEYS)
    after = tshark_fields(export(path, *KEYS), [ORIGINAL, "frame.time_epoch", *TOLD], *KEYS)
    assert [packet[ORIGINAL] for packet in after] == [packet["frame.number"] for packet in before]
    for one, other in zip(before, after):
        assert told(other, ["frame.time_epoch", *TOLD]) == told(one, ["frame.time_epoch", *TOLD])


def test_what_rc4_hid_is_clear_without_a_key(export, tshark_fields):
    path = SAMPLES / "rc4.pcapng"
    names = ["mep.encrypted", "mep.key", *TOLD]
    before = {packet["frame.number"][0]: packet
              for packet in tshark_fields(path, ["frame.number", *names], *KEYS)}
    opened = [number for number, packet in before.items() if packet["mep.encrypted"] and packet["mep.key"]]
    assert len(opened) > 10
    after = {packet[ORIGINAL][0]: packet
             for packet in tshark_fields(export(path, *KEYS), [ORIGINAL, *names], *NO_KEYS)}
    for number in opened:
        assert after[number]["mep.encrypted"] == [] and after[number]["mep.key"] == []
        assert told(after[number], TOLD) == told(before[number], TOLD)


def test_digests_are_good_where_the_key_is_known(export, tshark_fields):
    names = ["mep.digest.status", "mep.key"]
    before = tshark_fields(SAMPLES / "rc4.pcapng", names, *KEYS)
    after = tshark_fields(export(SAMPLES / "rc4.pcapng", *KEYS), names, *KEYS)
    assert [told(packet, names) for packet in after] == [told(packet, names) for packet in before]


def test_what_no_key_opens_stays_as_it_is(export, tshark_fields):
    """Frame 15 is another client's, whose key is in no table."""
    after = {packet[ORIGINAL][0]: packet
             for packet in tshark_fields(export(SAMPLES / "rc4.pcapng", *KEYS),
                                         [ORIGINAL, "mep.sealed", "mep.unknown_data"], *NO_KEYS)}
    before = {packet["frame.number"][0]: packet
              for packet in tshark_fields(SAMPLES / "rc4.pcapng",
                                          ["frame.number", "mep.sealed", "mep.unknown_data"], *KEYS)}
    assert before["15"]["mep.sealed"] and after["15"]["mep.sealed"]
    assert after["15"]["mep.unknown_data"] == before["15"]["mep.unknown_data"]


@pytest.mark.parametrize("name, keys", [("tls", KEYS), ("tls-with-secrets", ())])
def test_what_tls_carried_takes_the_place_of_its_records(export, tshark_fields, name, keys):
    path = SAMPLES / f"{name}.pcapng"
    names = ["mep.src", "mep.table", "mep.data", "mep.reading.energy.import", "mep.response_time"]
    before = tshark_fields(path, ["frame.number", "mep.request_code", "mep.response_code", *names], *keys)
    # Where TLS carried something there is a second code behind that of the wrapping.
    inside = {packet["frame.number"][0]: packet for packet in before
              if len(packet["mep.request_code"]) + len(packet["mep.response_code"]) == 2}
    assert len(inside) >= 4
    after = tshark_fields(export(path, *keys),
                          [ORIGINAL, "mep.request_code", "mep.response_code", "mep.digest",
                           "mep.analysis.retransmission", "tls.app_data", *names], *NO_KEYS)
    seen = {packet[ORIGINAL][0]: packet for packet in after}
    assert len(seen) == len(after)
    for number, packet in inside.items():
        exported = seen[number]
        for code in ("mep.request_code", "mep.response_code"):
            assert exported[code] == packet[code][1:]
        assert told(exported, names) == told(packet, names)
        assert exported["mep.digest"] == [] and exported["mep.analysis.retransmission"] == []
    assert not any(packet["tls.app_data"] for packet in after)


def test_only_what_the_filter_lets_through(export, tshark_fields):
    packets = tshark_fields(export(SAMPLES / "daily-reading.pcapng", *KEYS, "-Y", 'mep.table == "BT28"'),
                            ["mep.table"])
    assert packets and all(packet["mep.table"] in (["0x001c"], []) for packet in packets)
    assert packets[0]["mep.table"] == ["0x001c"]


def test_the_key_is_not_in_it(export):
    for name in ("rc4", "tls", "daily-reading"):
        content = export(SAMPLES / f"{name}.pcapng", *KEYS).read_bytes()
        assert KEY.encode() not in content and KEY.encode().hex().encode() not in content


def exported(dissector, record):
    """A record as Export PDUs writes it: which dissector reads it, and the bytes."""
    name = dissector.encode()
    return struct.pack(">HH", 12, len(name)) + name + struct.pack(">HH", 0, 0) + record


def write_exported(path, records):
    blocks = [section_header(None), interface_description(LINK_EXPORTED, "export", "")]
    for number, record in enumerate(records):
        blocks.append(packet(0, START_US + number * 1000, record, 0, None))
    path.write_bytes(b"".join(blocks))


MESSAGES = [b"", b"\x30", b"\x3f\x00", b"\x40\x00\x17\xff\xff\x01", b"\x58\x16\x03\x03\x00\x05hello", b"\x00",
            b"\x00\x00\x04\x01\x02", b"\x0c\x01", b"\xff" * 40, bytes(range(256)) * 8]


@pytest.mark.parametrize("passes", [(), ("-2",)], ids=["once", "twice"])
def test_nothing_in_such_a_file_is_believed(run_tshark, user, passes):
    """A file that somebody else wrote."""
    records = []
    for direction, message in itertools.product(range(4), MESSAGES):
        header = struct.pack(">BBBBIII", 1, 16, direction, 0, 9600, 1000, 7)
        frame = header + struct.pack(">H", len(message)) + message
        records += [exported(name, part) for name in ("mep.tap.tls", "mep.tap")
                    for part in (frame, frame[:-1], frame + b"\x00", header, header[:3])]
    path = user.folder() / "hostile.pcapng"
    write_exported(path, records)
    user.own(path)
    run = run_tshark(["-r", path, "-V", *passes])
    assert run.returncode == 0 and "Dissector bug" not in run.stdout + run.stderr
    assert run.stdout.count("Multipurpose Expansion Port") > len(records) // 2


def test_several_answers_of_one_moment_answer_in_their_order(run_tshark, user, tshark_fields):
    """As TLS carries them where a client asks twice in a record."""
    def record(direction, message):
        return exported("mep.tap.tls", struct.pack(">BBBBIII", 1, 16, direction, 0, 9600, 0, 7) +
                        struct.pack(">H", len(message)) + message)

    asked = [b"\x30\x00\x34", b"\x30\x00\x15"]
    answered = [b"\x00\x00\x02\x01\x02", b"\x00\x00\x03\x01\x02\x03"]
    blocks = [section_header(None), interface_description(LINK_EXPORTED, "export", "")]
    for direction, when, messages in ((1, 0, asked), (2, 5000, answered)):
        blocks += [packet(0, START_US + when, record(direction, message), 0, None) for message in messages]
    path = user.folder() / "two.pcapng"
    path.write_bytes(b"".join(blocks))
    user.own(path)
    told_of = tshark_fields(path, ["mep.request_in", "mep.table", "mep.count", "mep.malformed"])
    assert [packet["mep.request_in"] for packet in told_of] == [[], [], ["1"], ["2"]]
    assert [packet["mep.table"] for packet in told_of] == [["0x0034"], ["0x0015"]] * 2
    assert not any(packet["mep.malformed"] for packet in told_of)
