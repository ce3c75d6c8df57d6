"""A capture in the main window and in the windows behind the menus.

SPDX-License-Identifier: GPL-2.0-or-later
"""
import pathlib

import pytest
from wireshark import count

ROOT = pathlib.Path(__file__).resolve().parents[2]
DAILY_READING = ROOT / "samples" / "daily-reading.pcapng"
NO_KEY = ROOT / "tests" / "cases" / "clear-no-key.pcapng"
KEY = "k3y-from-the-grid-op"  # of all digests in NO_KEY
# The voltage of L1 in red, as Wireshark keeps its graphs: enabled, name, filter, colour, style,
# what is drawn, field, smoothing, factor.
VOLTAGE = "mep.bt28.rms_voltage_mv_l1"
VOLTAGE_GRAPH = f'"Enabled","U","mep","#ff0000","Line","AVG(Y Field)","{VOLTAGE}","None","1"\n'
# And its plots: enabled, group, name, filter, colour, style, field, factor.
VOLTAGE_PLOT = f'"TRUE","1","U","mep","#ff0000","Line","{VOLTAGE}","1"\n'
RED = (255, 0, 0)
BT28 = 'mep.table == "BT28"'
GOOD = 'mep.digest.status == "Good"'


def test_a_saved_capture_is_opened_again_and_filtered(wireshark, user):
    wireshark.start()
    wireshark.capture("mep-demo")
    wireshark.wait_for_packets(30)
    wireshark.stop()
    captured = wireshark.packets
    path = user.folder() / "demo.pcapng"
    wireshark.save(path)
    wireshark.quit()

    wireshark.start("-r", path)
    wireshark.wait_for_packets(captured)
    expected = count(user, path, BT28)
    assert 0 < expected < captured
    wireshark.filter(BT28)
    wireshark.wait_for_displayed(expected)
    wireshark.desk.screenshot("filtered")


def test_a_key_added_in_the_window_is_on_and_makes_digests_good(wireshark, user):
    wireshark.start("-r", NO_KEY)
    wireshark.filter(GOOD)
    wireshark.wait_for_displayed(0)

    keys = wireshark.keys()
    keys.add("hall", KEY)
    wireshark.desk.screenshot("key")
    assert keys.complaint == ""
    assert keys.is_enabled_last
    keys.keep()

    wireshark.wait_for_displayed(count(user, NO_KEY, "mep.digest"))
    wireshark.desk.screenshot("good")
    wireshark.quit()
    wireshark.start("-r", NO_KEY)
    wireshark.filter(GOOD)
    wireshark.wait_for_displayed(count(user, NO_KEY, "mep.digest"))


def test_what_is_no_key_is_named_and_not_taken(wireshark):
    wireshark.start("-r", NO_KEY)
    keys = wireshark.keys()
    keys.add("hall", "too short")
    wireshark.desk.wait_for(lambda: "16 to 20 are needed" in keys.complaint, "a complaint")
    wireshark.desk.screenshot("refused")
    assert "too short" not in keys.complaint
    assert not keys.can_be_kept


@pytest.mark.parametrize("menu, title", [
    pytest.param("I/O Graph…", "Wireshark · I/O Graph…", id="io-graphs"),
    pytest.param("Plot…", "Wireshark · Plot…", id="plots"),
])
def test_graphs_draw_a_field(wireshark, user, wireshark_version, menu, title):
    if menu == "Plot…" and wireshark_version < (4, 6):
        pytest.skip("there are no plots before Wireshark 4.6")
    (user.config_folder / "io_graphs").write_text(VOLTAGE_GRAPH)
    (user.config_folder / "plots").write_text(VOLTAGE_PLOT)
    wireshark.start("-r", DAILY_READING)
    wireshark.wait_for_packets(1)
    wireshark.menu("Statistics", menu)
    graphs = wireshark.desk.window(title)
    wireshark.desk.wait_for(lambda: wireshark.desk.has_curve(graphs, RED), "the graph's line")
    wireshark.desk.screenshot("graph")


def test_another_profile_shows_the_same_capture(wireshark, user):
    wireshark.start("-r", DAILY_READING)
    wireshark.filter(BT28)
    expected = count(user, DAILY_READING, BT28)
    wireshark.wait_for_displayed(expected)
    wireshark.switch_profile("Classic")
    wireshark.wait_for_displayed(expected)
    wireshark.desk.screenshot("classic")
