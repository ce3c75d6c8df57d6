"""What mepdump and Wireshark's interface toolbar say to each other, over the two FIFOs that Wireshark
makes for it; Wireshark's side is played here, after its doc/extcap_example.py.

SPDX-License-Identifier: GPL-2.0-or-later
"""
import datetime
import fcntl
import os
import re
import select
import signal
import subprocess
import threading
import time

import pytest

from line_player import CLIENT_TO_METER, LinePlayer
from pcapng_blocks import Capture
from tapping import TIMEOUT

pytestmark = pytest.mark.real_time

INITIALIZED, SET, ADD, DISABLE = 0, 1, 2, 5
CLIENT_LINE, METER_LINE, MARKER_TEXT, MARKER_BUTTON, LOG = range(5)

REQUEST = bytes.fromhex("00143f0017000000002c0102030474861f6d7658dd56")


@pytest.fixture
def player():
    with LinePlayer(speedup=0) as lines:
        yield lines


class Toolbar:
    """A mepdump, and Wireshark's side of it: what is captured is read, and so is what the toolbar is
    told, unless `deaf`."""

    def __init__(self, mepdump, folder, arguments, deaf=False, late=False):
        self.paths = {name: folder / name for name in ("data", "to_mepdump", "from_mepdump")}
        for path in self.paths.values():
            os.mkfifo(path)
        self.process = subprocess.Popen(
            [mepdump, "--capture", "--fifo", self.paths["data"], "--extcap-control-in",
             self.paths["to_mepdump"], "--extcap-control-out", self.paths["from_mepdump"],
             *map(str, arguments)], stderr=subprocess.PIPE, text=True)
        self.output = bytearray()
        self._reading = threading.Thread(target=self._read_data, daemon=True)
        self._reading.start()
        self.messages = []  # (control, command, text)
        self._left = b""
        self._from = os.open(self.paths["from_mepdump"], os.O_RDONLY | os.O_NONBLOCK)
        if deaf:
            # So little fits in that it is full at once.
            fcntl.fcntl(self._from, fcntl.F_SETPIPE_SZ, 4096)
        self._to = None
        if not late:
            self.greet()

    def _read_data(self):
        with open(self.paths["data"], "rb") as stream:
            while data := stream.read1(65536):
                self.output += data

    def greet(self, *before):
        """Wireshark opens its end, tells what was changed before, and that this is all."""
        self._to = os.open(self.paths["to_mepdump"], os.O_WRONLY)
        for message in before:
            self.send(*message)
        self.send(0, INITIALIZED)

    def send(self, control, command, text=""):
        self.send_bytes(b"T" + (len(text.encode()) + 2).to_bytes(3, "big") +
                        bytes([control, command]) + text.encode())

    def send_bytes(self, data):
        os.write(self._to, data)

    def read(self):
        """All messages until now."""
        while select.select([self._from], [], [], 0)[0]:
            data = os.read(self._from, 65536)
            if not data:
                break
            self._left += data
        while len(self._left) >= 6:
            assert self._left[:1] == b"T"
            size = 4 + int.from_bytes(self._left[1:4], "big")
            if len(self._left) < size:
                break
            self.messages.append((self._left[4], self._left[5], self._left[6:size].decode()))
            self._left = self._left[size:]
        return self.messages

    def shown(self, control):
        """What a control has been set to last."""
        return next((text for number, command, text in reversed(self.read())
                     if (number, command) == (control, SET)), None)

    @property
    def log(self):
        return "".join(text for number, command, text in self.read() if (number, command) ==
                       (LOG, ADD))

    def wait_for(self, condition, what=""):
        until = time.monotonic() + TIMEOUT
        while not condition():
            assert time.monotonic() < until, f"{what}: {self.read()}"
            time.sleep(0.02)

    @property
    def captured(self):
        path = self.paths["data"].with_suffix(".pcapng")
        path.write_bytes(bytes(self.output))
        return Capture.read(path)

    def stop(self):
        self.process.send_signal(signal.SIGTERM)
        return self.wait()

    def wait(self):
        errors = self.process.communicate(timeout=2 * TIMEOUT)[1]
        self._reading.join(TIMEOUT)
        return self.process.returncode, errors

    def close(self):
        if self.process.poll() is None:
            self.process.kill()
        self.process.communicate()
        for descriptor in (self._from, self._to):
            if descriptor is not None:
                os.close(descriptor)


@pytest.fixture
def toolbar(mepdump, tmp_path):
    running = []

    def start(*arguments, **options):
        running.append(Toolbar(mepdump, tmp_path, arguments, **options))
        return running[-1]

    yield start
    for each in running:
        each.close()


@pytest.fixture
def tapped(player):
    return ["--extcap-interface", "mep", "--client-line", player.client_line.path, "--meter-line",
            player.meter_line.path]


def comments(toolbar):
    return [packet.comments for packet in toolbar.captured.packets]


def test_the_controls_are_announced(run_mepdump):
    lines = run_mepdump(["--extcap-interfaces"]).stdout.splitlines()
    controls = [line for line in lines if line.startswith("control ")]
    assert [re.search(r"\{number=(\d)\}", line)[1] for line in controls] == list("01234")
    assert [re.search(r"\{display=([^}]+)\}", line)[1] for line in controls] == [
        "Client line", "Meter line", "Marker", "Set marker", "Log"]
    for line in controls:
        assert re.fullmatch(r"control( ?\{\w+=[^{}]+\})+", line)
        assert "{tooltip=" in line
    assert "{type=button}{role=logger}" in controls[LOG]
    # Behind the interfaces, which they are for.
    assert lines.index(controls[0]) > max(lines.index(line) for line in lines
                                          if line.startswith("interface "))


def test_the_lines_are_shown(toolbar, tapped, player):
    bar = toolbar(*tapped)
    player.wait_for_readers(TIMEOUT)
    bar.wait_for(lambda: bar.shown(CLIENT_LINE) == "nothing heard")
    assert bar.shown(METER_LINE) == "nothing heard"
    assert {(CLIENT_LINE, DISABLE, ""), (METER_LINE, DISABLE, "")} <= set(bar.read())
    player.send(CLIENT_TO_METER, REQUEST)
    bar.wait_for(lambda: bar.shown(CLIENT_LINE).endswith(", 1 frame"))
    assert re.fullmatch(r"9600 bit/s, \d\.\d/s, \d\.\d s ago, 1 frame", bar.shown(CLIENT_LINE))
    player.send(CLIENT_TO_METER, b"\xff\xfe")
    bar.wait_for(lambda: bar.shown(CLIENT_LINE).endswith(", 1 frame, 1 error"))
    assert bar.shown(METER_LINE) == "nothing heard"
    for role, line in (("client", player.client_line), ("meter", player.meter_line)):
        assert f"{role} line {line.path}: 9600 bit/s\n" in bar.log
    assert all(re.match(r"\d\d:\d\d:\d\d \S", line) for line in bar.log.splitlines())
    assert bar.stop() == (0, "")


def test_a_line_that_is_not_tapped(toolbar, player):
    bar = toolbar("--extcap-interface", "mep", "--meter-line", player.meter_line.path)
    bar.wait_for(lambda: bar.shown(CLIENT_LINE) == "not tapped")
    assert bar.shown(METER_LINE) == "nothing heard"


def test_the_demo_has_it_too(toolbar):
    bar = toolbar("--extcap-interface", "mep-demo", "--script", "dual-client", "--speed-up", "60")
    bar.wait_for(lambda: "; " in (bar.shown(METER_LINE) or ""))
    bar.wait_for(lambda: bar.shown(CLIENT_LINE).count("frame") == 2)
    bar.send(MARKER_BUTTON, SET)
    bar.wait_for(lambda: any(comments(bar)))
    assert bar.stop() == (0, "")


def test_markers(toolbar, tapped, player):
    bar = toolbar(*tapped)
    player.wait_for_readers(TIMEOUT)
    before = time.time()
    bar.send(MARKER_BUTTON, SET)
    bar.send(MARKER_TEXT, SET, "  Zähler gezogen \n")
    bar.send(MARKER_TEXT, SET, "   ")  # nothing
    bar.wait_for(lambda: "Marker 2" in bar.log)
    player.send(CLIENT_TO_METER, REQUEST)
    bar.wait_for(lambda: len(bar.captured.packets) == 1)
    player.send(CLIENT_TO_METER, REQUEST)
    bar.wait_for(lambda: len(bar.captured.packets) == 2)
    first, second = comments(bar)
    assert second == []
    when = re.compile(r"(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}[+-]\d\d:\d\d)")
    plain, said = first
    assert re.fullmatch(rf"Marker 1 at {when.pattern}", plain)
    assert re.fullmatch(rf"Marker 2 at {when.pattern}: Zähler gezogen", said)
    told = datetime.datetime.fromisoformat(when.search(plain)[1]).timestamp()
    assert before - 0.01 <= told <= time.time()
    # What was typed is taken: the entry is empty again; and the log has it.
    bar.wait_for(lambda: bar.shown(MARKER_TEXT) == "")
    assert said in bar.log and "Marker 3" not in bar.log


def test_a_marker_that_no_frame_follows_is_kept(toolbar, tapped, player):
    bar = toolbar(*tapped)
    player.wait_for_readers(TIMEOUT)
    bar.send(MARKER_TEXT, SET, "the very end")
    bar.wait_for(lambda: "the very end" in bar.log)
    assert bar.stop() == (0, "")
    assert [each for each in bar.captured.interfaces[0].statistics.comments
            if each.endswith(": the very end")]


def test_a_marker_waits_for_a_frame_that_is_kept(toolbar, tapped, player):
    bar = toolbar(*tapped, "--extcap-capture-filter", "link[18] == 0x40")
    player.wait_for_readers(TIMEOUT)
    bar.send(MARKER_BUTTON, SET)
    bar.wait_for(lambda: "Marker 1" in bar.log)
    player.send(CLIENT_TO_METER, REQUEST)
    player.send(CLIENT_TO_METER, b"\0\x14\x40" + REQUEST[3:])
    bar.wait_for(lambda: len(bar.captured.packets) == 1)
    assert len(comments(bar)[0]) == 1


def test_what_was_typed_before_is_not_meant(toolbar, tapped, player):
    bar = toolbar(*tapped, late=True)
    player.wait_for_readers(TIMEOUT)
    bar.greet((MARKER_TEXT, SET, "yesterday's"))
    bar.send(MARKER_BUTTON, SET)
    bar.wait_for(lambda: "Marker 1" in bar.log)
    assert "yesterday" not in bar.log
    assert bar.shown(MARKER_TEXT) == ""


def test_what_is_told_as_an_error_is_in_the_log(toolbar, tapped, player):
    bar = toolbar(*tapped)
    player.wait_for_readers(TIMEOUT)
    player.meter_line.unplug()
    bar.wait_for(lambda: "has gone away" in bar.log)
    assert "has gone away" in bar.stop()[1]


def test_the_capture_never_waits_for_the_toolbar(toolbar):
    """Nobody reads what the toolbar is told, and the FIFO is full."""
    bar = toolbar("--extcap-interface", "mep-demo", "--speed-up", "60", deaf=True)
    for _ in range(300):
        bar.send(MARKER_TEXT, SET, "x" * 1000)
    before = len(bar.output)
    bar.wait_for(lambda: len(bar.output) > before + 10000)
    # What is read then is whole messages, and in the end the newest.
    bar.wait_for(lambda: "Marker 300" in bar.log)
    assert bar.stop() == (0, "")


def test_a_toolbar_that_goes_away_ends_nothing(toolbar, tapped, player):
    bar = toolbar(*tapped)
    player.wait_for_readers(TIMEOUT)
    bar.wait_for(lambda: bar.shown(CLIENT_LINE))
    for descriptor in (bar._from, bar._to):
        os.close(descriptor)
    bar._from = bar._to = None
    time.sleep(1.2)  # until it has been written to
    player.send(CLIENT_TO_METER, REQUEST)
    until = time.monotonic() + TIMEOUT
    while len(bar.captured.packets) < 1:
        assert time.monotonic() < until
        time.sleep(0.02)
    assert bar.stop() == (0, "")


@pytest.mark.parametrize("noise", [b"\0" * 9, b"TTTT\xff", b"T\0\0\1" + b"x" * 30,
                                   b"T\xff\xff\xff" + b"y" * 200000],
                         ids=["zeros", "half", "length", "endless"])
def test_nonsense_from_the_toolbar_ends_nothing(toolbar, tapped, player, noise):
    bar = toolbar(*tapped)
    player.wait_for_readers(TIMEOUT)
    try:
        bar.send_bytes(noise)
    except BrokenPipeError:
        pass
    player.send(CLIENT_TO_METER, REQUEST)
    bar.wait_for(lambda: len(bar.captured.packets) == 1)
    bar.wait_for(lambda: "1 frame" in bar.shown(CLIENT_LINE))
    assert bar.stop() == (0, "")


def test_messages_in_pieces(toolbar, tapped, player):
    bar = toolbar(*tapped)
    player.wait_for_readers(TIMEOUT)
    for byte in b"T\0\0\x05\x02\x01abc":
        bar.send_bytes(bytes([byte]))
        time.sleep(0.01)
    bar.wait_for(lambda: ": abc\n" in bar.log)


QUICK = ["--extcap-interface", "mep-demo", "--speed-up", "0", "--rounds", "1"]


def test_it_stays_until_wireshark_has_come(toolbar):
    """Wireshark opens its end once the first packets are there, and stands still without a reader."""
    bar = toolbar(*QUICK, late=True)
    bar.wait_for(lambda: len(bar.output) > 1000)
    time.sleep(0.5)
    assert bar.process.poll() is None
    bar.greet()
    assert bar.wait() == (0, "")


def test_it_stays_even_where_it_cannot_begin(toolbar):
    """And what is wrong is told then."""
    bar = toolbar("--extcap-interface", "mep", "--client-line", "/dev/nowhere", late=True)
    time.sleep(0.5)
    assert bar.process.poll() is None
    bar.greet()
    status, errors = bar.wait()
    assert status == 1 and "client line /dev/nowhere: no such port" in errors


def test_it_does_not_stay_for_ever(toolbar):
    began = time.monotonic()
    bar = toolbar(*QUICK, late=True)
    assert bar.wait() == (0, "")
    assert 5 < time.monotonic() - began < 30


def test_it_does_not_stay_where_it_is_told_to_go(toolbar):
    bar = toolbar(*QUICK, late=True)
    bar.wait_for(lambda: len(bar.output) > 1000)
    time.sleep(0.5)
    began = time.monotonic()
    assert bar.stop() == (0, "")
    assert time.monotonic() - began < 3


def test_without_fifos(run_mepdump, tmp_path):
    """tshark passes none."""
    began = time.monotonic()
    result = run_mepdump(["--capture", *QUICK, "--fifo", tmp_path / "x.pcapng"])
    assert (result.returncode, result.stderr) == (0, "")
    assert time.monotonic() - began < 3
