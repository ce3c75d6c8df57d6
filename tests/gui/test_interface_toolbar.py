"""Wireshark's interface toolbar: it shows how the lines are, and puts markers into the capture.

SPDX-License-Identifier: GPL-2.0-or-later
"""
import re

LOG = "Wireshark · mep-demo Log"
MENU = ("View", "Interface Toolbars", "MEP capture tool")
COUNTED = re.compile(r"9600 bit/s, \d+\.\d/s, \d+(\.\d)? s ago, \d+ frames?(, \d+ errors?)?")


def toolbar(wireshark):
    """The toolbar's controls, by their labels or names."""
    tool_bar = wireshark.desk.wait_for(
        lambda: next((each for each in wireshark.main.seen("tool bar")
                      if each.seen("label", "Client line")), None), "the toolbar")
    controls = tool_bar.controls()
    controls.update({each.name: each for each in tool_bar.seen("button") if each.name})
    return controls


def test_the_toolbar_shows_the_lines_and_sets_markers(wireshark):
    desk = wireshark.desk
    wireshark.start()
    wireshark.menu(*MENU)
    controls = toolbar(wireshark)
    desk.screenshot("before")
    assert not controls["Set marker"].is_enabled
    wireshark.capture("mep-demo")
    wireshark.wait_for_packets(4)
    for line in ("Client line", "Meter line"):
        desk.wait_for(lambda: COUNTED.fullmatch(controls[line].text), f"what the {line} brings")
        assert not controls[line].is_enabled  # nothing to be typed there
    desk.screenshot("capturing")

    controls["Set marker"].click()
    controls["Marker"].strike("kettle on")
    desk.key("Return")
    desk.wait_for(lambda: controls["Marker"].text == "", "the text to be taken")
    controls["Log"].click()
    log = desk.window(LOG)

    def told():
        text = "\n".join(each.text for each in log.seen("text"))
        return text if "kettle on" in text else None

    text = desk.wait_for(told, "the markers in the log")
    desk.screenshot("log")
    assert "client line mep-demo client line: 9600 bit/s" in text
    assert re.search(r"Marker 1 at \S+\n", text) and re.search(r"Marker 2 at \S+: kettle on", text)
    desk.key("Escape")
    desk.wait_until_gone(LOG)

    wireshark.wait_for_packets(wireshark.packets + 2)
    wireshark.stop()
    wireshark.filter('frame.comment contains "kettle on"')
    wireshark.wait_for_displayed(1)
    desk.screenshot("marker")
    # And the next capture begins afresh.
    assert not controls["Set marker"].is_enabled


def test_a_capture_that_ends_at_once_leaves_wireshark_at_work(wireshark):
    """Wireshark opens the toolbar's FIFO once it has the first packets, and stands still without
    somebody at its other end."""
    wireshark.remember("mep-demo", {"speedup": "0", "speedupother": "0", "rounds": "1"})
    wireshark.start()
    wireshark.menu(*MENU)
    wireshark.capture("mep-demo")
    wireshark.wait_for_packets(10)
    wireshark.desk.wait_for(lambda: "Capturing" not in wireshark.main.name, "the capture to end")
    wireshark.desk.screenshot("ended")
    wireshark.filter("frame.number == 1")
    wireshark.wait_for_displayed(1)


def test_what_was_wrong_is_told_where_a_capture_cannot_begin(wireshark):
    """And Wireshark does not stand still: it opens that FIFO, too, when nothing comes."""
    wireshark.remember("mep", {"clientline": "/dev/ttyUSB7", "meterline": "none"})
    wireshark.start()
    wireshark.menu(*MENU)
    wireshark.capture("mep")
    assert "client line /dev/ttyUSB7: no such port" in wireshark.message()
    assert "MEP (two tapped serial lines): mep" in wireshark.interfaces()
