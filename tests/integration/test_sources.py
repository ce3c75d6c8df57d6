"""Lines that are no local ports: port servers (socat, ser2net), named pipes, files.

SPDX-License-Identifier: GPL-2.0-or-later
"""
import os
import shutil
import signal
import socket
import subprocess
import threading
import time

import pytest

from line_player import CLIENT_TO_METER, METER_TO_CLIENT, Line, LinePlayer
from pcapng_blocks import Capture
from tapping import TIMEOUT

pytestmark = pytest.mark.real_time

LOST = 0x20
READ = bytes.fromhex("3f00170000000002")


def request(number, trailer=bytes([0xA5]) * 8):
    message = READ + b"\x00" + number.to_bytes(4, "big") + trailer
    return len(message).to_bytes(2, "big") + message


def answer(number, size=64):
    message = b"\x00" + size.to_bytes(2, "big") + bytes([number]) * size + bytes(8)
    return len(message).to_bytes(2, "big") + message


def wait_for(condition, timeout=TIMEOUT):
    until = time.monotonic() + timeout
    while not condition():
        assert time.monotonic() < until, "it did not happen"
        time.sleep(0.01)


class Running:
    """mepdump, writing into a file."""

    def __init__(self, mepdump, folder, *arguments):
        self.path = folder / "x.pcapng"
        self.process = subprocess.Popen(
            [str(mepdump), "--capture", "--extcap-interface", "mep", "--fifo", str(self.path),
             *map(str, arguments)], stderr=subprocess.PIPE, text=True)

    def __enter__(self):
        wait_for(lambda: self.process.poll() is not None or
                 self.path.exists() and Capture.read(self.path).interfaces)
        return self

    def __exit__(self, *_):
        self.process.kill()
        self.process.communicate()

    @property
    def packets(self):
        return Capture.read(self.path).packets

    @property
    def frames(self):
        return [packet.frame for packet in self.packets]

    def wait_for_frames(self, count):
        wait_for(lambda: len(self.packets) >= count)

    def stop(self):
        self.process.send_signal(signal.SIGTERM)
        _, errors = self.process.communicate(timeout=TIMEOUT)
        return self.process.returncode, errors.splitlines()


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class Server:
    """A port server of one connection at a time, which notes what it is sent."""

    def __init__(self, family=socket.AF_INET, greeting=b""):
        self.greeting = greeting
        self.socket = socket.socket(family)
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self.socket.bind(("::1" if family == socket.AF_INET6 else "127.0.0.1", 0))
        self.socket.listen()
        self.port = self.socket.getsockname()[1]
        self.received = b""
        self.connection = None
        self.connections = 0
        threading.Thread(target=self._serve, daemon=True).start()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        # Also from accept().
        self.socket.shutdown(socket.SHUT_RDWR)
        self.socket.close()
        self.disconnect()

    def _serve(self):
        while True:
            try:
                connection, _ = self.socket.accept()
            except OSError:
                return
            connection.sendall(self.greeting)
            self.connection = connection
            self.connections += 1
            try:
                while data := connection.recv(4096):
                    self.received += data
            except OSError:
                pass

    def disconnect(self):
        if self.connection:
            try:
                self.connection.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass
            self.connection.close()

    def send(self, data):
        self.connection.sendall(data)


# TCP


@pytest.mark.parametrize("family,host", [(socket.AF_INET, "127.0.0.1"), (socket.AF_INET, "localhost"),
                                         (socket.AF_INET6, "[::1]")])
def test_tcp(mepdump, tmp_path, family, host):
    if family == socket.AF_INET6 and not os.path.exists("/proc/net/if_inet6"):
        pytest.skip("no IPv6 here")
    with Server(family) as client, Server(family) as meter, \
            Running(mepdump, tmp_path, "--client-line", f"tcp://{host}:{client.port}",
                    "--meter-line", f"tcp://{host}:{meter.port}") as running:
        time.sleep(0.1)
        frames = [request(1), answer(0xFF), request(2), answer(2)]
        for number, frame in enumerate(frames):
            (meter if number % 2 else client).send(frame)
            time.sleep(0.05)
        running.wait_for_frames(4)
        assert running.stop() == (0, [])
        assert client.received == meter.received == b""
    assert running.frames == frames
    assert [packet.direction for packet in running.packets] == [1, 2, 1, 2]
    assert Capture.read(running.path).interfaces[0].name == f"tcp://{host}:{client.port}"


def test_server_that_goes_and_comes_back(mepdump, tmp_path):
    with Server() as server, Running(mepdump, tmp_path, "--client-line",
                                     f"tcp://127.0.0.1:{server.port}") as running:
        time.sleep(0.1)
        server.send(request(1))
        running.wait_for_frames(1)
        server.disconnect()
        wait_for(lambda: server.connections == 2)
        wait_for(lambda: server.send(request(2)) or time.sleep(0.2) or len(running.frames) >= 2)
        status, errors = running.stop()
    assert status == 0
    assert "the connection was lost (closed by the server)" in errors[0]
    assert "waiting until it is there again" in errors[0] and "there again after" in errors[1]
    assert running.packets[1].status == LOST
    assert any("the connection was lost" in comment for comment in running.packets[1].comments)


def test_telnet_is_recognised(mepdump, tmp_path):
    """A server that was not told to leave Telnet out: WILL ECHO, WILL SGA, DO BINARY."""
    greeting = bytes.fromhex("fffb01 fffb03 fffd00")
    with Server(greeting=greeting) as server, \
            Running(mepdump, tmp_path, "--meter-line", f"tcp://127.0.0.1:{server.port}") as running:
        time.sleep(0.1)
        frame = answer(0xFF)
        server.send(frame.replace(b"\xff", b"\xff\xff"))
        running.wait_for_frames(1)
        assert running.stop() == (0, [])
        # What it was answered: DONT ECHO, DO SGA, WILL BINARY.
        assert server.received == bytes.fromhex("fffe01 fffd03 fffb00")
    assert running.frames == [frame]


@pytest.mark.parametrize("name,words", [
    ("tcp://127.0.0.1:{port}", ["no connection", "Connection refused", "does the server run"]),
    ("tcp://no.such.host.invalid:1", ["no connection"]),
    ("tcp://127.0.0.1", ["give host and port", "tcp://192.168"]),
    ("tcp://::1:1", ["give host and port", "[2001:db8::7]"]),
    ("tcp://host:0", ["give host and port"]),
    ("http://host:80", ["no such kind of source", "rfc2217://host:port", "/dev/ttyUSB0", "file:///"]),
    ("127.0.0.1:{port}", ["no such port", "tcp://127.0.0.1:"]),
    ("file:///no/such/file", ["cannot be read", "No such file"]),
    ("/etc/passwd", ["not a serial device", "file:///etc/passwd"]),
])
def test_source_that_there_is_not(run_mepdump, tmp_path, name, words):
    name = name.format(port=free_port())
    result = run_mepdump(["--capture", "--extcap-interface", "mep", "--meter-line", name, "--fifo",
                          tmp_path / "x.pcapng"])
    assert result.returncode == 1 and len(result.stderr.splitlines()) == 1
    for word in (f"meter line {name}", *words):
        assert word in result.stderr


# RFC 2217


IAC, SB, SE, WILL, WONT, DO, DONT = b"\xff", b"\xff\xfa", b"\xff\xf0", b"\xff\xfb", b"\xff\xfc", \
    b"\xff\xfd", b"\xff\xfe"
COM_PORT = bytes([44])


def test_rfc2217(mepdump, tmp_path):
    """What the server is asked, and what it says of errors on the line."""
    with Server() as server, Running(mepdump, tmp_path, "--baud", "19200", "--meter-line",
                                     f"rfc2217://127.0.0.1:{server.port}") as running:
        wait_for(lambda: WILL + COM_PORT in server.received)
        server.send(DO + COM_PORT)
        wait_for(lambda: server.received.endswith(SE) and server.received.count(SE) == 6)
        asked = server.received.split(WILL + COM_PORT)[1]
        assert asked == b"".join(SB + COM_PORT + value + SE for value in (
            b"\x01" + (19200).to_bytes(4, "big"), b"\x02\x08", b"\x03\x01", b"\x04\x01", b"\x0a\x1e",
            b"\x0b\x00"))
        server.send(SB + COM_PORT + b"\x65" + (19200).to_bytes(4, "big") + SE)
        frames = [answer(1), answer(2), answer(3)]
        server.send(frames[0])
        running.wait_for_frames(1)
        time.sleep(0.1)
        # Framing and parity error; then an overrun.
        server.send(SB + COM_PORT + b"\x6a\x0c" + SE + frames[1])
        running.wait_for_frames(2)
        time.sleep(0.1)
        server.send(SB + COM_PORT + b"\x6a\x02" + SE + frames[2])
        running.wait_for_frames(3)
        assert running.stop() == (0, [])
        assert server.received.count(SE) == 6  # nothing more has been said
    assert running.frames == frames
    assert [packet.status for packet in running.packets] == [0, 0x0C, LOST]
    assert "The serial port saw: framing error and parity error" in running.packets[1].comments


@pytest.mark.parametrize("reply,words", [
    (DONT + COM_PORT, "does not let its port be set"),
    (DO + COM_PORT + SB + COM_PORT + b"\x65" + (2400).to_bytes(4, "big") + SE, "it has 2400"),
])
def test_rfc2217_server_that_does_not_do_it(mepdump, tmp_path, reply, words):
    with Server() as server, Running(mepdump, tmp_path, "--meter-line",
                                     f"rfc2217://127.0.0.1:{server.port}") as running:
        wait_for(lambda: WILL + COM_PORT in server.received)
        server.send(reply)
        server.send(answer(1))
        running.wait_for_frames(1)
        status, errors = running.stop()
    assert status == 0 and len(errors) == 1
    assert words in errors[0] and f"meter line rfc2217://127.0.0.1:{server.port}" in errors[0]


def test_server_that_talks_without_end(mepdump, tmp_path):
    """A subnegotiation that never ends fills no memory."""
    with Server() as server, Running(mepdump, tmp_path, "--on-unplug", "exit", "--meter-line",
                                     f"rfc2217://127.0.0.1:{server.port}") as running:
        wait_for(lambda: server.connection)
        server.send(SB + COM_PORT + bytes(10000))
        _, errors = running.process.communicate(timeout=TIMEOUT)
    assert running.process.returncode == 1 and "no Telnet" in errors


# The field's own servers


@pytest.fixture
def line():
    one = Line()
    yield one
    one.close()


def test_socat(mepdump, tmp_path, line):
    if shutil.which("socat") is None:
        pytest.skip("needs socat")
    port = free_port()
    socat = subprocess.Popen(["socat", f"TCP-LISTEN:{port},bind=127.0.0.1,reuseaddr",
                              f"{line.path},rawer"])
    try:
        wait_for(lambda: listens(port))
        with Running(mepdump, tmp_path, "--meter-line", f"tcp://127.0.0.1:{port}") as running:
            wait_for(line.has_reader)
            time.sleep(0.2)
            line.write(answer(0xFF))
            running.wait_for_frames(1)
            assert running.stop() == (0, [])
        assert running.frames == [answer(0xFF)]
        assert not line.was_written_to()
    finally:
        socat.kill()
        socat.wait()


def listens(port):
    """Whether somebody does, without connecting."""
    with open("/proc/net/tcp", encoding="ascii") as table:
        return any(f":{port:04X} 00000000:0000 0A" in row for row in table)


@pytest.mark.parametrize("scheme,accepter", [("tcp", "tcp"), ("tcp", "telnet,tcp"),
                                             ("rfc2217", "telnet(rfc2217),tcp")])
def test_ser2net(mepdump, tmp_path, line, scheme, accepter):
    ser2net = shutil.which("ser2net", path=os.environ["PATH"] + ":/usr/sbin")
    if ser2net is None:
        pytest.skip("needs ser2net")
    port = free_port()
    configuration = tmp_path / "ser2net.yaml"
    configuration.write_text(f"%YAML 1.1\n---\nconnection: &tap\n  accepter: {accepter},127.0.0.1,"
                             f"{port}\n  connector: serialdev,{line.path},9600n81,local\n",
                             encoding="ascii")
    server = subprocess.Popen([ser2net, "-n", "-c", str(configuration)], stderr=subprocess.PIPE)
    try:
        wait_for(lambda: listens(port) or server.poll() is not None)
        if server.poll() is not None:
            pytest.skip(f"ser2net does not run here: {server.stderr.read()}")
        with Running(mepdump, tmp_path, "--meter-line", f"{scheme}://127.0.0.1:{port}") as running:
            wait_for(line.has_reader)
            time.sleep(0.5)
            frames = [answer(0xFF), answer(0x0D), request(7)]
            for frame in frames:
                line.write(frame)
                time.sleep(0.1)
            running.wait_for_frames(3)
            status, errors = running.stop()
        assert (status, errors) == (0, [])
        assert running.frames == frames
        assert not line.was_written_to()
    finally:
        server.kill()
        server.communicate()


# Pipes and files


def test_named_pipes(mepdump, tmp_path):
    """Written by programs that come and go."""
    pipes = [tmp_path / "client", tmp_path / "meter"]
    for pipe in pipes:
        os.mkfifo(pipe)
    with Running(mepdump, tmp_path, "--client-line", pipes[0], "--meter-line", pipes[1]) as running:
        frames = [request(1), answer(1), request(2), answer(2)]
        for number, frame in enumerate(frames):
            pipes[number % 2].open("wb").write(frame)
            running.wait_for_frames(number + 1)
        with open(f"/proc/{running.process.pid}/stat", encoding="ascii") as stat:
            ticks = sum(map(int, stat.read().rsplit(")", 1)[1].split()[11:13]))
        assert ticks < 100
        assert running.stop() == (0, [])
    assert running.frames == frames


def test_files(mepdump, tmp_path):
    """Two lines' bytes, one file each: in turn, at the line's speed."""
    pairs = [(request(number), answer(number)) for number in range(1, 60)]
    (tmp_path / "client.bin").write_bytes(b"".join(asked for asked, _ in pairs))
    (tmp_path / "meter.bin").write_bytes(b"".join(answered for _, answered in pairs))
    with Running(mepdump, tmp_path, "--client-line", f"file://{tmp_path}/client.bin", "--meter-line",
                 f"file://{tmp_path}/meter.bin") as running:
        _, errors = running.process.communicate(timeout=TIMEOUT)
    assert (running.process.returncode, errors) == (0, "")
    assert running.frames == [frame for pair in pairs for frame in pair]
    capture = Capture.read(running.path)
    assert b"are made up" in capture.section_options[1]
    times = [packet.ticks for packet in capture.packets]
    assert times == sorted(times)
    for packet in capture.packets:
        assert packet.duration_us == pytest.approx((len(packet.frame) - 1) * 1e7 / 9600, abs=2)
    assert capture.interfaces[0].statistics.end * 1e9 >= times[-1]
    assert not any(interface.statistics.comments for interface in capture.interfaces)


def test_a_file_beside_a_line(run_mepdump, tmp_path):
    (tmp_path / "client.bin").write_bytes(request(1))
    with LinePlayer(speedup=0) as player:
        result = run_mepdump(["--capture", "--extcap-interface", "mep", "--client-line",
                              f"file://{tmp_path}/client.bin", "--meter-line",
                              player.meter_line.path, "--fifo", tmp_path / "x.pcapng"])
    assert result.returncode == 1 and "beside another file only" in result.stderr
