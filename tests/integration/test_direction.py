"""Which way a frame went, whatever the capture says of it: lines swapped, both directions on one port,
a connection decoded by the wrong port, a client that hears itself.

SPDX-License-Identifier: GPL-2.0-or-later
"""
import random
import struct

import pytest
from capture_file import CLIENT_TO_METER, LINK_RAW, METER_TO_CLIENT, Frame
from oma_digest import answer, frame, read_answer, seal, write
from random_talk import LENGTH, talk
from rc4_frames import encrypted
from test_plugin_tcp import Connection, pcap  # noqa: F401

HALL = b"k3y-from-the-grid-op"[:16]
KEY = ("-o", 'uat:mep_keys:"hall","MBK","k3y-from-the-grid-op","TRUE"')
FIELDS = ["frame.number", "_ws.col.Info", "_ws.col.Source", "mep.src", "mep.dst", "mep.request_code",
          "mep.response_code", "mep.request_in", "mep.response_in", "mep.encrypted", "mep.reversed",
          "mep.analysis.lines_swapped", "mep.analysis.echo", "_ws.expert.message", "mep.alert",
          "mep.digest.status"]
ALERT = b"\0\0"
OTHER = {CLIENT_TO_METER: METER_TO_CLIENT, METER_TO_CLIENT: CLIENT_TO_METER}


def full_read(table, sequence, key=HALL):
    return seal(struct.pack(">BHHI", 0x30, table, 512, sequence), key)


def conversation(key=HALL):
    """(the frame, whose it is): an error, reads, a write, a procedure, an alert."""
    frames = []
    requests = [full_read(0x34, 0x5D0F, key), full_read(0x34, 0x5D10, key),
                full_read(0x17, 0x5D11, key), write(0x832, b"\1\2", 10, 0x5D12, key),
                full_read(0x1C, 0x5D13, key), full_read(0x1C, 0x5D14, key)]
    answers = [answer(requests[0], struct.pack(">BI", 0x0C, 0x5D10), key),
               read_answer(requests[1], bytes.fromhex("1a060f0b2d0011"), key),
               read_answer(requests[2], bytes(range(220)), key), answer(requests[3], b"\0", key),
               answer(requests[4], b"\5", key), read_answer(requests[5], bytes(100), key)]
    for asked, answered in zip(requests, answers):
        frames += [(asked, CLIENT_TO_METER), (answered, METER_TO_CLIENT)]
    return frames


def as_frames(messages, recorded=lambda direction: direction, interface=None):
    return [Frame(data, recorded(direction),
                  100_000 if direction == CLIENT_TO_METER else 20_000, interface=interface)
            for data, direction in messages]


def truth(messages):
    return [["Client"] if direction == CLIENT_TO_METER else ["Meter"]
            for _, direction in messages]


def warnings(shown, word):
    return [packet["frame.number"][0] for packet in shown
            if any(word in text for text in packet["_ws.expert.message"])]


def hide(messages, key=HALL):
    hidden = encrypted([Frame(data, direction) for data, direction in messages], key)
    return [(each.data, each.direction) for each in hidden]


def without_directions(shown):
    about = ("mep.reversed", "mep.analysis.lines_swapped", "_ws.expert.message")
    return [{name: value for name, value in packet.items() if name not in about}
            for packet in shown]


# --- Swapped ------------------------------------------------------------------------------------


@pytest.mark.parametrize("link", [160, LINK_RAW])
@pytest.mark.parametrize("options", [(), KEY])
@pytest.mark.parametrize("passes", [(), ("-2",)])
def test_swapped_lines(capture, tshark_fields, link, options, passes):
    """Everything reads as if the adapters were where they should be, and it is said once."""
    messages = conversation()
    right, wrong = (tshark_fields(capture(as_frames(messages, recorded), link=link), FIELDS, *options,
                                  *passes)
                    for recorded in (lambda direction: direction, OTHER.get))
    assert without_directions(wrong) == without_directions(right)
    assert [packet["mep.src"] for packet in wrong] == truth(messages)
    assert all(packet["mep.reversed"] == ["1"] for packet in wrong)
    assert all(packet["mep.reversed"] == [] for packet in right)
    assert warnings(wrong, "lines are swapped") == ["2"]
    assert [packet["mep.analysis.lines_swapped"] for packet in wrong].count(["1"]) == 1
    assert warnings(right, "lines are swapped") == []


@pytest.mark.parametrize("first", range(4))
def test_swapped_and_joined_in_the_middle(capture, tshark_fields, first):
    messages = conversation()[first:]
    shown = tshark_fields(capture(as_frames(messages, OTHER.get)), FIELDS)
    assert [packet["mep.src"] for packet in shown] == truth(messages)
    assert len(warnings(shown, "lines are swapped")) == 1


@pytest.mark.parametrize("side", [CLIENT_TO_METER, METER_TO_CLIENT])
def test_a_swapped_line_alone(capture, tshark_fields, side):
    """One adapter, on the other side than was said."""
    messages = [each for each in conversation() if each[1] == side]
    shown = tshark_fields(capture(as_frames(messages, OTHER.get, interface=0), interfaces=1), FIELDS)
    assert [packet["mep.src"] for packet in shown] == truth(messages)
    assert len(warnings(shown, "lines are swapped")) == 1


def test_swapped_and_encrypted_with_the_key(capture, tshark_fields):
    """The digest tells where the bytes do not."""
    messages = hide(conversation())
    shown = tshark_fields(capture(as_frames(messages, OTHER.get)), FIELDS, *KEY)
    assert [packet["mep.src"] for packet in shown] == truth(messages)
    assert all(packet["mep.digest.status"] == ["1"] for packet in shown)
    assert len(warnings(shown, "lines are swapped")) == 1


def test_swapped_encrypted_behind_clear(capture, tshark_fields):
    """What cannot be read follows what the line has shown before: whole, cut short, or noise."""
    messages = conversation() + hide(conversation(b"nobody knows it!"))
    frames = as_frames(messages, OTHER.get)
    frames += [Frame(messages[0][0][:9], METER_TO_CLIENT, 100_000, status=1),
               Frame(b"\xFF\xFE", METER_TO_CLIENT, 100_000, status=2),
               Frame(ALERT, CLIENT_TO_METER, 1_000_000)]
    shown = tshark_fields(capture(frames), FIELDS)
    assert [packet["mep.src"] for packet in shown] == \
        truth(messages) + [["Client"], ["Client"], ["Meter"]]
    assert shown[-1]["mep.alert"] != []


@pytest.mark.parametrize("setting,reads_well", [("as-recorded", False), ("swapped", True),
                                                ("find-out", True)])
def test_the_user_has_the_last_word(capture, tshark_fields, setting, reads_well):
    messages = conversation()
    shown = tshark_fields(capture(as_frames(messages, OTHER.get)), FIELDS, "-o",
                          f"mep.lines:{setting}")
    assert ([packet["mep.src"] for packet in shown] == truth(messages)) == reads_well
    assert len(warnings(shown, "lines are swapped")) == (setting == "find-out")


def test_swapped_repairs_what_nobody_can_read(capture, tshark_fields):
    messages = hide(conversation(b"nobody knows it!"))
    shown = tshark_fields(capture(as_frames(messages, OTHER.get)), FIELDS, "-o", "mep.lines:swapped")
    assert [packet["mep.src"] for packet in shown] == truth(messages)


def test_damage_does_not_swap(capture, tshark_fields):
    """Frames of any bytes among good ones, on the lines as they are wired."""
    rng = random.Random(5)
    frames, sides = [], []
    for data, direction in conversation() * 20:
        frames.append(Frame(data, direction, 20_000))
        if rng.random() < 0.3:
            frames.append(Frame(frame(rng.randbytes(rng.randrange(1, 60))), direction, 20_000))
    shown = tshark_fields(capture(frames), FIELDS)
    wrong = [packet for packet, sent in zip(shown, frames)
             if packet["mep.src"] != (["Client"] if sent.direction == CLIENT_TO_METER else ["Meter"])]
    assert wrong == []
    assert warnings(shown, "lines are swapped") == []


def test_how_often_it_is_wrong(capture, tshark_fields, capsys):
    """Clear exchanges of all kinds, without a key, on lines that are swapped."""
    exchanges = int(20_000 * LENGTH)
    frames = talk(random.Random(30), exchanges)
    for each in frames:
        each.direction = OTHER[each.direction]
    shown = tshark_fields(capture(frames), ["mep.src"])
    wrong = sum(packet["mep.src"] != [("Client", "Meter")[number % 2]]
                for number, packet in enumerate(shown))
    frames = talk(random.Random(31), exchanges)
    for each in frames:
        each.direction = CLIENT_TO_METER
    shown = tshark_fields(capture(frames), ["mep.src"])
    on_one_port = sum(packet["mep.src"] != [("Client", "Meter")[number % 2]]
                      for number, packet in enumerate(shown))
    with capsys.disabled():
        print(f"\n{wrong} of {2 * exchanges} frames on swapped lines and {on_one_port} on one port "
              "taken for the other side's")
    assert wrong <= 2 * exchanges / 10_000
    assert on_one_port <= 2 * exchanges / 10_000


# --- One port ------------------------------------------------------------------------------------


@pytest.mark.parametrize("link", [160, LINK_RAW])
@pytest.mark.parametrize("said", [0, CLIENT_TO_METER, METER_TO_CLIENT])
def test_both_directions_on_one_port(capture, tshark_fields, link, said):
    messages = conversation()
    path = capture(as_frames(messages, lambda _: said, interface=0), link=link, interfaces=1)
    shown = tshark_fields(path, FIELDS)
    assert [packet["mep.src"] for packet in shown] == truth(messages)
    assert [packet["mep.request_in"] for packet in shown[1::2]] == \
        [packet["frame.number"] for packet in shown[::2]]
    assert warnings(shown, "lines are swapped") == []


@pytest.mark.parametrize("said", [0, CLIENT_TO_METER, METER_TO_CLIENT])
def test_one_port_encrypted_with_the_key(capture, tshark_fields, said):
    messages = hide(conversation())
    path = capture(as_frames(messages, lambda _: said, interface=0), interfaces=1)
    shown = tshark_fields(path, FIELDS, *KEY)
    assert [packet["mep.src"] for packet in shown] == truth(messages)
    assert warnings(shown, "lines are swapped") == []


# --- Connections ---------------------------------------------------------------------------------


@pytest.mark.parametrize("chosen", ["client", "server"])
@pytest.mark.parametrize("ports", [(40_112, 4001), (4001, 40_112), (20_001, 20_002),
                                   (20_002, 20_001)])
@pytest.mark.parametrize("hidden", [False, True])
@pytest.mark.parametrize("first", [0, 1])
def test_either_port_of_a_connection(pcap, tshark_fields, chosen, ports, hidden, first):  # noqa: F811
    """Wireshark offers the port that the clicked packet came from, whosever it is."""
    messages = (hide(conversation()) if hidden else conversation())[first:]
    connection = Connection(ports[0], meter_port=ports[1], handshake=False)
    for data, direction in messages:
        (connection.client if direction == CLIENT_TO_METER else connection.meter)(data)
    port = ports[chosen == "server"]
    shown = tshark_fields(pcap(connection.records), FIELDS, "-d",
                          f"tcp.port=={port},mep", *KEY)
    for packet, (_, direction) in list(zip(shown, messages))[1 if first and hidden else 0:]:
        requested = direction == CLIENT_TO_METER
        assert (packet["mep.request_code"] != []) == requested, packet
        assert (packet["mep.response_code"] != []) != requested, packet
    paired = shown[2 if first else 1::2]
    assert all(packet["mep.request_in"] for packet in paired[first:])
    assert warnings(shown, "lines are swapped") == []


# --- Echoes --------------------------------------------------------------------------------------


@pytest.mark.parametrize("options", [(), KEY])
@pytest.mark.parametrize("hidden", [False, True])
@pytest.mark.parametrize("answered", [False, True])
@pytest.mark.parametrize("late_us", [4, 30_000])
def test_echo(capture, tshark_fields, options, hidden, answered, late_us):
    messages = hide(conversation()) if hidden else conversation()
    frames, echoes = [], []
    now = 1_000_000
    for data, direction in messages:
        if direction == CLIENT_TO_METER:
            frames += [Frame(data, direction, time_us=now),
                       Frame(data, METER_TO_CLIENT, time_us=now + late_us)]
            echoes.append(len(frames))
        elif answered:
            frames.append(Frame(data, direction, time_us=now + 60_000))
        now += 200_000
    shown = tshark_fields(capture(frames), FIELDS, *options)
    assert [int(packet["frame.number"][0]) for packet in shown if packet["mep.analysis.echo"]] == \
        echoes
    for number in echoes:
        assert shown[number - 1]["mep.analysis.echo"] == [str(number - 1)]
        assert shown[number - 1]["_ws.col.Info"] == [f"Echo of the request in frame {number - 1}"]
        assert shown[number - 1]["mep.request_code"] == shown[number - 1]["mep.response_code"] == []
    assert len(warnings(shown, "Echo: ")) == 1
    if answered:
        paired = [packet["mep.request_in"] for packet in shown if packet["mep.response_code"]]
        if not hidden or options:
            assert paired == [[str(number - 1)] for number in echoes]
    assert warnings(shown, "lines are swapped") == []


def test_a_repetition_is_no_echo(capture, tshark_fields):
    """The same line, or the other one of a swapped pair: the client asks again."""
    asked = full_read(0x34, 1)
    for recorded in (CLIENT_TO_METER, METER_TO_CLIENT):
        frames = [Frame(asked, recorded, 600_000) for _ in range(3)]
        shown = tshark_fields(capture(frames), [*FIELDS, "mep.analysis.retransmission"])
        assert [packet["mep.analysis.echo"] for packet in shown] == [[], [], []]
        assert [packet["mep.analysis.retransmission"] for packet in shown] == [[], ["1"], ["2"]]
