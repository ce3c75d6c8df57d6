"""mepdump where nobody looks after it: a reader or a disk that takes nothing, a computer that is busy,
ports that come and go, errors on the line.

SPDX-License-Identifier: GPL-2.0-or-later
"""
import fcntl
import os
import resource
import signal
import subprocess
import time

import pytest

from line_player import CLIENT_TO_METER, METER_TO_CLIENT, LinePlayer
from pcapng_blocks import Capture
from tapping import TIMEOUT, Tap

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


def wait_for(condition, timeout=TIMEOUT):
    until = time.monotonic() + timeout
    while not condition():
        assert time.monotonic() < until, "it did not happen"
        time.sleep(0.01)


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
    assert not any(packet.status or packet.comment for packet in capture.packets)
    late = [packet.ticks / 1e9 + packet.duration_us / 1e6 - moment
            for packet, (moment, _) in zip(capture.packets, sent)]
    # Other programs run here, too, and can hold it up; the reader holds up none.
    assert sorted(late)[len(late) // 2] < 0.002


def test_full_buffer_drops_whole_records_and_counts_them(mepdump, tmp_path, player):
    with SlowReader(mepdump, tmp_path, player, "--buffer", "16 KiB") as slow:
        for number in range(150):
            player.send(CLIENT_TO_METER, request(number))
            player.send(METER_TO_CLIENT, answer(number))
            time.sleep(0.001)
        time.sleep(0.2)
        slow.read()
        wait_for(lambda: slow.read() and len(slow.capture(tmp_path).packets) > 30)
        time.sleep(0.2)
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
        assert f"Not written before this: {first.missed} records (" in first.comment


def test_stopped_while_nobody_reads(mepdump, tmp_path, player):
    """It waits, says so, and lets itself be told again."""
    with SlowReader(mepdump, tmp_path, player) as slow:
        for number in range(20):
            player.send(METER_TO_CLIENT, answer(number))
        time.sleep(0.2)
        slow.process.send_signal(signal.SIGINT)
        assert "waiting for" in slow.process.stderr.readline()
        assert slow.process.poll() is None
        slow.process.send_signal(signal.SIGINT)
        _, errors = slow.process.communicate(timeout=TIMEOUT)
        assert slow.process.returncode == 1
        assert "have not been written" in errors and len(errors.splitlines()) == 1


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
        sent = [answer(number) for number in range(80)]
        for frame in sent:
            player.send(METER_TO_CLIENT, frame)
            time.sleep(0.002)
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
        sent = [answer(number) for number in range(80)]
        for frame in sent:
            player.send(METER_TO_CLIENT, frame)
            time.sleep(0.002)
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
