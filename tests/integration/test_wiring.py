"""mepdump cannot be wired wrong: who speaks on which line and how fast is found out from the traffic,
and what is wrong with a line is said.

SPDX-License-Identifier: GPL-2.0-or-later
"""
import random
import subprocess
import time
import types

import pytest

from capture_file import CLIENT_TO_METER as FROM_CLIENT
from line_player import CLIENT_TO_METER, METER_TO_CLIENT, LinePlayer
from oma_digest import read, read_answer
from random_talk import talk
from tapping import TIMEOUT, Tap
from uart_line import UartLine, read_at

pytestmark = pytest.mark.real_time

C2M, M2C = 1, 2  # of the tap header
FLAGS = {C2M: 2, M2C: 1}  # of epb_flags


def exchanges(count):
    """(direction, frame) of clear reads of BT23."""
    frames = []
    for number in range(count):
        asked = read(0x17, 20, sequence=0x1000 + number)
        frames += [(C2M, asked), (M2C, read_answer(asked, bytes(range(20))))]
    return frames


def encrypted(count, seed=1):
    """The same of anything, that no key opens."""
    frames = talk(random.Random(seed), count, encrypted=True, services=0)
    return [(C2M if one.direction == FROM_CLIENT else M2C, one.data) for one in frames]


@pytest.fixture
def player():
    with LinePlayer(speedup=1, baud=115200) as lines:
        yield lines


@pytest.fixture
def tap(mepdump, tmp_path, player):
    running = []

    def start(*arguments, lines=("client", "meter"), **ports):
        folder = tmp_path / str(len(running))
        folder.mkdir()
        running.append(Tap(mepdump, folder, ports.get("ports", player), *arguments, lines=lines))
        return running[-1]

    yield start
    for one in running:
        one.__exit__()


def play(player, frames, where):
    """`where`: for each direction the lines on which it is heard. As fast as a meter allows."""
    lines = {"client": CLIENT_TO_METER, "meter": METER_TO_CLIENT}
    for direction, data in frames:
        player.pause(0.100 if direction == C2M else 0.025)
        for line in where[direction]:
            player.send(lines[line], data)


def shown(running):
    return [(packet.direction, packet.frame) for packet in running.capture.packets]


def check_labels(running, frames):
    running.wait_for_packets(len(frames), timeout=5)
    assert shown(running) == frames
    assert all(packet.flags == FLAGS[packet.direction] for packet in running.capture.packets)


CROSSED = {C2M: ["meter"], M2C: ["client"]}


def test_crossed_wires(player, tap):
    running = tap("--baud", "115200")
    frames = exchanges(6)
    play(player, frames, CROSSED)
    check_labels(running, frames)
    status, errors = running.stop()
    assert status == 0
    assert errors.count("\n") == 1, "said once"
    assert f"the client speaks on the meter line {player.meter_line.path}" in errors
    assert f"the meter on the client line {player.client_line.path}" in errors


def test_as_wired_is_the_last_word(player, tap):
    running = tap("--baud", "115200", "--roles", "as-wired")
    frames = exchanges(6)
    play(player, frames, CROSSED)
    check_labels(running, [(C2M + M2C - direction, data) for direction, data in frames])
    status, errors = running.stop()
    assert status == 0
    assert errors.count("\n") == 1 and "exchanged" in errors and "--roles auto" in errors


def test_right_wires_need_no_word(player, tap):
    running = tap("--baud", "115200")
    frames = exchanges(6) + [(M2C, bytes(2))]
    play(player, frames, {C2M: ["client"], M2C: ["meter"]})
    check_labels(running, frames)
    assert running.stop() == (0, "")


@pytest.mark.parametrize("line", ["client", "meter"])
@pytest.mark.parametrize("direction", [C2M, M2C])
def test_one_line_alone(player, tap, line, direction):
    running = tap("--baud", "115200", lines=(line,))
    frames = [one for one in exchanges(5) if one[0] == direction]
    play(player, frames, {direction: [line]})
    check_labels(running, frames)
    status, errors = running.stop()
    right = (line == "client") == (direction == C2M)
    assert status == 0
    who = "client" if direction == C2M else "meter"
    assert errors == "" if right else f"it is the {who} who speaks on it" in errors


@pytest.mark.parametrize("line", ["client", "meter"])
def test_both_directions_on_one_adapter(player, tap, line):
    running = tap("--baud", "115200", lines=(line,))
    frames = exchanges(5)
    play(player, frames, {C2M: [line], M2C: [line]})
    check_labels(running, frames)
    status, errors = running.stop()
    assert status == 0
    assert errors.count("\n") == 1 and f"{line} line" in errors and "both directions" in errors


def test_an_echo_stays_on_its_line(player, tap):
    """The plugin knows an echo by its line, and shows it as one."""
    running = tap("--baud", "115200")
    play(player, exchanges(5), {C2M: ["client", "meter"], M2C: ["meter"]})
    running.wait_for_packets(15, timeout=5)
    assert running.stop() == (0, "")
    client_line, _ = running.capture.interfaces
    assert all(packet.direction == (C2M if packet.interface is client_line else M2C)
               for packet in running.capture.packets)


def test_crossed_and_encrypted(player, tap):
    """Nothing but sizes and times tells: it takes a few exchanges. The first are labelled as wired
    if they do not tell in time."""
    running = tap("--baud", "115200")
    frames = encrypted(12)
    play(player, frames, CROSSED)
    running.wait_for_packets(len(frames), timeout=5)
    assert [data for _, data in shown(running)] == [data for _, data in frames]
    assert shown(running)[-8:] == frames[-8:]
    assert "exchanged" in running.stop()[1]


def test_what_does_not_tell_is_not_held_back_for_long(player, tap):
    running = tap("--baud", "115200")
    begin = time.monotonic()
    play(player, encrypted(1)[:1], {C2M: ["client"]})
    running.wait_for_packets(1, timeout=4)
    assert running.arrivals[0] - begin < 3
    assert running.capture.packets[0].direction == C2M
    assert running.stop() == (0, "")


def test_what_does_not_tell_is_written_at_the_end(player, tap):
    running = tap("--baud", "115200")
    frames = encrypted(1)[:1]
    play(player, frames, {C2M: ["client"]})
    time.sleep(0.2)
    assert running.stop() == (0, "")
    assert shown(running) == frames


# Speeds


@pytest.fixture
def uarts():
    lines = types.SimpleNamespace(client_line=UartLine(), meter_line=UartLine())
    yield lines
    lines.client_line.close()
    lines.meter_line.close()


def speak(lines, frames, speed):
    for direction, data in frames:
        time.sleep(0.100 if direction == C2M else 0.070)
        (lines.client_line if direction == C2M else lines.meter_line).send(data, speed)


def whole(running, speed):
    return [(packet.direction, packet.frame) for packet in running.capture.packets
            if packet.baud_rate == speed and packet.status == 0]


def test_the_resampler_by_hand():
    # 0x55 is a square wave: at half the speed every second bit is seen, the low ones.
    assert read_at(b"\x55", 9600, 9600) == b"\x55"
    assert read_at(b"\x00", 4800, 9600)[:1] == b"\x00"
    # Start bit and bits 1 0 1 0 …, each twice: 0 0 1 1 0 0 1 1 0 0, of which the first is the start.
    assert read_at(b"\x55", 4800, 9600)[:1] == bytes([0b01100110])


@pytest.mark.parametrize("speed", [1200, 4800, 9600, 14400, 19200, 28800, 38400, 115200])
def test_a_speed_is_found(tap, uarts, speed):
    running = tap(ports=uarts)
    frames = exchanges(8)
    speak(uarts, frames, speed)
    running.wait(lambda: frames[-1] in whole(running, speed), "the last answer", timeout=3)
    # Few are lost, however far away the speed is, and what was lost is there as noise.
    assert len(whole(running, speed)) >= len(frames) - 10
    assert speed != 9600 or whole(running, speed) == frames
    assert uarts.client_line.port_speed() == uarts.meter_line.port_speed() == speed
    assert running.stop()[0] == 0


def test_a_change_in_mid_capture_is_followed(tap, uarts):
    running = tap(ports=uarts)
    before, after = exchanges(3), exchanges(8)
    speak(uarts, before, 9600)
    speak(uarts, after, 38400)
    running.wait(lambda: after[-1] in whole(running, 38400), "the last answer", timeout=3)
    assert whole(running, 9600) == before
    assert len(whole(running, 38400)) >= 6
    assert running.stop()[0] == 0


def test_a_speed_that_was_given_stays(tap, uarts):
    running = tap("--baud", "9600", ports=uarts)
    speak(uarts, exchanges(4), 38400)
    time.sleep(0.3)
    assert uarts.client_line.port_speed() == uarts.meter_line.port_speed() == 9600
    assert running.stop()[0] == 0
    assert running.capture.packets and not whole(running, 9600)


# What is wrong with a line


def test_a_word_on_silence_and_noise(player, tap):
    running = tap("--baud", "9600")
    begin = time.monotonic()
    while time.monotonic() < begin + 10.5:
        player.meter_line.write(b"\xE1\xC3\x87\xF0")
        time.sleep(0.15)
    frames = exchanges(2)
    play(player, frames, {C2M: ["client"], M2C: ["meter"]})
    running.wait(lambda: shown(running)[-1:] == frames[-1:], "the last answer")
    status, errors = running.stop()
    noise, silence, *well = errors.splitlines()
    assert status == 0
    assert f"meter line {player.meter_line.path}: nothing but noise for 5 s" in noise
    assert "--baud" in noise and "level converter" in noise and "ground" in noise
    assert f"client line {player.client_line.path}: nothing has been heard for 10 s, while" in silence
    assert "enable line" in silence and "pin" in silence
    assert [line.split(": ")[-1] for line in well] == ["frames are heard now"] * 2


# What the dissector makes of it


@pytest.mark.usefixtures("plugin")
@pytest.mark.parametrize("where, lines", [
    (CROSSED, ("client", "meter")),
    ({C2M: ["client"], M2C: ["client"]}, ("client",)),
])
def test_the_dissector_has_nothing_to_put_right(player, mepdump, tmp_path, tshark_fields,
                                                where, lines):
    path = tmp_path / "tap.pcapng"
    ports = {"client": player.client_line.path, "meter": player.meter_line.path}
    process = subprocess.Popen(
        [str(mepdump), "--capture", "--extcap-interface", "mep", "--fifo", str(path),
         *(part for line in lines for part in (f"--{line}-line", ports[line]))],
        stderr=subprocess.DEVNULL)
    while not path.exists() or path.stat().st_size == 0:
        time.sleep(0.02)
    frames = exchanges(5)
    play(player, frames, where)
    time.sleep(0.3)
    process.terminate()
    assert process.wait(TIMEOUT) == 0
    shown = tshark_fields(path, ["_ws.col.Source", "mep.request_in", "_ws.expert.message"])
    assert [packet["_ws.col.Source"] for packet in shown] == [["Client"], ["Meter"]] * 5
    assert [packet["mep.request_in"] for packet in shown[1::2]] == \
        [[str(number)] for number in range(1, 11, 2)]
    notes = [note for packet in shown for note in packet["_ws.expert.message"]]
    assert not [note for note in notes if "line" in note]
