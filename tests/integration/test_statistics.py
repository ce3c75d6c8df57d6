"""What the statistics count, beside counts made of the packets' fields by this script.

SPDX-License-Identifier: GPL-2.0-or-later
"""
import collections
import pathlib
import re

import oma_digest
import pytest
from capture_file import METER_TO_CLIENT, Frame

pytestmark = pytest.mark.usefixtures("plugin")

SAMPLES = pathlib.Path(__file__).resolve().parent.parent.parent / "samples"
CASES = SAMPLES.parent / "tests" / "cases"
CAPTURES = [SAMPLES / f"{name}.pcapng" for name in
            ("daily-reading", "misbehaving", "alerts", "procedures", "transaction", "rc4", "tls",
             "line-trouble", "dual-client", "load-profile")] + [
            CASES / f"{name}.pcapng" for name in ("swapped-lines", "echo", "clear-no-key")]
# Counts of their own: repeated requests, echoes, codes of answers.
NO_FINDINGS = ("retransmission", "echo", "dead_line", "rejected")
NO_KEYS = ("-o", "mep.try_default_key:FALSE")
FIRST_OF_TLS = 0x57


def ids(path):
    return path.stem


def is_tls(code):
    return code in (0x57, 0x58, 0x59, 0x80)


@pytest.fixture(scope="module")
def statistic(run_tshark, user):
    """statistic(capture, name, *options) -> what tshark -z prints."""

    def run(capture, name, *options):
        result = run_tshark(["-r", user.readable(capture), "-q", "-z", name, *options])
        assert result.returncode == 0, result.stderr
        return result.stdout

    return run


@pytest.fixture(scope="module")
def fields(tshark_fields, run_tshark):
    """fields(capture, *options) -> of each packet its fields; the findings of the analysis under
    "findings"."""
    findings = sorted({line.split("\t")[2]
                       for line in run_tshark(["-G", "fields"]).stdout.splitlines()
                       if line.startswith("F\t") and "\tmep.analysis." in line
                       and not line.split("\t")[2].endswith(".expert")})
    names = ["frame.number", "mep.request_code", "mep.response_code", "mep.table", "mep.alert",
             "mep.response_time", "mep.request_in", "mep.procedure", "mep.digest.status", "mep.key",
             "mep.stream", "mep.sealed", "mep.src", "mep.length", "mep.tap.duration",
             "mep.tap.baud_rate"]

    def run(capture, *options):
        packets = tshark_fields(capture, names + findings, *options)
        for packet in packets:
            packet["findings"] = [name for name in findings for _ in packet[name]]
        return packets

    return run


# --- Service response time -----------------------------------------------------------------------

def srt_tables(text):
    """The rows by filter: {filter: {row: (calls, min, max, sum)}}."""
    tables = {}
    for line in text.splitlines():
        if line.startswith("Filter: "):
            # Behind the table's own stands the one that was asked for, from 4.4 on.
            rows = tables.setdefault(line.split()[1], {})
        row = re.match(r" *(\d+)  .*\s(\d+)" + 4 * r"\s+([\d.]+)" + "$", line)
        if row:
            rows[int(row[1])] = (int(row[2]), float(row[3]), float(row[4]), float(row[6]))
    return tables


def times_of(packets):
    """The same, counted here: {filter: {row: [time]}}."""
    by_number = {packet["frame.number"][0]: packet for packet in packets}
    times = collections.defaultdict(lambda: collections.defaultdict(list))
    for packet in packets:
        if not packet["mep.response_time"]:
            continue
        time = float(packet["mep.response_time"][0])
        if time < 0:
            continue  # the answer began before its request had ended
        request = by_number[packet["mep.request_in"][0]]
        if not request["mep.request_code"]:
            times["mep.encrypted"][1].append(time)
            continue
        code = int(request["mep.request_code"][0], 0)
        times["mep.request_code"][code].append(time)
        # Behind a request's own table stand those of a transaction in it.
        tables = packet["mep.table"] if is_tls(code) else request["mep.table"][:1]
        for table in tables:
            times["mep.table"][int(table, 0)].append(time)
        if tables == ["0x0007"] and request["mep.procedure"]:
            times["mep.procedure"][int(request["mep.procedure"][0], 0)].append(time)
    return times


@pytest.mark.parametrize("options", [(), ("-2",)], ids=["one pass", "two passes"])
@pytest.mark.parametrize("path", CAPTURES, ids=ids)
def test_response_times(path, options, statistic, fields):
    shown = srt_tables(statistic(path, "mep,srt", *options))
    wanted = times_of(fields(path))
    assert wanted or path.stem == "echo", "nothing to compare"
    assert {name: {row: one[0] for row, one in rows.items()} for name, rows in shown.items()} == \
        {name: {row: len(times) for row, times in rows.items()} for name, rows in wanted.items()}
    for name, rows in wanted.items():
        for row, times in rows.items():
            assert shown[name][row][1:] == \
                pytest.approx((min(times), max(times), sum(times)), abs=2e-6)


def test_response_times_of_what_is_encrypted(statistic, fields):
    path = SAMPLES / "rc4.pcapng"
    shown = srt_tables(statistic(path, "mep,srt", *NO_KEYS))
    wanted = times_of(fields(path, *NO_KEYS))
    assert wanted["mep.encrypted"][1]
    assert shown["mep.encrypted"][1][0] == len(wanted["mep.encrypted"][1])


def test_response_times_of_some(statistic, fields):
    """The filter behind the name is one of display."""
    path = SAMPLES / "daily-reading.pcapng"
    shown = srt_tables(statistic(path, "mep,srt,mep.table == 23"))
    wanted = [packet for packet in fields(path)
              if packet["mep.response_time"] and packet["mep.table"] == ["0x0017"]]
    assert {row: one[0] for row, one in shown["mep.table"].items()} == {23: len(wanted)}
    assert len(wanted) > 1


# --- The tree ------------------------------------------------------------------------------------

def tree(text):
    """{(name, name below it, …): count}, without what was not counted."""
    counts, path = {}, []
    for line in text.splitlines():
        row = re.match(r"( *)(\S.*?) {2,}(\d+) ", line)
        if row:
            path = [*path[:len(row[1])], row[2]]
            if int(row[3]):
                counts[tuple(path)] = int(row[3])
    return counts


def top(counts, name):
    """What stands below that one, and is not nested further."""
    return {path[1]: count for path, count in counts.items() if len(path) == 2 and path[0] == name}


@pytest.mark.parametrize("options", [(), ("-2",), NO_KEYS], ids=["one pass", "two passes", "no keys"])
@pytest.mark.parametrize("path", CAPTURES, ids=ids)
def test_tree(path, options, statistic, fields):
    counts = tree(statistic(path, "mep,tree", *options))
    packets = fields(path, *(NO_KEYS if options == NO_KEYS else ()))
    statuses = [status for packet in packets for status in packet["mep.digest.status"]]
    words = {"0": "Bad", "1": "Good", "2": "Unverified"}
    assert top(counts, "Digests") == collections.Counter(words[status] for status in statuses)
    assert top(counts, "Keys") == \
        collections.Counter(key for packet in packets for key in packet["mep.key"])
    assert counts.get(("Alerts",), 0) == sum(1 for packet in packets if packet["mep.alert"])
    found = collections.Counter(name for packet in packets for name in packet["findings"])
    assert counts.get(("Requests repeated byte for byte",), 0) == \
        found["mep.analysis.retransmission"]
    assert top(counts, "Findings") == \
        {name: count for name, count in found.items()
         if name[len("mep.analysis."):] not in NO_FINDINGS}


CODES = {0x30: "Full Table Read", 0x3F: "Partial Table Read", 0x40: "Full Table Write",
         0x4F: "Partial Table Write", 0x20: "Identify", 0x50: "Log On", 0x77: "Unknown request 0x77"}
ANSWERS = {0: "OK", 1: "Unrecognized request", 2: "Unsupported request",
           3: "No permission for specified request", 4: "Requested operation not possible",
           5: "Table operation not possible", 0x0B: "Authentication failure",
           0x0C: "Invalid sequence number"}


@pytest.mark.parametrize("name", ["daily-reading", "misbehaving", "alerts"])
def test_tree_of_messages(name, statistic, fields):
    path = SAMPLES / f"{name}.pcapng"
    counts = tree(statistic(path, "mep,tree"))
    packets = fields(path)
    parts = counts.get(("No messages",), 0)
    kinds, tables, answers = (collections.Counter() for _ in range(3))
    for packet in packets:
        if packet["mep.request_code"]:
            kind = CODES[int(packet["mep.request_code"][0], 0)]
            kinds[kind] += 1
            for table in packet["mep.table"][:1]:
                tables[(kind, int(table, 0))] += 1
        for code in packet["mep.response_code"][:1]:
            answers[ANSWERS[int(code, 0)]] += 1
    total = sum(kinds.values()) + sum(answers.values())
    assert counts[("Requests",)] + counts[("Answers",)] + parts >= total
    if parts == 0:
        assert top(counts, "Requests") == kinds
        assert top(counts, "Answers") == answers
        shown = collections.Counter()
        for steps, count in counts.items():
            if len(steps) == 3 and steps[0] == "Requests":
                number = re.match(r"(BT|ET)(\d+)", steps[2])
                shown[(steps[1], int(number[2]) | (0x800 if number[1] == "ET" else 0))] += count
        assert shown == tables


def test_tree_inside_tls(statistic):
    counts = tree(statistic(SAMPLES / "tls.pcapng", "mep,tree"))
    inside = counts[("Requests", "Partial Table Read, inside TLS")]
    assert inside > 0
    assert inside == sum(count for path, count in counts.items()
                         if path[:2] == ("Requests", "Partial Table Read, inside TLS")
                         and len(path) == 3)


# --- The page about each meter -------------------------------------------------------------------

def page(text):
    """{bus: {heading: [line]}}; what stands under a bus without heading is under ""."""
    buses, lines = {}, None
    for line in text.splitlines():
        bus = re.fullmatch(r"Bus (\d+)", line)
        heading = re.fullmatch(r"  (\S.*)", line)
        if bus:
            sections = buses.setdefault(int(bus[1]), {})
        elif heading:
            lines = sections.setdefault(heading[1].split(", in ")[0], [])
        elif line.startswith("    ") and lines is not None:
            lines.append(line.strip())
    return buses


def counts_in(lines):
    rows = [re.fullmatch(r"(\d+)  (.*)", line) for line in lines]
    return {row[2]: int(row[1]) for row in rows if row}


NOT_ANSWERED = "requests not answered at the end of the capture or before"


@pytest.mark.parametrize("options", [(), ("-2",)], ids=["one pass", "two passes"])
@pytest.mark.parametrize("path", CAPTURES, ids=ids)
def test_meter(path, options, statistic, fields):
    shown = page(statistic(path, "mep,meter", *options))
    packets = fields(path)
    streams = {int(packet["mep.stream"][0]) for packet in packets if packet["mep.stream"]}
    assert set(shown) == streams
    words = {"0": "bad", "1": "good", "2": "unverified"}
    for stream in streams:
        own = [packet for packet in packets if packet["mep.stream"] == [str(stream)]]
        sections = shown[stream]
        assert counts_in(sections.get("Digests", [])) == collections.Counter(
            words[status] for packet in own for status in packet["mep.digest.status"])
        assert counts_in(sections.get("Keys, by label", [])) == collections.Counter(
            key for packet in own for key in packet["mep.key"])
        problems = counts_in(sections["Problems and findings"])
        found = collections.Counter(name for packet in own for name in packet["findings"]
                                    if not name.endswith((".rejected", ".dead_line")))
        assert {name: count for name, count in problems.items()
                if name.startswith("mep.analysis.")} == found
        assert problems.get("alerts", 0) == sum(1 for packet in own if packet["mep.alert"])
        answered = {packet["mep.request_in"][0] for packet in own if packet["mep.request_in"]}
        clear = [packet for packet in own if packet["mep.request_code"] and packet["mep.src"]
                 and packet["mep.src"][0].startswith("Client")]
        if not any(packet["mep.sealed"] for packet in own) and not problems.get(
                "frames that are not whole"):
            assert problems[NOT_ANSWERED] == \
                sum(1 for packet in clear if packet["frame.number"][0] not in answered)
        for number, who in enumerate(("Client", "Meter")):
            frames = [packet for packet in own if packet["mep.src"][0].startswith(who)]
            assert sections["Lines"][number].split()[1] == str(len(frames))


def test_meter_in_use(capture, statistic):
    """A request of 20 bytes and an answer of 21 at 9600 bit/s, with pauses of 20 ms: 200 bits, so
    20.8 ms, and 210, so 21.9 ms, in the time from first to last byte."""
    request = oma_digest.read(52, 7, 0, 0x1001)
    answer = oma_digest.read_answer(request, bytes(7))
    path = capture([Frame(request), Frame(answer, METER_TO_CLIENT, 20_000)])
    span = len(request) / 960 + 0.020 + (len(answer) - 1) / 960
    lines = page(statistic(path, "mep,meter"))[0]["Lines"]
    for line, frame in zip(lines, (request, answer)):
        share = re.search(r"(\d+) bytes, 9600 bit/s, busy ([\d.]+) %", line)
        assert int(share[1]) == len(frame)
        assert float(share[2]) == pytest.approx(100 * len(frame) / 960 / span, abs=0.2)


def test_meter_identity(statistic, tshark_fields):
    path = SAMPLES / "daily-reading.pcapng"
    identity = page(statistic(path, "mep,meter"))[0]["Identity"]
    model = next(packet["mep.bt01.model"][0]
                 for packet in tshark_fields(path, ["mep.bt01.model"]) if packet["mep.bt01.model"])
    assert f"BT01 Model: {model}" in identity
    assert any(re.fullmatch(r"Firmware: \d+\.\d\d\.\d\d", line) for line in identity)


def test_meter_with_a_filter(statistic, fields):
    """Answers that the filter hides still answer: nothing is open but what is."""
    path = SAMPLES / "daily-reading.pcapng"
    section = page(statistic(path, "mep,meter,mep.request_code"))[0]
    assert counts_in(section["Problems and findings"])[NOT_ANSWERED] == 0
    assert section["Lines"][1].split()[1] == "0"


def test_meter_at_the_end(capture, statistic):
    """The last request has no answer, and nobody asked why an alert came."""
    frames = [Frame(b"\0\0", METER_TO_CLIENT), Frame(oma_digest.read(52, 7, 0, 0x1001), 1, 2_000_000)]
    lines = page(statistic(capture(frames), "mep,meter"))[0]["Problems and findings"]
    assert counts_in(lines)[NOT_ANSWERED] == 1
    assert "the alert of frame 1 was never serviced; it was sent 1 time" in lines


# --- Follow --------------------------------------------------------------------------------------

def followed(text):
    """What follow,…,raw prints: (from the meter, bytes) of each message."""
    messages = []
    for line in text.splitlines():
        row = re.fullmatch(r"(\t?)([0-9a-f]+)", line)
        if row:
            messages.append((bool(row[1]), bytes.fromhex(row[2])))
    return messages


@pytest.mark.parametrize("name", ["daily-reading", "rc4", "dual-client"])
def test_follow(name, statistic, tshark_json):
    """Each message of the bus, in its order: as it was sent, or what RC4 covered. The codes, and the
    tables' bytes in them, are those of the packets."""
    path = SAMPLES / f"{name}.pcapng"
    messages = followed(statistic(path, "follow,mep,raw,0"))
    packets = [layers["mep"] for layers in tshark_json(path, "-Y", "mep.stream == 0")]
    packets = [packet for packet in packets if "mep.alert" not in packet]
    assert len(messages) == len(packets)
    codes = 0
    for (from_meter, data), packet in zip(messages, packets):
        assert len(data) == int(packet["mep.length"])
        assert from_meter == packet["mep.src"].startswith("Meter")
        code = packet.get("mep.response_code" if from_meter else "mep.request_code")
        assert code or "mep.encrypted" in packet
        if code:
            codes += 1
            assert data[0] == int(code, 0)
        if "mep.data" in packet:
            assert bytes.fromhex(packet["mep.data"].replace(":", "")) in data
    assert codes > 10


def test_follow_without_a_key(statistic, fields):
    """As it was sent then: nothing but the length tells it."""
    path = SAMPLES / "rc4.pcapng"
    opened = followed(statistic(path, "follow,mep,raw,0"))
    sealed = followed(statistic(path, "follow,mep,raw,0", *NO_KEYS))
    assert [(who, len(data)) for who, data in opened] == [(who, len(data)) for who, data in sealed]
    assert opened[0] != sealed[0]


def test_follow_into_tls(statistic, tshark_fields):
    path = SAMPLES / "tls.pcapng"
    messages = [data for _, data in followed(statistic(path, "follow,mep,raw,0"))]
    for packet in tshark_fields(path, ["mep.data"]):
        for data in packet["mep.data"]:
            assert any(bytes.fromhex(data.replace(":", "")) in message for message in messages)
