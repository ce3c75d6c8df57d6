"""A line that is held at zero: one finding, and no alerts.

SPDX-License-Identifier: GPL-2.0-or-later
"""
import pytest

from capture_file import (CLIENT_TO_METER, LINK_RAW, LINK_TAP, METER_TO_CLIENT, START_US, Frame)
from oma_digest import read, read_answer

pytestmark = pytest.mark.usefixtures("plugin")

ASK = read(0x17, 44)
ANSWER = read_answer(ASK, bytes(44))
INFO, EXPERT = "_ws.col.Info", "_ws.expert.message"
FIELDS = ["mep.alert", "mep.noise", "mep.analysis.dead_line", INFO, EXPERT, "_ws.col.Source"]
WARNING = "The line holds at zero: no level converter, or the wire is at ground"
ALERT = b"\0\0"


def zeros(times_us, size=2, direction=METER_TO_CLIENT, **options):
    return [Frame(bytes(size), direction, time_us=START_US + time, **options) for time in times_us]


def count(shown, name):
    return [bool(packet[name]) for packet in shown]


def warnings(shown):
    return [number for number, packet in enumerate(shown, 1)
            if any(WARNING in text for text in packet[EXPERT])]


@pytest.mark.parametrize("link", [LINK_TAP, LINK_RAW])
@pytest.mark.parametrize("direction", [METER_TO_CLIENT, CLIENT_TO_METER])
@pytest.mark.parametrize("apart_us", [1, 2100, 20_000, 90_000])
def test_two_bytes_a_record(capture, tshark_fields, link, direction, apart_us):
    path = capture(zeros((number * apart_us for number in range(60)), 2, direction), link=link)
    for passes in ([], ["-2"]):
        shown = tshark_fields(path, FIELDS, *passes)
        # The first one looks like an alert, and nobody knows better yet.
        assert count(shown, "mep.alert") == [True] + [False] * 59
        assert count(shown, "mep.noise") == count(shown, "mep.analysis.dead_line") == \
            [False] + [True] * 59
        assert warnings(shown) == [2]
        assert shown[1][INFO] == ["Line holds at zero, 2 bytes"]
        who = "Meter" if direction == METER_TO_CLIENT else "Client"
        assert {packet["_ws.col.Source"][0] for packet in shown} == {who}


@pytest.mark.parametrize("link", [LINK_TAP, LINK_RAW])
@pytest.mark.parametrize("size", [3, 4, 62, 150, 4096])
def test_longer_records(capture, tshark_fields, link, size):
    """Any number of zeros but two is no alert, not even the first."""
    apart = size * 1042
    shown = tshark_fields(capture(zeros((number * min(apart, 400_000) for number in range(10)),
                                        size), link=link), FIELDS)
    assert count(shown, "mep.alert") == [False] * 10
    assert warnings(shown) == [2 if size == 3 else 1]


def test_single_bytes(capture, tshark_fields):
    """Read one by one: the first two make an alert, as they do on a live line."""
    path = capture(zeros((number * 1042 for number in range(40)), 1), link=LINK_RAW)
    for passes in ([], ["-2"]):
        shown = tshark_fields(path, FIELDS, *passes)
        assert sum(count(shown, "mep.alert")) == 1
        assert len(warnings(shown)) == 1
        assert shown[39][INFO] == ["Line holds at zero, 1 byte"]


@pytest.mark.parametrize("link", [LINK_TAP, LINK_RAW])
@pytest.mark.parametrize("apart_us", [300_000, 999_000, 1_000_000, 5_000_000])
def test_alerts_stay_alerts(capture, tshark_fields, link, apart_us):
    """One a second is what a meter may send. Less than half of that is stretched trust, but no
    line that is held."""
    shown = tshark_fields(capture(zeros(number * apart_us for number in range(10)), link=link),
                          FIELDS)
    assert count(shown, "mep.alert") == [True] * 10
    assert warnings(shown) == []
    assert count(shown, "mep.noise") == [False] * 10


def test_a_stretch_is_one_finding_and_the_next_another(capture, tshark_fields):
    times = [*range(0, 100_000, 2100), *range(5_000_000, 5_100_000, 2100)]
    shown = tshark_fields(capture(zeros(times)), FIELDS)
    second = len(times) // 2
    assert warnings(shown) == [2, second + 2]
    assert [number for number, alert in enumerate(count(shown, "mep.alert")) if alert] == \
        [0, second]


def test_the_line_comes_back(capture, tshark_fields):
    """Frames end the stretch, and an alert is one again."""
    records = zeros(range(0, 50_000, 2100))
    records += [Frame(ASK, CLIENT_TO_METER, time_us=START_US + 1_000_000),
                Frame(ANSWER, METER_TO_CLIENT, time_us=START_US + 1_020_000)]
    records += zeros([1_080_000])
    for link in (LINK_TAP, LINK_RAW):
        shown = tshark_fields(capture(records, link=link), [*FIELDS, "mep.table"])
        assert shown[-1]["mep.alert"] and not shown[-1]["mep.noise"]
        assert shown[-2]["mep.table"] == shown[-3]["mep.table"] == ["0x0017"]


def test_one_line_is_dead_and_the_other_is_not(capture, tshark_fields):
    """The client asks, and the meter's line says nothing but zeros."""
    records = sorted(zeros(range(0, 3_000_000, 50_000))
                     + [Frame(ASK, CLIENT_TO_METER, time_us=START_US + number * 500_000 + 7)
                        for number in range(6)], key=lambda each: each.time_us)
    shown = tshark_fields(capture(records), [*FIELDS, "mep.table"])
    assert sum(count(shown, "mep.alert")) == 1
    assert len(warnings(shown)) == 1
    assert sum(count(shown, "mep.table")) == 6


def test_what_the_capture_tool_calls_noise(capture, tshark_fields):
    shown = tshark_fields(capture(zeros([0, 500_000], 300, status=0x02)), FIELDS)
    assert warnings(shown)[0] == 1
    assert shown[0][INFO] == ["Line holds at zero, 300 bytes"]


def test_zeros_that_belong_to_a_frame(capture, tshark_fields):
    """A table of zeros, read in pieces."""
    data = read_answer(read(0x1C, 220), bytes(220))
    records = [Frame(data[at:at + 62], METER_TO_CLIENT, 1000) for at in range(0, len(data), 62)]
    shown = tshark_fields(capture(records, link=LINK_RAW), [*FIELDS, "mep.count"])
    assert shown[-1]["mep.count"] == ["220"]
    assert sum(count(shown, "mep.alert")) == sum(count(shown, "mep.analysis.dead_line")) == 0
