"""mepdump where nobody looks after it: a reader or a disk that takes nothing, a computer that is busy,
ports that come and go, errors on the line.

SPDX-License-Identifier: GPL-2.0-or-later
"""
import fcntl
import os
import re
import resource
import shutil
import signal
import subprocess
import time
from pathlib import Path

import pytest

from line_player import CLIENT_TO_METER, METER_TO_CLIENT, LinePlayer
from pcapng_blocks import Capture
from tapping import TIMEOUT, Tap, not_termios, processes_of, stopped, termios_alone

pytestmark = pytest.mark.real_time

LOST = 0x20
READ = bytes.fromhex("3f00170000000002")  # BT23 from 0 on, the high byte of the count


def request(number):
    """A partial read of its own: the number is its sequence number."""
    message = READ + b"\x00" + number.to_bytes(4, "big") + bytes([0xA5]) * 8
    return len(message).to_bytes(2, "big") + message


def answer(number, size=512 - 100):
    message = b"\x00" + size.to_bytes(2, "big") + number.to_bytes(4, "big") * (size // 4) + bytes(8)
    return len(message).to_bytes(2, "big") + message


@pytest.fixture
def player():
    with LinePlayer(speedup=0) as lines:
        yield lines


def remarks(packets):
    """What is said of them, but for that this computer was busy with other tests."""
    return [text for packet in packets for text in packet.comments
            if not text.startswith("Time known to within")]


def wait_for(condition, timeout=TIMEOUT):
    until = time.monotonic() + timeout
    while not condition():
        assert time.monotonic() < until, "it did not happen"
        time.sleep(0.01)


def send_answers(player, count, pause=0):
    """The first so many answers, on the meter's line, with a pause in seconds behind each; they."""
    sent = [answer(number) for number in range(count)]
    for frame in sent:
        player.send(METER_TO_CLIENT, frame)
        time.sleep(pause)
    return sent


class SlowReader:
    """mepdump on a FIFO that is read when read() is called, and otherwise as small as it gets."""

    def __init__(self, mepdump, folder, player, *arguments):
        self.fifo = folder / "slow.fifo"
        os.mkfifo(self.fifo)
        self.descriptor = os.open(self.fifo, os.O_RDONLY | os.O_NONBLOCK)
        fcntl.fcntl(self.descriptor, fcntl.F_SETPIPE_SZ, 4096)
        self.data = b""
        self.process = subprocess.Popen(
            [str(mepdump), "--capture", "--extcap-interface", "mep", "--fifo", str(self.fifo),
             "--client-line", player.client_line.path, "--meter-line", player.meter_line.path,
             *arguments], stderr=subprocess.PIPE, text=True)
        player.wait_for_readers(TIMEOUT, settle=0.1)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.kill()
        self.process.communicate()
        os.close(self.descriptor)

    def read(self):
        """Whatever can be read at once."""
        try:
            while piece := os.read(self.descriptor, 1 << 16):
                self.data += piece
        except BlockingIOError:
            return True
        return False

    def read_until_silent(self):
        size = -1
        while size < len(self.data):
            size = len(self.data)
            until = time.monotonic() + 0.5
            while time.monotonic() < until:
                self.read()
                time.sleep(0.005)

    def capture(self, folder):
        path = folder / "read.pcapng"
        path.write_bytes(self.data)
        return Capture.read(path)

    def read_to_end(self, folder):
        """Everything until mepdump has ended, its exit status and what it said."""
        wait_for(lambda: not self.read() or time.sleep(0.005))
        _, errors = self.process.communicate(timeout=TIMEOUT)
        return self.capture(folder), self.process.returncode, errors.splitlines()


def test_reader_that_is_busy_costs_nothing(mepdump, tmp_path, player):
    """Nothing is lost or late while what comes fits the buffer."""
    with SlowReader(mepdump, tmp_path, player) as slow:
        sent = []
        for number in range(100):
            for direction, frame in ((CLIENT_TO_METER, request(number)),
                                     (METER_TO_CLIENT, answer(number, 100))):
                player.send(direction, frame)
                sent.append((time.time(), frame))
                time.sleep(0.004)
        slow.process.terminate()
        capture, status, errors = slow.read_to_end(tmp_path)
    assert (status, errors) == (0, [])
    assert [packet.frame for packet in capture.packets] == [frame for _, frame in sent]
    assert not any(packet.status for packet in capture.packets) and not remarks(capture.packets)
    late = [packet.ticks / 1e9 + packet.duration_us / 1e6 - moment
            for packet, (moment, _) in zip(capture.packets, sent)]
    # Other programs run here, too, and hold it up now and then; its reader would do so every time.
    assert sorted(late)[len(late) // 10] < 0.002


def test_full_buffer_drops_whole_records_and_counts_them(mepdump, tmp_path, player):
    with SlowReader(mepdump, tmp_path, player, "--buffer", "16 KiB") as slow:
        for number in range(150):
            player.send(CLIENT_TO_METER, request(number))
            player.send(METER_TO_CLIENT, answer(number))
            time.sleep(0.001)
        time.sleep(1)
        slow.read_until_silent()
        for number in range(1000, 1002):
            player.send(CLIENT_TO_METER, request(number))
            player.send(METER_TO_CLIENT, answer(number))
            time.sleep(0.05)
        slow.process.terminate()
        capture, status, errors = slow.read_to_end(tmp_path)
    assert status == 0
    assert len(errors) == 2, errors
    assert "the buffer of 16 KiB is full" in errors[0] and str(slow.fifo) in errors[0]
    assert "--buffer" in errors[0] and "are written again" in errors[1]
    for line, frames in enumerate(([request(n) for n in [*range(150), 1000, 1001]],
                                   [answer(n) for n in [*range(150), 1000, 1001]])):
        interface = capture.interfaces[line]
        packets = [packet for packet in capture.packets if packet.interface is interface]
        seen = [packet.frame for packet in packets]
        gaps = [number for number, packet in enumerate(packets) if packet.missed]
        assert len(gaps) == 1
        first = packets[gaps[0]]
        # What is there is whole and in order, and the gap is where it says.
        assert seen == frames[:gaps[0]] + frames[gaps[0] + first.missed:]
        assert first.missed == interface.statistics.dropped == len(frames) - len(seen) > 20
        assert interface.statistics.received == len(frames)
        assert first.status == LOST and not any(packet.status for packet in packets if
                                                packet is not first)
        assert f"Not written before this: {first.missed} records (" in remarks([first])[0]


@pytest.mark.parametrize("seconds", [0.3, 1, 2])
def test_times_are_right_while_mepdump_is_stopped(mepdump, tmp_path, player, seconds):
    """What reads the lines is another process: what keeps mepdump waiting, or suspends it, does not keep that."""
    sent = []
    with Tap(mepdump, tmp_path, player) as tap:
        player.send(CLIENT_TO_METER, request(99))
        tap.wait_for_packets(1)
        processes_of(tap)
        with stopped(tap.process.pid):
            for number in range(4):
                for direction, frame in ((CLIENT_TO_METER, request(number)),
                                         (METER_TO_CLIENT, answer(number, 40))):
                    begin = time.time()
                    player.send(direction, frame)
                    sent.append((frame, begin, time.time()))
                    time.sleep(seconds / 8)
        packets = tap.wait_for_packets(9)[1:]
        assert tap.stop() == (0, "")
    assert [packet.frame for packet in packets] == [frame for frame, _, _ in sent]
    for packet, (_, begin, end) in zip(packets, sent, strict=True):
        assert not packet.status and not packet.comments
        # What comes at once is taken to have needed its time on the line; a busy computer may be late
        # by some, but not by what mepdump was stopped for.
        assert begin - 0.05 - len(packet.frame) / 960 <= packet.ticks / 1e9 <= end + 0.2


def test_what_reads_ends_with_mepdump(mepdump, tmp_path, player):
    """However that ends; and the port is free then."""
    with Tap(mepdump, tmp_path, player) as tap:
        player.send(CLIENT_TO_METER, request(1))
        tap.wait_for_packets(1)
        reader, _ = processes_of(tap)
        tap.process.kill()
        tap.process.wait(TIMEOUT)
        wait_for(lambda: not Path(f"/proc/{reader}").exists() or
                 Path(f"/proc/{reader}/stat").read_text(encoding="ascii").split()[2] == "Z")


def test_another_process_reads_where_it_was_ended(mepdump, tmp_path, player):
    with Tap(mepdump, tmp_path, player) as tap:
        player.send(CLIENT_TO_METER, request(1))
        tap.wait_for_packets(1)
        time.sleep(1.2)  # one that lives for less would only end again
        os.kill(processes_of(tap)[0], signal.SIGKILL)
        player.send(METER_TO_CLIENT, answer(1, 40))
        assert tap.wait_for_packets(2)[1].frame == answer(1, 40)
        player.send(CLIENT_TO_METER, request(2))
        assert tap.wait_for_packets(3)[2].frame == request(2)
        code, told = tap.stop()
    assert code == 0 and "another one goes on" in told


@pytest.mark.parametrize("seconds", [0.3, 1])
def test_backlog_of_both_lines_is_put_in_turn(mepdump, tmp_path, player, seconds):
    """Everything waits in the kernel at once, and nothing there says when it came."""
    frames = [frame for number in range(4) for frame in (request(number), answer(number, 40))]
    with Tap(mepdump, tmp_path, player) as tap:
        player.send(CLIENT_TO_METER, request(99))
        tap.wait_for_packets(1)
        player.send(METER_TO_CLIENT, answer(99, 40))
        tap.wait_for_packets(2)
        with stopped(*processes_of(tap)):
            begin = time.time()
            for number, frame in enumerate(frames):
                player.send(METER_TO_CLIENT if number % 2 else CLIENT_TO_METER, frame)
            time.sleep(seconds)
            end = time.time()
        packets = tap.wait_for_packets(10)[2:]
        assert tap.stop() == (0, "")
    assert [packet.frame for packet in packets] == frames
    assert not any(packet.status for packet in packets)
    times = [packet.ticks for packet in packets]
    assert times == sorted(times)
    for packet in packets:
        within = float(re.fullmatch(r"Time known to within (\d+\.\d{3}) s only: .*",
                                    packet.comments[0]).group(1))
        assert within >= end - begin - 0.01
        # And that is so.
        assert begin - within <= packet.ticks / 1e9 <= end + 0.5


def test_stopped_while_nobody_reads(mepdump, tmp_path, player):
    """It waits, says so, and lets itself be told again."""
    with SlowReader(mepdump, tmp_path, player) as slow:
        send_answers(player, 20)
        time.sleep(0.2)
        slow.process.send_signal(signal.SIGINT)
        assert "waiting for" in slow.process.stderr.readline()
        assert slow.process.poll() is None
        slow.process.send_signal(signal.SIGINT)
        _, errors = slow.process.communicate(timeout=TIMEOUT)
        assert slow.process.returncode == 1
        assert "have not been written" in errors and len(errors.splitlines()) == 1


def test_asked_again_and_again_while_somebody_reads(mepdump, tmp_path, player):
    """As tshark does at the end of a capture: that is no impatience, and nothing is given up."""
    with SlowReader(mepdump, tmp_path, player) as slow:
        sent = send_answers(player, 20)
        wait_for(lambda: slow.read() and slow.data.count(sent[-1]))
        while slow.process.poll() is None:
            slow.process.send_signal(signal.SIGTERM)
            slow.read()
        capture, status, errors = slow.read_to_end(tmp_path)
    # The last of them can come when mepdump has done everything, and does not look any more.
    assert (errors, status in (0, -signal.SIGTERM)) == ([], True)
    assert [packet.frame for packet in capture.packets] == sent
    assert sum(each.statistics.received for each in capture.interfaces) == 20


# Disks


def capture_arguments(player, output, *more):
    return ["--capture", "--extcap-interface", "mep", "--client-line", player.client_line.path,
            "--meter-line", player.meter_line.path, "--fifo", str(output), *more]


@pytest.fixture
def small_disk(tmp_path):
    """A file system of 64 KiB."""
    folder = tmp_path / "disk"
    folder.mkdir()
    mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=64k", "tmpfs", str(folder)],
                             capture_output=True, check=False)
    if mounted.returncode != 0:
        pytest.skip("nothing can be mounted here")
    yield folder
    subprocess.run(["umount", "-l", str(folder)], check=True)


@pytest.mark.parametrize("room", [True, False])
def test_full_disk(mepdump, player, small_disk, room):
    """What does not fit waits for room, and the file is readable at any time."""
    path = small_disk / "x.pcapng"
    filler = small_disk / "filler"
    filler.write_bytes(bytes(40000))
    process = subprocess.Popen([str(mepdump), *capture_arguments(player, path)],
                               stderr=subprocess.PIPE, text=True)
    try:
        player.wait_for_readers(TIMEOUT)
        sent = send_answers(player, 80, pause=0.002)
        first = process.stderr.readline()
        assert "no room left for" in first and str(path) in first
        frames = [packet.frame for packet in Capture.read(path).packets]
        assert 10 < len(frames) < 80 and frames == sent[:len(frames)]
        # To its last byte: no half block.
        assert path.stat().st_size % 4 == 0
        if room:
            filler.unlink()
            wait_for(lambda: len(Capture.read(path).packets) == 80)
        process.terminate()
        _, errors = process.communicate(timeout=TIMEOUT)
    finally:
        process.kill()
        process.communicate()
    capture = Capture.read(path)
    if room:
        assert process.returncode == 0 and "there is room" in errors
        assert [packet.frame for packet in capture.packets] == sent
        assert capture.interfaces[1].statistics.dropped == 0
    else:
        assert process.returncode == 1
        assert f"cannot write to {path}: no room left" in errors and "are lost" in errors
        assert [packet.frame for packet in capture.packets] == sent[:len(frames)]


def test_file_that_may_not_grow(mepdump, player, tmp_path):
    """The system's limit is no disk that somebody could make room on: the end, and it says why."""
    path = tmp_path / "x.pcapng"
    limit = 20001  # in the middle of a block
    process = subprocess.Popen(
        [str(mepdump), *capture_arguments(player, path)], stderr=subprocess.PIPE, text=True,
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit)))
    try:
        player.wait_for_readers(TIMEOUT)
        sent = send_answers(player, 80, pause=0.002)
        _, errors = process.communicate(timeout=TIMEOUT)
    finally:
        process.kill()
    assert process.returncode == 1
    assert f"cannot write to {path}: File too large" in errors and len(errors.splitlines()) == 1
    frames = [packet.frame for packet in Capture.read(path).packets]
    assert len(frames) > 20 and frames == sent[:len(frames)]
    with open(path, "rb") as file:  # nothing behind the last whole block
        data = file.read()
    assert int.from_bytes(data[-4:], "little") < 600 and \
        data[-int.from_bytes(data[-4:], "little"):][:4] == b"\x06\0\0\0"


def test_killed_in_the_middle_of_a_frame(mepdump, player, tmp_path):
    """kill -9 at any moment: what is there is whole."""
    for number in range(3):
        path = tmp_path / f"{number}.pcapng"
        process = subprocess.Popen([str(mepdump), *capture_arguments(player, path)])
        player.wait_for_readers(TIMEOUT, settle=0.1)
        frames = send_answers(player, 40)
        player.send(METER_TO_CLIENT, answer(99)[:100])
        time.sleep(0.005 * number)
        process.kill()
        process.wait(TIMEOUT)
        data = path.read_bytes()
        size = 0
        while size < len(data):
            size += int.from_bytes(data[size + 4:size + 8], "little")
        assert size == len(data)
        seen = [packet.frame for packet in Capture.read(path).packets]
        assert seen == frames[:len(seen)]


# Errors on the line


def mark_errors(line):
    """From now on what is written stands for what a serial driver hands over: FF 00 before a byte
    that came with an error, FF 00 00 for a break, FF FF for FF. The terminal itself marks nothing."""
    import termios
    settings = termios.tcgetattr(line.master)
    assert settings[0] & termios.PARMRK
    settings[0] &= ~(termios.PARMRK | termios.INPCK)
    termios.tcsetattr(line.master, termios.TCSANOW, settings)


@termios_alone("marks no errors")
def test_errors_of_the_serial_port(mepdump, tmp_path, player):
    # At one speed: to set another would undo what is done to the terminal.
    with Tap(mepdump, tmp_path, player, "--frame-timeout", "100", "--baud", "9600") as tap:
        mark_errors(player.meter_line)
        clean = answer(0x41424344, 100)
        player.send(METER_TO_CLIENT, clean[:50] + b"\xff\x00" + clean[50:])
        tap.wait_for_packets(1)
        player.send(METER_TO_CLIENT, b"\xff\x00\x00")
        tap.wait_for_packets(2)
        time.sleep(0.2)
        with_ff = clean[:60] + b"\xff" * 4 + clean[64:]
        player.send(METER_TO_CLIENT, with_ff.replace(b"\xff", b"\xff\xff"))
        tap.wait_for_packets(3)
        assert tap.stop() == (0, "")
    bad, interruption, good = tap.capture.packets
    assert (bad.frame, bad.status, remarks([bad])) == \
        (clean, 0x04, ["The serial port saw: framing error"])
    assert (interruption.frame, interruption.status, remarks([interruption])) == \
        (b"\x00", 0x12, ["The serial port saw: break"])
    assert (good.frame, good.status, remarks([good])) == (with_ff, 0, [])
    symbol_error = 1 << 31
    assert [packet.flags & ~3 for packet in tap.capture.packets] == [symbol_error, symbol_error, 0]


# Ports that come and go


class Adapter:
    """A port that can be unplugged and plugged in again: a link to whatever terminal there is."""

    def __init__(self, path):
        self.path = path
        self.player = None
        self.plug_in()

    def plug_in(self):
        self.player = LinePlayer(speedup=0)
        self.player.meter_line.close()
        self.path.unlink(missing_ok=True)
        self.path.symlink_to(self.player.client_line.path)

    def unplug(self):
        self.path.unlink()
        self.player.client_line.unplug()

    def send(self, data):
        self.player.client_line.write(data)

    def wait_for_reader(self):
        wait_for(self.player.client_line.has_reader)
        time.sleep(0.05)


@pytest.fixture
def adapter(tmp_path):
    one = Adapter(tmp_path / "adapter")
    yield one
    one.player.close()


def start_with(mepdump, tmp_path, adapter, player, *more):
    path = tmp_path / "x.pcapng"
    process = subprocess.Popen(
        [str(mepdump), "--capture", "--extcap-interface", "mep", "--client-line", adapter.path,
         "--meter-line", player.meter_line.path, "--fifo", str(path), *more],
        stderr=subprocess.PIPE, text=True)
    adapter.wait_for_reader()
    wait_for(lambda: path.exists() and len(Capture.read(path).interfaces) == 2)
    time.sleep(0.1)
    return path, process


def test_unplugged_and_plugged_in_again(mepdump, tmp_path, adapter, player):
    path, process = start_with(mepdump, tmp_path, adapter, player)
    try:
        def packets():
            return Capture.read(path).packets

        adapter.send(request(1))
        wait_for(lambda: len(packets()) == 1)
        adapter.send(request(2)[:9])
        time.sleep(0.1)
        adapter.unplug()
        # What had begun comes out, and the other line goes on.
        wait_for(lambda: len(packets()) == 2)
        player.send(METER_TO_CLIENT, answer(1))
        wait_for(lambda: len(packets()) == 3)
        time.sleep(0.3)
        adapter.plug_in()
        adapter.wait_for_reader()
        adapter.send(request(3))
        adapter.send(request(4))
        wait_for(lambda: len(packets()) == 5)
        player.send(METER_TO_CLIENT, answer(4))
        wait_for(lambda: len(packets()) == 6)
        process.terminate()
        _, errors = process.communicate(timeout=TIMEOUT)
    finally:
        process.kill()
        process.communicate()
    assert process.returncode == 0
    gone, back = errors.splitlines()
    for word in (f"client line {adapter.path}", "has gone away", "the other line goes on",
                 "when it is there again"):
        assert word in gone
    assert f"client line {adapter.path}: there again after " in back
    capture = Capture.read(path)
    assert [packet.frame for packet in capture.packets] == \
        [request(1), request(2)[:9], answer(1), request(3), request(4), answer(4)]
    assert [packet.status for packet in capture.packets] == [0, 1, 0, LOST, 0, 0]
    (remark,) = remarks(capture.packets)
    assert remark in capture.packets[3].comments
    assert remark.startswith("Bytes were lost before this: the port has gone away, for ")
    client, meter = (interface.statistics for interface in capture.interfaces)
    assert client.comments[0].startswith("Away since 20") and (client.dropped, client.received) == (1, 4)
    assert (meter.comments, meter.dropped) == ([], 0)


def test_both_unplugged_and_one_comes_back(mepdump, tmp_path, adapter, player):
    path, process = start_with(mepdump, tmp_path, adapter, player)
    try:
        player.meter_line.unplug()
        adapter.unplug()
        time.sleep(0.3)
        adapter.plug_in()
        adapter.wait_for_reader()
        adapter.send(request(3))
        wait_for(lambda: len(Capture.read(path).packets) == 1)
        process.terminate()
        _, errors = process.communicate(timeout=TIMEOUT)
    finally:
        process.kill()
        process.communicate()
    assert process.returncode == 0 and "waiting until it is there again" in errors
    statistics = [interface.statistics for interface in Capture.read(path).interfaces]
    assert " for " in statistics[0].comments[0]
    # A terminal's number is nobody's for good: that one is not waited for.
    (remark,) = statistics[1].comments
    assert remark.startswith("Away since 20") and " for " not in remark


@pytest.mark.parametrize("arguments,words", [
    (["--on-unplug", "maybe"], ["--on-unplug maybe", "wait and exit"]),
    (["--buffer", "0"], ["--buffer 0", "a number of MiB"]),
    (["--buffer", "many"], ["--buffer many", "512 KiB"]),
])
def test_value_that_makes_no_sense(run_mepdump, player, tmp_path, arguments, words):
    result = run_mepdump(capture_arguments(player, tmp_path / "x.pcapng", *arguments))
    assert result.returncode == 1 and len(result.stderr.splitlines()) == 1
    assert all(word in result.stderr for word in words)


def test_exit_when_unplugged(mepdump, tmp_path, adapter, player):
    path, process = start_with(mepdump, tmp_path, adapter, player, "--on-unplug", "exit")
    try:
        adapter.send(request(1)[:9])
        time.sleep(0.1)
        adapter.unplug()
        wait_for(lambda: len(Capture.read(path).packets) == 1)
        player.meter_line.unplug()
        _, errors = process.communicate(timeout=TIMEOUT)
    finally:
        process.kill()
    assert process.returncode == 1
    assert "the other line goes on" in errors.splitlines()[0]
    assert "plug it in again" in errors.splitlines()[1]


# Nothing is ever sent


def test_nothing_is_sent_or_pulled(mepdump, tmp_path, adapter, player):
    """What mepdump asks of the ports, from opening to closing, over an unplugging."""
    if shutil.which("strace") is None:
        pytest.skip("needs strace")
    trace, path, said = tmp_path / "trace", tmp_path / "x.pcapng", tmp_path / "said"
    process = subprocess.Popen(
        ["strace", "-f", "-yy", "--seccomp-bpf", "-e", "trace=open,openat,write,writev,pwrite64,"
         "pwritev,pwritev2,sendto,sendmsg,splice,tee,vmsplice,sendfile,copy_file_range,io_uring_setup,"
         "ioctl", "-o", str(trace), str(mepdump), "--capture", "--extcap-interface",
         "mep", "--client-line", str(adapter.path), "--meter-line", player.meter_line.path, "--fifo",
         str(path)], stderr=said.open("w"))
    try:
        wait_for(lambda: path.exists() and len(Capture.read(path).interfaces) == 2)
        time.sleep(0.2)
        adapter.send(request(1))
        player.send(METER_TO_CLIENT, answer(1))
        wait_for(lambda: len(Capture.read(path).packets) == 2)
        adapter.unplug()
        time.sleep(0.2)
        adapter.plug_in()
        adapter.wait_for_reader()
        adapter.send(request(2))
        wait_for(lambda: len(Capture.read(path).packets) == 3)
        assert not player.meter_line.was_written_to()
        assert not adapter.player.client_line.was_written_to()
    finally:
        # strace does not pass a signal on.
        traced = trace.read_text(encoding="utf-8", errors="replace").split() if trace.exists() else []
        if traced:
            os.kill(int(traced[0]), signal.SIGTERM)
        else:
            process.kill()
        process.wait(TIMEOUT)
    lines = trace.read_text(encoding="utf-8", errors="replace").splitlines()
    on_ports = [line for line in lines if re.search(r"\w+\(\d+<(/dev/pts/|char 136:)", line) or
                re.search(r"open(at)?\(.*(/dev/pts/|/adapter)", line)]
    if not on_ports:
        pytest.skip("strace cannot follow here")
    opened = [line for line in on_ports if "open" in line and "O_" in line]
    assert len(opened) >= 3
    assert all("O_RDONLY" in line and "O_NOCTTY" in line for line in opened if "O_PATH" not in line)
    assert {re.search(r"(\w+)\(", line).group(1) for line in on_ports} <= {"open", "openat", "ioctl"}
    requests = {word for line in on_ports if "ioctl(" in line
                for word in re.findall(r"\b(TC\w+|TIO\w+)\b", line.split("(", 1)[1])}
    allowed = {"TCGETS", "TCSETS", "TCGETS2", "TCSETS2", "TIOCEXCL", "TIOCNXCL", "TIOCGICOUNT",
               "TCFLSH", "TCIFLUSH", "TIOCGSERIAL", "TIOCSSERIAL", "TCSANOW", "TIOCMIWAIT"}
    if not_termios():
        # libserialport sets modem lines to what they are; pseudo_uart tells on it where that changes one.
        allowed |= {"TIOCMGET", "TIOCMBIS", "TIOCMBIC", "TIOCM_DTR", "TIOCM_RTS"}
    assert requests <= allowed, requests
    assert "modem line" not in said.read_text()
