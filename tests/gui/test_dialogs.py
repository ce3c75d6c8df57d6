"""The dialogs behind the gears: they show what will be used, keep what was entered, and mark what
makes no sense.

SPDX-License-Identifier: GPL-2.0-or-later
"""
import pytest

MEP = {
    "Client line": "not tapped, or typed in below",
    "Meter line": "not tapped, or typed in below",
    "Client line, another port": "",
    "Meter line, another port": "",
    "Share ports that are in use": False,
    "Who speaks where": "Find out from the frames",
    "Speed": "Find out",
    "Frame timeout (ms)": "200",
    "Buffer (MiB)": "16",
    "When a port is unplugged": "wait until it is plugged in again",
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
# Every control changed; the lists of ports have nothing else to choose where there are no adapters.
MEP_CHANGED = {
    "Client line, another port": "/dev/Zähler {1} links",
    "Meter line, another port": "/dev/Zähler {1} rechts",
    "Share ports that are in use": True,
    "Who speaks where": "As chosen above",
    "Speed": "19200 bit/s",
    "Frame timeout (ms)": "350",
    "Buffer (MiB)": "512 KiB",
    "When a port is unplugged": "go on with the other; end with the last one",
}
DEMO_CHANGED = {
    "Story": "M-Bus devices",
    "Security": "RC4 encrypted",
    "Pace": "A minute in a second",
    "Another pace": "2.5",
    "Seed": "42",
    "Start time (UTC)": "2026-06-15T06:00:00Z",
    "Rounds": "3",
    "Duration (s)": "90.5",
}
# For an entry: what it must mark or refuse, and what it must take.
ENTRIES = {
    "mep": {
        "Client line, another port": (["nonsense", "dev/ttyUSB0", "{x}", "Zähler"],
                                      ["", "  ", "/dev/Zähler", "/dev/a b", "/dev/{x}"]),
        "Frame timeout (ms)": (["abc", "", "0", "60001", "99999999999"], ["1", "60000"]),
        "Buffer (MiB)": (["viel", "0", "-1", "16 TB"], ["", "  ", "1", "512 KiB", "64 MiB"]),
    },
    "mep-demo": {
        "Another pace": (["fast", "-1", "1000000", "{}", "1,5"], ["", "  ", "0", "2.5"]),
        "Seed": (["abc", "", "2147483648"], ["0", "2147483647"]),
        "Start time (UTC)": (["gestern", "2026-06-15", "1999-12-31T00:00:00Z",
                              "2026-13-01T00:00:00Z"],
                             ["", "  ", "2026-06-15T06:00:00Z"]),
        "Rounds": (["abc", "", "2147483648"], ["0", "2147483647"]),
        "Duration (s)": (["ewig", "-1", "1000000000"], ["", "  ", "0", "2.5"]),
    },
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


@pytest.mark.parametrize("interface, shown, changed", [
    pytest.param("mep", MEP, MEP_CHANGED, id="mep"),
    pytest.param("mep-demo", DEMO, DEMO_CHANGED, id="mep-demo"),
])
def test_what_was_changed_stays_changed(wireshark, user, interface, shown, changed):
    wireshark.start()
    options = wireshark.options_of(interface)
    options.set(changed)
    expected = shown | changed
    if interface == "mep-demo":
        path = user.folder() / "TLS Schlüssel {1}.log"
        options.choose_file("TLS key log", path)
        expected = expected | {"TLS key log": str(path)}
    options.keep()

    again = wireshark.options_of(interface)
    assert again.values(picture="again") == expected
    again.close()

    wireshark.quit()
    wireshark.start()
    restarted = wireshark.options_of(interface)
    assert restarted.values(picture="restarted") == expected


@pytest.mark.parametrize("interface", ENTRIES)
def test_a_wrong_entry_is_marked_and_cannot_be_used(wireshark, interface):
    wireshark.start()
    options = wireshark.options_of(interface)
    starter = options.starter
    wrong = []
    for label, (refused, taken) in ENTRIES[interface].items():
        entry = options.control(label)
        unmarked = entry.background
        for text in refused:
            entry.strike(text)
            if entry.text == text or not text:
                if not wireshark.desk.soon(lambda: entry.background != unmarked):
                    wrong.append(f"{label}: {text!r} is not marked")
                if starter.is_enabled:
                    wrong.append(f"{label}: {text!r} can be used")
            elif text.startswith(entry.text) and starter.is_enabled and entry.text:
                wrong.append(f"{label}: {text!r} has become {entry.text!r}")
        wireshark.desk.screenshot(f"marked-{interface}")
        for text in taken:
            entry.type(text)
            if not wireshark.desk.soon(lambda: entry.background == unmarked):
                wrong.append(f"{label}: {text!r} is marked")
            if not starter.is_enabled:
                wrong.append(f"{label}: {text!r} cannot be used")
    assert not wrong


# What was kept once and makes no sense now: how it is named where the dialog is not opened before
# the start. Wireshark opens it by itself unless what is required has been kept.
BOTH = {"clientline": "none", "meterline": "none"}


@pytest.mark.parametrize("interface, kept, said", [
    pytest.param("mep", BOTH | {"clientline": "/dev/ttyUSB7"},
                 "client line /dev/ttyUSB7: no such port", id="adapter"),
    pytest.param("mep", BOTH | {"frametimeout": "70000"},
                 '"Frame timeout (ms)" in the interface\'s options', id="number"),
    pytest.param("mep", BOTH | {"clientlinepath": "nonsense"}, '"Client line, another port"',
                 id="path"),
    pytest.param("mep-demo", {"script": "old-story"}, '--script old-story ("Story" in the',
                 id="story"),
    pytest.param("mep-demo", {"start": "2026-02-30T00:00:00Z"},
                 '("Start time (UTC)" in the interface\'s options): there is no such day', id="day"),
    pytest.param("mep-demo", {"security": "rot13"}, '("Security" in the', id="security"),
    pytest.param("mep", BOTH | {"clientline": "/dev/null", "baud": "9601"}, '("Speed" in the',
                 id="speed"),
])
def test_what_was_kept_and_makes_no_sense_is_named(wireshark, interface, kept, said):
    wireshark.remember(interface, kept)
    wireshark.start()
    wireshark.capture(interface)
    assert said in wireshark.message()


@pytest.mark.parametrize("interface, name, value, control", [
    pytest.param("mep", "clientline", "/dev/ttyUSB7", "Client line", id="adapter"),
    pytest.param("mep-demo", "script", "old-story", "Story", id="story"),
])
def test_what_is_gone_is_shown_as_that_and_stays_chosen(wireshark, interface, name, value, control):
    wireshark.remember(interface, {name: value})
    wireshark.start()
    options = wireshark.options_of(interface)
    assert options.values(picture="gone")[control] == f"{value} - not there now"
    options.keep()
    assert wireshark.options_of(interface).values()[control] == f"{value} - not there now"


def test_looking_for_ports_again_leaves_the_choice_as_it_was(wireshark):
    wireshark.start()
    options = wireshark.options_of("mep")
    for button in options.window.seen("button", "Look again"):
        button.click()
    wireshark.desk.screenshot("again")
    assert options.values() == MEP
