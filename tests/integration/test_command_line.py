"""mepdump by hand: short options, what is told on a terminal, the list of ports, the manual page; and
mep-sim's manual page.

SPDX-License-Identifier: GPL-2.0-or-later
"""
import fcntl
import io
import os
import pty
import re
import select
import shutil
import signal
import struct
import subprocess
import termios
import time

import pytest

from conftest import TESTS
from line_player import CLIENT_TO_METER, METER_TO_CLIENT, LinePlayer
from pcapng_blocks import Capture, read_block
from tapping import TIMEOUT

pytestmark = pytest.mark.real_time

REQUEST = bytes.fromhex("00143f0017000000002c0102030474861f6d7658dd56")
RESPONSE = bytes.fromhex("000d0c77635b9035863c1df5b91482")
QUICK_DEMO = ["-i", "mep-demo", "--speed-up", "0", "--rounds", "1"]


@pytest.fixture
def player():
    with LinePlayer(speedup=0) as lines:
        yield lines


def wait_for(condition):
    until = time.monotonic() + TIMEOUT
    while not condition():
        assert time.monotonic() < until, "it did not happen"
        time.sleep(0.02)


class Terminal:
    """A program whose standard error is a terminal of so many columns."""

    def __init__(self, arguments, columns=80):
        self.master, slave = pty.openpty()
        self.resize(columns)
        self.process = subprocess.Popen([str(each) for each in arguments], stderr=slave,
                                        stdout=subprocess.DEVNULL)
        os.close(slave)
        self.output = ""

    def __enter__(self):
        return self

    def __exit__(self, *_):
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait()
        os.close(self.master)

    def resize(self, columns):
        fcntl.ioctl(self.master, termios.TIOCSWINSZ, struct.pack("HHHH", 24, columns, 0, 0))

    def read(self):
        """What has been written until now."""
        while select.select([self.master], [], [], 0)[0]:
            try:
                self.output += os.read(self.master, 65536).decode()
            except OSError:
                break
        return self.output

    @property
    def drawn(self):
        """The line that has been drawn last."""
        return self.read().split("\r\x1b[K")[-1]

    def stop(self):
        self.process.send_signal(signal.SIGINT)
        assert self.process.wait(TIMEOUT) == 0
        return self.read()


# Short options


def test_two_lines_by_short_options(mepdump, player, tmp_path):
    path = tmp_path / "hall.pcapng"
    process = subprocess.Popen([mepdump, "-c", player.client_line.path, "-m",
                                player.meter_line.path, "-w", path],
                               stderr=subprocess.PIPE, text=True)
    player.wait_for_readers(TIMEOUT)
    player.send(CLIENT_TO_METER, REQUEST)
    player.send(METER_TO_CLIENT, RESPONSE)
    wait_for(lambda: len(Capture.read(path).packets) == 2)
    process.send_signal(signal.SIGINT)
    _, errors = process.communicate(timeout=TIMEOUT)
    assert process.returncode == 0
    summary, client, meter = errors.splitlines()
    assert re.fullmatch(rf"mepdump: \S+ s captured, 2 records written to {path}", summary)
    for line, role, port in ((client, "client", player.client_line.path),
                             (meter, "meter", player.meter_line.path)):
        assert line.startswith(f"  {role} line {port}, 9600 bit/s: 1 frame, 0 errors, last heard ")
    assert sorted(packet.frame for packet in Capture.read(path).packets) == \
        sorted([REQUEST, RESPONSE])


@pytest.mark.parametrize("form", [
    ["-q", "-w", "{}"], ["-qw", "{}"], ["-qw{}"], ["-w{}", "-q"], ["--quiet", "--fifo", "{}"],
    ["--fifo={}", "-q"],
])
def test_short_options_may_stand_together(run_mepdump, tmp_path, form):
    path = tmp_path / "-c"  # a name like an option
    result = run_mepdump([*QUICK_DEMO, *[each.format(path) for each in form]])
    assert (result.returncode, result.stdout, result.stderr) == (0, "", "")
    assert len(Capture.read(path).packets) > 10


def test_a_value_may_look_like_an_option(run_mepdump, tmp_path):
    result = run_mepdump([*QUICK_DEMO, "-q", "-w", "-m"], cwd=tmp_path)
    assert (result.returncode, result.stderr) == (0, "")
    assert (tmp_path / "-m").stat().st_size > 0


def test_standard_output_and_a_filter(mepdump):
    result = subprocess.run([mepdump, *QUICK_DEMO, "-f", "link[2] == 1", "-w", "-"],
                            capture_output=True, timeout=TIMEOUT, check=True)
    capture, stream = Capture(), io.BytesIO(result.stdout)
    while (block := read_block(stream)) is not None:
        capture.feed(block)
    assert capture.packets and all(packet.direction == 1 for packet in capture.packets)
    count = len(capture.packets)
    assert f"{count} records written to standard output ({count} others did not match".encode() \
        in result.stderr


@pytest.mark.parametrize("letter, name", [("-h", "--help"), ("-V", "--version")])
def test_questions_in_short(run_mepdump, letter, name):
    assert run_mepdump([letter]).stdout == run_mepdump([name]).stdout != ""


def test_a_filter_alone_is_only_checked(run_mepdump):
    assert run_mepdump(["-f", "link[2] == 1", "-i", "mep"]).stdout == ""
    assert "nonsense" in run_mepdump(["-f", "nonsense", "-i", "mep"]).stdout


@pytest.mark.parametrize("arguments, words", [
    (["-w", "x.pcapng"], ["no port given", "-c /dev/ttyUSB0", "--list-ports"]),
    (["-c", "/dev/ttyUSB0"], ["nowhere to write to", "-w tap.pcapng"]),
    (["-i", "mep-demo"], ["nowhere to write to", "-w tap.pcapng"]),
    (["-c"], ["-c"]),
    (["-x"], ['"-x"', "--help"]),
    (["-qx"], ['"-x"', "--help"]),
    (["tap.pcapng"], ['"tap.pcapng"', "--help"]),
    (["-w", "x.pcapng", "--seed", "3"], ["--seed", "-i mep-demo"]),
    (["-i", "eth0", "-w", "x.pcapng"], ['"eth0"', "mep and mep-demo"]),
])
def test_what_makes_no_sense_is_told_in_the_words_that_were_typed(run_mepdump, tmp_path, arguments,
                                                                  words):
    result = run_mepdump(arguments, cwd=tmp_path)
    assert result.returncode == 1 and result.stdout == ""
    assert len(result.stderr.splitlines()) == 1
    for word in words:
        assert word in result.stderr
    assert list(tmp_path.iterdir()) == []


def test_wiresharks_form_tells_nothing(run_mepdump, tmp_path):
    """It would be shown as an error."""
    result = run_mepdump(["--capture", "--extcap-interface", "mep-demo", "--speed-up", "0",
                          "--rounds", "1", "--fifo", tmp_path / "demo.pcapng"])
    assert (result.returncode, result.stdout, result.stderr) == (0, "", "")


# On a terminal


def test_the_display(mepdump, player, tmp_path):
    command = [mepdump, "-c", player.client_line.path, "-m", player.meter_line.path, "-w",
               tmp_path / "x.pcapng"]
    with Terminal(command, columns=200) as terminal:
        player.wait_for_readers(TIMEOUT)
        wait_for(lambda: terminal.drawn.count("nothing heard") == 2)
        player.send(CLIENT_TO_METER, REQUEST)
        wait_for(lambda: "1 frame, " in terminal.drawn)
        client, meter = terminal.drawn.split(" | ")
        assert re.fullmatch(rf"client line {player.client_line.path}: 1 frame, \S+ s ago, \S+/s",
                            client)
        assert meter == f"meter line {player.meter_line.path}: nothing heard"
        player.send(METER_TO_CLIENT, bytes.fromhex("fffe"))  # no frame
        wait_for(lambda: "0 frames, 1 error" in terminal.drawn)
        terminal.resize(75)
        wait_for(lambda: 0 < len(terminal.drawn) < 75)
        assert re.fullmatch(r"client: 1 frame, \S+ s ago \| meter: 0 frames, 1 error, \S+ s ago",
                            terminal.drawn)
        terminal.resize(30)
        wait_for(lambda: terminal.drawn == "client 1/0 | meter 0/1")
        terminal.resize(12)
        wait_for(lambda: terminal.drawn == "client 1/0 ")
        # One line, again and again in its place.
        assert "\n" not in terminal.read()
        end = terminal.stop().split("\r\x1b[K")[-1].splitlines()
        assert end[0].startswith("mepdump: ") and len(end) == 3


def test_the_display_makes_room_for_a_sentence(mepdump, player, tmp_path):
    command = [mepdump, "-c", player.client_line.path, "-m", player.meter_line.path, "-w",
               tmp_path / "x.pcapng"]
    with Terminal(command) as terminal:
        player.wait_for_readers(TIMEOUT)
        wait_for(lambda: terminal.drawn)
        player.client_line.unplug()
        wait_for(lambda: "mepdump: " in terminal.read())
        assert "\r\x1b[Kmepdump: client line" in terminal.read()


@pytest.mark.parametrize("option", ["-q", "--quiet"])
def test_quiet(mepdump, tmp_path, option):
    with Terminal([mepdump, *QUICK_DEMO, option, "-w", tmp_path / "x.pcapng"]) as terminal:
        assert terminal.process.wait(TIMEOUT) == 0
        assert terminal.read() == ""


def test_no_display_where_there_is_no_terminal(mepdump, tmp_path):
    result = subprocess.run([mepdump, "-i", "mep-demo", "--duration", "1", "-w",
                             tmp_path / "x.pcapng"], capture_output=True, text=True,
                            timeout=TIMEOUT, check=True)
    assert "\r" not in result.stderr and len(result.stderr.splitlines()) == 3


def test_no_display_where_another_program_has_the_terminal(mepdump):
    """mepdump -w - | tshark -i -"""
    with Terminal([mepdump, "-i", "mep-demo", "--duration", "1", "-w", "-"]) as terminal:
        assert terminal.process.wait(TIMEOUT) == 0
        assert "\x1b" not in terminal.read()
        assert terminal.read().startswith("mepdump: ")


# Ports


def test_list_of_ports(run_mepdump):
    """What is said of each: tests/unit/test_watching.cpp."""
    result = run_mepdump(["--list-ports"])
    assert (result.returncode, result.stderr) == (0, "")
    listed = re.findall(r"^(\S+)", result.stdout, re.MULTILINE)
    values = run_mepdump(["--extcap-config", "-i", "mep"]).stdout
    ports = re.findall(r"\{value=(/dev/[^}]+)\}", values)
    assert listed == sorted(set(ports), key=ports.index) or \
        (not ports and result.stdout.startswith("No serial port was found"))


# Manual pages


def options_of_help(text):
    return set(re.findall(r"^  (-\w, )?(--[\w-]+)", text, re.MULTILINE))


def options_of_page(path):
    """Those that begin a paragraph, each with its short form."""
    text = path.read_text(encoding="utf-8").replace("\\-", "-").replace("\\fI", "")
    headings = re.findall(r"^\.TP\n(\.BR? .*)$", text, re.MULTILINE)
    found = set()
    for heading in headings:
        if match := re.match(r'\.BR? (?:(-\w) ", " )?(--[\w-]+)', heading):
            found.add(((match[1] + ", ") if match[1] else "", match[2]))
    return found


@pytest.fixture(params=["mepdump", "mep-sim"])
def program(request, build_dir):
    path = build_dir / {"mepdump": "extcap/mepdump", "mep-sim": "simulator/mep-sim"}[request.param]
    if not path.exists():
        pytest.skip(f"{request.param} was not built")
    return path


def test_every_option_is_in_the_manual_page_and_nothing_else(program):
    text = subprocess.run([program, "--help"], capture_output=True, text=True, timeout=TIMEOUT,
                          check=True).stdout
    in_help = options_of_help(text)
    assert len(in_help) > 15
    assert options_of_page(TESTS.parent / "docs" / f"{program.name}.1") == in_help


def test_the_manual_page_is_well_formed(program):
    if shutil.which("mandoc") is None:
        pytest.skip("mandoc is not installed")
    result = subprocess.run(["mandoc", "-T", "lint", TESTS.parent / "docs" / f"{program.name}.1"],
                            capture_output=True, text=True, timeout=TIMEOUT, check=False)
    assert (result.returncode, result.stdout) == (0, "")
