"""The profile "MEP" in Wireshark's windows: what it shows, colours and draws.

SPDX-License-Identifier: GPL-2.0-or-later
"""
import pathlib
import re
import shutil

import pytest

from ordinary_user import profile_rows
from wireshark import count

SAMPLES = pathlib.Path(__file__).resolve().parents[2] / "samples"
MISBEHAVING = SAMPLES / "misbehaving.pcapng"
DAILY_READING = SAMPLES / "daily-reading.pcapng"
LAYER = "Multipurpose Expansion Port"


@pytest.fixture
def profile(wireshark, user):
    folder = user.install_profile()
    if folder is None:
        pytest.skip("the profile was not built")
    return folder


def buttons(profile):
    return {label: expression for _, label, expression, _ in profile_rows(profile, "dfilter_buttons")}


def rules(profile):
    """Of each coloring rule its name, its filter and its background, as (red, green, blue)."""
    for line in (profile / "colorfilters").read_text().splitlines():
        if line.startswith("@"):
            _, name, expression, colours = line.split("@")
            yield name, expression, tuple(int(part) // 257 for part in
                                    re.match(r"\[(\d+),(\d+),(\d+)\]", colours).groups())


def test_it_is_offered_and_shows_its_columns_and_colours(wireshark, profile):
    wireshark.start("-r", MISBEHAVING)
    wireshark.wait_for_packets(1)
    wireshark.switch_profile("MEP")
    wireshark.wait_for_packets(1)
    assert wireshark.columns() == ["No.", "Time", "From", "What", "Table", "Info", "Response time",
                                   "Digest", "Key"]
    # The first page of the list has frames that are as they should be and some with a wrong number.
    backgrounds = {name: colour for name, _, colour in rules(profile)}
    expected = {backgrounds["MEP"], backgrounds["MEP sequence number"]}
    wireshark.desk.wait_for(lambda: expected <= wireshark.desk.colours(wireshark.packet_list().box),
                            "the colours of the rows")
    wireshark.desk.screenshot("columns")


def test_the_archive_is_imported(wireshark, user, profile):
    """With every file that the folder has, but the filter by which Wireshark changes to a profile: that
    it forgets."""
    files = {path.name: path.read_bytes() for path in profile.iterdir()
             if path.name != "profile_settings"}
    shutil.rmtree(profile)
    wireshark.start("-r", DAILY_READING)
    wireshark.import_profiles(user.readable(user.built_profile.parent / "MEP.zip"))
    assert {path.name: path.read_bytes() for path in profile.iterdir()
            if path.name in files and path.name != "recent"} == \
        {name: content for name, content in files.items() if name != "recent"}
    wireshark.switch_profile("MEP")
    assert "Response time" in wireshark.columns()


@pytest.mark.parametrize("label", ["Errors", "Unanswered", "Readings", "Alerts", "Writes"])
def test_a_button_filters(wireshark, user, profile, label):
    sample = DAILY_READING if label == "Readings" else MISBEHAVING
    expected = count(user, sample, buttons(profile)[label])
    assert expected
    wireshark.start("-C", "MEP", "-r", sample)
    wireshark.wait_for_packets(1)
    wireshark.main.find("button", label).click()
    wireshark.wait_for_displayed(expected)
    wireshark.desk.screenshot("button")


@pytest.mark.parametrize("menu, title, file, colour", [
    pytest.param("I/O Graph…", "Wireshark · I/O Graph…", "io_graphs", 3, id="io-graphs"),
    pytest.param("Plot…", "Wireshark · Plot…", "plots", 4, id="plots"),
])
def test_its_graphs_are_drawn_at_once(wireshark, profile, menu, title, file, colour):
    if not (profile / file).exists():
        pytest.skip("this Wireshark has no plots")
    wireshark.start("-C", "MEP", "-r", DAILY_READING)
    wireshark.wait_for_packets(1)
    wireshark.menu("Statistics", menu)
    graphs = wireshark.desk.window(title)
    # What the house exports, which is drawn with nothing else over it.
    text, = (row[colour] for row in profile_rows(profile, file) if row[colour - 2].startswith("Export ("))
    export = tuple(bytes.fromhex(text[1:]))
    wireshark.desk.wait_for(lambda: wireshark.desk.has_curve(graphs, export), "the line of the export")
    wireshark.desk.screenshot("graphs")


@pytest.mark.parametrize("menu", ["Conversations", "Endpoints"])
@pytest.mark.usefixtures("profile")
def test_who_talks_with_whom_is_there_at_once(wireshark, menu):
    wireshark.start("-C", "MEP", "-r", DAILY_READING)
    wireshark.wait_for_packets(1)
    wireshark.menu("Statistics", menu)
    window = wireshark.desk.window(f"Wireshark · {menu} · …")
    wireshark.desk.wait_for(lambda: {"Client", "Meter"} <= {
        each.name for tree in window.seen(("tree", "tree table")) for each in tree.children},
                            "the client and its meter")
    wireshark.desk.screenshot("talkers")


@pytest.mark.usefixtures("profile")
def test_wireshark_changes_to_it_by_itself(wireshark, wireshark_version):
    if wireshark_version < (4, 4):
        pytest.skip("Wireshark does so from 4.4 on")
    wireshark.start("-r", DAILY_READING)
    wireshark.desk.wait_for(lambda: wireshark.status("Profile: MEP"), "the profile MEP")


def test_wireshark_does_not_change_where_another_filter_was_chosen(wireshark, profile):
    (profile / "profile_settings").write_text("auto_switch_filter: tcp\n")
    wireshark.start("-r", DAILY_READING)
    wireshark.wait_for_packets(1)
    assert wireshark.status("Profile: Default")


@pytest.mark.usefixtures("profile")
def test_wireshark_stays_in_a_profile_of_ones_own_with_that_filter(wireshark, user):
    (user.config_folder / "profile_settings").write_text("auto_switch_filter: mep\n")
    wireshark.start("-r", DAILY_READING)
    wireshark.wait_for_packets(1)
    assert wireshark.status("Profile: Default")


@pytest.mark.usefixtures("profile")
def test_a_selected_row_unfolds(wireshark):
    wireshark.start("-C", "MEP", "-r", DAILY_READING)
    wireshark.wait_for_packets(1)
    wireshark.select("4")
    wireshark.desk.wait_for(lambda: any(LAYER + ", Response, OK, BT01" in each
                                        for each in wireshark.details()), "the answer's tree")
    wireshark.unfold(LAYER + "…")
    shown = wireshark.details()
    wireshark.desk.screenshot("unfolded")
    assert any(each.startswith("Response: OK") for each in shown)
    # In the words of 4.0, and of later versions.
    assert any(re.fullmatch(r"\[Response time: (0\.021042652 |21\.042652 milli)seconds\]", each)
               for each in shown)


@pytest.mark.usefixtures("profile")
def test_a_column_is_applied_as_a_filter(wireshark, user):
    wireshark.start("-C", "MEP", "-r", MISBEHAVING)
    wireshark.wait_for_packets(1)
    wireshark.apply_as_filter("1", "Table")
    wireshark.wait_for_displayed(count(user, MISBEHAVING, 'mep.table == "BT21"'))
    wireshark.desk.screenshot("applied")


def test_only_what_works_is_offered_to_be_followed(wireshark, profile):
    """TLS on a serial line is no stream that Wireshark's own can follow."""
    wireshark.start("-r", SAMPLES / "tls.pcapng")
    wireshark.wait_for_packets(1)
    wireshark.select("7")
    wireshark.desk.wait_for(lambda: "Transport Layer Security" in wireshark.details(), "the layers")
    wireshark.menu("Analyze", "Follow")
    menu = wireshark.main.find("menu bar")
    offered = {each.name: each.is_enabled for each in menu.walk()
               if each.role == "menu item" and each.name.startswith(("TLS", "TCP", "MEP Stream"))}
    wireshark.desk.screenshot("follow")
    assert offered["TLS Stream"] is False and offered["TCP Stream"] is False
    assert offered.get("MEP Stream", True)
