"""What the statistics count, beside counts made of the packets' fields by this script.

SPDX-License-Identifier: GPL-2.0-or-later
"""
import collections
import pathlib
import re

import pytest

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
            rows = tables.setdefault(line[len("Filter: "):], {})
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
