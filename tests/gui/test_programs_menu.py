"""Tools > MEP: a copy to share of the capture that is open, and a capture out of a log.

SPDX-License-Identifier: GPL-2.0-or-later
"""
import os
import pathlib

import pytest

from test_statistics import shows

TESTS = pathlib.Path(__file__).resolve().parents[1]
KEY = "k3y-from-the-grid-op"
SHARE, IMPORT = "MEP: a copy to share", "MEP: import a log"


@pytest.fixture
def programs(desk, monkeypatch):
    """The built programs where programs are looked for."""
    build = pathlib.Path(os.environ["MEP_BUILD_DIR"]) / "captures"
    if not (build / "mepshare").exists():
        pytest.skip("mepshare was not built")
    monkeypatch.setitem(desk.environment, "PATH", f"{build}:{desk.environment['PATH']}")


def package_of(program):
    """Which of the packages has it."""
    names = [file.stem for file in (TESTS.parent / "packaging" / "debian").glob("*.install")
             if f"usr/bin/{program}" in file.read_text().split()]
    assert len(names) == 1
    return names[0]


def asked(wireshark, entry, title):
    wireshark.menu("Tools", "MEP", entry)
    return wireshark.desk.window(title)


def test_a_copy_of_the_open_capture(wireshark, user, programs):
    (user.config_folder / "mep_keys").write_text(f'"hall","MBK","{KEY}","TRUE"\n')
    capture = user.folder() / "tap.pcapng"
    capture.write_bytes((TESTS.parent / "samples" / "mbus.pcapng").read_bytes())
    wireshark.start("-r", capture)
    wireshark.wait_for_packets(1)
    dialog = asked(wireshark, "Make a copy to share…", "Wireshark · MEP: make a copy to share")
    copy = dialog.beside("Copy to write")
    assert copy.text == str(capture.parent / "tap-shared.pcapng")
    dialog.beside("Blur what was consumed (yes or no)").type("yes")
    wireshark.desk.screenshot("asked")
    dialog.find("button", "OK").click()
    window = wireshark.desk.window(f"Wireshark · {SHARE}")
    shows(wireshark.desk, window, "of 63 records", "mep_keys", "consumption blurred", "identifiers replaced")
    wireshark.desk.screenshot("told")
    assert (capture.parent / "tap-shared.pcapng").exists()
    window.find("button", "Open it").click()
    wireshark.desk.wait_for(lambda: wireshark.main.name == "tap-shared.pcapng", "the copy to be open")


def test_what_the_program_says_is_shown(wireshark, user, programs):
    capture = user.folder() / "tap.pcapng"
    capture.write_bytes((TESTS.parent / "samples" / "guide-tls.pcapng").read_bytes())
    wireshark.start("-r", capture)
    wireshark.wait_for_packets(1)
    asked(wireshark, "Make a copy to share…", "Wireshark · MEP: make a copy to share").find("button", "OK").click()
    shows(wireshark.desk, wireshark.desk.window(f"Wireshark · {SHARE}"), "no key opens")
    assert list(capture.parent.iterdir()) == [capture]


def test_without_a_capture(wireshark, programs):
    wireshark.start()
    shows(wireshark.desk, asked(wireshark, "Make a copy to share…", f"Wireshark · {SHARE}"), "open one")


def test_without_the_program(wireshark, user, desk, monkeypatch):
    """What is not there is said, with what to do."""
    monkeypatch.setitem(desk.environment, "PATH", "/usr/bin:/bin")
    if any(pathlib.Path(folder, "mepshare").exists() for folder in ("/usr/bin", "/usr/local/bin")):
        pytest.skip("mepshare is installed")
    wireshark.start("-r", user.readable(TESTS.parent / "samples" / "mbus.pcapng"))
    wireshark.wait_for_packets(1)
    asked(wireshark, "Make a copy to share…", "Wireshark · MEP: make a copy to share").find("button", "OK").click()
    shows(desk, desk.window(f"Wireshark · {SHARE}"), "mepshare is not installed", "./run install",
          f"the package {package_of('mepshare')}")


def test_a_log_becomes_a_capture(wireshark, user, programs):
    log = user.folder() / "uart.log"
    log.write_bytes((TESTS / "cases" / "esphome-uart.log").read_bytes())
    wireshark.start()
    dialog = asked(wireshark, "Import a log…", f"Wireshark · {IMPORT}")
    dialog.beside("Log, or capture of a serial line").type(str(log))
    dialog.find("button", "OK").click()
    window = wireshark.desk.wait_for(
        lambda: next((each for each in wireshark.desk.windows()
                      if each.name == f"Wireshark · {IMPORT}" and each.seen("button", "Open it")), None),
        "the report")
    shows(wireshark.desk, window, "14 frames")
    window.find("button", "Open it").click()
    wireshark.wait_for_packets(14)
