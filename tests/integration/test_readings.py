"""The readings that -z mep,readings lists, beside what the simulated meter held, and beside bytes
whose meaning was worked out by hand.

SPDX-License-Identifier: GPL-2.0-or-later
"""
import collections
import csv
import datetime
import io
import json
import pathlib
import re
import subprocess

import pytest
from capture_file import Frame
from table_talk import BT, Talk, bt61, bt62, i32, u16

pytestmark = pytest.mark.usefixtures("plugin")

MBUS = pathlib.Path(__file__).resolve().parents[2] / "samples" / "mbus.pcapng"
SEED, START, START_TEXT = 7, 1_781_503_200, "2026-06-15T06:00:00Z"
BASIC_KEY = 'uat:mep_keys:"basic","MBK","mep-basic-key-01","TRUE"'
COLUMNS = ["time", "clock", "frame", "captured", "bus", "table", "register", "value", "unit", "note"]


@pytest.fixture(scope="module")
def readings(run_tshark, user):
    """readings(capture, *options, filter="") -> the rows of the CSV, each a dictionary."""

    def run(path, *options, filter=""):
        name = "mep,readings,csv" + ("," + filter if filter else "")
        result = run_tshark(["-r", user.readable(path), "-q", "-z", name, "-o", BASIC_KEY, *options])
        assert result.returncode == 0, result.stderr
        rows = list(csv.reader(io.StringIO(result.stdout), strict=True))
        assert rows[0] == COLUMNS
        assert all(len(row) == len(COLUMNS) for row in rows)
        return [dict(zip(COLUMNS, row)) for row in rows[1:]]

    return run


def seconds(text):
    """Of a time with a zone."""
    return int(datetime.datetime.strptime(text, "%Y-%m-%dT%H:%M:%S%z").timestamp())


# --- What the simulated meter held ---------------------------------------------------------------

@pytest.fixture(scope="module")
def simulated(run_mepdump, user):
    def run(script, security="plain"):
        path = user.folder() / f"{script}.pcapng"
        result = run_mepdump(["--capture", "--extcap-interface", "mep-demo", "--script", script,
                              "--security", security, "--seed", SEED, "--start", START_TEXT,
                              "--rounds", 1, "--speed-up", 0, "--fifo", path], timeout=120)
        assert result.returncode == 0, result.stderr
        user.own(path)
        return path

    return run


@pytest.fixture(scope="module")
def held(build_dir):
    """held(script) -> {(set, seconds): interval} of all intervals in the meter's load profiles."""
    path = build_dir / "tests" / "sim_trace"
    if not path.exists():
        pytest.skip("the simulator was not built")

    def run(script, security="plain"):
        result = subprocess.run([path, script, security, str(SEED), str(START), "1", "held"],
                                capture_output=True, text=True, timeout=120, check=False)
        assert result.returncode == 0, result.stderr
        intervals = [json.loads(line) for line in result.stdout.splitlines()]
        return {(interval["set"], interval["end"]): interval for interval in intervals}

    return run


def read_bytes(packets):
    """Of each table the offsets of all bytes that answers brought."""
    requests = {packet["frame.number"][0]: packet for packet in packets if packet["mep.request_code"]}
    read = collections.defaultdict(set)
    for packet in packets:
        if packet["mep.response_code"] == ["0x00"] and packet["mep.count"]:
            request = requests[packet["mep.request_in"][0]]
            at = int((request["mep.offset"] or ["0"])[0])
            read[int(request["mep.table"][0], 0)].update(
                range(at, at + int(packet["mep.count"][0])))
    return read


@pytest.mark.parametrize("options", [(), ("-2",)], ids=["one pass", "two passes"])
@pytest.mark.parametrize("security", ["plain", "rc4"])
def test_load_profile_of_the_simulated_meter(security, options, simulated, held, readings,
                                             tshark_fields):
    path = simulated("load-profile", security)
    truth = held("load-profile", security)
    rows = [row for row in readings(path, *options) if row["table"] in ("BT64", "BT65")]
    by_interval = collections.defaultdict(list)
    for row in rows:
        if row["register"] != "gap":
            by_interval[(int(row["table"][2:]) - 64, seconds(row["time"]))].append(row)
    for key, shown in by_interval.items():
        channels = truth[key]["channels"]
        assert len(shown) == len(channels)
        for row, (source, status, value) in zip(shown, channels):
            assert row["clock"] == "utc"
            if source < 112:
                assert row["value"] == str(value)
            if status:
                assert row["note"]
            elif source < 112:
                assert row["note"] in ("", "Power fail within interval")

    # Whole, wherever the reads cut them; by page 239 of the guide: 5 bytes of time, the simple
    # status, then intervals of a nibble of status for each channel and one, and four bytes each.
    packets = tshark_fields(path, ["frame.number", "mep.request_code", "mep.response_code",
                                   "mep.request_in", "mep.table", "mep.offset", "mep.count"])
    read = read_bytes(packets)
    wanted = set()
    steps = {}
    for (number, end), interval in truth.items():
        channels = len(interval["channels"])
        size = channels // 2 + 1 + 4 * channels
        header = 5 + (interval["per_block"] + 7) // 8
        steps[number] = interval["seconds"]
        at = interval["block"] * (header + interval["per_block"] * size) + header + \
            interval["interval"] * size
        if read[64 + number].issuperset(range(at, at + size)):
            wanted.add((number, end))
    assert set(by_interval) == wanted
    assert len(wanted) > 96
    ends = sorted(wanted)
    gaps = [(f"BT{64 + number}", before + steps[number], (end - before) // steps[number] - 1)
            for (number, before), (other, end) in zip(ends, ends[1:])
            if other == number and end - before > steps[number]]
    assert gaps == [(row["table"], seconds(row["time"]), int(row["value"]))
                    for row in rows if row["register"] == "gap"]


@pytest.mark.parametrize("security", ["plain", "tls"])
def test_registers_of_the_simulated_meter(security, simulated, readings, tshark_fields, run_mepdump):
    """BT23 and BT28: as often as they were read, each value as the field beside it has it."""
    if security == "tls" and "value=tls" not in run_mepdump(
            ["--extcap-interface", "mep-demo", "--extcap-config"]).stdout:
        pytest.skip("built without TLS")
    path = simulated("daily-reading", security)
    rows = readings(path)
    for table, name, field in (("BT23", "Fwd Active Wh L1L2L3", "mep.bt23.fwd_active_wh_l1l2l3"),
                               ("BT28", "RMS Voltage (mV) L1", "mep.bt28.rms_voltage_mv_l1")):
        shown = [row for row in rows if (row["table"], row["register"]) == (table, name)]
        packets = [packet for packet in tshark_fields(path, ["frame.number", field], "-o", BASIC_KEY)
                   if packet[field]]
        assert packets
        assert [(row["frame"], row["value"]) for row in shown] == \
            [(packet["frame.number"][0], packet[field][0]) for packet in packets]
        assert {row["clock"] for row in shown} == {"reckoned"}
        for row in shown:
            # The simulated meter's clock is the one of the capture.
            captured = datetime.datetime.strptime(row["captured"], "%Y-%m-%dT%H:%M:%S.%f%z")
            assert abs(captured.timestamp() - seconds(row["time"])) <= 2


def test_mbus_of_the_simulated_meter(simulated, readings, tshark_fields):
    path = simulated("mbus")
    rows = [row for row in readings(path) if row["table"] == "ET16"]
    assert rows and {row["clock"] for row in rows} == {"local"}
    packets = tshark_fields(path, ["mep.table", "mep.response_code", "mep.mbus.record"])
    records = [record for packet in packets for record in packet["mep.mbus.record"]
               if packet["mep.response_code"] and packet["mep.table"] == ["0x0810"]]
    # "Volume: 190.028 m³", as the tree has it.
    assert {f"{row['register'].split('): ')[1]}: {row['value']} {row['unit']}".rstrip()
            for row in rows} == set(records)


# --- By hand -------------------------------------------------------------------------------------

def block(end, status, intervals):
    """Of BT64 with three channels and eight intervals: 15 June 2026 at `end` (hour, minute)."""
    data = bytes([26, 6, 15, *end, status])
    for common, pair, values in intervals:
        data += bytes([common, pair]) + i32(*values)
    return data


def interval(*values, common=0, pair=0):
    return common, pair, values


EMPTY = interval(0, 0, 0)
SIZE = 6 + 8 * 14


class Profile(Talk):
    """A meter with blocks of eight intervals of 15 minutes; channels: Fwd Active Wh, Rev Active Wh,
    Fwd Active W."""

    def __init__(self, minutes=15):
        super().__init__()
        self.read(BT(61), bt61((2, 8, 3, minutes)))
        self.read(BT(62), bt62((0, 1, 8)))

    def read_block(self, data, *cuts, first=0):
        """In pieces, cut at these offsets."""
        edges = [first, *cuts, len(data)]
        return [self.read(BT(64), data[begin:end], begin)
                for begin, end in zip(edges, edges[1:])]


def brief(rows):
    return [(row["time"], row["frame"], row["register"], row["value"], row["unit"]) for row in rows]


WATT = ("Fwd Active Wh L1L2L3", "Rev Active Wh L1L2L3", "Fwd Active W L1L2L3")


def of_interval(time, frame, values):
    units = ("Wh", "Wh", "W")
    return [(time, str(frame), name, str(value), unit)
            for name, value, unit in zip(WATT, values, units)]


class TestByHand:
    DATA = block((12, 45), 0b0111, [interval(100, 10, 1), interval(200, 20, 2), interval(300, 30, 3)]
                 + [EMPTY] * 5)

    def wanted(self, frames):
        return [row for time, frame, values in zip(("12:15", "12:30", "12:45"), frames,
                                                   ((100, 10, 1), (200, 20, 2), (300, 30, 3)))
                for row in of_interval(f"2026-06-15T{time}:00Z", frame, values)]

    # The second interval begins at 20; a cut within a value, at the edge of one, in the header.
    @pytest.mark.parametrize("cuts, later", [((), (0, 0, 0)), ((30,), (0, 1, 1)), ((20,), (0, 1, 1)),
                                             ((3,), (1, 1, 1)), ((27, 29), (0, 2, 2)),
                                             ((6, 21, 35), (1, 2, 3))])
    def test_whole_wherever_the_reads_cut_them(self, cuts, later, capture, readings):
        talk = Profile()
        frames = talk.read_block(self.DATA, *cuts)
        rows = readings(capture(talk.frames))
        assert brief(rows) == self.wanted([frames[number] for number in later])
        assert {(row["clock"], row["bus"], row["table"], row["note"]) for row in rows} == \
            {("utc", "0", "BT64", "")}

    @pytest.mark.parametrize("cut", [25, 34, 40])
    def test_a_read_that_begins_within_a_block(self, cut, capture, readings):
        """The head of the block was read before, and other bytes since."""
        talk = Profile()
        head = talk.read(BT(64), self.DATA[:20])
        talk.read(BT(64), self.DATA[90:100], 90)
        frames = talk.read_block(self.DATA[:48], cut, first=20)
        rows = readings(capture(talk.frames))
        assert brief(rows) == self.wanted([head, frames[1 if cut < 34 else 0], frames[1]])

    def test_half_an_interval_is_none(self, capture, readings):
        talk = Profile()
        talk.read(BT(64), self.DATA[:33])
        assert brief(readings(capture(talk.frames))) == self.wanted([6])[:3]

    def test_other_bytes_between(self, capture, readings):
        """Of the second interval, the end comes from another place: no interval is made of that."""
        talk = Profile()
        first = talk.read(BT(64), self.DATA[:30])
        talk.read(BT(64), self.DATA[31:48], 31)
        rows = brief(readings(capture(talk.frames)))
        assert rows == self.wanted([first])[:3] + \
            [("2026-06-15T12:30:00Z", "", "gap", "1", "interval")] + \
            self.wanted([0, 0, first + 2])[6:]

    def test_the_newest_wins(self, capture, readings):
        talk = Profile()
        talk.read_block(self.DATA)
        again = block((12, 45), 0b0111, [interval(100, 10, 1), interval(200, 20, 2),
                                         interval(333, 30, 3)] + [EMPTY] * 5)
        frame = talk.read_block(again)[0]
        rows = brief(readings(capture(talk.frames)))
        assert len(rows) == 9
        assert rows[6:] == of_interval("2026-06-15T12:45:00Z", frame, (333, 30, 3))

    def test_gaps(self, capture, readings):
        """12:30 and 12:45 were never recorded."""
        talk = Profile()
        talk.read_block(block((13, 0), 0b1001, [interval(100, 10, 1), EMPTY, EMPTY,
                                               interval(400, 40, 4)] + [EMPTY] * 4))
        rows = readings(capture(talk.frames))
        assert brief(rows) == of_interval("2026-06-15T12:15:00Z", 6, (100, 10, 1)) + \
            [("2026-06-15T12:30:00Z", "", "gap", "2", "intervals")] + \
            of_interval("2026-06-15T13:00:00Z", 6, (400, 40, 4))

    def test_no_value(self, capture, readings):
        """Channel 1 was skipped, channel 2 has an overflow; the power failed."""
        talk = Profile()
        talk.read_block(block((12, 15), 1, [interval(100, 10, 1, common=0x20, pair=0x41)]
                              + [EMPTY] * 7))
        rows = readings(capture(talk.frames))
        assert [(row["value"], row["note"]) for row in rows] == \
            [("100", "Power fail within interval"), ("", "skipped, Power fail within interval"),
             ("1", "overflow, Power fail within interval")]

    def test_a_bad_digest_tells_nothing(self, capture, readings):
        talk = Profile()
        talk.read_block(self.DATA)
        damaged = bytearray(talk.frames[-1].data)
        damaged[-20] ^= 1
        talk.frames[-1] = Frame(bytes(damaged), talk.frames[-1].direction, 20_000)
        assert readings(capture(talk.frames)) == []

    def test_a_filter(self, capture, readings):
        talk = Profile()
        frames = talk.read_block(self.DATA, 20)
        path = capture(talk.frames)
        rows = readings(path, filter=f"frame.number == {frames[0]}")
        assert brief(rows) == self.wanted([frames[0]])[:3]

    def test_without_an_interval_time(self, capture, readings):
        """Before BT61 nobody knows how long a block is, nor when; BT52 does not tell it either."""
        talk = Talk()
        talk.read(BT(52), bytes([26, 6, 15, 12, 0, 0, 0x18]))
        talk.read(BT(62), bt62((0, 1, 8)))
        talk.read(BT(64), self.DATA)
        assert {row["time"] for row in readings(capture(talk.frames))
                if row["table"] == "BT64"} <= {""}


def test_registers_by_hand(capture, readings):
    """Read in two pieces, cut within the second of three registers; and again, 5 s later."""
    talk = Talk()
    talk.read(BT(21), bytes([0, 0, 1, 3, 0, 0, 1, 0, 0, 0]))
    talk.read(BT(22), bytes([0, 1, 5]))
    talk.read(BT(52), bytes([26, 6, 15, 12, 0, 0, 0x18]))
    data = i32(1000, 2000, 7)
    first = talk.read(BT(23), data[:6])
    second = talk.read(BT(23), data[6:], 6)
    talk.frames[-2].gap_us = 3_000_000
    third = talk.read(BT(23), i32(1001, 2000, 7))
    rows = readings(capture(talk.frames))
    assert [(row["frame"], row["register"], row["value"], row["unit"]) for row in rows] == [
        (str(first), "Fwd Active Wh L1L2L3", "1000", "Wh"),
        (str(second), "Rev Active Wh L1L2L3", "2000", "Wh"),
        (str(second), "Power Outage Qty", "7", ""),
        (str(third), "Fwd Active Wh L1L2L3", "1001", "Wh"),
        (str(third), "Rev Active Wh L1L2L3", "2000", "Wh"),
        (str(third), "Power Outage Qty", "7", "")]
    assert rows[0]["time"] == "2026-06-15T12:00:00Z"
    assert rows[1]["time"] == "2026-06-15T12:00:03Z"
    assert {row["clock"] for row in rows} == {"reckoned"}


def test_self_reads_by_hand(capture, readings):
    """BT26 with two entries: 14 June at midnight, local, and one that was never made."""
    talk = Talk()
    # With date and time, without season; two self-reads of one register.
    talk.read(BT(21), bytes([0x02, 0, 2, 1, 0, 0, 1, 0, 0, 0]))
    talk.read(BT(22), bytes([0]))
    head = bytes([0, 1, 0]) + u16(1) + bytes([1])
    entry = bytes([26, 6, 14, 0, 0]) + i32(5000)
    empty = bytes(5) + i32(0)
    talk.read(BT(52), bytes([26, 6, 15, 12, 0, 0, 0x18]))
    talk.read(BT(26), head + entry + empty)
    frame = talk.read(BT(26), head + entry + empty)
    rows = readings(capture(talk.frames))
    assert [(row["time"], row["clock"], row["frame"], row["register"], row["value"])
            for row in rows] == \
        [("2026-06-14T00:00:00", "local", str(frame), "Fwd Active Wh L1L2L3", "5000")]


def test_quoting(capture, readings, run_tshark, user):
    """A comma in a name, as M-Bus has, stands in quotation marks; lines end as lines do."""
    talk = Profile()
    talk.read_block(TestByHand.DATA)
    path = capture(talk.frames)
    text = run_tshark(["-r", user.readable(path), "-q", "-z", "mep,readings,csv"]).stdout
    assert text.splitlines()[0] == ",".join(COLUMNS)
    assert len(text.splitlines()) == 10 and '"' not in text
    text = run_tshark(["-r", user.readable(MBUS), "-q", "-z", "mep,readings,csv"]).stdout
    assert ',"Gas 00481516 (ELS): Volume, uncorrected",' in text


def test_as_text(capture, run_tshark, user):
    talk = Profile()
    talk.read_block(TestByHand.DATA)
    text = run_tshark(["-r", user.readable(capture(talk.frames)), "-q", "-z", "mep,readings"]).stdout
    assert "Bus 0, BT64 Load Profile Data, Data Set 1" in text
    assert re.search(r"2026-06-15T12:15:00Z +utc +6 +100 Wh  Fwd Active Wh L1L2L3", text)


def test_a_filter_that_is_none(capture, run_tshark, user):
    result = run_tshark(["-r", user.readable(capture(Talk().frames)), "-q", "-z",
                         "mep,readings,csv,no such field"])
    assert result.returncode != 0 and result.stdout == ""


# --- As a table of Wireshark's -------------------------------------------------------------------

TABLE_COLUMNS = ["Time", "Clock", "Frame", "Bus", "Table", "Register or channel", "Value", "Unit", "Note"]


def table_rows(text):
    """The rows that tshark prints of a table: each column's text."""
    lines = text.splitlines()
    heading = next(i for i, line in enumerate(lines) if line.startswith("Time |"))
    assert [name.strip() for name in lines[heading].split(" |")][:-1] == TABLE_COLUMNS
    assert lines[heading + 1] == "MEP Readings"
    end = next(i for i in range(heading, len(lines)) if lines[i].startswith("====="))
    return [[cell.strip() for cell in line.split(" |")][:-1] for line in lines[heading + 2:end]]


@pytest.fixture(scope="module")
def table(run_tshark, user):
    """table(capture, filter="") -> the rows of Wireshark's table."""

    def run(path, filter=""):
        name = "mep,readings_table" + ("," + filter if filter else "")
        result = run_tshark(["-r", user.readable(path), "-q", "-z", name, "-o", BASIC_KEY])
        assert result.returncode == 0, result.stderr
        return table_rows(result.stdout)

    return run


# An interval, or several, that are not there: what the note of the one behind them says.
MISSING = re.compile(r"before it (\d+) intervals? (?:is|are) missing")


@pytest.mark.parametrize("filter", ["", "mep.table == 0x0040"])
@pytest.mark.parametrize("script", ["mbus", "load-profile", "daily-reading"])
def test_table_has_the_rows_of_the_list(script, filter, simulated, readings, table):
    path = simulated(script)
    rows = readings(path, filter=filter)
    shown = table(path, filter)
    assert shown or filter
    assert sorted(row[:8] for row in shown) == sorted(
        [row["time"], row["clock"], row["frame"], row["bus"], row["table"], row["register"],
         row["value"], row["unit"]] for row in rows if row["register"] != "gap")
    # A gap is told with the row behind it.
    assert sorted(int(said[1]) for row in shown if (said := MISSING.search(row[8]))) == \
        sorted(int(row["value"]) for row in rows if row["register"] == "gap")


def test_table_closes_gaps_that_are_read_later(capture, table):
    """12:30 is read last: there is no gap before 12:45 any more, and none is made."""
    talk = Profile()
    talk.read_block(TestByHand.DATA)
    first, last = TestByHand.DATA[:20], TestByHand.DATA[34:48]
    talk.frames.pop()
    talk.frames.pop()
    talk.read(BT(64), first)
    talk.read(BT(64), last, 34)
    gap = [row[8] for row in table(capture(talk.frames)) if row[0] == "2026-06-15T12:45:00Z"]
    assert gap[0] == "before it 1 interval is missing" and gap[1:] == ["", ""]
    talk.read(BT(64), TestByHand.DATA[:48])
    rows = table(capture(talk.frames))
    assert len(rows) == 9 and {row[8] for row in rows} == {""}
