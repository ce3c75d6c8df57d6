"""Records that are not cut where frames end, on the link type without a header: put together on
every pass, whatever the cuts.

SPDX-License-Identifier: GPL-2.0-or-later
"""
import itertools
import json
import random

import pytest

from capture_file import CLIENT_TO_METER, LINK_RAW, METER_TO_CLIENT, START_US, Frame, load_frames
from oma_digest import answer, frame, read, read_answer
from pcapng_blocks import Capture

pytestmark = pytest.mark.usefixtures("plugin")

BOTH = (CLIENT_TO_METER, METER_TO_CLIENT)
FIELDS = ["mep.length", "mep.request_code", "mep.response_code", "mep.table", "mep.offset",
          "mep.count", "mep.data", "mep.sequence", "mep.digest", "mep.digest.status", "mep.key",
          "mep.alert", "mep.noise", "mep.encrypted", "mep.cut_short"]
INFO = "_ws.col.Info"
EXPERT = "_ws.expert.message"

ASK = read(0x1C, 220)
# Zeros, as in a meter's table: no part of it is an alert.
ANSWER = read_answer(ASK, bytes([0x83, 0xB7, 0xEC, 3]) + bytes(150) + bytes(range(1, 67)))
NEXT = read(0x17, 44, sequence=0x01020305)
NEXT_ANSWER = read_answer(NEXT, bytes(range(44)))


@pytest.fixture
def raw(capture):
    def make(records, **options):
        return capture(records, link=LINK_RAW, **options)

    return make


def pieces(data, size):
    return [data[at:at + size] for at in range(0, len(data), size)]


def flattened(packets):
    """What the frames say, wherever they stand: values in their order, and the parts' own lines
    left out."""
    found = {name: list(itertools.chain.from_iterable(packet[name] for packet in packets))
             for name in FIELDS}
    lines = [line.strip() for packet in packets for text in packet[INFO]
             for line in text.split(" | ")]
    found[INFO] = [line for line in lines if not line.startswith("Part of a frame")]
    return found


def talk(cut, gap_us=50_000, flags=True):
    """A request, its long answer, and another exchange, each cut by `cut`."""
    return [Frame(piece, direction if flags else 0, gap_us, interface=0)
            for data, direction in ((ASK, 1), (ANSWER, 2), (NEXT, 1), (NEXT_ANSWER, 2))
            for piece in cut(data)]


@pytest.mark.parametrize("size", [1, 2, 3, 5, 11, 62, 150, 232])
@pytest.mark.parametrize("flags", [True, False])
def test_cut_in_equal_pieces(raw, tshark_fields, size, flags):
    names = [*FIELDS, INFO, "_ws.col.Source", "mep.reassembled.in", "mep.fragment.count"]
    whole = tshark_fields(raw(talk(lambda data: [data], flags=flags)), names)
    path = raw(talk(lambda data: pieces(data, size), 2000, flags))
    for passes in ([], ["-2"]):
        shown = tshark_fields(path, names, *passes)
        assert flattened(shown) == flattened(whole)
        assert flattened(shown)["mep.alert"] == []
    # The answer's pieces say where it is, and it says how many they were.
    first = len(pieces(ASK, size))
    count = len(pieces(ANSWER, size))
    answer_in = first + count
    for packet in shown[first:answer_in - 1]:
        assert packet["mep.reassembled.in"] == [str(answer_in)]
    assert shown[answer_in - 1]["mep.fragment.count"] == [str(count)]
    if flags:
        assert {packet["_ws.col.Source"][0] for packet in shown[first:answer_in]} == {"Meter"}


def test_what_a_part_says(raw, tshark_fields, run_tshark):
    records = talk(lambda data: pieces(data, 62))
    once = tshark_fields(raw(records), [INFO])
    twice = tshark_fields(raw(records), [INFO], "-2")
    assert len(ANSWER) == 233
    assert [packet[INFO][0] for packet in once[1:4]] == [
        f"Part of a frame, bytes {first} to {first + 61} of 233" for first in (1, 63, 125)]
    assert [packet[INFO][0] for packet in twice[1:4]] == [
        f"Part of a frame, bytes {first} to {first + 61} of 233 [reassembled in frame 5]"
        for first in (1, 63, 125)]
    text = run_tshark(["-r", raw(records), "-2", "-V", "-x", "-Y", "frame.number == 5"]).stdout
    assert "[4 Parts (233 bytes): #2(62), #3(62), #4(62), #5(47)]" in text
    assert "Reassembled MEP frame (233 bytes):" in text


def test_one_byte_at_a_time_without_a_known_size(raw, tshark_fields):
    shown = tshark_fields(raw(talk(lambda data: pieces(data, 1), 1000)), [INFO])
    assert shown[0][INFO] == ["Part of a frame, byte 1"]
    assert shown[2][INFO] == [f"Part of a frame, byte 3 of {len(ASK)}"]


def test_filtered_second_pass(raw, tshark_fields):
    """The record that completes a frame alone passes the filter."""
    path = raw(talk(lambda data: pieces(data, 62)))
    only = "mep.response_code == 0 and mep.table == 0x1c"
    shown = tshark_fields(path, ["mep.count"], "-2", "-R", only)
    assert shown == [{"mep.count": ["220"]}]


def frames_of(data_dir, sample):
    """A sample's frames that came whole."""
    if sample == "guide-frames":
        return load_frames(data_dir / "guide-frames.jsonl")
    return [Frame(packet.raw[packet.raw[1]:], packet.direction)
            for packet in Capture.read(data_dir / f"{sample}.pcapng").packets if packet.status == 0]


def cut_and_joined(dice, frames, flags):
    """The frames' bytes with cuts at random and most of the right ones left out. What one side
    says before the other answers stays together; records of two directions do not mix unless
    nothing tells them apart."""
    records = []
    now = START_US
    for _, group in itertools.groupby(frames, key=lambda each: each.direction if flags else 0):
        group = list(group)
        data = b"".join(each.data for each in group)
        # Alerts stand alone: two of them never touch on a line.
        ends = itertools.accumulate(len(each.data) for each in group)
        kept = {end for end in ends if dice.random() < 0.5}
        cuts = kept | {dice.randrange(1, len(data) + 1)
                       for _ in range(dice.choice((0, 1, 2, 5, len(data) // 20)))}
        cuts = sorted(cuts | {0, len(data)})
        for begin, end in zip(cuts, cuts[1:]):
            now += dice.randrange(1000, 60_000)
            records.append(Frame(data[begin:end], group[0].direction if flags else 0,
                                 interface=(group[0].direction - 1) if flags else 0, time_us=now))
        now += 1_100_000
    return records


@pytest.mark.parametrize("flags", [True, False])
@pytest.mark.parametrize("sample", ["guide-frames", "daily-reading", "load-profile", "rc4", "mbus",
                                    "procedures", "transaction", "tls", "first-contact"])
def test_random_cuts_and_joints(raw, tshark_fields, data_dir, sample, flags):
    """Whatever the cuts: as when whole."""
    dice = random.Random(f"{sample} {flags}")
    frames = frames_of(data_dir, sample)[:120 if flags else 40]
    # A second between the frames, as in the records that are compared with them.
    whole = flattened(tshark_fields(
        raw([Frame(each.data, each.direction if flags else 0, 1_100_000,
                   interface=each.direction - 1 if flags else 0) for each in frames]),
        [*FIELDS, INFO]))
    cut = raw(cut_and_joined(dice, frames, flags))
    for passes in ([], ["-2"]):
        shown = flattened(tshark_fields(cut, [*FIELDS, INFO], *passes))
        assert {name: shown[name] for name in FIELDS} == {name: whole[name] for name in FIELDS}


def test_two_lines_at_once(raw, tshark_fields):
    """Pieces of requests and answers of two taps, interleaved: each belongs to its own line."""
    streams = [(interface, direction, pieces(data, 7)) for interface, (direction, data) in
               enumerate(((1, ASK), (2, ANSWER), (1, NEXT), (2, NEXT_ANSWER)))]
    records = [Frame(piece, direction, 100, interface=interface)
               for group in itertools.zip_longest(*(each[2] for each in streams))
               for (interface, direction, _), piece in zip(streams, group) if piece]
    shown = tshark_fields(raw(records, interfaces=4), [*FIELDS, "frame.interface_id"])
    done = {packet["frame.interface_id"][0]: packet["mep.digest"] for packet in shown
            if packet["mep.digest"]}
    assert done == {str(interface): [data[-8:].hex()]
                    for interface, data in enumerate((ASK, ANSWER, NEXT, NEXT_ANSWER))}


def test_alert_inside_and_outside(raw, tshark_fields):
    """Two zero bytes are an alert where a frame may begin, and the frame's where one goes on."""
    zeros = read_answer(ASK, bytes(20))
    records = [Frame(ASK, 1, 50_000), *(Frame(piece, 2, 2000) for piece in pieces(zeros, 2)),
               Frame(b"\0\0", 2, 1_500_000), Frame(NEXT, 1, 20_000), Frame(NEXT_ANSWER, 2, 20_000)]
    for passes in ([], ["-2"]):
        shown = tshark_fields(raw(records), ["mep.alert", "mep.data", INFO], *passes)
        alerts = [number for number, packet in enumerate(shown) if packet["mep.alert"]]
        assert alerts == [len(records) - 3]
        assert shown[alerts[0] - 1]["mep.data"] == ["00" * 20]


# --- What never comes ----------------------------------------------------------------------------


@pytest.mark.parametrize("missing", [0, 1, 2, 3])
@pytest.mark.parametrize("gap_us", [1, 50_000])
def test_a_lost_piece_costs_its_frame_only(raw, tshark_fields, missing, gap_us):
    """Pieces of one size, so that the next frame's beginning has just the size that is missing;
    also without times, as text2pcap writes it."""
    parts = pieces(ANSWER, 62)
    del parts[missing]
    records = [Frame(ASK, 1, gap_us), *(Frame(part, 2, gap_us) for part in parts),
               Frame(NEXT, 1, gap_us)]
    answer_again = read_answer(NEXT, bytes([1, 2, 3]) + bytes(217))
    records += [Frame(part, 2, gap_us) for part in pieces(answer_again, 62)]
    for number, record in enumerate(records):
        record.time_us = START_US + number * gap_us
    for passes in ([], ["-2"]):
        shown = tshark_fields(raw(records), ["mep.data", "mep.alert", "mep.cut_short", INFO],
                              *passes)
        assert shown[-1]["mep.data"] == [answer_again[5:-8].hex()]
        assert all(packet["mep.alert"] == [] for packet in shown)
    if missing > 0:
        last = shown[len(parts)]
        come = sum(map(len, parts))
        assert last["mep.cut_short"] != []
        assert last[INFO][0].startswith(f"Response cut short: {come - 2} of 231")


def test_cut_short_for_good(raw, tshark_fields):
    """On the first pass nobody knows; afterwards it is said once, with what there is."""
    records = [Frame(ASK, 1, 50_000), *(Frame(piece, 2, 20_000) for piece in
                                        pieces(ANSWER, 62)[:2])]
    once = tshark_fields(raw(records), [INFO, "mep.cut_short"])
    assert [packet[INFO][0] for packet in once[1:]] == \
        ["Part of a frame, bytes 1 to 62 of 233", "Part of a frame, bytes 63 to 124 of 233"]
    twice = tshark_fields(raw(records), [INFO, "mep.cut_short", EXPERT, "_ws.malformed"], "-2")
    assert twice[1][INFO] == ["Part of a frame, bytes 1 to 62 of 233 [cut short in frame 3]"]
    assert twice[2][INFO][0].startswith("Response cut short: 122 of 231")
    assert [len(packet["mep.cut_short"]) for packet in twice] == [0, 0, 1]
    assert "Frame cut short: 122 of 231 bytes came" in twice[2][EXPERT]
    assert twice[2]["_ws.malformed"] == []


@pytest.mark.parametrize("encrypted", [True, False])
def test_a_stalled_request_and_its_repetition(raw, tshark_fields, encrypted):
    """The client repeats after half a second: a frame of its own, even where nobody can read it."""
    request = frame(random.Random(3).randbytes(40)) if encrypted else ASK
    records = [Frame(request[:17], 1, 20_000), Frame(request, 1, 500_000)]
    shown = tshark_fields(raw(records), ["mep.length", INFO], "-2")
    assert shown[1]["mep.length"] == [str(len(request) - 2)]
    assert "cut short" in shown[0][INFO][0]


def test_coarse_times(raw, tshark_fields):
    """Logs in whole seconds: the pieces of a frame may stand on both sides of a second."""
    parts = pieces(ANSWER, 62)
    records = [Frame(ASK, 1, time_us=START_US)]
    records += [Frame(part, 2, time_us=START_US + 1_000_000 * (number >= 2) + number)
                for number, part in enumerate(parts)]
    shown = tshark_fields(raw(records), ["mep.data"])
    assert shown[-1]["mep.data"] == [ANSWER[5:-8].hex()]
    # Two seconds are a pause all the same.
    records[-1].time_us += 2_000_000
    shown = tshark_fields(raw(records), ["mep.data"])
    assert shown[-1]["mep.data"] == []


def test_times_that_run_backwards(raw, tshark_fields):
    records = [Frame(part, 2, time_us=START_US - number * 1000)
               for number, part in enumerate(pieces(ANSWER, 62))]
    assert tshark_fields(raw(records), ["mep.count"])[-1]["mep.count"] == ["220"]


def test_a_length_out_of_range_waits_for_nothing(raw, tshark_fields):
    records = [Frame(b"\x7F\x00" + bytes(30), 2, 1000), Frame(NEXT_ANSWER, 2, 1000)]
    shown = tshark_fields(raw(records), ["mep.length.invalid", "mep.count"], "-2")
    assert len(shown[0]["mep.length.invalid"]) == 1
    assert shown[1]["mep.count"] == ["44"]


def test_captured_in_part(raw, tshark_fields):
    """Where the capture has not all bytes of a record, what went before cannot go on."""
    records = [Frame(ANSWER[:62], 2, 1000),
               Frame(ANSWER[62:], 2, 1000, record=ANSWER[62:100], original_size=171),
               Frame(NEXT_ANSWER, 2, 1000)]
    shown = tshark_fields(raw(records), ["_ws.short", "mep.count", "mep.data"], "-2")
    assert shown[2]["mep.count"] == ["44"]


@pytest.mark.parametrize("directions", [True, False])
def test_any_cut_of_any_frame_survives(raw, user, data_dir, directions):
    records = [Frame(whole.data[:size], whole.direction if directions else 0, 1000)
               for whole in load_frames(data_dir / "guide-frames.jsonl")
               for size in range(len(whole.data))]
    records += [Frame(data, direction) for data in (b"", b"\0", b"\x01", b"\xFF", b"\0\0", b"\0\1",
                                                    b"\xFF\xFF") for direction in (0, 1, 2)]
    for passes in ([], ["-2"]):
        result = user.run(["env", "WIRESHARK_ABORT_ON_DISSECTOR_BUG=1", "tshark", "-r",
                           raw(records), "-V", *passes])
        assert result.returncode == 0, result.stderr[-2000:]
        assert "issector bug" not in result.stdout + result.stderr


# --- Any order of clicking -----------------------------------------------------------------------


def test_any_order_of_clicking(raw, user):
    records = talk(lambda data: pieces(data, 62))
    records += [Frame(ANSWER[:62], 2, 2_000_000)]  # the rest never comes
    records += [Frame(b"\0\0", 2, 2_000_000 if number == 0 else 2000) for number in range(5)]
    path = raw(records)
    numbers = list(range(1, len(records) + 1))
    trees = {}
    for order in (numbers, numbers[::-1], random.Random(8).sample(numbers * 2, len(numbers) * 2)):
        clicked = user.sharkd_trees(path, order)
        if clicked is None:
            pytest.skip("sharkd is not installed")
        for number, tree in zip(order, clicked, strict=True):
            assert trees.setdefault(number, tree) == tree
    said = {number: json.dumps(tree) for number, tree in trees.items()}
    assert "Reassembled in" in said[2]
    assert "4 Parts" in said[5]
    assert "Line holds at zero" in said[numbers[-1]]
    assert "Frame cut short" in said[numbers[-6]]


def test_error_answers_are_frames_of_their_own(raw, tshark_fields):
    """An answer that stalls, and then the meter refuses the next request."""
    refusal = answer(NEXT, b"\x03")
    records = [Frame(ASK, 1, 1), Frame(ANSWER[:62], 2, 1), Frame(NEXT, 1, 1), Frame(refusal, 2, 1)]
    shown = tshark_fields(raw(records), ["mep.response_code", "mep.alert"])
    assert shown[3]["mep.response_code"] == ["0x03"]
