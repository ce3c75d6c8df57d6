"""What Wireshark's menus offer for a frame of MEP does what it says.

SPDX-License-Identifier: GPL-2.0-or-later
"""
import pathlib

import pytest
from wireshark import count

SAMPLES = pathlib.Path(__file__).resolve().parents[2] / "samples"
DAILY_READING = SAMPLES / "daily-reading.pcapng"
KEY = "k3y-from-the-grid-op"


def first(user, path, display_filter):
    """The number of the first packet that the filter finds."""
    return int(user.tshark(["-r", user.readable(path), "-Y", display_filter, "-T", "fields", "-e", "frame.number"]
                           ).stdout.split()[0])


def test_what_was_encrypted_is_exported_in_clear(wireshark, user):
    (user.config_folder / "mep_keys").write_text(f'"hall","MBK","{KEY}","TRUE"\n')
    sample = user.readable(SAMPLES / "rc4.pcapng")
    opened = count(user, sample, "mep.encrypted && mep.key")
    assert opened
    wireshark.start("-r", sample)
    wireshark.wait_for_packets(1)
    wireshark.menu("File", "Export PDUs to File…")
    dialog = wireshark.desk.wait_for(
        lambda: next((each for each in wireshark.desk.windows() if each.seen("label", "Display filter:")
                      and each.seen("combo box")), None), "the dialog")
    dialog.find("combo box").choose("MEP")
    dialog.beside("Display filter:", ("text",)).type("mep.encrypted && mep.key")
    wireshark.desk.screenshot("export")
    dialog.find("button", "OK").click()
    wireshark.desk.wait_for(lambda: "rc4" not in wireshark.main.name and wireshark.packets == opened,
                            "the exported messages")
    wireshark.filter("mep.table && !mep.encrypted")
    wireshark.wait_for_displayed(opened)
    wireshark.desk.screenshot("exported")


def test_one_of_two_buses_is_coloured(wireshark):
    wireshark.start("-r", SAMPLES / "dual-client.pcapng")
    wireshark.wait_for_packets(1)
    before = wireshark.desk.colours(wireshark.packet_list().box)
    wireshark.colorize_bus("4")
    # Wireshark's first temporary colour.
    wireshark.desk.wait_for(lambda: (255, 192, 192) in wireshark.desk.colours(wireshark.packet_list().box),
                            "the bus to have a colour")
    wireshark.desk.screenshot("coloured")
    assert (255, 192, 192) not in before


@pytest.mark.parametrize("how, what, display_filter", [
    pytest.param("Display filter", 'mep.table == "BT28"', 'mep.table == "BT28"', id="filter"),
    pytest.param("String", "Read BT52", 'mep.table == "BT52" && mep.request_code', id="info"),
    pytest.param("Hex value", "3f 00 1c", 'mep.table == "BT28" && mep.request_code', id="hex"),
])
def test_a_packet_is_found(wireshark, user, how, what, display_filter):
    wireshark.start("-r", DAILY_READING)
    wireshark.wait_for_packets(1)
    wireshark.find_packet(how, what)
    wanted = first(user, DAILY_READING, display_filter)
    wireshark.desk.wait_for(lambda: wireshark.selected() == wanted, f"packet {wanted} to be selected")
    wireshark.desk.screenshot("found")


def test_a_line_of_the_tree_becomes_a_column(wireshark):
    wireshark.start("-r", DAILY_READING)
    wireshark.wait_for_packets(1)
    wireshark.select("22")
    wireshark.desk.wait_for(lambda: wireshark.selected() == 22, "the answer")
    wireshark.unfold("Multipurpose Expansion Port…")
    wireshark.select_line("Fwd Active Wh L1L2L3: …")
    wireshark.desk.key("ctrl+shift+i")
    wireshark.desk.wait_for(lambda: "Fwd Active Wh L1L2L3" in wireshark.columns(), "the column")
    assert wireshark.cell("22", "Fwd Active Wh L1L2L3").name.startswith("14983616")
    wireshark.desk.screenshot("column")


def test_the_preferences_open_at_ones_own(wireshark):
    wireshark.start("-r", DAILY_READING)
    wireshark.wait_for_packets(1)
    preferences = wireshark.preferences_of_protocol("4")
    wireshark.desk.screenshot("preferences")
    assert preferences.find("label", "Answers are late after (ms)")


def test_dissections_are_exported(wireshark, user):
    path = user.folder() / "daily.csv"
    wireshark.start("-r", DAILY_READING)
    wireshark.wait_for_packets(1)
    wireshark.menu("File", "Export Packet Dissections", "As CSV…")
    chooser = wireshark.desk.wait_for(
        lambda: next((each for each in wireshark.desk.windows() if each.seen("text", "File name:…")), None),
        "a dialog to choose a file")
    chooser.find("text", "File name:…").type(str(path))
    wireshark.desk.screenshot("file")
    wireshark.desk.key("Return")
    wireshark.desk.wait_for(lambda: path.exists() and path.read_text().count("\n") > 20, "the file")
    assert "OK, BT28, 220 bytes: import 0 W, export 5558 W" in path.read_text()
