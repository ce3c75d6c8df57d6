"""The profile "MEP": this Wireshark reads all of it without complaint, and its filters find what they
are for.

SPDX-License-Identifier: GPL-2.0-or-later
"""
import pathlib
import re
import zipfile

import pytest

from ordinary_user import profile_rows

SAMPLES = pathlib.Path(__file__).resolve().parents[2] / "samples"
COLUMNS = ["No.", "Time", "From", "What", "Table", "Info", "Response time", "Digest", "Key"]
BUTTONS = {"Errors", "Unanswered", "Readings", "Alerts", "Writes"}


@pytest.fixture(scope="module")
def profile(user, plugin):
    """The profile's folder, among the user's own."""
    folder = user.install_profile()
    if folder is None:
        pytest.skip("the profile was not built")
    return folder


def frames(user, sample, expression, *arguments):
    """The numbers of the frames that the filter finds."""
    run = user.tshark(["-r", user.readable(SAMPLES / f"{sample}.pcapng"), "-2", "-Y", expression,
                       "-T", "fields", "-e", "frame.number", *arguments])
    assert run.returncode == 0, run.stderr
    return [int(number) for number in run.stdout.split()]


def test_it_is_read_without_complaint(user, profile):
    run = user.tshark(["-C", "MEP", "-r", user.readable(SAMPLES / "misbehaving.pcapng"), "-2",
                       "--color"])
    assert (run.returncode, run.stderr) == (0, "")
    assert len(run.stdout.splitlines()) > 100


def test_a_complaint_would_be_seen(user, profile):
    """What the test before rests on: tshark says what it cannot read."""
    broken = profile.parent / "broken"
    broken.mkdir()
    (broken / "preferences").write_text("gui.nothing_that_exists: 1\n")
    (broken / "colorfilters").write_text("@x@mep.nothing_that_exists@[0,0,0][0,0,0]\n")
    (broken / "dfilter_buttons").write_text('"TRUE","one field too few"\n')
    user.own(broken)
    run = user.tshark(["-C", "broken", "-r", user.readable(SAMPLES / "alerts.pcapng"), "--color"])
    for said in ("mep.nothing_that_exists", "dfilter_buttons"):
        assert said in run.stderr


def test_its_columns(user, profile):
    capture = user.readable(SAMPLES / "daily-reading.pcapng")
    table = user.tshark(["-C", "MEP", "-r", capture, "-T", "psml", "-c", "1"]).stdout
    structure = table.partition("<structure>")[2].partition("</structure>")[0]
    assert re.findall(r"<section>(.*)</section>", structure) == COLUMNS
    run = user.tshark(["-C", "MEP", "-r", capture, "-2", "-Y", "frame.number == 4"])
    line = " ".join(run.stdout.split())
    assert line.startswith("4 0.142916652 Meter OK BT01")
    assert line.endswith(" 0.021042652 Good factory default")


def test_every_coloring_rule_has_a_name_of_its_own(profile):
    names = re.findall(r"^@([^@]+)@", (profile / "colorfilters").read_text(), re.MULTILINE)
    assert len(names) == len(set(names)) > 8


def test_its_buttons(user, profile):
    buttons = {label: expression for shown, label, expression, about in
               profile_rows(profile, "dfilter_buttons") if shown == "TRUE" and about}
    assert set(buttons) == BUTTONS
    # Present values and energies every ten seconds, a self-read, and nothing else.
    readings = frames(user, "daily-reading", buttons["Readings"])
    assert readings == frames(user, "daily-reading",
                              'mep.response_code == 0 and (mep.bt23.fwd_active_wh_l1l2l3 or '
                              'mep.bt28.fwd_active_w_l1l2l3 or mep.table == "BT26")')
    assert len(readings) >= 10
    assert frames(user, "load-profile", f'{buttons["Readings"]} and mep.table == "BT64"')
    assert frames(user, "mbus", f'{buttons["Readings"]} and mep.table == "ET16"')
    assert frames(user, "alerts", buttons["Alerts"])
    assert frames(user, "daily-reading", buttons["Alerts"]) == []
    assert frames(user, "misbehaving", buttons["Unanswered"])
    assert frames(user, "daily-reading", buttons["Unanswered"]) == []
    assert set(frames(user, "misbehaving", buttons["Unanswered"])) <= \
        set(frames(user, "misbehaving", buttons["Errors"]))
    assert frames(user, "daily-reading", buttons["Errors"]) == []
    assert frames(user, "procedures", buttons["Writes"])
    assert frames(user, "load-profile", buttons["Writes"]) == []


def test_what_its_graphs_draw_exists(user, profile):
    graphs = profile_rows(profile, "io_graphs")
    assert all(len(row) == 9 for row in graphs)
    names = [row[1] for row in graphs]
    assert len(names) == len(set(names)) > 10
    assert any(row[0] == "Enabled" for row in graphs)
    drawn = sorted({row[6] for row in graphs if row[6]})
    packets = user.fields(SAMPLES / "daily-reading.pcapng", drawn, "-2")
    for field in drawn:
        assert any(packet[field] for packet in packets), field
    for expression in {row[2] for row in graphs}:
        assert frames(user, "misbehaving", expression), expression


UNITS = {"power": "W", "voltage": "V", "current": "A", "energy": "Wh", "response_time": "s"}


def test_units_are_those_of_the_fields(profile):
    for row in profile_rows(profile, "io_graphs"):
        assert row[8] == "1"
        if row[6]:
            quantity = row[6].removeprefix("mep.").removeprefix("reading.").partition(".")[0]
            assert row[1].endswith(f"({UNITS[quantity]})"), row


def test_what_a_version_does_not_know_is_not_in_it(profile, wireshark_version):
    assert (profile / "plots").exists() == (wireshark_version >= (4, 6))
    settings = profile / "profile_settings"
    assert settings.exists() == (wireshark_version >= (4, 4))
    if settings.exists():
        assert "\nauto_switch_filter: mep\n" in settings.read_text()
    if wireshark_version >= (4, 6):
        plots = profile_rows(profile, "plots")
        assert {row[6] for row in plots} <= {row[6] for row in profile_rows(profile, "io_graphs")}
        assert len(plots) > 10 and all(len(row) == 8 for row in plots)


def test_the_archive_has_the_same_files(build_dir, profile):
    """As Wireshark imports it: one folder with the profile's name."""
    with zipfile.ZipFile(build_dir / "profile" / "MEP.zip") as archive:
        packed = {pathlib.PurePath(name): archive.read(name) for name in archive.namelist()
                  if not name.endswith("/")}
    assert packed == {pathlib.PurePath("MEP", path.name): path.read_bytes()
                      for path in (build_dir / "profile" / "MEP").iterdir()}
