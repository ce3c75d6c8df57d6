"""The statistics of Wireshark's menu: each is opened from there and shows what the capture has.

SPDX-License-Identifier: GPL-2.0-or-later
"""
import pathlib

from wireshark import count

SAMPLES = pathlib.Path(__file__).resolve().parents[2] / "samples"


def texts(window):
    """All that the window shows as text, also in its tables and trees."""
    def told(widget):
        yield widget.text or widget.name
        for child in widget.children:
            if child.is_shown:
                yield from told(child)

    return "\n".join(told(window))


def opened(wireshark, user, sample, *path, title):
    wireshark.start("-r", user.readable(SAMPLES / sample))
    wireshark.wait_for_packets(1)
    wireshark.menu("Statistics", *path)
    return wireshark.desk.window(title)


def shows(desk, window, *wanted):
    desk.wait_for(lambda: all(each in texts(window) for each in wanted), f"{wanted} in {window}")


def test_readings_are_a_table(wireshark, user):
    window = opened(wireshark, user, "load-profile.pcapng", "MEP Readings", title="Wireshark · MEP Readings…")
    shows(wireshark.desk, window, "Register or channel", "BT64", "Fwd Active Wh L1L2L3", "utc", "Wh")
    wireshark.desk.screenshot("readings")


def test_a_page_about_each_meter(wireshark, user):
    window = opened(wireshark, user, "daily-reading.pcapng", "MEP Meters", title="Wireshark · MEP Meters…")
    shows(wireshark.desk, window, "Bus 0", "Identity", "Problems and findings", "Last readings")
    wireshark.desk.screenshot("meters")


def test_counts_are_a_tree(wireshark, user):
    window = opened(wireshark, user, "daily-reading.pcapng", "MEP Counts",
                    title="Wireshark · MEP Counts…")
    shows(wireshark.desk, window, "Requests", "BT23 Current Register Data")
    wireshark.desk.screenshot("counts")


def test_response_times(wireshark, user):
    window = opened(wireshark, user, "daily-reading.pcapng", "Service Response Time", "MEP",
                    title="Wireshark · MEP Service Response Time…")
    shows(wireshark.desk, window, "BT23")
    wireshark.desk.screenshot("response-times")


CLOCK = "mep.table == 0x0034"  # BT52: it is no reading


def test_the_table_has_a_filter(wireshark, user):
    window = opened(wireshark, user, "load-profile.pcapng", "MEP Readings",
                    title="Wireshark · MEP Readings…")
    shows(wireshark.desk, window, "BT64")
    window.beside("Display filter:").type(CLOCK)
    window.find("button", "Apply").click()
    wireshark.desk.wait_for(lambda: "BT64" not in texts(window), "the readings to be gone")
    wireshark.desk.screenshot("filtered")


def test_the_page_follows_the_display_filter(wireshark, user):
    wireshark.start("-r", user.readable(SAMPLES / "daily-reading.pcapng"))
    wireshark.wait_for_packets(1)
    wireshark.filter(CLOCK)
    wireshark.menu("Statistics", "MEP Meters")
    window = wireshark.desk.window("Wireshark · MEP Meters…")
    shows(wireshark.desk, window, "Bus 0", "Lines")
    assert "Last readings" not in texts(window)


def test_conversation_filter_shows_one_bus(wireshark, user):
    """Two taps side by side: the bus of the frame that is selected, and nothing of the other."""
    path = user.readable(SAMPLES / "dual-client.pcapng")
    of_bus = [count(user, path, f"mep.stream == {bus}") for bus in (0, 1)]
    assert all(of_bus)
    wireshark.start("-r", user.readable(path))
    wireshark.wait_for_packets(count(user, path, "frame"))
    wireshark.menu("Analyze", "Conversation Filter", "MEP…")
    wireshark.wait_for_displayed(of_bus[0])
