"""TLS in tshark: sessions that mbedTLS held with itself in MEP's framing, and the guide's own. What
is inside has to say the same as in clear.

SPDX-License-Identifier: GPL-2.0-or-later
"""
import random
import re
import struct
import subprocess

import pytest

import make_samples
import oma_digest
from capture_file import CLIENT_TO_METER, METER_TO_CLIENT, Frame, load_frames, parse_frames
from rc4_frames import encrypted
from table_talk import ET, bt21
from test_plugin_tcp import DECODE_AS, Connection, flattened, pcap  # noqa: F401 (a fixture)

pytestmark = pytest.mark.usefixtures("plugin")

PRINTED = "k3y-from-the-grid-op"  # 20 characters, as utilities print them
KEY = PRINTED[:16].encode()       # that count
OTHER = b"0ther-key-of-16b"
NO_DEFAULT = ("-o", "mep.try_default_key:FALSE")
FIELDS = ["mep.request_code", "mep.response_code", "mep.table", "mep.offset", "mep.count",
          "mep.data", "mep.key", "mep.tls.session", "mep.tls.steps", "mep.tls.headless",
          "mep.tls.no_key", "mep.tls.repeated", "mep.tls.out_of_order", "mep.request_in",
          "mep.encrypted", "mep.digest", "_ws.col.Info", "_ws.col.Protocol"]


def row(label, key, kind="MAK", enabled="TRUE"):
    return ("-o", f'uat:mep_keys:"{label}","{kind}","{key}","{enabled}"')


def ask(table, count, offset=0):
    return struct.pack(">BH", 0x3F, table) + struct.pack(">I", offset)[1:] + \
        struct.pack(">H", count)


def put(table, data, offset=0):
    return struct.pack(">BH", 0x4F, table) + struct.pack(">I", offset)[1:] + \
        struct.pack(">H", len(data)) + data


def said(data):
    return struct.pack(">BH", 0, len(data)) + data


# Requests and answers: a read whose answer tells dimensions, one that is decoded with them, a
# write, an error, a large answer.
MESSAGES = [
    (ask(0x15, 10), said(bt21(summations=2))),
    (ask(0x17, 8), said(bytes(range(8)))),
    (put(ET(50), b"\1", 30), b"\0"),
    (ask(ET(11), 4), b"\x04"),
    (ask(0x40, 400, 1000), said(bytes(i % 251 for i in range(400)))),
    (put(0x07, b"\x11\x08\x07\x00\xf8\x03"), b"\0"),
]
READ, WRITE = MESSAGES[1], MESSAGES[2]


def action(*messages):
    return "+".join(f"{asked.hex()}:{answered.hex()}" for asked, answered in messages)


TALK = [action(message) for message in MESSAGES]


@pytest.fixture(scope="module")
def tls_meter(build_dir):
    """tls_meter(argument, …) -> the frames of what client and meter say to each other."""
    program = build_dir / "tests" / "tls_meter"
    if not program.exists():
        pytest.skip("tls_meter was not built: it needs mbedTLS")

    def run(*arguments, key=KEY):
        result = subprocess.run([program, "--key", key.hex(), *map(str, arguments)], text=True,
                                capture_output=True, check=False, timeout=60)
        assert result.returncode == 0, result.stderr
        return parse_frames(result.stdout)

    return run


@pytest.fixture(scope="module")
def key_log(tls_meter, user):
    """key_log(argument, …) -> the frames and the bytes of the key log that goes with them."""

    def run(*arguments, key=KEY):
        path = user.folder() / "keys.log"
        frames = tls_meter(*arguments, "--keylog", path, key=key)
        return frames, path.read_bytes()

    return run


@pytest.fixture(scope="module")
def in_clear(capture, tshark_json):
    """Of MESSAGES, the layer that shows each request and answer when they come without TLS."""
    frames = []
    for sequence, (asked, answered) in enumerate(MESSAGES):
        request = oma_digest.seal(asked + struct.pack(">I", sequence))
        frames += [Frame(request, CLIENT_TO_METER, 100_000),
                   Frame(oma_digest.answer(request, answered), METER_TO_CLIENT, 20_000)]
    return [layers["mep"] for layers in tshark_json(capture(frames))]


ABOUT_SECURITY = ["mep.length", "mep.sequence", "mep.digest", "mep.digest_tree", "mep.request_in",
                  "mep.response_in", "mep.response_time", "mep.stream", "mep.src", "mep.dst",
                  "mep.addr", "_ws.expert"]


def content(layer):
    return {name: value for name, value in layer.items() if name not in ABOUT_SECURITY}


def inside(packets):
    """The layers of the messages that TLS decrypted to, over all packets."""
    layers = []
    for packet in packets:
        mep = packet["mep"]
        layers += mep[1:] if isinstance(mep, list) else []
    return layers


def check_talk(packets, in_clear):
    assert [content(layer) for layer in inside(packets)] == \
        [content(layer) for layer in in_clear]


HALL = row("hall", PRINTED)


# --- Sessions as they should be -------------------------------------------------------------------


@pytest.mark.parametrize("options", [
    (), ("--no-extended-master-secret",), ("--client", 65535), ("--key-id", 0),
    ("--suite", "TLS-PSK-WITH-AES-128-GCM-SHA256"), ("--seed", 2)])
def test_session(tls_meter, capture, tshark_json, tshark_fields, in_clear, options):
    frames = tls_meter(*options, "handshake", *TALK, "terminate")
    path = capture(frames)
    keys = row("hall", PRINTED, "MBK" if "--key-id" in options else "MAK")
    check_talk(tshark_json(path, *keys, *NO_DEFAULT), in_clear)
    shown = tshark_fields(path, FIELDS, *keys)
    assert [packet["mep.key"] for packet in shown] == \
        [[]] * 2 + [["hall"]] * (len(frames) - 4) + [[]] * 2
    for packet in shown:
        assert packet["_ws.col.Protocol"] == ["MEP"]
        for name in ("mep.tls.headless", "mep.tls.no_key", "mep.tls.repeated", "mep.digest",
                     "mep.tls.out_of_order", "mep.encrypted"):
            assert packet[name] == [], name
    infos = [packet["_ws.col.Info"][0] for packet in shown]
    assert infos[:4] == [
        "TLS Handshake: Client Hello",
        "OK, TLS Handshake: Server Hello, Server Hello Done",
        "TLS Handshake Continuation: Client Key Exchange, Change Cipher Spec, Finished",
        "OK, TLS Handshake Continuation: Change Cipher Spec, Finished"]
    assert infos[6].startswith("Read BT23 Current Register Data, 8 bytes")
    assert infos[7].startswith("OK, BT23, 8 bytes")
    assert infos[-2:] == ["TLS Terminate", "OK, TLS Terminate"]
    # The two codes of a frame: TLS's, and that inside.
    assert shown[6]["mep.request_code"] == ["0x80", "0x3f"]
    assert [packet["mep.request_in"] for packet in shown[1::2]] == \
        [[str(number)] for number in range(1, len(shown), 2)]


@pytest.mark.parametrize("keys, opens", [
    ((), True), (HALL, True), (NO_DEFAULT, False), ((*NO_DEFAULT, *HALL), False),
    ((*NO_DEFAULT, *row("typed", "01" * 16)), True)])
def test_guides_example(capture, tshark_fields, data_dir, keys, opens):
    frames = load_frames(data_dir / "guide-frames.jsonl", "tls")
    shown = tshark_fields(capture(frames), FIELDS, *keys)
    assert [len(packet["mep.tls.no_key"]) for packet in shown] == \
        [0, 0] + ([0] * 6 if opens else [1, 1, 0, 0, 1, 1])
    assert [packet["mep.tls.repeated"] != [] for packet in shown] == [False] * 4 + [True] * 2 + \
        [False] * 2
    request, answered = shown[6:]
    if opens:
        assert request["mep.table"] == answered["mep.table"] == ["0x0846"]
        assert request["mep.offset"] == ["142"] and request["mep.count"] == ["1"]
        assert answered["mep.data"] == ["02"]
    else:
        assert request["mep.table"] == answered["mep.data"] == []


def test_unopened_bytes_are_shown(tls_meter, capture, tshark_fields):
    frames = tls_meter("handshake", *TALK)
    shown = tshark_fields(capture(frames), ["mep.tls_data"])
    for packet, frame in zip(shown, frames, strict=True):
        assert [text.replace(":", "") for text in packet["mep.tls_data"]] == [frame.data[3:].hex()]


# --- Records and frames ---------------------------------------------------------------------------


@pytest.mark.parametrize("size", [5, 6, 7, 13, 20, 21, 26, 40, 45, 100])
def test_records_that_span_frames(tls_meter, capture, tshark_json, tshark_fields, in_clear, size):
    """Cut in any place, between ChangeCipherSpec and Finished too, with several keys to choose
    from."""
    path = capture(tls_meter("--fragment", size, "handshake", *TALK, "terminate"))
    keys = (*row("other", OTHER.decode()), *HALL)
    check_talk(tshark_json(path, *keys), in_clear)
    shown = tshark_fields(path, FIELDS, *keys)
    assert all(packet["mep.tls.out_of_order"] == packet["mep.tls.repeated"] == []
               for packet in shown)
    # Each once, in the frame that completes it.
    steps = [step for packet in shown for text in packet["mep.tls.steps"]
             for step in text.split(", ") if step]
    assert steps == ["Client Hello", "Server Hello", "Server Hello Done", "Client Key Exchange",
                     "Change Cipher Spec", "Finished", "Change Cipher Spec", "Finished"] + \
        ["Application Data"] * 2 * len(TALK)


def test_several_records_in_a_frame(tls_meter, capture, tshark_json, in_clear):
    """Answers are to the requests in their order."""
    for talk in ([action(*MESSAGES[:4]), *TALK[4:]],
                 [TALK[0], action(*MESSAGES[1:4]), TALK[4], TALK[5]]):
        packets = tshark_json(capture(tls_meter("handshake", *talk)), *HALL)
        by_message = {}
        for packet in packets[4:]:
            layers = packet["mep"][1:]
            for layer in layers:
                kind = "asked" if "mep.request_code" in layer else "answered"
                by_message.setdefault(kind, []).append(content(layer))
        assert by_message["asked"] == [content(layer) for layer in in_clear[0::2]]
        assert by_message["answered"] == [content(layer) for layer in in_clear[1::2]]


def test_tab_with_reassembled_records(tls_meter, capture, run_tshark):
    frames = tls_meter("--fragment", 30, "handshake", *TALK)
    output = run_tshark(["-r", capture(frames), "-x", *HALL]).stdout
    assert "Reassembled TLS records" in output
    whole = tls_meter("handshake", *TALK)
    output = run_tshark(["-r", capture(whole), "-x", *HALL]).stdout
    assert "Reassembled" not in output and "Decrypted TLS" in output


def test_over_tcp(tls_meter, pcap, tshark_fields):  # noqa: F811
    """Frames cut anyhow."""
    frames = tls_meter("handshake", *TALK, "terminate")
    tables = [f"0x{int.from_bytes(asked[1:3], 'big'):04x}" for asked, _ in MESSAGES]
    names = ["mep.table", "mep.data", "mep.key"]
    for size in (10, 25, 600):
        connection = Connection()
        for frame in frames:
            speak = connection.client if frame.direction == CLIENT_TO_METER else connection.meter
            for at in range(0, len(frame.data), size):
                speak(frame.data[at:at + size])
        shown = flattened(tshark_fields(pcap(connection.records), names, *DECODE_AS, *HALL, "-2"),
                          names)
        assert shown["mep.table"] == [table for table in tables for _ in range(2)]
        assert len(shown["mep.data"]) == 5
        assert shown["mep.key"] == ["hall"] * (2 + 2 * len(MESSAGES))


def test_two_requests_in_a_segment(tls_meter, pcap, tshark_fields):  # noqa: F811
    """The first was given up."""
    frames = tls_meter("handshake", *TALK)
    connection = Connection()
    for frame in frames[:4]:
        speak = connection.client if frame.direction == CLIENT_TO_METER else connection.meter
        speak(frame.data)
    connection.client(frames[4].data + frames[6].data)
    connection.meter(frames[7].data)
    shown = tshark_fields(pcap(connection.records), ["mep.table", "mep.data"], *DECODE_AS, *HALL,
                          "-o", "tls.ignore_ssl_mac_failed:TRUE")
    assert shown[-2]["mep.table"] == ["0x0015", "0x0017"]
    assert shown[-1]["mep.table"] == ["0x0017"] and len(shown[-1]["mep.data"]) == 1


# --- One session after the other ------------------------------------------------------------------


def test_new_handshake_in_mid_session(tls_meter, capture, tshark_fields, tshark_json):
    frames = tls_meter("handshake", action(READ), "handshake", action(WRITE), "handshake",
                       action(READ))
    shown = tshark_fields(capture(frames), FIELDS, *HALL)
    assert [packet["mep.tls.session"] for packet in shown] == \
        [["0"]] * 6 + [["1"]] * 6 + [["2"]] * 6
    tables = [layer["mep.table"] for layer in inside(tshark_json(capture(frames), *HALL))]
    assert tables == ["0x0017"] * 2 + ["0x0832"] * 2 + ["0x0017"] * 2


def test_new_handshake_with_the_meters_other_key(tls_meter, capture, tshark_fields):
    frames = tls_meter("handshake", action(READ), "terminate") + \
        tls_meter("--seed", 2, "--key-id", 0, "handshake", action(READ), key=OTHER)
    shown = tshark_fields(capture(frames), [*FIELDS, "mep.access_level"], *row("mak", PRINTED),
                          *row("mbk", OTHER.decode(), "MBK"))
    assert [packet["mep.key"] for packet in shown if packet["mep.key"]] == \
        [["mak"]] * 4 + [["mbk"]] * 4
    levels = [packet["mep.access_level"] for packet in shown if packet["mep.access_level"]]
    assert levels[:4] == [levels[0]] * 4 and levels[4:] == [levels[4]] * 4
    assert levels[0] != levels[4]


def test_clear_and_rc4_after_terminate(tls_meter, capture, tshark_fields):
    request = oma_digest.read(0x17, 8, key=KEY)
    clear = [Frame(request, CLIENT_TO_METER, 100_000),
             Frame(oma_digest.read_answer(request, bytes(8), KEY), METER_TO_CLIENT, 20_000)]
    frames = encrypted(clear, KEY) + tls_meter("handshake", action(READ), "terminate") + \
        clear + encrypted(clear, KEY)
    shown = tshark_fields(capture(frames), FIELDS, *HALL)
    assert [packet["mep.encrypted"] for packet in shown] == \
        [["1"]] * 2 + [[]] * 8 + [[]] * 2 + [["1"]] * 2
    assert [packet["mep.table"] for packet in shown] == \
        [["0x0017"]] * 2 + [[]] * 4 + [["0x0017"]] * 2 + [[]] * 2 + [["0x0017"]] * 4


def test_two_meters_at_once(tls_meter, capture, tshark_fields):
    """On four lines, frame by frame in turn."""
    first = tls_meter("handshake", *TALK)
    second = tls_meter("--seed", 2, "handshake", *TALK, key=OTHER)
    frames = [Frame(each.data, each.direction, each.gap_us // 2,
                    interface=2 * meter + each.direction - 1)
              for both in zip(first, second) for meter, each in enumerate(both)]
    shown = tshark_fields(capture(frames, interfaces=4), FIELDS, *HALL,
                          *row("cellar", OTHER.decode()))
    for meter, label in enumerate(("hall", "cellar")):
        mine = shown[meter::2]
        assert [packet["mep.key"] for packet in mine[2:]] == [[label]] * (len(mine) - 2)
        assert {packet["mep.tls.session"][0] for packet in mine} == {str(meter)}
        assert mine[6]["mep.table"] == mine[7]["mep.table"] == ["0x0017"]


# --- Repetitions and losses -----------------------------------------------------------------------


def doubled(frames, number):
    """With request and answer number `number` sent twice."""
    at = 2 * number
    return frames[:at + 2] + frames[at:at + 2] + frames[at + 2:]


@pytest.mark.parametrize("number", range(5))
def test_repeated_exchange_is_shown_and_not_fed(tls_meter, capture, tshark_fields, tshark_json,
                                                in_clear, number):
    frames = doubled(tls_meter("handshake", *TALK), number)
    shown = tshark_fields(capture(frames), [*FIELDS, "tls.record.length", "mep.tls_data"], *HALL)
    again = (2 * number + 2, 2 * number + 3)
    for place, packet in enumerate(shown):
        assert (packet["mep.tls.repeated"] != []) == (place in again), place
        assert (packet["tls.record.length"] == []) == (place in again), place
        assert packet["mep.tls_data"] != []
    check_talk(tshark_json(capture(frames), *HALL), in_clear)


def test_meters_own_repetition(tls_meter, capture, tshark_fields, tshark_json, in_clear):
    """By the tool that plays the meter."""
    frames = tls_meter("handshake", "repeat", "repeat", TALK[0], "repeat", *TALK[1:], "repeat")
    check_talk(tshark_json(capture(frames), *HALL), in_clear)
    shown = tshark_fields(capture(frames), FIELDS, *HALL)
    assert sum(packet["mep.tls.repeated"] != [] for packet in shown) == 8


def tls_request(record):
    return struct.pack(">HB", 1 + len(record), 0x58) + record


# An alert of no bytes, at which Wireshark's TLS leaves by an exception.
BROKEN = tls_request(b"\x15\x03\x03\x00\x00")


def test_broken_records_end_with_themselves(capture, tshark_fields):
    """What is wrong in TLS is said, and the frame around it and those behind it go on: findings
    behind the records, columns, and what is in the same record."""
    names = ["mep.analysis.request_while_open", "mep.request_code", "mep.table", "_ws.malformed.expert",
             "_ws.col.Info", "_ws.col.Protocol"]
    other = oma_digest.read(0x17, 44)
    alone = capture([Frame(data, CLIENT_TO_METER, 1000) for data in (other, BROKEN, other)])
    together = capture([Frame(b"", CLIENT_TO_METER, 1000, record=BROKEN + other)], link=161)
    for passes in ([], ["-2"]):
        shown = tshark_fields(alone, names, *passes)
        assert [len(packet["_ws.malformed.expert"]) for packet in shown] == [0, 1, 0]
        assert all(packet["_ws.col.Protocol"] == ["MEP"] for packet in shown)
        assert "Malformed" in shown[1]["_ws.col.Info"][0]
        # The analysis' findings stand behind the records.
        assert [len(packet["mep.analysis.request_while_open"]) for packet in shown] == [0, 1, 1]
        shown = tshark_fields(together, names, *passes)
        assert shown[0]["mep.request_code"] == ["0x58", "0x3f"]
        assert shown[0]["mep.table"] == ["0x0017"]
        assert "Read BT23" in shown[0]["_ws.col.Info"][0]


def test_a_request_answered_differently_each_time(capture, tshark_fields):
    """Of the answers to one request, repeated over and over, those are repetitions that came before,
    however long ago."""
    def answer(number):
        record = b"\x17\x03\x03\x00\x20" + struct.pack(">I", number) * 8
        return struct.pack(">HB", 1 + len(record), 0) + record

    request = struct.pack(">HB", 38, 0x80) + b"\x17\x03\x03\x00\x20" + bytes(32)
    numbers = [*range(40), 39, 0, 17, 40, 40]
    frames = [Frame(tls_request(b"\x16\x03\x03\x00\x04\x00\x00\x00\x00"), CLIENT_TO_METER, 100_000)]
    for number in numbers:
        frames += [Frame(request, CLIENT_TO_METER, 100_000),
                   Frame(answer(number), METER_TO_CLIENT, 20_000)]
    shown = tshark_fields(capture(frames), ["mep.tls.repeated"])
    assert [packet["mep.tls.repeated"] != [] for packet in shown[2::2]] == \
        [number in numbers[:place] for place, number in enumerate(numbers)]


def test_request_repeated_before_its_answer(tls_meter, capture, tshark_json, in_clear):
    frames = tls_meter("handshake", *TALK)
    for number in (1, 2, 4):  # Finished, the first two messages
        request = frames[2 * number]
        changed = frames[:2 * number] + [request, request] + frames[2 * number:]
        check_talk(tshark_json(capture(changed), *HALL), in_clear)


def test_answer_lost_and_request_repeated(tls_meter, capture, tshark_json, tshark_fields, in_clear):
    frames = tls_meter("handshake", *TALK)
    changed = frames[:5] + [frames[4]] + frames[5:]
    check_talk(tshark_json(capture(changed), *HALL), in_clear)
    shown = tshark_fields(capture(changed), FIELDS, *HALL)
    assert [packet["mep.tls.repeated"] != [] for packet in shown] == \
        [False] * 5 + [True] + [False] * (len(shown) - 6)


@pytest.mark.parametrize("lost", range(4, 16))
def test_one_frame_lost(tls_meter, capture, tshark_fields, run_tshark, lost):
    """TLS counts records: what comes behind the gap is authentic to nobody. Wireshark's setting to
    look over that opens it nevertheless; without it nothing wrong is told."""
    frames = tls_meter("handshake", *TALK)
    del frames[lost]
    path = capture(frames)
    names = ["mep.table", "mep.data"]
    usual = tshark_fields(path, names, *HALL)
    lenient = tshark_fields(path, names, *HALL, "-o", "tls.ignore_ssl_mac_failed:TRUE")
    assert usual[:lost] == lenient[:lost]
    tables = [f"0x{int.from_bytes(asked[1:3], 'big'):04x}" for asked, _ in MESSAGES]
    for place in range(lost, len(frames)):
        table = [tables[(place + 1 - 4) // 2]]
        assert usual[place]["mep.table"] in ([], table)
        # The answer to a lost request cannot be told from one to nothing.
        if not (lost % 2 == 0 and place == lost):
            assert lenient[place]["mep.table"] == table, place


# --- Handshakes that fail -------------------------------------------------------------------------


@pytest.mark.parametrize("options, code, name", [
    (("--meter-mak", OTHER.hex()), "0x01", "TLS error"),
    (("--key-id", 7), "0x03", "Invalid identity or key")])
@pytest.mark.parametrize("with_alert", [True, False])
def test_failed_handshake(tls_meter, capture, tshark_fields, options, code, name, with_alert):
    """With mbedTLS's alert behind the code and without; the next handshake is a session again."""
    failed = tls_meter(*options, "handshake")
    assert len(failed) == 4 and len(failed[3].data) == 3 + 7
    if not with_alert:
        failed[3] = Frame(b"\0\1" + failed[3].data[2:3], METER_TO_CLIENT, 20_000)
    frames = failed + failed + tls_meter("--seed", 3, "handshake", action(READ))
    names = [*FIELDS, "_ws.expert.message", "tls.alert_message.desc"]
    shown = tshark_fields(capture(frames), names, *HALL)
    for answered in (shown[3], shown[7]):
        assert answered["mep.response_code"] == [code]
        assert answered["_ws.col.Info"][0].startswith(f"{name}, TLS Handshake Continuation")
        assert f"Rejected: {name}" in answered["_ws.expert.message"][0]
        assert answered["_ws.col.Info"][0].endswith(": Alert") == with_alert
    assert len(shown[3]["tls.alert_message.desc"]) == with_alert
    assert shown[12]["mep.table"] == shown[13]["mep.table"] == ["0x0017"]


def test_message_without_a_session(tls_meter, capture, tshark_fields):
    """The meter answers 0x0A, page 9, and the client begins anew."""
    frames = tls_meter("handshake", action(READ))
    refused = [frames[4], Frame(b"\0\1\x0a", METER_TO_CLIENT, 20_000)]
    shown = tshark_fields(capture(refused + frames), FIELDS, *HALL)
    assert shown[1]["mep.response_code"] == ["0x0a"]
    assert shown[0]["mep.table"] == [] and len(shown[0]["mep.tls.headless"]) == 1
    assert shown[6]["mep.table"] == ["0x0017"]


def test_capture_that_begins_in_mid_session(tls_meter, capture, tshark_fields):
    frames = tls_meter("handshake", *TALK)
    for begin in (1, 2, 3, 4, 5, 8):
        shown = tshark_fields(capture(frames[begin:] + tls_meter("--seed", 2, "handshake",
                                                                 action(READ))), FIELDS, *HALL)
        old, new = shown[:-6], shown[-6:]
        for packet in old:
            # An answer whose request is not there belongs to no session.
            if packet["mep.request_in"] or packet["mep.request_code"]:
                assert len(packet["mep.tls.headless"]) == 1
            assert packet["mep.table"] == packet["mep.data"] == packet["mep.key"] == []
        assert all(packet["mep.tls.headless"] == [] for packet in new)
        assert new[4]["mep.table"] == new[5]["mep.table"] == ["0x0017"]


# --- Keys -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("keys", [
    (), row("wrong", "a-key-that-nobody"), row("hall", PRINTED, enabled="FALSE"),
    row("hall", PRINTED, "MBK"),  # the identity says MAK
    row("hall", KEY.hex().encode().hex()[:40])])  # digits of digits
def test_no_key_that_fits(tls_meter, capture, tshark_fields, keys):
    frames = tls_meter("handshake", *TALK)
    shown = tshark_fields(capture(frames), [*FIELDS, "_ws.expert.message"], *keys)
    for place, packet in enumerate(shown):
        assert packet["mep.table"] == packet["mep.data"] == packet["mep.key"] == []
        assert (len(packet["mep.tls.no_key"]) == 1) == (place >= 2)
    assert "No key in the key table fits this TLS session" in shown[4]["_ws.expert.message"][0]
    assert shown[4]["_ws.col.Info"] == ["TLS Table: Application Data"]


@pytest.mark.parametrize("typed", [PRINTED, PRINTED[:16], PRINTED[:18], KEY.hex(),
                                   PRINTED.encode().hex().upper()])
def test_forms_of_the_right_key(tls_meter, capture, tshark_fields, typed):
    shown = tshark_fields(capture(tls_meter("handshake", action(READ))), FIELDS,
                          *row("hall", typed))
    assert shown[4]["mep.table"] == ["0x0017"]


@pytest.mark.parametrize("key_id, label", [(0, "basic"), (1, "advanced")])
def test_the_identity_says_which_key(tls_meter, capture, tshark_fields, key_id, label):
    """Both rows have the same key."""
    frames = tls_meter("--key-id", key_id, "handshake", action(READ))
    shown = tshark_fields(capture(frames), FIELDS, *row("basic", PRINTED, "MBK"),
                          *row("advanced", PRINTED, "MAK"))
    assert [packet["mep.key"] for packet in shown] == [[]] * 2 + [[label]] * 4


def test_fifty_keys(tls_meter, capture, tshark_fields):
    keys = [f"key-number-{number:02}-of-50" for number in range(50)]
    order = random.Random(3).sample(range(50), 10)
    frames = []
    for number in order:
        frames += tls_meter("--seed", number, "handshake", action(READ),
                            key=keys[number][:16].encode())
    rows = [argument for number, key in enumerate(keys) for argument in row(f"no. {number}", key)]
    shown = tshark_fields(capture(frames), FIELDS, *rows)
    assert [packet["mep.key"] for packet in shown[4::6]] == [[f"no. {number}"] for number in order]
    assert all(packet["mep.table"] == ["0x0017"] for packet in shown[4::6])


# --- Wireshark's own secrets ----------------------------------------------------------------------


def test_wiresharks_psk_setting(tls_meter, capture, tshark_json, in_clear):
    frames = tls_meter("--no-extended-master-secret", "handshake", *TALK)
    check_talk(tshark_json(capture(frames), "-o", f"tls.psk:{KEY.hex()}"), in_clear)
    check_talk(tshark_json(capture(frames), "-o", f"tls.psk:{KEY.hex()}",
                           *row("wrong", OTHER.decode())), in_clear)


@pytest.mark.parametrize("options", [(), ("--no-extended-master-secret",),
                                     ("--suite", "TLS-PSK-WITH-AES-256-CBC-SHA384"),
                                     ("--suite", "TLS-PSK-WITH-AES-128-CCM"),
                                     ("--fragment", 33)])
def test_key_log(key_log, capture, tshark_json, user, in_clear, options):
    """Other cipher suites, too, of which the key table knows nothing; and a wrong key in the table
    does not stand in the way."""
    frames, log = key_log(*options, "handshake", *TALK)
    path = user.folder() / "keys.log"
    path.write_bytes(log)
    user.own(path)
    for keys in ((), row("wrong", OTHER.decode()), (*NO_DEFAULT, *row("wrong", OTHER.decode()))):
        packets = tshark_json(capture(frames), "-o", f"tls.keylog_file:{path}", *keys)
        check_talk(packets, in_clear)


@pytest.mark.parametrize("options", [(), ("--suite", "TLS-PSK-WITH-AES-128-CCM")])
def test_secrets_in_the_capture(key_log, capture, tshark_json, in_clear, options):
    """A pcapng Decryption Secrets Block opens the session for somebody who has no key."""
    frames, log = key_log(*options, "handshake", *TALK[:3], "handshake", *TALK[3:])
    for passes in ([], ["-2"]):
        packets = tshark_json(capture(frames, key_log=log), *NO_DEFAULT, *passes)
        check_talk(packets, in_clear)
    packets = tshark_json(capture(frames, key_log=log), *row("wrong", OTHER.decode()))
    check_talk(packets, in_clear)


def test_secrets_of_another_session(key_log, capture, tshark_fields):
    frames, _ = key_log("handshake", action(READ))
    _, log = key_log("--seed", 2, "handshake")
    shown = tshark_fields(capture(frames, key_log=log), FIELDS)
    assert all(packet["mep.table"] == [] for packet in shown)


@pytest.mark.parametrize("arguments", [["-V"], ["-T", "json"], ["-T", "pdml"], ["-x"], ["-P"]])
def test_secrets_are_never_shown(key_log, capture, run_tshark, arguments):
    frames, log = key_log("handshake", *TALK)
    master_secret = log.split()[2].decode()
    result = run_tshark(["-r", capture(frames), "-2", *arguments, *HALL])
    assert result.returncode == 0
    everything = (result.stdout + result.stderr).lower()
    for raw in (KEY, bytes.fromhex(master_secret)):
        digits = raw.hex()
        for secret in [digits[:16]] + [separator.join(digits[at:at + 2] for at in range(0, 16, 2))
                                       for separator in " :"]:
            assert secret not in everything
    assert PRINTED[:16] not in everything


# --- Samples --------------------------------------------------------------------------------------


def test_samples_open_without_a_key(tshark_fields):
    for name, sealed in (("rc4", [15]), ("tls", []), ("tls-with-secrets", [])):
        shown = tshark_fields(make_samples.SAMPLES / f"{name}.pcapng",
                              ["mep.table", "mep.sealed", "mep.bt28.rms_voltage_mv_l1",
                               "mep.bt23.fwd_active_wh_l1l2l3", "_ws.malformed"])
        assert [place for place, packet in enumerate(shown, 1) if packet["mep.sealed"]] == sealed
        assert ["230412"] in [packet["mep.bt28.rms_voltage_mv_l1"] for packet in shown]
        assert ["12345678"] in [packet["mep.bt23.fwd_active_wh_l1l2l3"] for packet in shown]
        assert all(packet["_ws.malformed"] == [] for packet in shown)
    shown = tshark_fields(make_samples.SAMPLES / "tls-with-secrets.pcapng", ["mep.key"])
    assert all(packet["mep.key"] == [] for packet in shown)


def test_samples_need_what_opens_them(tshark_fields):
    """Not the factory default the one with secrets, and nothing else the others."""
    for name, keys, opens in (("rc4", NO_DEFAULT, False), ("tls", NO_DEFAULT, False),
                              ("tls-with-secrets", NO_DEFAULT, True)):
        shown = tshark_fields(make_samples.SAMPLES / f"{name}.pcapng",
                              ["mep.bt28.rms_voltage_mv_l1"], *keys)
        # rc4.pcapng ends with a read in clear, which needs a key only for its digest.
        readable = [packet for packet in shown[:16] if packet["mep.bt28.rms_voltage_mv_l1"]]
        assert (readable != []) == opens


# --- Passes and damage ----------------------------------------------------------------------------


def test_two_passes_say_the_same_as_one(tls_meter, capture, run_tshark):
    frames = tls_meter("handshake", *TALK, "handshake", TALK[1], "repeat", "terminate") + \
        tls_meter("--seed", 2, "--fragment", 31, "handshake", *TALK)
    path = capture(frames)
    outputs = []
    for passes in ([], ["-2"]):
        output = run_tshark(["-r", path, "-V", *passes, *HALL]).stdout
        assert "Fwd Active Wh L1L2L3" in output
        assert "issector bug" not in output and "Malformed" not in output
        # Only a second pass knows what comes later.
        outputs.append(re.sub(r" *\[Response in: \d+\]\n", "", output))
    assert outputs[0] == outputs[1]


def test_filters_see_what_is_inside(tls_meter, capture, tshark_fields):
    path = capture(tls_meter("handshake", *TALK))
    for display_filter, numbers in [("mep.table == 0x17", [7, 8]),
                                    ("mep.bt23.fwd_active_wh_l1l2l3", [8]),
                                    ("mep.table == 0x0832 and mep.request_code == 0x4f", [9]),
                                    ("mep.response_code == 4", [12]),
                                    ("mep.offset == 1000", [13]),
                                    ("mep.key == \"hall\" and mep.table", list(range(5, 17)))]:
        shown = tshark_fields(path, ["frame.number"], "-Y", display_filter, *HALL)
        assert [int(packet["frame.number"][0]) for packet in shown] == numbers, display_filter


def survives(user, path, *arguments):
    for passes in ([], ["-2"]):
        result = user.run(["env", "WIRESHARK_ABORT_ON_DISSECTOR_BUG=1", "tshark", "-r", path, "-V",
                           *passes, *arguments])
        assert result.returncode == 0, result.stderr[-2000:]
        for text in (result.stdout, result.stderr):
            assert "issector bug" not in text


def damaged(frames, dice):
    """A copy in which bytes are other ones, frames missing, doubled, cut or exchanged."""
    result = []
    for each in frames:
        data = bytearray(each.data)
        kind = dice.random()
        if kind < 0.15:
            for _ in range(dice.randrange(1, 4)):
                data[dice.randrange(2, len(data))] = dice.randrange(256)
        elif kind < 0.2:
            continue
        elif kind < 0.25:
            result.append(Frame(bytes(data), each.direction, each.gap_us))
        elif kind < 0.3:
            del data[dice.randrange(3, len(data) + 1):]
            data[:2] = struct.pack(">H", len(data) - 2)
        elif kind < 0.35:
            data += dice.randbytes(dice.randrange(1, 30))
            data[:2] = struct.pack(">H", len(data) - 2)
        elif kind < 0.38:
            data[2] = dice.choice((0x57, 0x58, 0x59, 0x80, 0x00, 0x01, 0x03, 0x3F))
        result.append(Frame(bytes(data), dice.choice((each.direction, each.direction, 0)),
                            each.gap_us))
        if dice.random() < 0.03 and len(result) > 1:
            result[-1], result[-2] = result[-2], result[-1]
    return result


@pytest.mark.parametrize("seed", range(6))
def test_random_damage(tls_meter, capture, user, seed):
    dice = random.Random(seed)
    sessions = [tls_meter("--seed", number, *options, "handshake", *TALK, "handshake", *TALK[:2],
                          "terminate")
                for number, options in enumerate([(), (), ("--fragment", 30),
                                                  ("--no-extended-master-secret",)])]
    frames = [each for _ in range(12) for each in damaged(dice.choice(sessions), dice)]
    survives(user, capture(frames), *HALL)
    survives(user, capture(frames), *HALL, "-o", "tls.ignore_ssl_mac_failed:TRUE")
