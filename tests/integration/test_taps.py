"""Which lines are one tap's, whatever else is in the capture: other interfaces, other taps, merged
files, sections, files from before there were tap numbers.

SPDX-License-Identifier: GPL-2.0-or-later
"""
import itertools
import os
import struct
import subprocess

import pytest
from capture_file import CLIENT_TO_METER, METER_TO_CLIENT, Frame
from oma_digest import read_answer, seal

ETHERNET, TAP, RAW = 1, 160, 161
CLIENT_LINE, METER_LINE = "client line (client to meter)", "meter line (meter to client)"
FOREIGN = (ETHERNET, "lo", None)
STRANGE = b"another meter's!"
FIELDS = ["frame.number", "frame.interface_id", "mep.request_in", "mep.response_in", "mep.stream",
          "mep.src", "mep.tap.id", "mep.tap.direction"]
PACKET = bytes(12) + b"\x88\xb5" + bytes(46)


def exchanges(count, seed=0):
    """(request, answer) pairs that no key opens."""
    pairs = []
    for sequence in range(count):
        asked = seal(struct.pack(">BHHI", 0x30, 0x17, 512, 0x1000 * (seed + 1) + sequence), STRANGE)
        pairs.append((asked, read_answer(asked, bytes(16), STRANGE)))
    return pairs


def talk(client, meter, tap=0, seed=0, count=4, start_us=1_700_000_000_000_000, step_us=200_000):
    """Frames of one tap on the interfaces with these numbers."""
    frames = []
    for number, (asked, answered) in enumerate(exchanges(count, seed)):
        now = start_us + number * step_us
        frames += [Frame(asked, CLIENT_TO_METER, interface=client, tap=tap, time_us=now),
                   Frame(answered, METER_TO_CLIENT, interface=meter, tap=tap, time_us=now + 40_000)]
    return frames


def foreign(interface, frames):
    """Packets of another interface between all of these frames."""
    mixed = []
    for frame in frames:
        mixed += [Frame(b"", 0, interface=interface, record=PACKET, time_us=frame.time_us - 1), frame]
    return mixed


def by_time(*talks):
    return sorted(itertools.chain(*talks), key=lambda frame: frame.time_us)


def check(shown, requests, buses=1):
    """All of the requests are answered, on so many buses."""
    mep = [packet for packet in shown if packet["mep.stream"]]
    asked = {packet["frame.number"][0]: packet for packet in mep if packet["mep.response_in"]}
    answers = [packet for packet in mep if packet["mep.request_in"]]
    assert len(answers) == len(asked) == requests
    assert all(packet["mep.stream"] == asked[packet["mep.request_in"][0]]["mep.stream"]
               for packet in answers)
    assert {packet["mep.stream"][0] for packet in mep} == {str(bus) for bus in range(buses)}
    assert all(packet["mep.src"][0].split()[0] == ("Client" if packet["mep.response_in"] else "Meter")
               for packet in mep)


DESCRIBED = [(TAP, "/dev/ttyUSB0", CLIENT_LINE), (TAP, "/dev/ttyUSB1", METER_LINE)]
NAMED = [(TAP, "tap-client", None), (TAP, "tap-meter", None)]
NAMELESS = [(TAP, None, None), (TAP, None, None)]


@pytest.mark.parametrize("place", ["before", "between", "behind"])
@pytest.mark.parametrize("lines,tap", [(DESCRIBED, 7), (NAMELESS, 7), (DESCRIBED, 0), (NAMED, 0)])
def test_beside_another_interface(capture, tshark_fields, place, lines, tap):
    at = ["before", "between", "behind"].index(place)
    interfaces = lines[:at] + [FOREIGN] + lines[at:]
    client, meter = (number for number in range(3) if number != at)
    path = capture(foreign(at, talk(client, meter, tap)), interfaces=interfaces)
    shown = tshark_fields(path, FIELDS, "-2")
    check(shown, 4)
    assert all(packet["mep.tap.id"] == ([f"0x{tap:08x}"] if tap else []) for packet in shown[1::2])


def test_nameless_neighbours(capture, tshark_fields):
    """Nothing tells but that they stand side by side."""
    frames = by_time(talk(0, 1), talk(2, 3, seed=1))
    check(tshark_fields(capture(frames, interfaces=NAMELESS * 2), FIELDS, "-2"), 8, 2)


@pytest.mark.parametrize("taps", [(7, 8, 9), (0, 0, 0), (7, 7, 7), (0, 8, 0)])
@pytest.mark.parametrize("meter_first", [False, True])
def test_three_taps_at_once(capture, tshark_fields, taps, meter_first):
    """Taps with numbers; and files from before; and samples, whose number was fixed once for ever."""
    lines = DESCRIBED[::-1] if meter_first else DESCRIBED
    frames = []
    for number, tap in enumerate(taps):
        client, meter = 2 * number + meter_first, 2 * number + (not meter_first)
        frames.append(talk(client, meter, tap, seed=number,
                           start_us=1_700_000_000_000_000 + 1000 * number))
    path = capture(by_time(*frames), interfaces=lines * 3)
    check(tshark_fields(path, FIELDS, "-2"), 12, 3)


def test_lines_far_apart(capture, tshark_fields):
    """All client lines, then all meter lines: only the number tells."""
    interfaces = [DESCRIBED[0]] * 3 + [DESCRIBED[1]] * 3
    frames = by_time(*(talk(number, number + 3, 100 + number, seed=number) for number in range(3)))
    # Roles alone would say otherwise of the first two.
    check(tshark_fields(capture(frames, interfaces=interfaces), FIELDS, "-2"), 12, 3)


def test_one_line_of_a_tap(capture, tshark_fields):
    """A tap with one adapter beside one with two."""
    alone = [frame for frame in talk(0, 9, seed=1) if frame.direction == CLIENT_TO_METER]
    interfaces = [(TAP, "usb0", CLIENT_LINE), (TAP, "usb1", CLIENT_LINE), (TAP, "usb2", METER_LINE)]
    shown = tshark_fields(capture(by_time(alone, talk(1, 2)), interfaces=interfaces), FIELDS, "-2")
    assert {packet["mep.stream"][0] for packet in shown if packet["frame.interface_id"] == ["0"]} != \
        {packet["mep.stream"][0] for packet in shown if packet["frame.interface_id"] != ["0"]}
    assert sum(bool(packet["mep.request_in"]) for packet in shown) == 4


@pytest.fixture
def merged(user):
    """merged(files, *options) -> what mergecap makes of them."""

    def merge(files, *options):
        path = user.folder() / "merged.pcapng"
        result = user.run(["mergecap", *options, "-w", path, *files])
        assert result.returncode == 0, result.stderr
        return path

    return merge


@pytest.mark.parametrize("order", [1, -1])
@pytest.mark.parametrize("mode", ["none", "all", "any"])
@pytest.mark.parametrize("taps", [(7, 8), (7, 0)])
def test_merged_files(capture, merged, tshark_fields, order, mode, taps):
    """Two taps at the same time, in two files, and a third file of something else."""
    files = [capture(talk(0, 1, tap, seed=number), interfaces=DESCRIBED)
             for number, tap in enumerate(taps)]
    files.append(capture([Frame(b"", 0, interface=0, record=PACKET)], interfaces=[FOREIGN]))
    shown = tshark_fields(merged(files[::order], "-I", mode), FIELDS, "-2")
    if taps[1] == 0 and mode == "any":
        return  # their interfaces became one, and without a number nothing tells them apart
    check(shown, 8, 2)


@pytest.mark.parametrize("taps,buses", [((7, 8), 2), ((7, 7), 1), ((0, 0), 2)])
def test_sections(capture, user, tshark_fields, taps, buses):
    """One file behind the other: another tap, the same one that goes on, or nobody knows."""
    paths = [capture(talk(0, 1, tap, seed=number, start_us=1_700_000_000_000_000 + number * 10**7),
                     interfaces=DESCRIBED) for number, tap in enumerate(taps)]
    both = user.folder() / "both.pcapng"
    both.write_bytes(b"".join(path.read_bytes() for path in paths))
    user.own(both)
    shown = tshark_fields(both, FIELDS, "-2")
    assert len(shown) == 16
    check(shown, 8, buses)


def test_an_exchange_over_two_sections(capture, user, tshark_fields):
    """A file that was cut in two and put together again."""
    whole = talk(0, 1, 7)
    paths = [capture(frames, interfaces=DESCRIBED) for frames in (whole[:3], whole[3:])]
    both = user.folder() / "both.pcapng"
    both.write_bytes(b"".join(path.read_bytes() for path in paths))
    user.own(both)
    check(tshark_fields(both, FIELDS, "-2"), 4)


# --- Participants -------------------------------------------------------------------------------


def test_filters_of_participants(capture, run_tshark, tshark_fields):
    """What Wireshark makes of a click on an address column or a conversation."""
    path = capture(by_time(talk(0, 1, 7), talk(2, 3, 8, seed=1)), interfaces=DESCRIBED * 2)
    for expression, frames in (('mep.src == "Client 2"', 4), ('mep.dst == "Client"', 4),
                               ('mep.addr=="Client 2" && mep.addr=="Meter 2"', 8),
                               ('mep.addr == "Meter"', 8), ("mep.stream == 1", 8),
                               ("mep.src == Client", 4)):
        shown = tshark_fields(path, ["frame.number"], "-Y", expression)
        assert len(shown) == frames, expression
    listing = run_tshark(["-r", path]).stdout
    assert "Client 2 → Meter 2" in listing and "Meter → Client " in listing


# --- Live ---------------------------------------------------------------------------------------


@pytest.fixture
def capturing_user(user):
    """user, who may also capture on network interfaces."""
    if os.getuid() != 0:
        pytest.skip("only root can let somebody capture on loopback")
    rights = "+net_raw,+net_admin"

    def run(arguments):
        command = user.command(arguments)
        place = command.index("--")
        command[place:place] = ["--inh-caps", rights, "--ambient-caps", rights]
        return subprocess.run(command, env=user.environment, cwd=user.home, capture_output=True,
                              text=True, timeout=60, check=False)

    probe = run(["tshark", "-i", "lo", "-a", "duration:1", "-w", "/dev/null"])
    if probe.returncode != 0:
        pytest.skip(f"nobody captures on loopback here: {probe.stderr.strip()}")
    return run


@pytest.mark.parametrize("interfaces,taps", [
    (["lo", "mep-demo"], 1), (["mep-demo", "lo"], 1), (["mep-demo", "lo", "mep-demo"], 2)])
def test_live_beside_another_interface(mepdump, user, capturing_user, tshark_fields, interfaces,
                                       taps):
    """What Wireshark writes when a second interface is ticked: it renumbers them all."""
    path = user.folder() / "live.pcapng"
    chosen = [argument for name in interfaces for argument in ("-i", name)]
    result = capturing_user(["tshark", *chosen, "-a", "duration:4", "-w", path])
    assert result.returncode == 0, result.stderr
    shown = [packet for packet in tshark_fields(path, FIELDS, "-2") if packet["mep.stream"]]
    assert len({packet["mep.tap.id"][0] for packet in shown}) == taps
    assert len({packet["mep.stream"][0] for packet in shown}) == taps
    asked = [packet for packet in shown if packet["mep.src"][0].startswith("Client")]
    unanswered = [packet for packet in asked if not packet["mep.response_in"]]
    assert len(asked) > 8 * taps and len(unanswered) <= taps  # the last one of each, at most
