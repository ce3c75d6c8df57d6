"""The dialogs behind the gears: they show what will be used, keep what was entered, and mark what
makes no sense.

SPDX-License-Identifier: GPL-2.0-or-later
"""
MEP = {
    "Client line": "not tapped, or typed in below",
    "Meter line": "not tapped, or typed in below",
    "Client line, another port": "",
    "Meter line, another port": "",
    "Share ports that are in use": False,
    "Speed": "9600 bit/s",
    "Frame timeout (ms)": "200",
}
DEMO = {
    "Story": "Daily reading",
    "Security": "Digests, not encrypted",
    "Pace": "Line speed",
    "Another pace": "",
    "Seed": "1",
    "Start time (UTC)": "",
    "Rounds": "0",
    "Duration (s)": "0",
    "TLS key log": "",
}


def test_both_interfaces_are_listed_by_name(wireshark):
    wireshark.start()
    names = wireshark.interfaces()
    wireshark.desk.screenshot("interfaces")
    assert "MEP (two tapped serial lines): mep" in names
    assert "MEP demo (simulated meter, no hardware): mep-demo" in names


def test_the_dialogs_show_what_will_be_used(wireshark):
    wireshark.start()
    for interface, shown in (("mep", MEP), ("mep-demo", DEMO)):
        options = wireshark.options_of(interface)
        assert options.values(picture=interface) == shown
        options.close()
