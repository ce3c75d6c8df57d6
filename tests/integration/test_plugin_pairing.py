"""Which answer belongs to which request: losses, repetitions, alerts, several meters, and the same
story on every pass and in any order of looking.

SPDX-License-Identifier: GPL-2.0-or-later
"""
import json
import random
import re

import pytest

from capture_file import (CLIENT_TO_METER, LINK_RAW, METER_TO_CLIENT, Frame, load_frames)
from oma_digest import answer, read, read_answer, write

pytestmark = pytest.mark.usefixtures("plugin")

FIELDS = ["mep.request_in", "mep.response_in", "mep.digest.status", "mep.table",
          "mep.analysis.retransmission", "mep.analysis.answers_nothing"]
ALERT = b"\0\0"


def ask(data, gap_us=100_000, **more):
    return Frame(data, CLIENT_TO_METER, gap_us, **more)


def reply(data, gap_us=20_000, **more):
    return Frame(data, METER_TO_CLIENT, gap_us, **more)


def pairs(packets):
    """{request: answer} by frame numbers; that both ends agree is checked here."""
    forward = {number: int(packet["mep.response_in"][0])
               for number, packet in enumerate(packets, 1) if packet["mep.response_in"]}
    backward = {int(packet["mep.request_in"][0]): number
                for number, packet in enumerate(packets, 1) if packet["mep.request_in"]}
    assert forward == backward
    return forward


@pytest.fixture
def paired(capture, tshark_fields):
    def run(frames, *arguments, **options):
        packets = tshark_fields(capture(frames, **options), FIELDS, "-2", *arguments)
        return pairs(packets), packets

    return run


R = [read(table, 44, sequence=0x100 + number)
     for number, table in enumerate((0x17, 0x17, 0x34, 0x832))]
A = [read_answer(request, bytes([number] * 44)) for number, request in enumerate(R)]
NO_KEY = ("-o", "mep.try_default_key:FALSE")


@pytest.mark.parametrize("arguments", [(), NO_KEY], ids=["key", "no key"])
class TestLosses:
    """With the key, and without it, where only form, order and time speak."""

    def test_an_answer_that_ends_behind_the_next_request(self, paired, arguments):
        """Records stand in the order of their ends; their times are those of their beginnings."""
        damaged = A[0][:-1] + bytes([A[0][-1] ^ 0x40])
        found, _ = paired([ask(R[0], time_us=1_000_000), ask(R[1], time_us=1_300_000),
                           reply(damaged, time_us=1_040_000), reply(A[1], time_us=1_340_000)],
                          *arguments)
        assert found == {1: 3, 2: 4}

    def test_nothing_lost(self, paired, arguments):
        found, _ = paired([f for r, a in zip(R, A) for f in (ask(r), reply(a))], *arguments)
        assert found == {1: 2, 3: 4, 5: 6, 7: 8}

    def test_answer_lost(self, paired, arguments):
        found, _ = paired([ask(R[0]), ask(R[1]), reply(A[1])], *arguments)
        assert found == {2: 3}

    def test_request_lost(self, paired, arguments):
        found, packets = paired([ask(R[0]), reply(A[0]), reply(A[1]), ask(R[2]), reply(A[2])],
                                *arguments)
        assert found == {1: 2, 4: 5}
        assert len(packets[2]["mep.analysis.answers_nothing"]) == 1
        assert packets[2]["mep.digest.status"] == ["2"]

    def test_begins_with_an_answer(self, paired, arguments):
        found, packets = paired([reply(A[0]), ask(R[1]), reply(A[1])], *arguments)
        assert found == {2: 3}
        assert packets[0]["mep.table"] == []

    def test_lost_after_a_long_silence(self, paired, arguments):
        """An answer to a lost request after the answer before was lost, too."""
        found, packets = paired([ask(R[0]), reply(A[1], 60_000_000)], *arguments)
        assert found == {}
        assert packets[1]["mep.digest.status"] == ["2"]

    def test_answer_lost_and_next_request_lost(self, paired, arguments):
        """An answer that cannot be the open request's by its form."""
        small = read(0x34, 6, sequence=0x200)
        found, _ = paired([ask(small), reply(A[1]), ask(R[2]), reply(A[2])], *arguments)
        assert found == {3: 4}

    def test_repeated_without_first_answer(self, paired, arguments):
        found, packets = paired([ask(R[0]), ask(R[0], 600_000), reply(A[0])], *arguments)
        assert found == {2: 3}
        assert [packet["mep.analysis.retransmission"] for packet in packets] == [[], ["1"], []]

    def test_repeated_with_first_answer(self, paired, arguments):
        found, packets = paired([ask(R[0]), reply(A[0]), ask(R[0]), reply(A[0])], *arguments)
        assert found == {1: 2, 3: 4}
        assert packets[2]["mep.analysis.retransmission"] == ["1"]
        assert packets[3]["mep.digest.status"] == packets[1]["mep.digest.status"]

    def test_repeated_three_times(self, paired, arguments):
        found, packets = paired([ask(R[0]), ask(R[0]), ask(R[0]), reply(A[0]), ask(R[1]),
                                 reply(A[1])], *arguments)
        assert found == {3: 4, 5: 6}
        assert [packet["mep.analysis.retransmission"] for packet in packets] == \
            [[], ["1"], ["2"], [], [], []]

    def test_same_read_again_is_no_repetition(self, paired, arguments):
        """Another sequence number: a new request."""
        _, packets = paired([ask(R[0]), reply(A[0]), ask(R[1]), reply(A[1])], *arguments)
        assert all(packet["mep.analysis.retransmission"] == [] for packet in packets)

    def test_alert_between(self, paired, arguments):
        found, packets = paired([ask(R[0]), reply(ALERT), reply(A[0]), reply(ALERT), ask(R[1]),
                                 reply(ALERT), reply(ALERT), reply(A[1])], *arguments)
        assert found == {1: 3, 5: 8}
        assert packets[1]["mep.request_in"] == packets[1]["mep.digest.status"] == []

    def test_noise_and_parts_between(self, paired, arguments):
        found, _ = paired([ask(R[0]), reply(b"\x55\x55", status=0x02), reply(A[0][:9], status=0x01),
                           reply(A[0])], *arguments)
        assert found == {1: 4}


def test_late_answer_finds_its_request_by_the_digest(paired):
    found, packets = paired([ask(R[0]), ask(R[1]), reply(A[0]), reply(A[1])])
    assert found == {1: 3, 2: 4}
    assert packets[2]["mep.digest.status"] == packets[3]["mep.digest.status"] == ["1"]


def test_rejections_are_paired(paired):
    request = write(0x832, b"\1\2\3")
    found, packets = paired([ask(request), reply(answer(request, b"\x03")),
                             ask(R[0]), reply(b"\0\1\x0B"),
                             ask(R[1]), reply(answer(R[1], b"\x0C\0\0\1\0"))])
    assert found == {1: 2, 3: 4, 5: 6}
    assert [packet["mep.digest.status"] for packet in packets] == [["1"], ["1"], ["1"], [], ["1"],
                                                                  ["1"]]


def two_meters():
    """Two taps, four interfaces; requests, tables and sequence numbers alike."""
    return [ask(R[0], interface=0), ask(R[0], 1000, interface=2), reply(A[0], interface=3),
            reply(A[0], interface=1), ask(R[1], interface=2), ask(R[1], 1000, interface=0),
            reply(A[1], interface=3), reply(A[1], interface=1)]


def test_two_meters(capture, paired, tshark_fields):
    found, packets = paired(two_meters(), interfaces=4)
    assert found == {1: 4, 2: 3, 5: 7, 6: 8}
    assert all(packet["mep.analysis.retransmission"] == [] for packet in packets)
    addresses = tshark_fields(capture(two_meters(), interfaces=4),
                              ["_ws.col.Source", "_ws.col.Destination"])
    assert [packet["_ws.col.Source"][0] for packet in addresses] == \
        ["Client", "Client 2", "Meter 2", "Meter", "Client 2", "Client", "Meter 2", "Meter"]
    assert [packet["_ws.col.Destination"][0] for packet in addresses] == \
        ["Meter", "Meter 2", "Client 2", "Client", "Meter 2", "Meter", "Client 2", "Client"]


def test_two_meters_are_two_conversations(capture, run_tshark):
    result = run_tshark(["-r", capture(two_meters(), interfaces=4), "-q", "-z", "conv,mep", "-z",
                         "endpoints,mep"])
    conversations = re.findall(r"^(Client.*?) +<-> (Meter.*?)  ", result.stdout, re.MULTILINE)
    assert sorted(conversations) == [("Client", "Meter"), ("Client 2", "Meter 2")]
    assert len(re.findall(r"^(?:Client|Meter)(?: 2)? +4 ", result.stdout, re.MULTILINE)) == 4


@pytest.mark.parametrize("first", [0, 1])
def test_meter_heard_first(paired, first):
    """Whichever line speaks first, and whichever interface is whose."""
    client, meter = (0, 1) if first == 0 else (1, 0)
    found, _ = paired([reply(ALERT, interface=meter), ask(R[0], interface=client),
                       reply(A[0], interface=meter)])
    assert found == {2: 3}


@pytest.mark.parametrize("link", [160, LINK_RAW])
def test_one_interface_for_both_directions(paired, link):
    frames = [f for r, a in zip(R, A) for f in (ask(r, interface=0), reply(a, interface=0))]
    found, _ = paired(frames, interfaces=1, link=link)
    assert found == {1: 2, 3: 4, 5: 6, 7: 8}


@pytest.mark.parametrize("directions", [True, False])
def test_one_interface_for_each_meter(paired, directions):
    """Both directions on one interface, and two of those in the file."""
    frames = [ask(R[0], interface=0), ask(R[0], interface=1), reply(A[0], interface=1),
              reply(A[0], interface=0), ask(R[1], interface=1), reply(A[1], interface=1)]
    if not directions:
        for frame in frames:
            frame.direction = 0
    found, _ = paired(frames, link=LINK_RAW)
    assert found == {1: 4, 2: 3, 5: 6}


# --- Every pass, any order ------------------------------------------------------------------------


@pytest.fixture(scope="module")
def story(capture, data_dir):
    """A bit of everything."""
    frames = load_frames(data_dir / "guide-frames.jsonl")
    frames += [ask(R[0]), reply(ALERT), reply(A[0]), ask(R[1]), ask(R[1]), reply(A[1]), reply(A[2]),
               ask(R[2]), ask(R[3]), reply(A[3]), reply(A[2]), reply(b"\xFF" * 5, status=2),
               ask(R[0][:7], status=1), reply(A[3][:-1] + bytes([A[3][-1] ^ 1])), ask(R[0]),
               reply(A[0][:-9] + b"\x55" + A[0][-8:]), ask(b"\0\x10" + b"\xC3" * 16)]
    return capture(frames), len(frames)


def without_what_a_single_pass_cannot_know(text):
    return re.sub(r"^ *\[Responses? in: \d+\]\n", "", text, flags=re.MULTILINE)


def test_one_pass_equals_two(story, run_tshark):
    path, count = story
    once, twice = (run_tshark(["-r", path, "-V", *more]) for more in ([], ["-2"]))
    assert once.returncode == twice.returncode == 0
    assert once.stdout.count("\nFrame ") == count - 1
    assert "[Response in: " in twice.stdout
    assert without_what_a_single_pass_cannot_know(once.stdout) == \
        without_what_a_single_pass_cannot_know(twice.stdout)
    once, twice = (run_tshark(["-r", path, *more]) for more in ([], ["-2"]))
    assert once.stdout == twice.stdout


def test_one_frame_alone_equals_the_listing(story, run_tshark):
    path, count = story
    whole = run_tshark(["-r", path, "-2", "-O", "mep"]).stdout
    frames = re.split(r"^(?=Frame \d+:)", whole, flags=re.MULTILINE)[1:]
    assert len(frames) == count
    for number in (4, 12, 27, 35, 40):
        alone = run_tshark(["-r", path, "-2", "-O", "mep", "-Y", f"frame.number == {number}"])
        assert alone.stdout.rstrip() == frames[number - 1].rstrip()


def test_any_click_order(story, user, run_tshark):
    """Frames are asked for in one order and another."""
    path, count = story
    order = list(range(1, count + 1))
    shuffled = order * 2
    random.Random(13).shuffle(shuffled)
    trees = {}
    for clicks in (order, order[::-1], shuffled):
        clicked = user.sharkd_trees(path, clicks)
        if clicked is None:
            pytest.skip("sharkd is not installed")
        for number, tree in zip(clicks, clicked, strict=True):
            assert trees.setdefault(number, tree) == tree
    listing = run_tshark(["-r", path, "-2", "-O", "mep"]).stdout
    assert all(json.dumps(trees[number]).count(f"Response in: {answered}") == 1
               for number, answered in ((1, 2), (25, 27)))
    assert listing.count("[Response in: ") == json.dumps(trees).count("\"Response in: ")
