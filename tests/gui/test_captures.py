"""What is entered in the dialog is what mepdump is started with, and what it captures is shown.

SPDX-License-Identifier: GPL-2.0-or-later
"""


def test_the_demo_runs_with_everything_left_as_it_is(wireshark):
    wireshark.start()
    options = wireshark.options_of("mep-demo")
    wireshark.start_from(options, "mep-demo")
    wireshark.wait_for_packets(10)
    wireshark.desk.screenshot("demo")
    wireshark.stop()
