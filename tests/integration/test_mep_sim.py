"""mep-sim, the simulated meter that other people's clients can talk to, and its own client.

SPDX-License-Identifier: GPL-2.0-or-later
"""
import os
import re
import select
import signal
import socket
import struct
import subprocess
import time
import tty

import pytest

import oma_digest

TIMEOUT = 20  # seconds, after which mep-sim is taken to hang
BT01, BT23, BT28, BT52 = 0x01, 0x17, 0x1C, 0x34
OK, REFUSED, WRONG_SEQUENCE, NOT_NOW = 0x00, 0x0B, 0x0C, 0x0A
BASIC, ADVANCED = "basic-key-of-test", "41445641-4e434544-2d4b4559-20464f52"
LINE = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z (.+) -> (.+)")


@pytest.fixture(scope="session")
def mep_sim(build_dir):
    path = build_dir / "simulator" / "mep-sim"
    if not path.exists():
        pytest.skip("mep-sim was not built")
    return str(path)


class Program:
    """A running mep-sim, which has printed where it is unless it is on somebody else's port."""

    def __init__(self, *command):
        self.process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                                        text=True)
        self.address = None
        if "--device" not in command:
            self.address = self.process.stdout.readline().strip()

    def stop(self, how=signal.SIGTERM):
        """Its exit status, and what it said on standard error."""
        if self.process.poll() is None:
            self.process.send_signal(how)
        return self.wait()

    def wait(self):
        _, errors = self.process.communicate(timeout=TIMEOUT)
        return self.process.returncode, errors

    def kill(self):
        if self.process.poll() is None:
            self.process.kill()
        self.process.communicate()


@pytest.fixture
def start(mep_sim):
    """start(*arguments) -> a Program."""
    running = []

    def run(*arguments):
        running.append(Program(mep_sim, *map(str, arguments)))
        return running[-1]

    yield run
    for each in running:
        each.kill()


@pytest.fixture
def run(mep_sim):
    """run(*arguments) -> CompletedProcess, with text output."""
    return lambda *arguments: subprocess.run([mep_sim, *map(str, arguments)], text=True,
                                             capture_output=True, timeout=TIMEOUT, check=False)


class Client:
    """A client made of Python alone, on a file descriptor."""

    def __init__(self, fd, key=oma_digest.FACTORY_DEFAULT_KEY):
        self.fd, self.key, self.sequence = fd, key, 1

    def ask(self, frame):
        """The answer's message, and the moments when its first and its last byte came."""
        os.write(self.fd, frame)
        answer, first = b"", None
        while len(answer) < 2 or len(answer) < 2 + int.from_bytes(answer[:2], "big"):
            assert select.select([self.fd], [], [], TIMEOUT)[0], "no answer"
            answer += os.read(self.fd, 4096)
            first = first or time.monotonic()
            while answer[:2] == bytes(2):  # an alert
                answer = answer[2:]
        return answer[2:], first, time.monotonic()

    def read(self, table, count, offset=0):
        """The answer's message without its digest, which has to be right."""
        request = oma_digest.read(table, count, offset, self.sequence, self.key)
        self.sequence += 1
        answer, *_ = self.ask(request)
        if answer == bytes([REFUSED]):
            return answer
        message, digest = answer[:-8], answer[-8:]
        assert digest == oma_digest.digest(request[2:-8] + message, self.key)
        return message

    def begin(self):
        """Learns the number to be used next from the meter's refusal."""
        answer = self.read(BT01, 24)
        assert answer[0] == WRONG_SEQUENCE and len(answer) == 5
        self.sequence = int.from_bytes(answer[1:], "big")


def open_port(path):
    fd = os.open(path, os.O_RDWR | os.O_NOCTTY)
    tty.setraw(fd)
    return fd


def connect(address):
    host, port = address.rsplit(":", 1)
    connection = socket.create_connection((host, int(port)), TIMEOUT)
    connection.setblocking(True)
    return connection


@pytest.fixture(params=["pty", "tcp"])
def meter(request, start, tmp_path):
    """meter(*arguments) -> a running meter, and a file descriptor to it."""
    opened = []

    def run(*arguments):
        if request.param == "pty":
            program = start("--pty", *arguments)
            opened.append(os.fdopen(open_port(program.address), "rb", buffering=0))
        else:
            program = start("--tcp", "0", *arguments)
            opened.append(connect(program.address))
        return program, opened[-1].fileno()

    yield run
    for each in opened:
        each.close()


# A client of one's own


def test_tables_are_read(meter):
    program, fd = meter("--verbose")
    client = Client(fd)
    client.begin()
    for table, count in ((BT01, 24), (BT52, 7), (BT23, 44)):
        answer = client.read(table, count)
        assert answer[:3] == struct.pack(">BH", OK, count) and len(answer) == 3 + count
        if table == BT52:
            year, month, day, hour, minute, second = answer[3:9]
            told = time.mktime((2000 + year, month, day, hour, minute, second, 0, 0, 0)) \
                - time.timezone
            assert abs(told - time.time()) < 5
    status, errors = program.stop()
    assert status == 0
    said = [LINE.fullmatch(line).groups() for line in errors.splitlines()]
    said = [each for each in said if each[0] != "alert"]
    assert said[0] == ("partial read BT01 offset 0 count 24",
                       f"invalid sequence number (the meter expects 0x{client.sequence - 3:08x})")
    assert said[1:] == [("partial read BT01 offset 0 count 24", "OK"),
                        ("partial read BT52 offset 0 count 7", "OK"),
                        ("partial read BT23 offset 0 count 44", "OK")]


def test_sequence_number_is_another_each_time(meter):
    clients = [Client(meter()[1]) for _ in range(2)]
    for client in clients:
        client.begin()
    assert clients[0].sequence != clients[1].sequence


def test_keys_and_wrong_key(meter):
    program, fd = meter("--mbk", BASIC, "--mak", ADVANCED, "--verbose")
    keys = [BASIC.encode()[:16], bytes.fromhex(ADVANCED.replace("-", ""))]
    assert Client(fd).read(BT01, 24) == bytes([REFUSED])
    first = Client(fd, keys[0])
    first.begin()
    second = Client(fd, keys[1])
    second.sequence = first.sequence
    assert second.read(BT01, 24)[0] == OK
    _, errors = program.stop()
    assert LINE.match(errors.splitlines()[0]).groups() == \
        ("request of 20 bytes that no key opens", "authentication failure")
    for secret in (BASIC, BASIC[:16], ADVANCED, ADVANCED.replace("-", "")):
        assert secret not in errors


def test_key_file(start, tmp_path):
    keys = tmp_path / "keys"
    keys.write_text(f"# of the meter in the hall\nMBK {BASIC}\nMAK   {ADVANCED} \n\n")
    program = start("--tcp", "0", "--key-file", keys)
    with connect(program.address) as connection:
        Client(connection.fileno(), BASIC.encode()[:16]).begin()


def test_line_speed(meter):
    _, fd = meter()
    client = Client(fd)
    client.begin()
    request = oma_digest.read(BT28, 100, 0, client.sequence)
    answer, first, last = client.ask(request)
    size = len(answer) + 2
    # Bytes that leave within some milliseconds leave together.
    assert last - first == pytest.approx(size / 960, abs=0.06)


def test_no_pacing(meter):
    _, fd = meter("--no-pacing")
    client = Client(fd)
    client.begin()
    _, first, last = client.ask(oma_digest.read(BT28, 90, 0, client.sequence))
    assert last - first < 0.05


def test_tls_may_be_required(start, exchanges):
    program = start("--tcp", "0", "--require-tls")
    if not program.address:
        assert "no TLS" in program.wait()[1]
        pytest.skip("this build has no TLS")
    with connect(program.address) as connection:
        assert Client(connection.fileno()).read(BT01, 24) == bytes([NOT_NOW])
    assert exchanges(1, "--tcp", program.address, "--security", "tls")[0][1] == "OK"


def test_one_after_the_other_over_tcp(start):
    program = start("--tcp", "0")
    for _ in range(3):
        with connect(program.address) as connection:
            assert Client(connection.fileno()).read(BT01, 24)[0] == WRONG_SEQUENCE
    with connect(program.address) as first, connect(program.address) as second:
        assert Client(first.fileno()).read(BT01, 24)[0] == WRONG_SEQUENCE
        second.sendall(oma_digest.read(BT01, 24))
        assert not select.select([second], [], [], 0.3)[0]
        first.close()
        assert select.select([second], [], [], TIMEOUT)[0]


def test_one_after_the_other_on_a_pty(start, tmp_path):
    link = tmp_path / "meter"
    program = start("--link", link)
    assert os.readlink(link) == program.address
    for _ in range(3):
        fd = open_port(link)
        assert Client(fd).read(BT01, 24)[0] == WRONG_SEQUENCE
        os.close(fd)
    assert program.stop(signal.SIGINT) == (0, "")
    assert not os.path.lexists(link)


def test_link_takes_nobodys_place(run, tmp_path):
    link = tmp_path / "meter"
    link.write_text("somebody's")
    complaint(run("--link", link), str(link), "File exists")
    assert link.read_text() == "somebody's"


def processor_seconds(process):
    with open(f"/proc/{process.pid}/stat", encoding="ascii") as file:
        fields = file.read().split()
    return (int(fields[13]) + int(fields[14])) / os.sysconf("SC_CLK_TCK")


def test_idle_meter_does_not_spin(start):
    for arguments in ([], ["--tcp", "0"]):
        program = start(*arguments)
        before = processor_seconds(program.process)
        time.sleep(1)
        assert processor_seconds(program.process) - before < 0.5
        assert program.stop() == (0, "")


def test_two_ports_of_generation_4(start):
    program = start("--tcp", "0", "--generation", "4", "--mep-port", "2")
    with connect(program.address) as connection:
        Client(connection.fileno()).begin()


# Its own client


def lines_of(errors):
    return [LINE.fullmatch(line).groups() for line in errors.splitlines()]


@pytest.fixture
def exchanges(mep_sim):
    """exchanges(count, *arguments) -> the first exchanges of a client, which is then stopped."""

    def run_client(count, *arguments):
        client = subprocess.Popen([mep_sim, "--client", "daily-reading", "--verbose",
                                   *map(str, arguments)], stderr=subprocess.PIPE, text=True)
        lines = "".join(client.stderr.readline() for _ in range(count))
        client.send_signal(signal.SIGINT)
        client.communicate(timeout=TIMEOUT)
        assert client.returncode == 0, lines
        return lines_of(lines)

    return run_client


@pytest.mark.parametrize("security", ["plain", "rc4", "tls"])
def test_meter_and_client_over_tcp(start, run, exchanges, security):
    meter = start("--tcp", "0", "--verbose")
    if security == "tls" and "no TLS" in run("--require-tls", "--tcp", "x").stderr:
        pytest.skip("this build has no TLS")
    asked = exchanges(4, "--tcp", meter.address, "--security", security)
    assert ("partial read BT21 offset 0 count 10", "OK") in asked
    _, errors = meter.stop()
    said = lines_of(errors)
    assert [line for line in said if line[0].startswith("partial")][:4] == asked
    assert (("TLS Handshake", "OK") in said) == (security == "tls")


def test_client_comes_to_its_end(start, run):
    meter = start("--tcp", "0")
    result = run("--client", "wrong-key", "--tcp", meter.address)
    assert (result.returncode, result.stderr) == (0, "")


def test_meter_and_client_over_ptys(start, exchanges):
    assert exchanges(2, "--device", start().address)[1][1] == "OK"


def test_client_on_a_pty(start):
    client = start("--client", "daily-reading", "--verbose", "--pty")
    start("--device", client.address)
    # The client does not wait for a meter to come.
    answers = [LINE.match(client.process.stderr.readline()).group(2) for _ in range(3)]
    assert "OK" in answers


def test_client_with_keys(start, exchanges, tmp_path):
    keys = tmp_path / "keys"
    keys.write_text(f"MBK {BASIC}\nMAK {ADVANCED}\n")
    meter = start("--tcp", "0", "--key-file", keys)
    for arguments in (["--key-file", keys], ["--key", ADVANCED],
                      ["--key", BASIC, "--access", "basic"],
                      ["--key-file", keys, "--access", "basic"]):
        assert exchanges(2, "--tcp", meter.address, *arguments)[1][1] == "OK"


def test_client_with_a_wrong_key(start, run):
    meter = start("--tcp", "0", "--verbose")
    result = run("--client", "read-too-long", "--tcp", meter.address, "--key", BASIC)
    complaint(result, "refused", "another key")
    assert BASIC not in result.stderr + meter.stop()[1]


def test_client_without_a_meter(run, start):
    with socket.create_server(("127.0.0.1", 0)) as silent:
        complaint(run("--client", "read-too-long", "--tcp", silent.getsockname()[1]),
                  "nothing answers")
    complaint(run("--client", "read-too-long", "--tcp", "1"), "--tcp 1", "Connection refused")


def test_meter_that_goes_away(start, mep_sim):
    meter = start("--tcp", "0")
    client = subprocess.Popen([mep_sim, "--client", "daily-reading", "--rounds", "0", "--tcp",
                               meter.address], stderr=subprocess.PIPE, text=True)
    time.sleep(0.3)
    meter.stop()
    _, errors = client.communicate(timeout=TIMEOUT)
    assert client.returncode == 1 and "closed the connection" in errors


# Errors: one line that says what to do


def complaint(result, *words):
    assert result.returncode == 1
    lines = result.stderr.splitlines()
    assert len(lines) == 1 and lines[0].startswith("mep-sim: ")
    for word in words:
        assert word in lines[0]


@pytest.mark.parametrize("arguments, words", [
    (["--mbk", "short"], ["--mbk", "the key has 5 characters: 16 to 20 are needed"]),
    (["--key-file", "/nowhere"], ["--key-file /nowhere", "No such file"]),
    (["--tcp", "nowhere"], ["--tcp nowhere", "24078"]),
    (["--tcp", "24078", "--pty"], ["one of --pty, --tcp and --device"]),
    (["--tcp", "24078", "--link", "x"], ["--link", "pseudo terminal"]),
    (["--device", "/dev/ttyUSB99"], ["/dev/ttyUSB99", "plugged in?"]),
    (["--device", "/dev/null"], ["/dev/null", "not a serial device"]),
    (["--generation", "5"], ["--generation 5", "3 and 4"]),
    (["--mep-port", "2"], ["--mep-port 2", "--generation 4"]),
    (["--seed", "x"], ["--seed x"]),
    (["--security", "tls"], ["--security", "--client SCRIPT"]),
    (["--client", "nonesuch"], ["nonesuch", "daily-reading"]),
    (["--client", "daily-reading", "--seed", "1"], ["--seed", "meter's option"]),
    (["--client", "daily-reading", "--security", "x"], ["--security x", "plain, rc4 and tls"]),
    (["--client", "daily-reading", "--mep-port", "2"], ["--mep-port 2", "one client"]),
    (["--nonesuch"], ["--nonesuch", "--help"]),
    (["surplus"], ["surplus", "--help"]),
])
def test_option_that_makes_no_sense(run, arguments, words):
    complaint(run(*arguments), *words)


def test_help_and_version(run):
    text = run("--help").stdout
    for word in ("--pty", "--tcp 24078", "--client daily-reading", "taps", "factory default"):
        assert word in text
    assert run("--version").stdout.startswith("mep-sim ")


def test_ports_of_the_examples_belong_to_no_protocol(run, data_dir, run_tshark):
    """Otherwise Wireshark shows a simulated meter there as something else."""
    top = data_dir.parent
    texts = [run("--help").stdout, (top / "README.md").read_text(),
             (top / "docs" / "mep-sim.md").read_text()]
    named = [re.findall(r"--tcp (?:[0-9.]+:)?([0-9]+)|tcp[.]port==([0-9]+)", text) for text in texts]
    assert all(named)
    ports = {number for text in named for pair in text for number in pair if number}
    decodes = run_tshark(["-G", "decodes"]).stdout
    assert "tcp.port\t80\t" in decodes
    for port in ports:
        assert not re.search(rf"^(tcp|udp)[.]port\t{port}\t", decodes, re.MULTILINE), port


def test_device_that_another_program_has_open(run):
    master, slave = os.openpty()
    try:
        complaint(run("--device", os.ttyname(slave)), os.ttyname(slave), "busy", str(os.getpid()),
                  "close that first")
    finally:
        os.close(slave)
        os.close(master)
