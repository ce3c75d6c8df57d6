"""mepdump's files in the hands of Wireshark's own tools, and its statistics in files that tshark saves.

What is compared: the blocks as tests/tools/pcapng_blocks.py reads them, with what the tools say of
them and with what they make of them when they write the file anew.

SPDX-License-Identifier: GPL-2.0-or-later
"""
import re
import shutil
import signal
import subprocess
import time

import pytest

from pcapng_blocks import Capture, Statistics
from tapping import TIMEOUT

pytestmark = pytest.mark.real_time

FILTER = "link[2] == 2"
KINDS = {"plain": [], "filter": ["--extcap-capture-filter", FILTER],
         "two clients": ["--script", "dual-client"]}


@pytest.fixture(scope="module")
def demo_interface(run_mepdump):
    if "{value=mep-demo}" not in run_mepdump(["--extcap-interfaces"]).stdout:
        pytest.skip("mepdump was built without the simulator")


@pytest.fixture(scope="module", params=KINDS)
def path(request, run_mepdump, demo_interface, tmp_path_factory):
    """A file of the demo's."""
    path = tmp_path_factory.mktemp("made") / "made.pcapng"
    result = run_mepdump(["--capture", "--extcap-interface", "mep-demo", "--fifo", path,
                          "--speed-up", "0", "--rounds", "1", "--duration", "60",
                          "--start", "2026-06-15T06:00:00Z", *KINDS[request.param]])
    assert (result.returncode, result.stderr) == (0, "")
    return path


def tool(*arguments):
    if shutil.which(arguments[0]) is None:
        pytest.skip(f"{arguments[0]} is not installed")
    result = subprocess.run([str(each) for each in arguments], capture_output=True, text=True,
                            timeout=TIMEOUT, check=False)
    assert (result.returncode, result.stderr) == (0, ""), result.stderr
    return result.stdout


def values(text):
    """The "name: value" and "name = value" lines."""
    return {name.strip(): value.strip()
            for name, value in re.findall(r"^([^:=\n]+)[:=] *(.*)$", text, re.MULTILINE)}


def test_capinfos(path):
    capture = Capture.read(path)
    text = tool("capinfos", "-M", path)
    section, *interfaces = re.split(r"^Interface #\d+ info:\n", text, flags=re.MULTILINE)
    found = values(section)
    options = {code: value.decode() for code, value in capture.section_options.items()}
    assert found["Capture comment"] == options[1]
    assert found["Capture hardware"] == options[2] == "no hardware: a simulated meter"
    assert found["Capture application"] == options[4]
    assert "Capture oper-sys" not in found and 3 not in options
    assert found["File timestamp precision"].startswith("nanoseconds")
    assert int(found["Number of packets"]) == len(capture.packets)
    assert int(found["Number of interfaces in file"]) == len(capture.interfaces) == len(interfaces)
    for text, interface in zip(interfaces, capture.interfaces):
        found = values(text)
        assert found["Name"] == interface.name and found["Description"] == interface.description
        assert found["Encapsulation"].startswith("USER 13")
        assert found["Speed"] == "9600" and found["Time resolution"] == "0x09"
        assert re.search(r"^ *Filter string = (.*)$", text, re.MULTILINE) is None \
            if interface.filter is None else f"Filter string = {interface.filter}\n" in text
        assert found["Number of stat entries"] == "1"
        assert int(found["Number of packets"]) == \
            sum(packet.interface is interface for packet in capture.packets)


def test_tshark(user, path):
    capture = Capture.read(path)
    packets = user.fields(path, ["frame.time_epoch", "frame.interface_id", "frame.interface_name",
                                 "frame.interface_description", "frame.packet_flags_direction",
                                 "frame.len", "frame.cap_len"])
    assert len(packets) == len(capture.packets)
    for seen, packet in zip(packets, capture.packets):
        seconds, fraction = seen["frame.time_epoch"][0].split(".")
        assert int(seconds) * 10 ** 9 + int(fraction.ljust(9, "0")) == packet.ticks
        assert int(seen["frame.interface_id"][0]) == capture.interfaces.index(packet.interface)
        assert seen["frame.interface_name"] == [packet.interface.name]
        assert seen["frame.interface_description"] == [packet.interface.description]
        assert int(seen["frame.packet_flags_direction"][0], 0) == packet.flags
        assert int(seen["frame.len"][0]) == int(seen["frame.cap_len"][0]) == len(packet.raw)


def test_blocks_as_tshark_dissects_them(user, path):
    """Wireshark can show a capture file as what it is, block by block."""
    interfaces = Capture.read(path).interfaces
    option = "pcapng.options.option.data.interface."
    names = [option + name for name in ("name", "description", "speed", "received", "dropped",
                                        "accepted_by_filter", "filter.string")]
    (file,) = user.fields(path, [*names, "_ws.malformed", "_ws.expert"], "-X",
                          "read_format:MIME Files Format")
    statistics = [interface.statistics for interface in interfaces]
    filters = [interface.filter for interface in interfaces if interface.filter]
    assert [file[name] for name in names] == [
        [interface.name for interface in interfaces],
        [interface.description for interface in interfaces],
        ["9600"] * len(interfaces),
        [str(each.received) for each in statistics],
        [str(each.dropped) for each in statistics],
        [str(each.accepted) for each in statistics if filters],
        filters]
    assert file["_ws.malformed"] == file["_ws.expert"] == []


def described(capture):
    """Interfaces and packets, without the statistics."""
    number = capture.interfaces.index
    return ([(each.link_type, each.name, each.description, each.ticks_per_second, each.filter)
             for each in capture.interfaces],
            [(number(each.interface), each.ticks, each.raw, each.flags)
             for each in capture.packets])


@pytest.mark.parametrize("name", ["editcap", "reordercap", "mergecap"])
def test_written_anew(path, tmp_path, name):
    """What a tool did not understand would be missing. Statistics are: these tools have described
    the interfaces when they come to them."""
    anew = tmp_path / "anew.pcapng"
    tool(name, *(["-w", anew, path] if name == "mergecap" else [path, anew]))
    before, after = Capture.read(path), Capture.read(anew)
    assert described(after) == described(before)
    if name != "mergecap":  # which makes a section of its own
        assert after.section_options == before.section_options


def test_merged(path, tmp_path):
    """Two files' packets, on the interfaces that each has."""
    merged = tmp_path / "merged.pcapng"
    tool("mergecap", "-a", "-I", "none", "-w", merged, path, path)
    once, twice = described(Capture.read(path)), described(Capture.read(merged))
    count = len(once[0])
    assert twice[0] == once[0] * 2
    assert twice[1] == once[1] + [(number + count, *rest) for number, *rest in once[1]]


# What arrives in a file that tshark saves. As demo: at ten times line speed, without end.


def live(path, *more):
    return ["tshark", "-i", "mep-demo", "-o", "extcap.mep_demo.speedup:10", "-w", path, *more]


def check_statistics(path, at_least):
    """Whether they tell of the packets until shortly before the end; and of no end."""
    capture = Capture.read(path)
    for interface in capture.interfaces:
        assert isinstance(interface.statistics, Statistics), interface.name
        count = sum(packet.interface is interface for packet in capture.packets)
        assert at_least <= interface.statistics.received <= count
        assert interface.statistics.dropped == 0 and interface.statistics.end is None
        first = min(packet.ticks for packet in capture.packets) / interface.ticks_per_second
        assert abs(interface.statistics.start - first) < 60
    assert "Number of stat entries = 0" not in tool("capinfos", path)


def test_statistics_when_dumpcap_stops(user, demo_interface):
    path = user.folder() / "live.pcapng"
    result = user.run(live(path, "-a", "duration:4"), timeout=TIMEOUT)
    assert result.returncode == 0, result.stderr
    check_statistics(path, at_least=5)


def test_statistics_when_tshark_is_interrupted(user, demo_interface):
    path = user.folder() / "live.pcapng"
    process = user.start(live(path), stderr=subprocess.PIPE, text=True)
    try:
        until = time.monotonic() + TIMEOUT
        while not (path.exists() and all(each.statistics and each.statistics.received >= 5
                                         for each in Capture.read(path).interfaces)):
            assert time.monotonic() < until, "there are no statistics while it goes on"
            time.sleep(0.1)
        process.send_signal(signal.SIGINT)
        _, errors = process.communicate(timeout=TIMEOUT)
    finally:
        process.kill()
    assert process.returncode == 0, errors
    check_statistics(path, at_least=5)


def test_statistics_of_a_capture_that_ends(user, demo_interface):
    """The last ones have the end, and all records."""
    path = user.folder() / "live.pcapng"
    result = user.run(["tshark", "-i", "mep-demo", "-o", "extcap.mep_demo.speedup:0", "-o",
                       "extcap.mep_demo.rounds:1", "-w", path], timeout=TIMEOUT)
    assert result.returncode == 0, result.stderr
    capture = Capture.read(path)
    for interface in capture.interfaces:
        assert interface.statistics.end >= capture.packets[-1].ticks / 10 ** 9
        assert interface.statistics.received == \
            sum(packet.interface is interface for packet in capture.packets)


def test_one_statistics_block_where_nobody_can_go_away(path):
    """Wireshark's Capture File Properties shows drops only where there is one."""
    assert "Number of stat entries = 1" in tool("capinfos", path)
