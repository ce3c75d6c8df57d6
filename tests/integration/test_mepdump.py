"""mepdump, from the outside: tapping pseudo terminals over which frames are played.

SPDX-License-Identifier: GPL-2.0-or-later
"""
import json
import os
import re
import shutil
import signal
import subprocess
import time

import pytest

from line_player import CLIENT_TO_METER, METER_TO_CLIENT, LinePlayer, load_frames
from pcapng_blocks import Capture, TAP_HEADER_SIZE, TAP_LINK_TYPE
from tapping import TIMEOUT, Tap, processes_of, stopped, termios_alone

pytestmark = pytest.mark.real_time

DIRECTION = {CLIENT_TO_METER: 1, METER_TO_CLIENT: 2}  # of the tap header
PACKET_FLAGS = {CLIENT_TO_METER: 2, METER_TO_CLIENT: 1}  # outbound, inbound

TRUNCATED, NOISE = 0x01, 0x02

REQUEST = bytes.fromhex("00143f0017000000002c0102030474861f6d7658dd56")
RESPONSE = bytes.fromhex("000d0c77635b9035863c1df5b91482")
ALERT = bytes(2)


@pytest.fixture
def player():
    with LinePlayer(speedup=0) as lines:
        yield lines


@pytest.fixture
def tap(mepdump, tmp_path, player):
    """tap(*arguments, …) -> a running Tap of player's lines."""
    running = []

    def start(*arguments, **options):
        options.setdefault("folder", tmp_path)
        options.setdefault("mepdump", mepdump)
        running.append(Tap(options.pop("mepdump"), options.pop("folder"), player, *arguments,
                           **options))
        return running[-1]

    yield start
    for one in running:
        one.__exit__()


@pytest.fixture(scope="session")
def guide_frames(data_dir):
    return load_frames(data_dir / "guide-frames.jsonl")


def capture_arguments(player, output, *more):
    return ["--capture", "--extcap-interface", "mep", "--client-line", player.client_line.path,
            "--meter-line", player.meter_line.path, "--fifo", output, *more]


def wait_for(condition, timeout=TIMEOUT):
    until = time.monotonic() + timeout
    while not condition():
        assert time.monotonic() < until, "it did not happen"
        time.sleep(0.01)


# What Wireshark asks before it captures


def test_interfaces(run_mepdump):
    for version in ([], ["--extcap-version=4.0"], ["--extcap-version", "4.6"]):
        result = run_mepdump(["--extcap-interfaces", *version])
        extcap, interface, *_ = result.stdout.splitlines()  # mep-demo: test_demo.py
        assert result.returncode == 0 and result.stderr == ""
        assert extcap.startswith("extcap {version=") and "{help=" in extcap
        assert interface == "interface {value=mep}{display=MEP (two tapped serial lines)}"


def test_dlts(run_mepdump):
    result = run_mepdump(["--extcap-dlts", "--extcap-interface", "mep"])
    assert result.returncode == 0
    assert result.stdout == "dlt {number=160}{name=USER13}{display=MEP tap}\n"


def arguments_values(result, calls, option):
    """The lines that list an option's values."""
    number = f"{{arg={calls.index(option)}}}"
    return "\n".join(line for line in result.stdout.splitlines()
                     if line.startswith("value ") and number in line)


def test_config(run_mepdump):
    result = run_mepdump(["--extcap-config", "--extcap-interface", "mep"])
    assert result.returncode == 0
    arguments = [line for line in result.stdout.splitlines() if line.startswith("arg ")]
    calls = [line.split("{call=")[1].split("}")[0] for line in arguments]
    for name in ("--client-line", "--meter-line"):
        line = arguments[calls.index(name)]
        assert "{reload=true}" in line and "{required=true}" in line
        # No list that takes other values, too: Wireshark passes the listed one all the same.
        assert "{type=selector}" in line
        typed = arguments[calls.index(f"{name}-path")]
        assert "{type=string}" in typed and "precedence" in typed
    assert "{value=auto}{display=Find out}{default=true}" in arguments_values(result, calls, "--baud")
    assert "{value=9600}{display=9600 bit/s}{default=false}" in result.stdout
    assert "{value=auto}{display=Find out from the frames}{default=true}" in \
        arguments_values(result, calls, "--roles")
    assert "{range=1,60000}{default=200}" in result.stdout
    # One group: each is a tab, and a wrong entry in one that is not in sight keeps Start grey.
    assert all("{tooltip=" in line and line.endswith("{group=Tap}") for line in arguments)


@pytest.mark.parametrize("option", ["client-line", "--client-line", "meter-line", "--meter-line"])
def test_reload(run_mepdump, option):
    # Wireshark passes what is filled in so far, too.
    result = run_mepdump(["--extcap-config", "--extcap-interface", "mep",
                          "--extcap-reload-option", option, "--baud", "9600",
                          "--client-line", "", "--frame-timeout", "x"])
    assert result.returncode == 0
    assert result.stdout
    assert all(line.startswith("value {arg=") for line in result.stdout.splitlines())


# Where Wireshark keeps what was chosen once: up to 4.0, since then; in the profile in use, or another.
@pytest.mark.parametrize("kept_in", ["preferences", "extcap.cfg", "profiles/Hall/extcap.cfg"])
@pytest.mark.parametrize("interface, option, key, value", [
    ("mep", "client-line", "extcap.mep.clientline", "/dev/ttyUSB7"),
    ("mep", "meter-line", "extcap.mep.meterline", "/dev/serial/by-id/usb-Hall (1) left"),
    ("mep-demo", "script", "extcap.mep_demo.script", "old-story"),
    ("mep-demo", "speed-up", "extcap.mep_demo.speedup", "7"),
])
def test_what_was_chosen_once_is_offered_although_it_is_gone(run_mepdump, tmp_path, kept_in,
                                                             interface, option, key, value):
    (tmp_path / kept_in).parent.mkdir(parents=True, exist_ok=True)
    (tmp_path / kept_in).write_text(f"# A comment\n#{key}: /dev/ttyUSB8\n{key}x: 1\n{key}: {value}\n"
                                    f"extcap.mep.baud: 9600\n", encoding="utf-8")
    config = ["--extcap-config", "--extcap-interface", interface]
    plain = run_mepdump(config, env=os.environ | {"WIRESHARK_CONFIG_DIR": str(tmp_path / "none")})
    if plain.returncode:
        pytest.skip("mep-demo was not built in")
    kept = run_mepdump(config, env=os.environ | {"WIRESHARK_CONFIG_DIR": str(tmp_path)})
    more = [line for line in kept.stdout.splitlines() if line not in plain.stdout.splitlines()]
    assert len(more) == 1
    assert f"{{value={value}}}{{display={value} - not there now}}{{default=false}}" in more[0]
    again = run_mepdump([*config, "--extcap-reload-option", option],
                        env=os.environ | {"WIRESHARK_CONFIG_DIR": str(tmp_path)})
    assert more[0] in again.stdout.splitlines()


@pytest.mark.parametrize("kept", [b"extcap.mep.clientline: {value=x}\n", b"extcap.mep.clientline:\n",
                                  b"extcap.mep.clientline: /dev/\xff\x07\n", b"\0" * 1000])
def test_what_was_kept_breaks_nothing(run_mepdump, tmp_path, kept):
    (tmp_path / "extcap.cfg").write_bytes(kept)
    config = ["--extcap-config", "--extcap-interface", "mep"]
    plain = run_mepdump(config, env=os.environ | {"WIRESHARK_CONFIG_DIR": str(tmp_path / "none")})
    result = run_mepdump(config, env=os.environ | {"WIRESHARK_CONFIG_DIR": str(tmp_path)})
    assert (result.returncode, result.stdout) == (0, plain.stdout)


@pytest.mark.parametrize("text", ["link[2] == 1", "greater 40", "link[2] = 2 and link[3] != 0"])
def test_good_filter_is_met_with_silence(run_mepdump, text):
    result = run_mepdump(["--extcap-capture-filter", text, "--extcap-interface", "mep"])
    assert (result.returncode, result.stdout, result.stderr) == (0, "", "")


@pytest.mark.parametrize("text", ["tcp port 80", "link[", "nonsense"])
def test_bad_filter_is_explained(run_mepdump, text):
    # Wireshark looks at the output only after an exit status of 0.
    result = run_mepdump(["--extcap-capture-filter", text, "--extcap-interface", "mep"])
    assert result.returncode == 0
    assert len(result.stdout.splitlines()) == 1 and text in result.stdout


def test_version_and_help(run_mepdump):
    assert run_mepdump(["--version"]).stdout.startswith("mepdump ")
    text = run_mepdump(["--help"]).stdout
    for word in ("--client-line", "--meter-line", "--baud", "--frame-timeout", "-w tap.pcapng"):
        assert word in text


def test_without_arguments_it_tells_how(run_mepdump):
    result = run_mepdump([])
    assert result.returncode != 0
    assert "Usage:" in result.stderr and result.stdout == ""


def test_options_of_newer_versions_are_skipped(run_mepdump):
    result = run_mepdump(["--extcap-dlts", "--extcap-interface", "mep", "--extcap-novelty", "7",
                          "--log-level", "debug", "--log-file", "x", "--extcap-other=1"])
    assert result.returncode == 0 and result.stderr == ""


# Capturing


def check_guide_capture(capture, frames, player, baud=9600):
    assert [packet.frame for packet in capture.packets] == [frame.data for frame in frames]
    for packet, frame in zip(capture.packets, frames):
        assert packet.version == 1
        assert packet.direction == DIRECTION[frame.direction]
        assert packet.flags == PACKET_FLAGS[frame.direction]
        assert packet.status == 0
        assert packet.baud_rate == baud
    times = [packet.ticks for packet in capture.packets]
    assert times == sorted(times)

    client, meter = capture.interfaces
    assert (client.name, meter.name) == (player.client_line.path, player.meter_line.path)
    assert client.description == "client line (client to meter)"
    assert meter.description == "meter line (meter to client)"
    for interface, direction in ((client, CLIENT_TO_METER), (meter, METER_TO_CLIENT)):
        assert interface.link_type == TAP_LINK_TYPE
        assert interface.ticks_per_second >= 10 ** 6
        assert interface.filter is None
        statistics = interface.statistics
        assert statistics.received == sum(frame.direction == direction for frame in frames)
        assert statistics.dropped == 0
        assert statistics.start <= times[0] / interface.ticks_per_second
        assert statistics.end >= times[-1] / interface.ticks_per_second
    assert capture.section_options[4].startswith(b"mepdump ")
    assert capture.section_options[2] and capture.section_options[3]


@pytest.fixture(scope="session")
def guide_capture(mepdump, guide_frames, tmp_path_factory):
    """The guide's frames, tapped at the pace of a real line into a file."""
    path = tmp_path_factory.mktemp("guide") / "guide.pcapng"
    with LinePlayer(baud=9600) as player:
        process = subprocess.Popen([str(mepdump), *capture_arguments(player, str(path))],
                                   stderr=subprocess.PIPE, text=True)
        player.wait_for_readers(TIMEOUT)
        begin = time.time()
        player.play(guide_frames)
        end = time.time()
        wait_for(lambda: len(Capture.read(path).packets) == len(guide_frames))
        assert not player.client_line.was_written_to()
        assert not player.meter_line.was_written_to()
        process.send_signal(signal.SIGTERM)
        _, errors = process.communicate(timeout=TIMEOUT)
        assert (process.returncode, errors) == (0, "")
        yield path, player, begin, end


def test_guide_frames(guide_capture, guide_frames):
    path, player, begin, end = guide_capture
    capture = Capture.read(path)
    check_guide_capture(capture, guide_frames, player)
    errors = []
    for packet in capture.packets:
        time_on_line = (len(packet.frame) - 1) * 10 / 9600
        errors.append(abs(packet.duration_us / 1e6 - time_on_line))
        assert begin - 0.03 <= packet.ticks / 1e9 <= end
    # A computer that is busy elsewhere holds up the player, too, now and then.
    assert sorted(errors)[len(errors) // 2] < 0.02 and max(errors) < 0.2


def test_guide_frames_as_tshark_sees_them(guide_capture, guide_frames, user):
    path, player, _, _ = guide_capture
    names = ["frame.interface_name", "frame.interface_description", "frame.packet_flags_direction",
             "frame.time_epoch", "frame.encap_type"]
    packets = user.fields(path, names)
    assert len(packets) == len(guide_frames)
    ports = {CLIENT_TO_METER: player.client_line.path, METER_TO_CLIENT: player.meter_line.path}
    for packet, frame in zip(packets, guide_frames):
        assert packet["frame.interface_name"] == [ports[frame.direction]]
        assert int(packet["frame.packet_flags_direction"][0], 0) == PACKET_FLAGS[frame.direction]
    times = [float(packet["frame.time_epoch"][0]) for packet in packets]
    assert times == sorted(times)

    raw = json.loads(user.tshark(["-r", user.readable(path), "-T", "json", "-x"]).stdout)
    for packet, frame in zip(raw, guide_frames):
        record = bytes.fromhex(packet["_source"]["layers"]["frame_raw"][0])
        assert record[TAP_HEADER_SIZE:] == frame.data


def test_guide_frames_through_a_fifo(mepdump, tmp_path, guide_frames):
    baud = 115200
    with LinePlayer(baud=baud) as player, \
            Tap(mepdump, tmp_path, player, "--baud", str(baud)) as running:
        player.play(guide_frames)
        running.wait_for_packets(len(guide_frames))
        assert running.stop() == (0, "")
    check_guide_capture(running.capture, guide_frames, player, baud)


def test_header_comes_before_any_frame(tap):
    running = tap()
    assert len(running.capture.interfaces) == 2
    assert running.capture.packets == []


def test_record_is_readable_at_once(tap, player):
    running = tap("--frame-timeout", "60000")
    for number in range(1, 6):
        sent = time.monotonic()
        player.send(CLIENT_TO_METER, REQUEST)
        running.wait_for_packets(number)
        assert running.arrivals[-1] - sent < 0.25


@pytest.mark.parametrize("which", ["client", "meter"])
def test_one_line_alone(tap, player, which):
    running = tap(lines=(which,))
    direction = CLIENT_TO_METER if which == "client" else METER_TO_CLIENT
    player.send(direction, REQUEST if which == "client" else RESPONSE)
    packet = running.wait_for_packets(1)[0]
    assert packet.direction == DIRECTION[direction]
    assert packet.interface.description.startswith(f"{which} line")
    assert running.stop() == (0, "")


def test_no_port_may_be_said_in_words(run_mepdump, player, tmp_path):
    process = subprocess.Popen([*run_mepdump_command(run_mepdump), "--capture",
                                "--extcap-interface", "mep", "--client-line", "none",
                                "--meter-line", "none", "--meter-line-path",
                                player.meter_line.path, "--fifo", str(tmp_path / "x.pcapng")])
    wait_for(player.meter_line.has_reader)
    wait_for(lambda: (tmp_path / "x.pcapng").exists() and
             len(Capture.read(tmp_path / "x.pcapng").interfaces) == 1)
    process.terminate()
    assert process.wait(TIMEOUT) == 0


def run_mepdump_command(run_mepdump):
    return [run_mepdump([]).args[0]]


def test_standard_output(mepdump, player, tmp_path):
    path = tmp_path / "out.pcapng"
    with open(path, "wb") as out:
        process = subprocess.Popen([str(mepdump), *capture_arguments(player, "-")], stdout=out)
        wait_for(lambda: len(Capture.read(path).interfaces) == 2)
        player.send(CLIENT_TO_METER, REQUEST)
        wait_for(lambda: len(Capture.read(path).packets) == 1)
        process.terminate()
        assert process.wait(TIMEOUT) == 0


def test_every_byte_value(tap, player):
    """FF and 00 are how the terminal driver marks errors; they must come through as they are."""
    data = bytes(range(256)) + b"\xff" * 100 + bytes([0xFF, 0, 0xFF, 0, 0, 0xFF, 0xFF, 0])
    frame = len(data).to_bytes(2, "big") + data
    running = tap()
    player.send(METER_TO_CLIENT, frame)
    packet = running.wait_for_packets(1)[0]
    assert packet.frame == frame and packet.status == 0


def test_escape_split_between_reads(tap, player):
    frame = bytes.fromhex("0004") + b"\xff" * 4
    running = tap()
    for byte in frame:
        player.send(CLIENT_TO_METER, bytes([byte]))
        time.sleep(0.005)
    packet = running.wait_for_packets(1)[0]
    assert packet.frame == frame and packet.status == 0


def test_alert(tap, player):
    running = tap()
    player.send(METER_TO_CLIENT, ALERT)
    packet = running.wait_for_packets(1)[0]
    assert (packet.frame, packet.status, packet.direction) == (ALERT, 0, 2)


@pytest.mark.parametrize("which", ["client", "meter"])
def test_line_that_holds_at_zero(tap, player, which):
    """Noise and one sentence, not a wall of alerts."""
    line = player.client_line if which == "client" else player.meter_line
    direction = CLIENT_TO_METER if which == "client" else METER_TO_CLIENT
    running = tap("--frame-timeout", "100")
    for _ in range(60):
        player.send(direction, bytes(50))
        time.sleep(0.005)
    running.wait_for_packets(6)
    time.sleep(0.3)
    player.send(direction, REQUEST if which == "client" else RESPONSE)
    running.wait(lambda: running.frames[-1] in (REQUEST, RESPONSE), "the frame behind")
    status, errors = running.stop()
    assert status == 0 and len(errors.splitlines()) == 1
    assert f"{which} line {line.path}: the line holds at zero" in errors
    *zeros, frame = running.capture.packets
    assert frame.status == 0
    assert sum(len(packet.frame) for packet in zeros) == 3000 and len(zeros) < 20
    assert all(packet.status == NOISE for packet in zeros)


def test_alert_in_the_middle_of_a_request(tap, player):
    running = tap("--frame-timeout", "5000")
    player.send(CLIENT_TO_METER, REQUEST[:5])
    time.sleep(0.05)
    player.send(METER_TO_CLIENT, ALERT)
    running.wait_for_packets(1)
    player.send(CLIENT_TO_METER, REQUEST[5:])
    running.wait_for_packets(2)
    assert running.frames == [ALERT, REQUEST]


def test_frame_cut_short(tap, player):
    running = tap("--frame-timeout", "100")
    begin = time.monotonic()
    player.send(CLIENT_TO_METER, REQUEST[:9])
    packet = running.wait_for_packets(1)[0]
    assert (packet.frame, packet.status) == (REQUEST[:9], TRUNCATED)
    assert running.arrivals[0] - begin >= 0.1
    player.send(CLIENT_TO_METER, REQUEST)
    packet = running.wait_for_packets(2)[1]
    assert (packet.frame, packet.status) == (REQUEST, 0)


def test_noise(tap, player):
    noise = bytes.fromhex("ffeeddcc")
    running = tap("--frame-timeout", "100")
    player.send(CLIENT_TO_METER, noise)
    packet = running.wait_for_packets(1)[0]
    assert (packet.frame, packet.status) == (noise, NOISE)
    player.send(CLIENT_TO_METER, REQUEST)
    assert running.wait_for_packets(2)[1].frame == REQUEST


@pytest.mark.parametrize("whole", [False, True])
@pytest.mark.parametrize("seconds", [0.3, 1])
def test_busy_computer_is_no_silent_line(tap, player, seconds, whole):
    """Held up in the middle of a frame, whose rest waits in the kernel."""
    running = tap()
    player.send(CLIENT_TO_METER, REQUEST[:9])
    time.sleep(0.05)
    with stopped(*(processes_of(running) if whole else [running.process.pid])):
        player.send(CLIENT_TO_METER, REQUEST[9:])
        player.send(METER_TO_CLIENT, RESPONSE)
        time.sleep(seconds)
    running.wait_for_packets(2)
    assert running.stop() == (0, "")
    assert running.frames == [REQUEST, RESPONSE]


def test_capture_filter(tap, player):
    running = tap("--extcap-capture-filter", "link[2] == 2")
    player.send(CLIENT_TO_METER, REQUEST)
    time.sleep(0.05)
    player.send(METER_TO_CLIENT, RESPONSE)
    running.wait_for_packets(1)
    assert running.stop() == (0, "")
    assert running.frames == [RESPONSE]
    client, meter = running.capture.interfaces
    assert client.filter == meter.filter == "link[2] == 2"
    assert (client.statistics.received, client.statistics.accepted) == (1, 0)
    assert (meter.statistics.received, meter.statistics.accepted) == (1, 1)


def test_taps_have_numbers_of_their_own(mepdump, tmp_path):
    """Both lines of a tap share it; no two captures have the same."""
    numbers = []
    for name in ("one", "two"):
        folder = tmp_path / name
        folder.mkdir()
        with LinePlayer(speedup=0) as lines, Tap(mepdump, folder, lines) as running:
            lines.send(CLIENT_TO_METER, REQUEST)
            lines.send(METER_TO_CLIENT, RESPONSE)
            packets = running.wait_for_packets(2)
            assert {packet.direction for packet in packets} == {1, 2}
            assert len({packet.tap for packet in packets}) == 1
            numbers.append(packets[0].tap)
    assert 0 not in numbers and numbers[0] != numbers[1]


# Stopping


@pytest.mark.parametrize("how", [signal.SIGTERM, signal.SIGINT, signal.SIGHUP])
def test_stopped_by_signal(tap, player, how):
    running = tap("--frame-timeout", "60000")
    player.send(CLIENT_TO_METER, REQUEST)
    running.wait_for_packets(1)
    player.send(METER_TO_CLIENT, RESPONSE[:6])
    time.sleep(0.1)
    assert running.stop(how) == (0, "")
    # What was held comes out, then the statistics.
    assert running.frames == [REQUEST, RESPONSE[:6]]
    assert running.capture.packets[1].status == TRUNCATED
    assert all(interface.statistics.received == 1 for interface in running.capture.interfaces)


@pytest.mark.parametrize("idle", [True, False])
def test_stopped_by_its_reader(mepdump, player, tmp_path, idle):
    fifo = tmp_path / "fifo"
    os.mkfifo(fifo)
    process = subprocess.Popen([str(mepdump), *capture_arguments(player, str(fifo))],
                               stderr=subprocess.PIPE, text=True)
    with open(fifo, "rb") as reader:
        reader.read(8)
        if not idle:
            player.send(CLIENT_TO_METER, REQUEST[:9])
            time.sleep(0.05)
    _, errors = process.communicate(timeout=TIMEOUT)
    assert (process.returncode, errors) == (0, "")


def test_stopped_before_anybody_reads(mepdump, player, tmp_path):
    fifo = tmp_path / "fifo"
    os.mkfifo(fifo)
    process = subprocess.Popen([str(mepdump), *capture_arguments(player, str(fifo))],
                               stderr=subprocess.PIPE, text=True)
    time.sleep(0.3)
    assert process.poll() is None
    process.terminate()
    _, errors = process.communicate(timeout=TIMEOUT)
    assert (process.returncode, errors) == (0, "")


def test_killed_capture_is_readable(mepdump, player, tmp_path):
    path = tmp_path / "killed.pcapng"
    process = subprocess.Popen([str(mepdump), *capture_arguments(player, str(path))])
    wait_for(lambda: path.exists() and len(Capture.read(path).interfaces) == 2)
    player.send(CLIENT_TO_METER, REQUEST)
    wait_for(lambda: len(Capture.read(path).packets) == 1)
    process.kill()
    process.wait(TIMEOUT)
    assert [packet.frame for packet in Capture.read(path).packets] == [REQUEST]


@termios_alone("can put back speed and format alone")
def test_terminal_settings_are_put_back(tap, player):
    import termios

    def settings():
        port = os.open(player.client_line.path, os.O_RDONLY | os.O_NOCTTY)
        try:
            return termios.tcgetattr(port)
        finally:
            os.close(port)

    before = settings()
    running = tap("--baud", "1200")
    running.stop()
    after = settings()
    before[2] &= ~termios.HUPCL
    assert after == before


@termios_alone("0.1.1 has ports hang up when they are closed")
def test_no_speed_in_between_drops_the_modem_lines(mepdump, player, tmp_path):
    """At B0 a port lowers DTR and RTS; a pseudo terminal has none, so the calls are looked at."""
    if shutil.which("strace") is None:
        pytest.skip("needs strace")
    trace, output = tmp_path / "trace", tmp_path / "x.pcapng"
    process = subprocess.Popen(["strace", "-f", "-v", "-o", str(trace), "-e", "trace=ioctl,write",
                                str(mepdump), *capture_arguments(player, str(output))])
    try:
        wait_for(lambda: output.exists() and len(Capture.read(output).interfaces) == 2)
        # strace does not pass a signal on.
        os.kill(int(trace.read_text(encoding="utf-8").split()[0]), signal.SIGTERM)
        process.wait(TIMEOUT)
    finally:
        process.kill()
        process.wait(TIMEOUT)
    lines = trace.read_text(encoding="utf-8").splitlines()
    sets = [line for line in lines if re.search(r"TCSETS|TCSETSW|TCSETSF", line)]
    if not sets:
        pytest.skip("strace cannot follow here")
    assert not [line for line in sets if re.search(r"\bB0\b", line)]
    # At the end as before, and once for each line in the beginning: whether it hangs up is off.
    assert not [line for line in sets if "HUPCL" in line]
    assert len(sets) == 4


# Files


@pytest.mark.parametrize("locale", ["C", "C.UTF-8", "de_DE.ISO-8859-1"])
@pytest.mark.parametrize("name", ["Zähler.pcapng".encode(), b"Z\xe4hler.pcapng"])
def test_file_names_are_bytes(mepdump, player, tmp_path, locale, name):
    folder = os.path.join(os.fsencode(tmp_path), "jörg".encode())
    os.mkdir(folder)
    path = os.path.join(folder, name)
    for form in ([b"--fifo", path], [b"--fifo=" + path]):
        if os.path.exists(path):
            os.unlink(path)
        arguments = capture_arguments(player, "")
        place = arguments.index("--fifo")
        arguments[place:place + 2] = form
        process = subprocess.Popen([str(mepdump), *arguments],
                                   env={**os.environ, "LC_ALL": locale, "TMPDIR": folder},
                                   stderr=subprocess.PIPE)
        try:
            wait_for(lambda: process.poll() is not None or os.path.exists(path) and
                     len(Capture.read(os.fsdecode(path)).interfaces) == 2)
        finally:
            process.terminate()
            _, errors = process.communicate(timeout=TIMEOUT)
        assert (process.returncode, errors) == (0, b"")


def complain_about_file(mepdump, player, path, *words):
    process = subprocess.Popen([str(mepdump), *capture_arguments(player, str(path))],
                               stderr=subprocess.PIPE, text=True)
    _, errors = process.communicate(timeout=TIMEOUT)
    assert process.returncode == 1 and len(errors.splitlines()) == 1
    for word in (str(path), *words):
        assert word in errors


def test_file_that_exists_is_kept(mepdump, player, tmp_path):
    path = tmp_path / "old.pcapng"
    path.write_bytes(b"last year's")
    complain_about_file(mepdump, player, path, "exists already", "--force")
    assert path.read_bytes() == b"last year's"


def test_file_that_exists_is_overwritten_by_force(mepdump, player, tmp_path):
    path = tmp_path / "old.pcapng"
    path.write_bytes(b"last year's" * 1000)
    path.chmod(0o644)
    process = subprocess.Popen([str(mepdump), *capture_arguments(player, str(path), "--force")])
    wait_for(lambda: path.stat().st_size < 1000 and len(Capture.read(path).interfaces) == 2)
    process.terminate()
    assert process.wait(TIMEOUT) == 0
    assert path.stat().st_mode & 0o777 == 0o644


def test_new_file_is_its_owners_alone(mepdump, player, tmp_path):
    path = tmp_path / "new.pcapng"
    process = subprocess.Popen([str(mepdump), *capture_arguments(player, str(path))])
    wait_for(lambda: path.exists() and len(Capture.read(path).interfaces) == 2)
    assert path.stat().st_mode & 0o777 == 0o600
    # Nobody else writes it meanwhile, force or not.
    with LinePlayer(speedup=0) as other:
        result = subprocess.run([str(mepdump), *capture_arguments(other, str(path), "--force")],
                                capture_output=True, text=True, timeout=TIMEOUT, check=False)
    assert result.returncode == 1 and "another capture" in result.stderr
    assert len(Capture.read(path).interfaces) == 2
    process.terminate()
    assert process.wait(TIMEOUT) == 0


@pytest.mark.parametrize("there", [True, False])
def test_link_to_a_file_is_not_followed(mepdump, player, tmp_path, there):
    target, link = tmp_path / "target", tmp_path / "link.pcapng"
    if there:
        target.write_bytes(b"")
    link.symlink_to(target)
    complain_about_file(mepdump, player, link, "symbolic link")
    assert target.exists() == there


# Errors: one line that names the port and says what to do


def expect_complaint(result, *words):
    assert result.returncode not in (0, None)
    lines = result.stderr.splitlines()
    assert len(lines) == 1 and lines[0].startswith("mepdump: ")
    for word in words:
        assert word in lines[0]


def test_missing_port(run_mepdump, player, tmp_path):
    arguments = capture_arguments(player, tmp_path / "x.pcapng")
    arguments[arguments.index("--meter-line") + 1] = "/dev/ttyUSB99"
    expect_complaint(run_mepdump(arguments), "meter line /dev/ttyUSB99", "no such port",
                     "plugged in?")
    assert not (tmp_path / "x.pcapng").exists()


@pytest.mark.parametrize("path", ["/dev/null", "/etc/passwd"])
def test_not_a_serial_port(run_mepdump, tmp_path, path):
    expect_complaint(run_mepdump(["--capture", "--extcap-interface", "mep", "--client-line", path,
                                  "--fifo", tmp_path / "x.pcapng"]),
                     f"client line {path}", "not a serial device")


def test_port_busy(tap, player, run_mepdump, tmp_path):
    running = tap()
    expect_complaint(run_mepdump(capture_arguments(player, tmp_path / "x.pcapng")),
                     f"client line {player.client_line.path}",
                     f"busy: mepdump {running.process.pid} has it open", "close", "--share")
    assert not (tmp_path / "x.pcapng").exists()


class Holder:
    """Another program that has a port open and takes no lock, as most do."""

    def __init__(self, *paths, start=subprocess.Popen):
        program = ("import os, sys, time\n"
                   "ports = [os.open(path, os.O_RDWR | os.O_NOCTTY) for path in sys.argv[1:]]\n"
                   "print(flush=True)\n"
                   "time.sleep(60)")
        self.process = start(["/usr/bin/python3", "-c", program, *map(str, paths)],
                             stdout=subprocess.PIPE)
        self.process.stdout.readline()

    def __enter__(self):
        with open(f"/proc/{self.process.pid}/comm", encoding="utf-8") as comm:
            return f"{comm.read().strip()} {self.process.pid}"

    def __exit__(self, *_):
        self.process.kill()
        self.process.communicate()


@pytest.mark.parametrize("which", ["client", "meter"])
def test_port_that_a_program_has_open_without_a_lock(run_mepdump, player, tmp_path, which):
    line = player.client_line if which == "client" else player.meter_line
    link = tmp_path / "adapter"
    link.symlink_to(line.path)
    arguments = capture_arguments(player, tmp_path / "x.pcapng")
    arguments[arguments.index(f"--{which}-line") + 1] = link
    with Holder(line.path) as name:
        expect_complaint(run_mepdump(arguments), f"{which} line {link}", "busy", name,
                         "close that first", "--share")
    assert not (tmp_path / "x.pcapng").exists()


def test_every_holder_is_named(run_mepdump, player, tmp_path):
    path = player.client_line.path
    with Holder(path) as one, Holder(path, path) as two, Holder(player.meter_line.path) as other:
        result = run_mepdump(capture_arguments(player, tmp_path / "x.pcapng"))
        expect_complaint(result, one, two, "have it open")
        assert result.stderr.count(two) == 1 and other not in result.stderr


def test_port_in_use_is_left_as_it_is(run_mepdump, player, tmp_path):
    import termios
    with Holder(player.client_line.path):
        port = os.open(player.client_line.path, os.O_RDONLY | os.O_NOCTTY | os.O_NONBLOCK)
        try:
            before = termios.tcgetattr(port)
            player.send(CLIENT_TO_METER, REQUEST)
            time.sleep(0.05)
            run_mepdump(capture_arguments(player, tmp_path / "x.pcapng", "--baud", "1200"))
            assert termios.tcgetattr(port) == before
            assert os.read(port, 100) == REQUEST
        finally:
            os.close(port)


def test_shared_port(tap, player):
    with Holder(player.client_line.path):
        running = tap("--share")
        # The other one reads nothing.
        player.send(CLIENT_TO_METER, REQUEST)
        assert running.wait_for_packets(1)[0].frame == REQUEST
        assert running.stop() == (0, "")


def test_two_may_share(mepdump, tmp_path, player):
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
    with Tap(mepdump, tmp_path / "one", player, "--share") as one, \
            Tap(mepdump, tmp_path / "two", player, "--share") as two:
        assert one.stop() == (0, "") and two.stop() == (0, "")


def test_port_in_exclusive_use(user, player, mepdump):
    import fcntl
    import termios
    if not user.switches:
        pytest.skip("needs a port of somebody else's")
    port = os.open(player.client_line.path, os.O_RDONLY | os.O_NOCTTY)
    try:
        fcntl.ioctl(port, termios.TIOCEXCL)
        folder = user.folder()
        result = user.run([user.extcap_folder / "mepdump",
                           *capture_arguments(player, folder / "x.pcapng")])
        expect_complaint(result, f"client line {player.client_line.path}", "busy")
    finally:
        os.close(port)


def test_port_with_uucp_lock(player, run_mepdump, tmp_path):
    lock = f"/run/lock/LCK..{os.path.basename(player.client_line.path)}"
    try:
        with open(lock, "x", encoding="ascii") as file:
            file.write(f"{os.getpid():10}\n")
    except OSError:
        pytest.skip("no lock files can be made here")
    try:
        expect_complaint(run_mepdump(capture_arguments(player, tmp_path / "x.pcapng")),
                         f"client line {player.client_line.path}", "busy", str(os.getpid()))
    finally:
        os.unlink(lock)


def test_stale_uucp_lock(player, tap):
    finished = subprocess.Popen(["true"])
    finished.wait()
    lock = f"/run/lock/LCK..{os.path.basename(player.client_line.path)}"
    try:
        with open(lock, "x", encoding="ascii") as file:
            file.write(f"{finished.pid:10}\n")
    except OSError:
        pytest.skip("no lock files can be made here")
    try:
        assert tap().stop() == (0, "")
    finally:
        os.unlink(lock)


def test_no_permission(user, player, mepdump):
    import grp
    if not user.switches:
        pytest.skip("needs a port of somebody else's")
    try:
        group = grp.getgrnam("dialout")
    except KeyError:
        pytest.skip("no group dialout")
    os.chown(player.client_line.path, 0, group.gr_gid)
    os.chmod(player.client_line.path, 0o660)
    result = user.run([user.extcap_folder / "mepdump",
                       *capture_arguments(player, user.folder() / "x.pcapng")])
    expect_complaint(result, f"client line {player.client_line.path}", "no permission",
                     "sudo usermod -aG dialout $USER", "log in again")


@pytest.mark.parametrize("which", ["client", "meter"])
def test_one_line_unplugged(tap, player, which):
    """What was held of it comes out, one sentence says so, and the other line goes on."""
    gone, stays = (player.client_line, METER_TO_CLIENT) if which == "client" else \
        (player.meter_line, CLIENT_TO_METER)
    direction = CLIENT_TO_METER if which == "client" else METER_TO_CLIENT
    held, other = (REQUEST, RESPONSE) if which == "client" else (RESPONSE, REQUEST)
    running = tap("--frame-timeout", "60000")
    player.send(CLIENT_TO_METER, REQUEST)
    player.send(METER_TO_CLIENT, RESPONSE)
    running.wait_for_packets(2)
    player.send(direction, held[:9])
    time.sleep(0.1)
    gone.unplug()
    running.wait_for_packets(3)
    for count in range(4, 7):
        player.send(stays, other)
        running.wait_for_packets(count)
    # A port that is gone must not keep the processor busy.
    with open(f"/proc/{running.process.pid}/stat", encoding="ascii") as stat:
        ticks = sum(map(int, stat.read().rsplit(")", 1)[1].split()[11:13]))
    assert ticks < 100
    status, errors = running.stop()
    assert status == 0 and len(errors.splitlines()) == 1
    assert f"{which} line {gone.path}" in errors and "the other line goes on" in errors
    assert running.frames[2:] == [held[:9], other, other, other]


def test_both_lines_unplugged(tap, player):
    running = tap("--frame-timeout", "60000")
    player.send(CLIENT_TO_METER, REQUEST)
    running.wait_for_packets(1)
    player.client_line.unplug()
    player.meter_line.unplug()
    status, errors = running.wait_for_end()
    assert status == 1
    assert "plug it in again" in errors.splitlines()[-1] and len(errors.splitlines()) <= 2
    assert running.frames == [REQUEST]
    assert running.capture.interfaces[0].statistics.received == 1


def test_output_cannot_be_written(run_mepdump, player, tmp_path):
    path = tmp_path / "missing" / "x.pcapng"
    expect_complaint(run_mepdump(capture_arguments(player, path)), str(path),
                     "No such file or directory")


def test_disk_full(run_mepdump, player):
    expect_complaint(run_mepdump(capture_arguments(player, "/dev/full")), "/dev/full",
                     "No space left")


@pytest.mark.parametrize("arguments, words", [
    (["--roles", "mixed"], ["--roles mixed", "auto", "as-wired"]),
    (["--baud", "12345"], ["12345", "115200"]),
    (["--baud", "9600x"], ["9600x"]),
    (["--frame-timeout", "0"], ["--frame-timeout 0"]),
    (["--frame-timeout", "-5"], ["--frame-timeout -5"]),
    (["--extcap-capture-filter", "link["], ["link["]),
    (["--bawd", "9600"], ["--bawd", "--help"]),
])
def test_option_that_makes_no_sense(run_mepdump, player, tmp_path, arguments, words):
    result = run_mepdump(capture_arguments(player, tmp_path / "x.pcapng", *arguments))
    expect_complaint(result, *words)


INTERFACES = {"mep": {"--client-line": "/dev/null"}, "mep-demo": {"--duration": "0.01"}}


def options_of(run_mepdump, interface):
    """Of the dialog: each option's arg sentence, as a dictionary, by Wireshark's own expression: a
    brace that blanks follow ends an attribute, too."""
    config = run_mepdump(["--extcap-config", "--extcap-interface", interface]).stdout
    return [dict(re.findall(r"{([a-zA-Z_-]*?)=(.*?)}(?={|$|\s)", line))
            for line in config.splitlines() if line.startswith("arg ")]


def fifo_complaint(mepdump, tmp_path, *arguments):
    """What mepdump says where Wireshark started it: it reads from a FIFO."""
    fifo = tmp_path / "wireshark_extcap"
    if not fifo.exists():
        os.mkfifo(fifo)
    process = subprocess.Popen([str(mepdump), "--capture", "--fifo", str(fifo), *arguments],
                               stderr=subprocess.PIPE, text=True)
    with open(fifo, "rb"):
        _, errors = process.communicate(timeout=TIMEOUT)
    assert process.returncode == 1 and len(errors.splitlines()) == 1, errors
    return errors


@pytest.mark.parametrize("interface", INTERFACES)
@pytest.mark.parametrize("blank", ["", " ", " \t "])
def test_blank_fields_were_not_given(run_mepdump, tmp_path, interface, blank):
    names = [option["call"] for option in options_of(run_mepdump, interface)
             if option["type"] != "boolflag"]
    if not names:
        pytest.skip(f"mepdump was built without {interface}")
    path = tmp_path / "x.pcapng"
    needed = INTERFACES[interface]
    arguments = [word for name in names for word in (name, needed.get(name, blank))]
    result = run_mepdump(["--capture", "--extcap-interface", interface, "--fifo", path, *arguments,
                          "--extcap-capture-filter", blank])
    if interface == "mep":
        expect_complaint(result, "client line /dev/null: not a serial device")
    else:
        assert (result.returncode, result.stderr) == (0, "")
        assert all(each.filter is None for each in Capture.read(path).interfaces)


def test_nothing_but_blanks_is_no_port(run_mepdump, tmp_path):
    expect_complaint(run_mepdump(["--capture", "--extcap-interface", "mep", "--client-line", " ",
                                  "--meter-line-path", "", "--fifo", tmp_path / "x.pcapng"]),
                     "no port given")


@pytest.mark.parametrize("arguments", [[], ["--client-line", "none", "--meter-line", "none"],
                                       ["--client-line-path", " "]])
def test_no_port_in_the_dialogs_words(mepdump, tmp_path, arguments):
    errors = fifo_complaint(mepdump, tmp_path, "--extcap-interface", "mep", *arguments)
    for word in ("no port given", "gear", '"Client line"', '"Meter line"'):
        assert word in errors
    assert "--client-line" not in errors


def test_port_in_use_in_the_dialogs_words(mepdump, run_mepdump, player, tmp_path):
    displays = {option["call"]: option["display"] for option in options_of(run_mepdump, "mep")}
    with Holder(player.client_line.path) as name:
        errors = fifo_complaint(mepdump, tmp_path, "--extcap-interface", "mep", "--client-line",
                                player.client_line.path)
    assert name in errors and f'"{displays["--share"]}"' in errors and "--share" not in errors


NONSENSE = ["yesterday", "-1", "-", "0", "1", "5", "2.5", "1e3", "0x10", "nan", "inf", "99999999999",
            "60000", "60001", "2147483647", "2147483648", "Zähler 3", "/dev/Zähler", "/dev/my port",
            "/dev/{a}", "{", "}{value=1}", "dev/ttyS0", "ttyS0", " 7 ", "2026-06-15T06:00:00Z",
            "2026-13-15T06:00:00Z", "2026-06-15T24:00:00Z", "2026-06-15 06:00", "1999-06-15T06:00:00Z",
            "2026-06-15T06:00:00", "1\n2"]


@pytest.mark.parametrize("interface", INTERFACES)
def test_dialog_and_mepdump_want_the_same(run_mepdump, mepdump, tmp_path, interface):
    """What the dialog marks as wrong is refused, and what it takes is not."""
    checked = 0
    for option in options_of(run_mepdump, interface):
        if "range" in option:
            least, most = map(int, option["range"].split(","))
            allowed = lambda text: re.fullmatch(r" *[0-9]+ *", text) and \
                least <= int(text) <= most
        elif "validation" in option:
            allowed = re.compile(option["validation"]).search
        else:
            continue
        for text in NONSENSE:
            result = run_mepdump(["--capture", "--extcap-interface", interface, "--fifo",
                                  tmp_path / "nowhere" / "x.pcapng", option["call"], text])
            refused = f"mepdump: {option['call']} {text.strip()}: give " in result.stderr
            assert refused == (not allowed(text)), (option["call"], text, result.stderr)
            checked += refused
        error = fifo_complaint(mepdump, tmp_path, "--extcap-interface", interface, option["call"],
                               "{")
        assert f'"{option["display"]}"' in error and option["call"] in error
    assert checked or not options_of(run_mepdump, interface)


@pytest.mark.parametrize("interface", INTERFACES)
def test_every_control_shows_what_will_be_used(run_mepdump, interface):
    config = run_mepdump(["--extcap-config", "--extcap-interface", interface]).stdout
    for number, option in enumerate(options_of(run_mepdump, interface)):
        if "validation" in option and "default" in option:
            assert re.search(option["validation"], option["default"]), option
        if option["type"] == "selector":
            values = [line for line in config.splitlines()
                      if line.startswith(f"value {{arg={number}}}")]
            assert sum("{default=true}" in line for line in values) == 1, option
        else:
            assert {"default", "placeholder"} & option.keys() or option["type"] == "fileselect"
    assert "editselector" not in config


def test_port_that_is_gone_is_named_and_not_replaced(mepdump, tmp_path):
    """As the dialog stored it, before the adapter was unplugged."""
    errors = fifo_complaint(mepdump, tmp_path, "--extcap-interface", "mep", "--client-line",
                            "/dev/ttyUSB77", "--meter-line", "none")
    assert "client line /dev/ttyUSB77: no such port" in errors


def test_port_with_a_blank_and_an_umlaut(tap, player, tmp_path):
    link = tmp_path / "Zähler {Keller} 3"
    link.symlink_to(player.client_line.path)
    running = tap("--client-line-path", str(link), lines=("client",))
    assert running.capture.interfaces[0].name == str(link)
    assert running.stop() == (0, "")


def test_one_port_for_both_lines(run_mepdump, player, tmp_path):
    arguments = capture_arguments(player, tmp_path / "x.pcapng")
    link = tmp_path / "link"
    link.symlink_to(player.client_line.path)
    arguments[arguments.index("--meter-line") + 1] = link
    expect_complaint(run_mepdump(arguments), player.client_line.path, "each line needs a port")


def test_no_port_at_all(run_mepdump, tmp_path):
    expect_complaint(run_mepdump(["--capture", "--extcap-interface", "mep", "--fifo",
                                  tmp_path / "x.pcapng"]), "no port given", "--client-line")


def test_unknown_interface(run_mepdump):
    expect_complaint(run_mepdump(["--extcap-dlts", "--extcap-interface", "other"]), "other", "mep")


# Through Wireshark's own tools


def tshark_capture(user, player, path, *more):
    return ["tshark", "-i", "mep", "-o", f"extcap.mep.clientline:{player.client_line.path}", "-o",
            f"extcap.mep.meterline:{player.meter_line.path}", "-w", path, *more]


def test_tshark_lists_the_interface(run_tshark):
    assert "mep (MEP (two tapped serial lines))" in run_tshark(["-D"]).stdout


def test_tshark_captures(user, mepdump, guide_frames):
    path = user.folder() / "live.pcapng"
    player = LinePlayer(baud=9600)
    process = user.start(tshark_capture(user, player, path), stderr=subprocess.PIPE, text=True)
    try:
        player.wait_for_readers(TIMEOUT, settle=1)
        player.play(guide_frames)
        wait_for(lambda: len(Capture.read(path).packets) == len(guide_frames))
        process.send_signal(signal.SIGINT)
        process.communicate(timeout=TIMEOUT)
        wait_for(lambda: not player.client_line.has_reader())
    finally:
        process.kill()
        player.close()
    capture = Capture.read(path)
    assert [packet.frame for packet in capture.packets] == [frame.data for frame in guide_frames]
    assert [interface.name for interface in capture.interfaces] == \
        [player.client_line.path, player.meter_line.path]


def test_tshark_applies_a_capture_filter(user, mepdump, player):
    path = user.folder() / "live.pcapng"
    process = user.start(tshark_capture(user, player, path, "-f", "link[2] == 2"),
                         stderr=subprocess.PIPE, text=True)
    try:
        player.wait_for_readers(TIMEOUT, settle=1)
        player.send(CLIENT_TO_METER, REQUEST)
        player.send(METER_TO_CLIENT, RESPONSE)
        wait_for(lambda: len(Capture.read(path).packets) == 1)
        process.send_signal(signal.SIGINT)
        process.communicate(timeout=TIMEOUT)
    finally:
        process.kill()
    assert [packet.frame for packet in Capture.read(path).packets] == [RESPONSE]


def test_tshark_shares_a_port(user, mepdump, player):
    path = user.folder() / "live.pcapng"
    with Holder(player.client_line.path, start=user.start) as name:
        result = user.run(tshark_capture(user, player, path))
        assert name in result.stderr
        process = user.start(tshark_capture(user, player, path, "-o", "extcap.mep.share:true"),
                             stderr=subprocess.PIPE, text=True)
        try:
            wait_for(lambda: path.exists() and len(Capture.read(path).interfaces) == 2)
            time.sleep(0.3)
            player.send(CLIENT_TO_METER, REQUEST)
            wait_for(lambda: len(Capture.read(path).packets) == 1)
            process.send_signal(signal.SIGINT)
            process.communicate(timeout=TIMEOUT)
        finally:
            process.kill()


def test_tshark_shows_what_ended_the_capture(user, mepdump, player):
    path = user.folder() / "live.pcapng"
    process = user.start(tshark_capture(user, player, path), stderr=subprocess.PIPE, text=True)
    try:
        player.wait_for_readers(TIMEOUT, settle=1)
        player.send(CLIENT_TO_METER, REQUEST)
        wait_for(lambda: len(Capture.read(path).packets) == 1)
        player.send(METER_TO_CLIENT, RESPONSE[:6])
        time.sleep(0.1)
        player.meter_line.unplug()
        player.client_line.unplug()
        _, errors = process.communicate(timeout=TIMEOUT)
    finally:
        process.kill()
    assert re.search(r"(meter|client) line /dev/.*plug it in again", errors)
    capture = Capture.read(path)
    assert [packet.frame for packet in capture.packets] == [REQUEST, RESPONSE[:6]]
    assert capture.interfaces[0].statistics.received == 1


@pytest.mark.parametrize("arguments, words", [
    ([], "no port given"),
    (["-o", "extcap.mep.clientline:/dev/null", "-o", "extcap.mep.baud:12345"], "--baud 12345"),
])
def test_tshark_does_not_wait_for_a_capture_that_cannot_begin(user, mepdump, arguments, words):
    result = user.run(["tshark", "-i", "mep", "-w", user.folder() / "x.pcapng", *arguments],
                      timeout=60)
    assert words in result.stderr


def test_tshark_shows_the_error(user, mepdump, player):
    player.client_line.path = "/dev/ttyUSB99"
    result = user.run(tshark_capture(user, player, user.folder() / "x.pcapng"))
    assert "client line /dev/ttyUSB99: no such port" in result.stderr
