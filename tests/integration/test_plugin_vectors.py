"""The guide's printed frames in tshark, field by field. What is expected is computed here from the
bytes, by the guide's layout of messages and by nothing that the plugin uses.

SPDX-License-Identifier: GPL-2.0-or-later
"""
import json
import re

import pytest

import oma_digest
from capture_file import LINK_RAW, METER_TO_CLIENT, Frame, load_frames

pytestmark = pytest.mark.usefixtures("plugin")

NAMES = {0x0007: "BT07 Procedure Initiate", 0x0017: "BT23 Current Register Data",
         0x0034: "BT52 UTC Clock", 0x0832: "ET50 MEP Inbound Data Space",
         0x0834: "ET52 MEP Transaction Request", 0x0835: "ET53 MEP Transaction Response"}
FULL_READ, PARTIAL_READ, FULL_WRITE, PARTIAL_WRITE = 0x30, 0x3F, 0x40, 0x4F
GOOD, UNVERIFIED = 1, 2

# The fields that the contract names and that need no knowledge of tables.
FIELDS = """mep.tap.version mep.tap.direction mep.tap.status mep.tap.baud_rate mep.tap.duration
    mep.tap.status.truncated mep.tap.status.noise mep.tap.status.framing_error
    mep.tap.status.parity_error mep.tap.status.break mep.tap.status.lost
    mep.length mep.alert mep.request_code mep.response_code mep.table mep.offset mep.count mep.data
    mep.sequence mep.digest mep.digest.status mep.key mep.request_in mep.response_in
    mep.response_time""".split()
# What every carrier of the frames has to bring out alike.
COMPARED = [name for name in FIELDS if not name.startswith("mep.tap.")
            and name not in ("mep.response_time",)]


def number_of_bytes(count):
    return f"{count} byte" if count == 1 else f"{count} bytes"


def expected_request(frame):
    """The fields of a clear request, and what the Info column begins with."""
    message = frame[2:]
    code = message[0]
    expected = {"mep.request_code": code}
    if code not in (FULL_READ, PARTIAL_READ, FULL_WRITE, PARTIAL_WRITE):
        return expected, "TLS "
    expected["mep.table"] = int.from_bytes(message[1:3], "big")
    position = 3
    info = "Read " if code in (FULL_READ, PARTIAL_READ) else "Write "
    info += NAMES[expected["mep.table"]]
    if code in (PARTIAL_READ, PARTIAL_WRITE):
        expected["mep.offset"] = int.from_bytes(message[3:6], "big")
        position = 6
    expected["mep.count"] = int.from_bytes(message[position:position + 2], "big")
    info += ", " + number_of_bytes(expected["mep.count"])
    if expected.get("mep.offset"):
        info += f" at {expected['mep.offset']}"
    if message[position + 2:-12]:
        expected["mep.data"] = message[position + 2:-12]
    expected["mep.sequence"] = int.from_bytes(message[-12:-8], "big")
    expected["mep.digest"] = message[-8:]
    return expected, info


def expected_response(frame, request):
    message = frame[2:]
    expected = {"mep.response_code": message[0]}
    asked, _ = expected_request(request)
    info = {0x00: "OK", 0x0C: "Invalid sequence number"}[message[0]]
    if "mep.table" not in asked:
        return expected, info
    expected["mep.table"] = asked["mep.table"]
    info += ", " + NAMES[asked["mep.table"]].split()[0]
    expected["mep.digest"] = message[-8:]
    if message[0] == 0x0C:
        expected["mep.sequence"] = int.from_bytes(message[1:5], "big")
        info += f", the meter expects 0x{expected['mep.sequence']:08x}"
    elif asked["mep.request_code"] in (FULL_READ, PARTIAL_READ):
        expected["mep.count"] = int.from_bytes(message[1:3], "big")
        expected["mep.data"] = message[3:-8]
        info += ", " + number_of_bytes(expected["mep.count"])
    return expected, info


def plain(values, expected):
    """tshark's text of fields as numbers and bytes. The messages inside a transaction or inside TLS
    repeat fields; there the expected value has to be among the others."""
    transaction = expected.get("mep.table") in (0x0834, 0x0835)
    inside_tls = expected.get("mep.request_code") == 0x80 or "mep.inside_tls" in expected
    result = {}
    for name, texts in values.items():
        if not name.startswith("mep.") or not texts:
            continue
        if name in ("mep.data", "mep.digest"):
            found = [bytes.fromhex(text.replace(":", "")) for text in texts]
        elif name in ("mep.key", "mep.response_time", "mep.alert"):
            found = texts
        else:
            found = [int(text, 0) for text in texts]
        if (transaction or inside_tls) and expected.get(name) in found:
            found = [expected[name]]
        assert transaction or len(found) == 1, f"{name} occurs more than once: {texts}"
        result[name] = found[0]
    return result


@pytest.fixture(scope="module")
def vectors(data_dir):
    lines = (data_dir / "guide-frames.jsonl").read_text().splitlines()
    return [json.loads(line) | {"frame": bytes.fromhex(json.loads(line)["hex"])} for line in lines]


@pytest.fixture(scope="module")
def frames(data_dir):
    return load_frames(data_dir / "guide-frames.jsonl")


@pytest.fixture(scope="module")
def tap_capture(capture, frames):
    return capture(frames)


@pytest.fixture(scope="module")
def from_tap(tap_capture, tshark_fields):
    columns = ["_ws.col.Info", "_ws.col.Protocol", "_ws.col.Source", "_ws.col.Destination"]
    return tshark_fields(tap_capture, FIELDS + columns, "-2")


def test_independent_digest_agrees_with_the_guide(vectors):
    for vector in vectors:
        if vector["digest"] != "good":
            continue
        before = b""
        if "pairs_with" in vector:
            before = oma_digest.authenticated(vectors[vector["pairs_with"]]["frame"])
        message = oma_digest.authenticated(vector["frame"])
        assert oma_digest.digest(before + message) == vector["frame"][-8:]


def test_every_field_of_every_frame(vectors, frames, from_tap):
    answers = {vector["pairs_with"]: number for number, vector in enumerate(vectors)
               if "pairs_with" in vector}
    assert len(from_tap) == len(vectors)
    now = 0
    times = []
    for number, (vector, frame, shown) in enumerate(zip(vectors, frames, from_tap)):
        data = vector["frame"]
        now += frame.gap_us
        times.append(now)
        now += len(data) * (10 * 1_000_000 // 9600)
        request = vector["dir"] == "c2m"
        if request:
            expected, info = expected_request(data)
            expected["mep.response_in"] = answers[number] + 1
        else:
            asked = vector["pairs_with"]
            expected, info = expected_response(data, vectors[asked]["frame"])
            expected["mep.request_in"] = asked + 1
        expected["mep.length"] = len(data) - 2
        if vector["kind"] == "rc4":
            good = vector["digest"] == "good"
            expected["mep.digest.status"] = GOOD if good else UNVERIFIED
            if good:
                expected["mep.key"] = "factory default"
        else:
            # The key is known once the client has finished, and not told again on a repetition.
            finished = number >= next(i for i, v in enumerate(vectors) if v["hex"][4:6] == "59")
            if finished and "note" not in vector:
                expected["mep.key"] = "factory default"
            if "decrypted" in vector:
                inside = bytes.fromhex(vector["decrypted"])
                if request:
                    expected |= {"mep.table": int.from_bytes(inside[1:3], "big"),
                                 "mep.offset": int.from_bytes(inside[3:6], "big"),
                                 "mep.count": int.from_bytes(inside[6:8], "big")}
                    info = "Read ET70 RAM Only Status, 1 byte at 142"
                else:
                    table = int.from_bytes(bytes.fromhex(vectors[asked]["decrypted"])[1:3], "big")
                    expected |= {"mep.table": table, "mep.data": inside[3:],
                                 "mep.count": int.from_bytes(inside[1:3], "big")}
                    info = "OK, ET70, 1 byte"
        expected |= {"mep.tap.version": 1, "mep.tap.direction": 1 if request else 2,
                     "mep.tap.status": 0, "mep.tap.baud_rate": 9600,
                     "mep.tap.duration": (len(data) - 1) * (10 * 1_000_000 // 9600)}
        for bit in ("truncated", "noise", "framing_error", "parity_error", "break", "lost"):
            expected[f"mep.tap.status.{bit}"] = 0

        inside_tls = {"mep.inside_tls": True} if "decrypted" in vector else {}
        found = plain(shown, expected | inside_tls)
        found.pop("mep.response_time", None)
        assert found == expected, f"frame {number + 1}"
        if not request:
            waited = [round(float(text) * 1_000_000) for text in shown["mep.response_time"]]
            asking = len(bytes.fromhex(vectors[vector["pairs_with"]]["hex"]))
            sending = (asking - 1) * (10 * 1_000_000 // 9600)
            assert times[number] - times[vector["pairs_with"]] - sending in waited
        # What the table bytes say may follow.
        text = shown["_ws.col.Info"][0]
        if vector["kind"] == "rc4":
            text = text.split(": ")[0]
        assert text == info if vector["kind"] == "rc4" else text.startswith(info), number + 1
        who = ["Client", "Meter"] if request else ["Meter", "Client"]
        assert shown["_ws.col.Source"] + shown["_ws.col.Destination"] == who


def test_info_column_in_the_words_of_the_issue(from_tap):
    assert from_tap[2]["_ws.col.Info"] == ["Read BT23 Current Register Data, 44 bytes"]
    assert re.match("OK, BT23, 44 bytes(: |$)", from_tap[3]["_ws.col.Info"][0])


def test_tls_bytes_are_shown(vectors, tap_capture, tshark_fields):
    shown = tshark_fields(tap_capture, ["mep.tls_data"])
    for vector, packet in zip(vectors, shown):
        if vector["kind"] == "tls":
            assert [text.replace(":", "") for text in packet["mep.tls_data"]] == \
                [vector["hex"][6:]]
        else:
            assert packet["mep.tls_data"] == []


@pytest.mark.parametrize("display_filter, numbers", [
    ("mep.table == 0x17", [1, 2, 3, 4]),
    ("mep.table == 0x0832", [5, 6]),
    ("mep.response_code == 12", [2]),
    ('mep.digest.status == "Unverified"', [15, 16]),
    ('mep.digest.status == "Bad"', []),
    ('mep.key == "factory default" and mep.request_code == 0x40', [13]),
    ("mep.request_code in {0x58, 0x59, 0x80}", [17, 19, 21, 23]),
    ("mep.analysis.retransmission == 19", [21]),
    ("mep.response_time > 0.02 and mep.table == 0x34", [16]),
    ("_ws.malformed or mep.malformed", []),
])
def test_filters(tap_capture, tshark_fields, display_filter, numbers):
    shown = tshark_fields(tap_capture, ["frame.number"], "-2", "-Y", display_filter)
    assert [int(packet["frame.number"][0]) for packet in shown] == numbers


def compared(packets):
    return [{name: packet[name] for name in COMPARED + ["_ws.col.Info", "_ws.col.Source"]}
            for packet in packets]


@pytest.mark.parametrize("interfaces", [1, 2])
@pytest.mark.parametrize("flags", [True, False])
def test_raw_link_type(capture, frames, from_tap, tshark_fields, flags, interfaces):
    """With packet flags, and with the frames alone to tell the direction from."""
    records = [Frame(frame.data, frame.direction if flags else 0, frame.gap_us,
                     interface=(frame.direction - 1) % interfaces) for frame in frames]
    shown = tshark_fields(capture(records, link=LINK_RAW, interfaces=interfaces),
                          COMPARED + ["_ws.col.Info", "_ws.col.Source", "mep.tap.version"], "-2")
    assert compared(shown) == compared(from_tap)
    assert all(packet["mep.tap.version"] == [] for packet in shown)


def test_alert_in_raw_frames(capture, tshark_fields):
    for direction in (0, METER_TO_CLIENT):
        shown = tshark_fields(capture([Frame(b"\0\0", direction)], link=LINK_RAW),
                              ["mep.alert", "mep.length", "_ws.col.Source", "_ws.col.Info"])
        assert len(shown[0]["mep.alert"]) == 1
        assert shown[0]["mep.length"] == ["0"]
        assert shown[0]["_ws.col.Source"] == ["Meter"]
        assert shown[0]["_ws.col.Info"][0].startswith("Alert")


def test_text2pcap(user, vectors, from_tap, tshark_fields):
    folder = user.folder()
    dump = "".join("0000 " + vector["frame"].hex(" ") + "\n\n" for vector in vectors)
    (folder / "frames.txt").write_text(dump)
    user.own(folder)
    result = user.run(["text2pcap", "-q", "-l", "161", folder / "frames.txt",
                       folder / "frames.pcapng"])
    assert result.returncode == 0, result.stderr
    shown = tshark_fields(folder / "frames.pcapng", COMPARED + ["_ws.col.Info", "_ws.col.Source"],
                          "-2")
    assert compared(shown) == compared(from_tap)


def test_statistics(tap_capture, run_tshark, vectors):
    result = run_tshark(["-r", tap_capture, "-q", "-z", "conv,mep", "-z", "endpoints,mep"])
    assert result.returncode == 0, result.stderr
    sizes = {who: sum(len(vector["frame"]) for vector in vectors if vector["dir"] == who)
             for who in ("c2m", "m2c")}
    conversation = next(line.split() for line in result.stdout.splitlines() if "<->" in line)
    assert conversation[:3] == ["Client", "<->", "Meter"]
    # 4.6 writes "266 bytes" where there was a number.
    numbers = [int(word) for word in conversation[3:] if word.isdigit()]
    assert numbers[:6] == [12, sizes["m2c"], 12, sizes["c2m"], 24, sum(sizes.values())]
    endpoints = {line.split()[0]: [int(word) for word in line.split()[1:] if word.isdigit()]
                 for line in result.stdout.splitlines()
                 if line.split()[:1] in (["Client"], ["Meter"]) and "<->" not in line}
    assert endpoints == {
        "Client": [24, sum(sizes.values()), 12, sizes["c2m"], 12, sizes["m2c"]],
        "Meter": [24, sum(sizes.values()), 12, sizes["m2c"], 12, sizes["c2m"]]}


def test_registered_fields(run_tshark):
    output = run_tshark(["-G", "fields"]).stdout
    registered = {line.split("\t")[2] for line in output.splitlines() if line.startswith("F\t")}
    assert not set(FIELDS) - registered
    assert "\nP\tMultipurpose Expansion Port" in output


def test_registered_plugin(run_tshark, user):
    lines = run_tshark(["-G", "plugins"]).stdout.splitlines()
    assert [line.split()[2] for line in lines if str(user.home) in line and "mep.so" in line] == \
        ["dissector"]


def test_detailed_view_reads_well(tap_capture, run_tshark):
    output = run_tshark(["-r", tap_capture, "-2", "-O", "mep,mep_tap", "-Y", "frame.number == 5"]).stdout
    for line in ("MEP Tap, client to meter, 9600 bit/s",
                 "Multipurpose Expansion Port, Request, Partial Table Write, "
                 "ET50 MEP Inbound Data Space, 1 byte at 30: [assumed ET11] "
                 "MEP Device Registered",
                 "    Request: Partial Table Write (0x4f)",
                 "    Table: ET50 MEP Inbound Data Space (0x0832)",
                 "    Offset: 30",
                 "    Count: 1 byte",
                 "    Sequence number: 0x77636e2f",
                 "    Digest: 86e50e2667d1e63c [good, key: factory default]",
                 "        [Digest status: Good]",
                 "        [Key: factory default]",
                 "    [Response in: 6]"):
        assert line in output.splitlines()
    output = run_tshark(["-r", tap_capture, "-O", "mep,mep_tap", "-Y", "frame.number == 4"]).stdout
    for line in ("MEP Tap, meter to client, 9600 bit/s",
                 "Multipurpose Expansion Port, Response, OK, BT23 Current Register Data, 44 bytes: "
                 "[assumed BT21, ET55, BT22] import 0.000 kWh, export 0.000 kWh",
                 "    Response: OK (0x00)",
                 "    Count: 44 bytes",
                 "    [Table: BT23 Current Register Data (0x0017)]",  # generated: in brackets
                 "    [Request in: 3]"):
        assert line in output.splitlines()
    assert re.search(r"^    \[Response time: (0\.021041000 seconds|21\.041000 milliseconds)\]$",
                     output, re.MULTILINE)
