"""mepdump's interface mep-demo: a simulated meter, captured by hand and through tshark.

SPDX-License-Identifier: GPL-2.0-or-later
"""
import datetime
import re
import resource
import signal
import subprocess
import time

import pytest

from pcapng_blocks import Capture, TAP_LINK_TYPE
from tapping import TIMEOUT

pytestmark = pytest.mark.real_time

START = "2026-06-15T06:00:00Z"
START_SECOND = datetime.datetime(2026, 6, 15, 6, tzinfo=datetime.timezone.utc).timestamp()
BYTE_TIME = 10 / 9600


@pytest.fixture(scope="session")
def demo(run_mepdump):
    """The answer to --extcap-config of mep-demo; skips where it was not built in."""
    if "{value=mep-demo}" not in run_mepdump(["--extcap-interfaces"]).stdout:
        pytest.skip("mepdump was built without the simulator")
    return run_mepdump(["--extcap-config", "--extcap-interface", "mep-demo"]).stdout


def choices(config, call):
    """The values that an option offers, and which is the default."""
    number = re.search(rf"^arg {{number=(\d+)}}{{call={call}}}", config, re.MULTILINE).group(1)
    found = re.findall(rf"^value {{arg={number}}}{{value=([^}}]*)}}{{display=[^}}]+}}"
                       r"{default=(true|false)}$", config, re.MULTILINE)
    return [value for value, _ in found], [value for value, default in found if default == "true"]


@pytest.fixture(scope="session")
def securities(demo):
    return choices(demo, "--security")[0]


@pytest.fixture(scope="session")
def scripts(demo):
    return choices(demo, "--script")[0]


@pytest.fixture(scope="session")
def script_of_two(run_mepdump, scripts, tmp_path_factory):
    """A script with a client at each of a meter's two ports."""
    path = tmp_path_factory.mktemp("two") / "demo.pcapng"
    for script in scripts:
        run_mepdump(demo_arguments(path, *quick("--script", script, "--duration", "0.01")))
        if len(Capture.read(path).interfaces) == 4:
            return script
    return pytest.skip("no script has two clients")


def demo_arguments(path, *more):
    return ["--capture", "--extcap-interface", "mep-demo", "--force", "--fifo", path, *more]


def quick(*more):
    """As fast as possible, and the same every time."""
    return ["--speed-up", "0", "--rounds", "1", "--start", START, *more]


@pytest.fixture
def record(run_mepdump, demo, tmp_path):
    """record(*arguments) -> the Capture of a simulation that has come to its end."""

    def run(*arguments):
        path = tmp_path / "demo.pcapng"
        result = run_mepdump(demo_arguments(path, *quick(*arguments)))
        assert (result.returncode, result.stderr) == (0, "")
        return Capture.read(path)

    return run


# What Wireshark asks before it captures


def test_both_interfaces_are_listed(run_mepdump, demo):
    lines = run_mepdump(["--extcap-interfaces", "--extcap-version=4.6"]).stdout.splitlines()
    assert lines[1:3] == [
        "interface {value=mep}{display=MEP (two tapped serial lines)}",
        "interface {value=mep-demo}{display=MEP demo (simulated meter, no hardware)}"]


def test_dlts(run_mepdump, demo):
    result = run_mepdump(["--extcap-dlts", "--extcap-interface", "mep-demo"])
    assert result.stdout == "dlt {number=160}{name=USER13}{display=MEP tap}\n"


def test_each_interface_has_its_own_options(run_mepdump, demo):
    tap = run_mepdump(["--extcap-config", "--extcap-interface", "mep"]).stdout
    calls = [set(re.findall(r"{call=(--[a-z-]+)}", config)) for config in (tap, demo)]
    assert {"--client-line", "--meter-line", "--baud"} <= calls[0]
    assert {"--script", "--security", "--speed-up", "--seed"} <= calls[1]
    assert not calls[0] & calls[1]
    arguments = [line for line in demo.splitlines() if line.startswith("arg ")]
    assert [int(re.match(r"arg {number=(\d+)}", line).group(1)) for line in arguments] == \
        list(range(len(arguments)))
    # One group: each is a tab, and a wrong entry in one that is not in sight keeps Start grey.
    assert all("{tooltip=" in line and line.endswith("{group=Simulation}") for line in arguments)


def test_selectors(demo):
    values, default = choices(demo, "--script")
    assert values[0] == "daily-reading" and default == values[:1]
    values, default = choices(demo, "--security")
    assert values[:2] == ["plain", "rc4"] and default == ["plain"]
    assert choices(demo, "--speed-up")[1] == ["1"]


def test_reload(run_mepdump, demo):
    result = run_mepdump(["--extcap-config", "--extcap-interface", "mep-demo",
                          "--extcap-reload-option", "--script"])
    assert result.stdout and all(line.startswith("value {arg=0}")
                                 for line in result.stdout.splitlines())


def test_help(run_mepdump, demo):
    text = run_mepdump(["--help"]).stdout
    for word in ("mep-demo", "--script", "--speed-up", "--duration", "--key-log", "simulated"):
        assert word in text


# What is recorded


def test_records_are_those_of_a_tap(record):
    capture = record()
    client, meter = capture.interfaces
    assert (client.name, meter.name) == ("mep-demo client line", "mep-demo meter line")
    assert client.description == "client line (client to meter)"
    assert meter.description == "meter line (meter to client)"
    for packet in capture.packets:
        from_client = packet.interface is client
        assert packet.version == 1 and packet.status == 0 and packet.baud_rate == 9600
        assert packet.direction == (1 if from_client else 2)
        assert packet.flags == (2 if from_client else 1)
        # At least as long as the bytes take; answers pause between segments, page 21.
        assert packet.duration_us >= 1e6 * BYTE_TIME * (len(packet.frame) - 1) - 1
    for interface in capture.interfaces:
        assert interface.link_type == TAP_LINK_TYPE and interface.ticks_per_second == 10 ** 9
        received = sum(packet.interface is interface for packet in capture.packets)
        assert interface.statistics.received == received > 0
        assert interface.statistics.dropped == 0
    # Whoever opens the file knows what it is.
    assert capture.section_options[1].startswith(b"Simulated by mep-demo.")
    assert b'needs the plugin "mep"' in capture.section_options[1]
    assert b"simulated" in capture.section_options[2]
    assert 3 not in capture.section_options


def test_times_are_the_simulated_clocks(record):
    capture = record()
    times = [packet.ticks / 1e9 for packet in capture.packets]
    assert times == sorted(times)
    assert START_SECOND <= times[0] < START_SECOND + 2
    for interface in capture.interfaces:
        assert interface.statistics.start == pytest.approx(START_SECOND, abs=1e-3)
        assert times[-1] <= interface.statistics.end < times[-1] + 60


def test_duration_is_simulated_time(record):
    capture = record("--rounds", "0", "--duration", "25.5")
    for interface in capture.interfaces:
        assert interface.statistics.end - interface.statistics.start == pytest.approx(25.5)
    assert capture.packets[-1].ticks / 1e9 <= START_SECOND + 25.5


def test_pace(run_mepdump, demo, tmp_path):
    def seconds(factor, duration):
        begin = time.monotonic()
        result = run_mepdump(demo_arguments(tmp_path / "x.pcapng", "--speed-up", factor,
                                            "--duration", duration))
        assert result.returncode == 0
        return time.monotonic() - begin

    overhead = seconds("1", "0.01")
    for factor in ("1", "2.5"):
        least = 1.25 / float(factor)
        assert least <= seconds(factor, "1.25") < least + overhead + 1


def test_pace_that_is_typed_takes_precedence(run_mepdump, demo, tmp_path):
    begin = time.monotonic()
    result = run_mepdump(demo_arguments(tmp_path / "x.pcapng", "--speed-up", "1",
                                        "--speed-up-other", "1000", "--duration", "60"))
    assert result.returncode == 0 and time.monotonic() - begin < 10


def test_line_speed_is_real_time(run_mepdump, demo, tmp_path):
    begin = time.time()
    run_mepdump(demo_arguments(tmp_path / "x.pcapng", "--duration", "0.5"))
    end = time.time()
    capture = Capture.read(tmp_path / "x.pcapng")
    assert begin <= capture.packets[0].ticks / 1e9 <= capture.packets[-1].ticks / 1e9 <= end
    assert all(begin <= interface.statistics.start and interface.statistics.end <= end
               for interface in capture.interfaces)


def test_rounds(record):
    sizes = [len(record("--rounds", str(rounds)).packets) for rounds in (1, 2, 3)]
    assert sizes[0] < sizes[1] < sizes[2]


@pytest.mark.parametrize("security", ["plain", "rc4", "tls"])
def test_same_options_same_bytes(run_mepdump, securities, tmp_path, security):
    if security not in securities:
        pytest.skip("this build has no TLS")

    def made(name, seed):
        path = tmp_path / name
        run_mepdump(demo_arguments(path, *quick("--security", security, "--seed", seed)))
        return path.read_bytes()

    once, again, other = made("once", "1"), made("again", "1"), made("other", "2")
    assert once and once == again
    assert once != other


def test_every_script(run_mepdump, scripts, tmp_path):
    for script in scripts:
        path = tmp_path / f"{script}.pcapng"
        result = run_mepdump(demo_arguments(path, *quick("--script", script, "--duration", "90")))
        assert (result.returncode, result.stderr) == (0, ""), script
        capture = Capture.read(path)
        assert len(capture.interfaces) in (2, 4) and capture.packets, script


def test_four_interfaces_of_two_ports(record, script_of_two):
    capture = record("--script", script_of_two, "--duration", "60")
    assert [interface.name for interface in capture.interfaces] == \
        ["mep-demo client line 1", "mep-demo meter line 1",
         "mep-demo client line 2", "mep-demo meter line 2"]
    assert [interface.description for interface in capture.interfaces] == \
        ["client line 1 (client to meter)", "meter line 1 (meter to client)",
         "client line 2 (client to meter)", "meter line 2 (meter to client)"]
    for number, interface in enumerate(capture.interfaces):
        directions = {packet.direction for packet in capture.packets
                      if packet.interface is interface}
        assert directions == {1 + number % 2}


def test_each_port_of_the_meter_is_a_tap(record, script_of_two):
    capture = record("--script", script_of_two, "--duration", "60")
    numbers = [{packet.tap for packet in capture.packets if packet.interface is interface}
               for interface in capture.interfaces]
    assert numbers[0] == numbers[1] != numbers[2] == numbers[3]
    assert all(len(each) == 1 and 0 not in each for each in numbers)


def test_two_demos_at_once_are_two_taps(run_mepdump, demo, tmp_path):
    numbers = set()
    for _ in range(2):
        run_mepdump(demo_arguments(tmp_path / "x.pcapng", "--speed-up", "0", "--rounds", "1"))
        numbers |= {packet.tap for packet in Capture.read(tmp_path / "x.pcapng").packets}
    assert len(numbers) == 2 and 0 not in numbers


def test_another_story_is_another_tap(record):
    numbers = {packet.tap for arguments in ([], ["--seed", "2"], ["--security", "rc4"],
                                            ["--start", "2026-06-15T06:00:01Z"])
               for packet in record(*arguments).packets}
    assert len(numbers) == 4


def test_capture_filter(record):
    everything, answers = record(), record("--extcap-capture-filter", "link[2] == 2")
    assert [packet.frame for packet in answers.packets] == \
        [packet.frame for packet in everything.packets if packet.direction == 2]
    client, meter = answers.interfaces
    assert client.filter == meter.filter == "link[2] == 2"
    assert (client.statistics.accepted, meter.statistics.accepted) == (0, len(answers.packets))
    assert client.statistics.received == everything.interfaces[0].statistics.received


def test_key_log(run_mepdump, securities, tmp_path):
    if "tls" not in securities:
        pytest.skip("this build has no TLS")
    log = tmp_path / "keys.log"
    log.write_text("# here before\n")
    for _ in range(2):
        run_mepdump(demo_arguments(tmp_path / "x.pcapng", *quick("--security", "tls"),
                                   "--key-log", log))
    before, first, second = log.read_text().splitlines()
    assert before == "# here before"
    assert re.fullmatch(r"CLIENT_RANDOM [0-9a-f]{64} [0-9a-f]{96}", first) and first == second


# Stopping


@pytest.mark.parametrize("how", [signal.SIGTERM, signal.SIGINT])
@pytest.mark.parametrize("speed", ["0", "1"])
def test_stopped_by_signal(mepdump, demo, tmp_path, how, speed):
    path = tmp_path / "x.pcapng"
    process = subprocess.Popen([str(mepdump), *demo_arguments(str(path), "--speed-up", speed)],
                               stderr=subprocess.PIPE, text=True)
    until = time.monotonic() + TIMEOUT
    while not (path.exists() and Capture.read(path).packets):
        assert time.monotonic() < until
        time.sleep(0.02)
    asked = time.monotonic()
    process.send_signal(how)
    _, errors = process.communicate(timeout=TIMEOUT)
    assert time.monotonic() - asked < 1
    assert (process.returncode, errors) == (0, "")
    assert all(interface.statistics for interface in Capture.read(path).interfaces)


@pytest.mark.parametrize("speed", ["0", "1"])
def test_stopped_by_its_reader(mepdump, demo, speed):
    process = subprocess.Popen([str(mepdump), *demo_arguments("-", "--speed-up", speed)],
                               stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    process.stdout.read(200)
    process.stdout.close()
    assert process.wait(TIMEOUT) == 0
    assert process.stderr.read() == b""
    process.stderr.close()


def test_it_waits_and_does_not_spin(run_mepdump, demo, tmp_path):
    def processor_seconds(duration):
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        run_mepdump(demo_arguments(tmp_path / "x.pcapng", "--duration", duration))
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime

    assert processor_seconds("2") - processor_seconds("0.01") < 0.7


# Errors


@pytest.mark.parametrize("arguments, words", [
    (["--script", "nonesuch"], ["nonesuch", "daily-reading"]),
    (["--security", "ssl"], ["--security ssl", "plain, rc4 and tls"]),
    (["--speed-up", "-1"], ["--speed-up -1", "as fast as possible"]),
    (["--speed-up", "nan"], ["--speed-up nan"]),
    (["--seed", "x"], ["--seed x"]),
    (["--rounds", "1.5"], ["--rounds 1.5"]),
    (["--duration", "-1"], ["--duration -1"]),
    (["--start", "today"], ["--start today", START]),
    (["--start", "2026-02-30T00:00:00Z"], ["2026-02-30", "no such day"]),
    (["--speed-up-other", "fast"], ["--speed-up-other fast", "a factor"]),
    (["--key-log", "/nowhere/keys"], ["/nowhere/keys", "No such file"]),
    (["--extcap-capture-filter", "link["], ["link["]),
    (["--baud", "9600"], ["--baud is an option of mep, not of mep-demo", "--help"]),
    (["--spede", "1"], ["--spede", "--help"]),
])
def test_option_that_makes_no_sense(run_mepdump, demo, tmp_path, arguments, words):
    path = tmp_path / "x.pcapng"
    expect_complaint(run_mepdump(demo_arguments(path, *arguments)), *words)
    assert not path.exists()


def test_option_of_the_other_interface(run_mepdump, demo, tmp_path):
    result = run_mepdump(["--capture", "--extcap-interface", "mep", "--client-line", "/dev/null",
                          "--seed", "1", "--fifo", tmp_path / "x.pcapng"])
    expect_complaint(result, "--seed is an option of mep-demo, not of mep")


def test_unknown_interface_names_both(run_mepdump, demo):
    expect_complaint(run_mepdump(["--extcap-dlts", "--extcap-interface", "other"]),
                     '"other"', "mep and mep-demo")


def expect_complaint(result, *words):
    assert result.returncode == 1
    lines = result.stderr.splitlines()
    assert len(lines) == 1 and lines[0].startswith("mepdump: ")
    for word in words:
        assert word in lines[0]


# Through tshark


def live(path, *preferences):
    arguments = ["tshark", "-i", "mep-demo", "-w", path]
    for preference in preferences:
        arguments += ["-o", f"extcap.mep_demo.{preference}"]
    return arguments


def test_tshark_lists_the_interface(run_tshark, demo):
    assert "mep-demo (MEP demo (simulated meter, no hardware))" in run_tshark(["-D"]).stdout


@pytest.mark.parametrize("security", ["plain", "rc4", "tls"])
def test_tshark_decodes_it_until_it_ends(user, plugin, securities, security):
    if security not in securities:
        pytest.skip("this build has no TLS")
    path = user.folder() / "demo.pcapng"
    result = user.run(live(path, f"security:{security}", "rounds:1", "speedup:0"))
    assert result.returncode == 0, result.stderr
    tables = {value for packet in user.fields(path, ["mep.table"], "-Y", "mep.response_code == 0")
              for value in packet["mep.table"]}
    assert {"0x0001", "0x0015", "0x0017", "0x0034"} <= tables
    assert user.fields(path, ["frame.number"], "-Y", 'mep.digest.status == "Bad"') == []
    clock = user.fields(path, ["frame.time_epoch"], "-Y", "mep.response_code == 0")
    assert abs(float(clock[0]["frame.time_epoch"][0]) - time.time()) < 60


def test_tshark_counts_packets(user, demo):
    path = user.folder() / "demo.pcapng"
    result = user.run([*live(path, "speedup:0"), "-c", "10"], timeout=TIMEOUT)
    assert result.returncode == 0, result.stderr
    assert len(Capture.read(path).packets) == 10


def test_tshark_stopped_by_interrupt(user, demo):
    path = user.folder() / "demo.pcapng"
    process = user.start(live(path), stderr=subprocess.PIPE, text=True)
    try:
        until = time.monotonic() + TIMEOUT
        while not (path.exists() and len(Capture.read(path).packets) >= 4):
            assert time.monotonic() < until
            time.sleep(0.05)
        process.send_signal(signal.SIGINT)
        _, errors = process.communicate(timeout=TIMEOUT)
    finally:
        process.kill()
    assert process.returncode == 0, errors
    capture = Capture.read(path)
    assert [interface.name for interface in capture.interfaces] == \
        ["mep-demo client line", "mep-demo meter line"]
    assert all(packet.status == 0 for packet in capture.packets)


def test_tshark_applies_a_capture_filter(user, demo):
    path = user.folder() / "demo.pcapng"
    user.run([*live(path, "speedup:0", "rounds:1"), "-f", "link[2] == 1"])
    assert {packet.direction for packet in Capture.read(path).packets} == {1}


def test_tshark_shows_the_error(user, demo):
    result = user.run(live(user.folder() / "x.pcapng", "start:yesterday"), timeout=TIMEOUT)
    assert "--start yesterday" in result.stderr


def test_two_ports_are_two_conversations(user, plugin, run_mepdump, script_of_two):
    path = user.folder() / "demo.pcapng"
    run_mepdump(demo_arguments(path, *quick("--script", script_of_two, "--duration", "60")))
    user.own(path)
    packets = user.fields(path, ["frame.interface_id", "mep.response_in"], "-2")
    answered = 0
    for packet in packets:
        if packet["mep.response_in"]:
            answer = packets[int(packet["mep.response_in"][0]) - 1]
            assert int(answer["frame.interface_id"][0]) == int(packet["frame.interface_id"][0]) + 1
            answered += 1
    assert answered > 5
