"""What is entered in the dialog is what mepdump is started with, and what it captures is shown.

SPDX-License-Identifier: GPL-2.0-or-later
"""
import pathlib

import pytest
from line_player import LinePlayer, load_frames
from pcapng_blocks import Capture

FRAMES = pathlib.Path(__file__).resolve().parents[2] / "samples" / "guide-frames.jsonl"


@pytest.fixture
def player():
    """A meter's two lines, ten times as fast as life."""
    with LinePlayer(speedup=10) as lines:
        yield lines


def value_of(words, option):
    """What mepdump was given for an option: after a blank or an equals sign."""
    for word, following in zip(words, [*words[1:], None]):
        if word == option:
            return following
        if word.startswith(option + "="):
            return word.partition("=")[2]
    return None


def tap(wireshark, player, client, meter):
    """Types the two ports, captures what the player plays on them, and stops: mepdump's command
    line."""
    frames = load_frames(FRAMES)
    options = wireshark.options_of("mep")
    options.set({"Client line, another port": client, "Meter line, another port": meter})
    wireshark.desk.screenshot("typed")
    wireshark.start_from(options, "mep")
    words = wireshark.command_line()
    player.wait_for_readers(timeout=20)
    player.play(frames)
    wireshark.wait_for_packets(len(frames))
    wireshark.desk.screenshot("captured")
    wireshark.stop()
    return words


def test_the_demo_runs_with_everything_left_as_it_is(wireshark):
    wireshark.start()
    options = wireshark.options_of("mep-demo")
    wireshark.start_from(options, "mep-demo")
    wireshark.wait_for_packets(10)
    wireshark.desk.screenshot("demo")
    wireshark.stop()


def test_typed_ports_are_tapped_and_what_they_carry_is_saved(wireshark, player, user):
    client, meter = player.client_line.path, player.meter_line.path
    wireshark.start()
    words = tap(wireshark, player, client, meter)
    assert value_of(words, "--client-line-path") == client
    assert value_of(words, "--meter-line-path") == meter

    path = user.folder() / "tapped.pcapng"
    wireshark.save(path)
    tapped = [packet.frame for packet in Capture.read(path).packets]
    assert sorted(tapped) == sorted(frame.data for frame in load_frames(FRAMES))


def test_a_path_with_blanks_braces_and_an_umlaut_arrives_as_it_was_typed(wireshark, player, user):
    folder = user.folder() / "Zähler {Keller} 1"
    folder.mkdir()
    client, meter = folder / "client line", folder / "meter {line}"
    client.symlink_to(player.client_line.path)
    meter.symlink_to(player.meter_line.path)
    wireshark.start()
    words = tap(wireshark, player, str(client), str(meter))
    assert value_of(words, "--client-line-path") == str(client)
    assert value_of(words, "--meter-line-path") == str(meter)


def test_without_a_port_it_is_said_where_to_enter_one(wireshark):
    wireshark.start()
    wireshark.start_from(wireshark.options_of("mep"), "mep")
    said = wireshark.message()
    assert "no port given" in said
    assert '"Client line"' in said and '"Meter line"' in said
    again = wireshark.options_of("mep")
    assert again.values()["Client line, another port"] == ""
