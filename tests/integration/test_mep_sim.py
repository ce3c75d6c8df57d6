"""mep-sim, the simulated meter that other people's clients can talk to, and its own client.

SPDX-License-Identifier: GPL-2.0-or-later
"""
import itertools
import json
import os
import re
import select
import signal
import socket
import struct
import subprocess
import threading
import time
import tty

import pytest

import oma_digest

pytestmark = pytest.mark.real_time

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

    def exchange(self, message):
        """The answer's message without its digest, which has to be right."""
        request = oma_digest.seal(message + struct.pack(">I", self.sequence), self.key)
        self.sequence += 1
        answer, *_ = self.ask(request)
        assert answer[-8:] == oma_digest.digest(request[2:-8] + answer[:-8], self.key)
        return answer[:-8]

    def full_read(self, table, count):
        return self.exchange(struct.pack(">BHH", 0x30, table, count))

    def write(self, table, data, offset=0):
        return self.exchange(struct.pack(">BHBHH", 0x4F, table, 0, offset, len(data)) + data)

    def kind_of_answer(self, patience=1):
        """What comes of a read: "good", "late" (after more than 250 ms), "damaged", "sequence" or
        "none"."""
        request = oma_digest.read(BT52, 7, 0, self.sequence, self.key)
        self.sequence += 1
        asked, answer = time.monotonic(), b""
        os.write(self.fd, request)
        while len(answer) < 2 or len(answer) < 2 + int.from_bytes(answer[:2], "big"):
            if not select.select([self.fd], [], [], patience)[0]:
                return "none"
            answer += os.read(self.fd, 4096)
        took = time.monotonic() - asked
        message, digest = answer[2:-8], answer[-8:]
        if digest != oma_digest.digest(request[2:-8] + message, self.key):
            return "damaged"
        if message[0] == WRONG_SEQUENCE:
            self.sequence = int.from_bytes(message[1:5], "big")
            return "sequence"
        return "late" if took > 0.25 else "good"

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
        # Told so and turned away, whether it has said something or not; the first goes on.
        second.sendall(oma_digest.read(BT01, 24))
        with connect(program.address) as third:
            for each in (second, third):
                each.settimeout(TIMEOUT)
                with each.makefile("r", newline="") as told:
                    name = f"127.0.0.1:{first.getsockname()[1]}"
                    assert told.read() == f"mep-sim serves one client at a time, and {name} is " \
                        "connected\r\n"
        assert Client(first.fileno()).read(BT01, 24)[0] == WRONG_SEQUENCE
    # Somebody who comes back at once is served.
    for _ in range(20):
        with connect(program.address) as connection:
            assert Client(connection.fileno()).read(BT01, 24)[0] == WRONG_SEQUENCE
    errors = program.stop(signal.SIGINT)[1].splitlines()
    assert len(errors) == 2
    for line in errors:
        assert re.fullmatch(r"mep-sim: 127.0.0.1:\d+ was turned away: 127.0.0.1:\d+ is connected, "
                            "and there is one client at a time", line)


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
    # The client does not wait for a meter to come, which can take a while on a busy computer.
    client = start("--client", "daily-reading", "--rounds", "0", "--verbose", "--pty")
    start("--device", client.address)
    answers = (LINE.match(line).group(2) for line in client.process.stderr)
    assert any(answer == "OK" for answer in itertools.islice(answers, 200))


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


# What goes on, and what goes wrong on purpose


def test_full_read_of_more_than_there_is(meter):
    _, fd = meter("--no-pacing")
    client = Client(fd)
    client.begin()
    for table, size in ((BT01, 24), (BT52, 7), (BT23, 220)):
        for count in (size, size + 1, 0x0200, 0xFFFF):
            assert client.full_read(table, count)[:3] == struct.pack(">BH", OK, size)
        assert client.full_read(table, 5)[:3] == struct.pack(">BH", OK, 5)
        # A part behind the end is another thing.
        assert client.read(table, size + 1)[0] == 0x05


def registers_of(program):
    with connect(program.address) as connection:
        client = Client(connection.fileno())
        client.begin()
        answer = client.read(BT23, 220)
        return struct.unpack_from("<55i", answer, 3)


def test_meter_that_is_started_again_goes_on(start):
    first = start("--tcp", "0", "--seed", "9")
    before = registers_of(first)
    first.stop()
    again = registers_of(start("--tcp", "0", "--seed", "9"))
    other = registers_of(start("--tcp", "0", "--seed", "10"))
    # Some seconds of no more than 25 kW.
    assert all(0 <= now - then <= 200 for then, now in zip(before, again))
    assert other[:2] != before[:2]
    assert not all(0 <= now - then <= 200 for then, now in zip(before, other))


def told(program):
    return [line.split("Z ", 1)[1] for line in program.stop()[1].splitlines()]


def test_verbose_tells_what_was_dropped_and_why(meter):
    program, fd = meter("--verbose")
    client = Client(fd)
    client.begin()
    whole = oma_digest.read(BT28, 200, 0, client.sequence)
    os.write(fd, whole[:12])
    time.sleep(0.2)
    os.write(fd, whole)
    time.sleep(0.1)
    os.write(fd, whole)  # while the answer is on its way
    time.sleep(0.5)
    said = told(program)
    assert f"12 bytes -> no answer: cut short by a silence: its length says {len(whole)} bytes" in said
    assert f"{len(whole)} bytes -> no answer: another request is being answered" in said
    assert said.count("partial read BT28 offset 0 count 200 -> OK") == 1


def test_verbose_tells_results_of_procedures(meter):
    program, fd = meter("--verbose", "--no-pacing")
    client = Client(fd)
    client.begin()
    for sequence, call in ((5, b"\x27\x08\x05\x04"), (6, b"\x13\x08\x06" + bytes(5))):
        assert client.write(0x07, call)[0] == OK
        assert client.full_read(0x08, 12)[3:6] == call[:2] + bytes([sequence])
    said = told(program)
    for line in ("partial write BT07 offset 0 count 4 (EP39) -> OK (EP39: {})",
                 "full read BT08 offset 0 count 12 -> OK (EP39: {})",
                 "partial write BT07 offset 0 count 8 (EP19) -> OK (EP19: invalid request type)"):
        assert any(re.fullmatch(re.escape(line).replace(r"\{\}", ".*[a-z]{5}.*"), each)
                   for each in said), line


@pytest.mark.parametrize("fault, kind, words", [
    ("lost=1", "none", "[fault: answer lost]"),
    ("late=1:300", "late", "[fault: answer late by 300 ms]"),
    ("damaged=1", "damaged", "[fault: answer damaged]"),
    ("digest=1", "damaged", "[fault: wrong digest]"),
    ("jump=1", "sequence", "[fault: sequence number jumped by "),
])
def test_faults(start, fault, kind, words):
    program = start("--tcp", "0", "--no-pacing", "--verbose", "--fault", fault)
    with connect(program.address) as connection:
        client = Client(connection.fileno())
        # The first may have another number than the meter.
        assert [client.kind_of_answer() for _ in range(4)][1:] == [kind] * 3
    said = told(program)
    assert len([line for line in said if words in line]) >= 3


def test_faults_come_as_often_as_said_and_the_same_again(start):
    def kinds(seed):
        program = start("--tcp", "0", "--no-pacing", "--seed", seed, "--fault",
                        "lost=0.1,damaged=0.15,jump=0.1")
        with connect(program.address) as connection:
            client = Client(connection.fileno())
            return [client.kind_of_answer(patience=0.35) for _ in range(60)]

    first = kinds(3)
    for kind, least, most in (("none", 1, 14), ("damaged", 2, 20), ("sequence", 2, 20),
                              ("good", 25, 57)):
        assert least <= first.count(kind) <= most, kind
    assert kinds(3) == first
    assert kinds(4) != first


def test_alert_on_demand(start):
    program = start("--tcp", "0", "--fault", "alert=1", "--verbose")
    with connect(program.address) as connection:
        assert select.select([connection], [], [], 5)[0]
        assert connection.recv(2) == bytes(2)
    assert any(line == "alert -> sent" for line in told(program))


def number_that_was_used_last(connection, last):
    """A meter that answers 0x0C with the number that was used last, as the example of page 16 has
    it: the next one counts."""
    with connection:
        connection.settimeout(TIMEOUT)
        while request := connection.recv(2):
            while len(request) < 2 or len(request) < 2 + int.from_bytes(request[:2], "big"):
                request += connection.recv(1)
            number = int.from_bytes(request[-12:-8], "big")
            if 1 <= number - last <= 8:
                last, message = number, b"\x00\x00\x00"
            else:
                message = struct.pack(">BI", WRONG_SEQUENCE, last)
            connection.sendall(oma_digest.answer(request, message))


def test_client_understands_both_readings_of_0x0c(start, exchanges):
    assert [answer for _, answer in exchanges(3, "--tcp", start("--tcp", "0").address)][1:] == ["OK"] * 2
    with socket.create_server(("127.0.0.1", 0)) as server:
        meter = threading.Thread(target=lambda: number_that_was_used_last(server.accept()[0], 0x4711))
        meter.start()
        answers = [answer for _, answer in exchanges(4, "--tcp", server.getsockname()[1])]
        meter.join(TIMEOUT)
    refusal = "invalid sequence number (the meter expects 0x00004711)"
    assert answers[:2] == [refusal] * 2 and answers[2].startswith("OK")


# Tables of somebody's own meter


def dumped(run, *arguments):
    result = run("--dump", *arguments)
    assert result.returncode == 0, result.stderr
    return json.loads(result.stdout)


@pytest.mark.parametrize("generation", [3, 4])
def test_what_is_dumped_can_be_loaded(run, tmp_path, generation):
    first = dumped(run, "--generation", generation)
    assert first["generation"] == generation
    tables = first["tables"]
    assert tables["BT01"]["mep.bt01.manufacturer"] == "NES"
    assert tables["BT21"]["mep.bt21.number_of_summations"] == (11 if generation == 3 else 19)
    assert len(tables["BT28"]["mep.bt28.rms_voltage_mv_l1"]
               if isinstance(tables["BT28"]["mep.bt28.rms_voltage_mv_l1"], list) else "x") == 1
    assert "BT52" not in tables and "ET59" not in tables
    file = tmp_path / "meter.json"
    file.write_text(json.dumps(first))
    assert dumped(run, "--load", file, "--seed", "77") == first


def load(start, tmp_path, tables, *arguments):
    file = tmp_path / "meter.json"
    file.write_text(json.dumps({"tables": tables}))
    return start("--tcp", "0", "--no-pacing", "--load", file, *arguments)


def test_loaded_tables_are_answered(start, tmp_path):
    program = load(start, tmp_path, {
        "BT01": {"mep.bt01.manufacturer": "ACME", "bt01.build": 17},
        "BT28": {"mep.bt28.rms_voltage_mv_l2": 123456},
        "BT23": {"bytes": {"4": "efbeadde"}},
        "BT53": {"bytes": "0102"},
        "ET04": {"mep.et04.broadcast_receipt": "2031-12-24 18:30:15",
                 "mep.et04.transceiver_id": "0a0b0c0d0e0f"},
        "ET13": {"mep.et13.customer_id": [None, "water in the cellar"]},
        "ET99": {"bytes": "00ff17"},
    })
    with connect(program.address) as connection:
        client = Client(connection.fileno())
        client.begin()
        bt01 = client.read(BT01, 24)[3:]
        assert bt01[:4] == b"ACME" and bt01[4:12] == b"83332-3I" and bt01[15] & 31 == 17
        bt28 = struct.unpack_from("<55i", client.read(BT28, 220), 3)
        assert bt28[8] == 123456 and 200_000 < bt28[7] < 260_000
        bt23 = client.read(BT23, 12)[3:]
        assert bt23[4:8] == bytes.fromhex("efbeadde") and bt23[:4] != bytes(4)
        assert client.read(0x35, 2)[3:] == b"\1\2"
        assert client.full_read(0x863, 0x200)[3:] == bytes.fromhex("00ff17")
        assert bytes.fromhex("0a0b0c0d0e0f") in client.read(0x804, 129)[3:]
        assert bytes([31, 12, 24, 18, 30, 15]) in client.read(0x804, 129)[3:]
        assert b"water in the cellar" in client.read(0x80D, 330)[3:]
        # What a client writes comes after what was loaded.
        assert client.write(0x832, b"\1", 30)[0] == OK
        assert client.read(0x832, 1, 30)[3:] == b"\1"


def test_other_dimensions_are_a_whole_other_meter(start, tmp_path):
    program = load(start, tmp_path, {
        "BT21": {"mep.bt21.number_of_summations": 2, "mep.bt21.number_of_tiers": 1},
        "BT22": {"mep.bt22.summation_sources": [0, 1]},
        "BT23": {"mep.bt23.fwd_active_wh_l1l2l3": 1111, "mep.bt23.rev_active_wh_l1l2l3": 2222,
                 "mep.bt23.tier.fwd_active_wh_l1l2l3": 1111}})
    with connect(program.address) as connection:
        client = Client(connection.fileno())
        client.begin()
        assert struct.unpack_from("<4i", client.full_read(BT23, 0x200), 3) == (1111, 2222, 1111, 0)
        # BT24 to BT26 would have to be laid out like that.
        assert client.full_read(0x18, 0x200)[0] == 0x05
        assert client.full_read(BT28, 0x200)[0] == OK
    assert "laid out otherwise" in program.stop()[1]


@pytest.mark.parametrize("text, words", [
    ("{", ["meter.json"]),
    ("{}", ['no "tables"']),
    ('{"tables": {"BT1": {}}}', ["BT1 is no table", "BT01 or ET50"]),
    ('{"tables": [], "x": 1}', ["tables", "object"]),
    ('{"tables": {}, "x": 1}', ['"x"', '"generation"']),
    ('{"generation": 5, "tables": {}}', ["3 and 4"]),
    ('{"tables": {"BT01": {"bytes": "0"}}}', ["BT01, bytes", "pairs of hexadecimal digits"]),
    ('{"tables": {"BT01": {"bytes": {"x": "00"}}}}', ["x is no offset"]),
    ('{"tables": {"BT01": {"mep.bt01.nonesuch": 1}}}', ["bt01.nonesuch"]),
    ('{"tables": {"BT01": {"mep.bt23.fwd_active_wh_l1l2l3": 1}}}', ["BT01", "fwd_active"]),
    ('{"tables": {"BT01": {"mep.bt01.build": 100000}}}', ["BT01", "100000"]),
    ('{"tables": {"BT01": {"mep.bt01.build": "many"}}}', ["BT01", "build"]),
    ('{"tables": {"BT01": {"mep.bt01.build": [1, 2]}}}', ["BT01", "build", "often"]),
    ('{"tables": {"BT01": {"mep.bt01.build": {"a": 1}}}}', ["build", "hex"]),
    ('{"tables": {"ET99": {"mep.bt01.build": 1}}}', ["ET99", "bytes"]),
    ('{"tables": {"BT01": {"bytes": {"4294967295": "00"}}}}', ["BT01", "offset"]),
])
def test_file_that_makes_no_sense(run, tmp_path, text, words):
    file = tmp_path / "meter.json"
    file.write_text(text)
    complaint(run("--tcp", "0", "--load", file), "--load", *words)


def test_tables_of_a_capture(run, tmp_path, data_dir, user):
    """docs/tables_of_capture.py: what mep-sim is given of a capture is what was read in it."""
    script = user.readable(data_dir.parent / "docs" / "tables_of_capture.py")
    capture = user.readable(data_dir / "daily-reading.pcapng")
    made = user.run(["/usr/bin/python3", script, capture])
    assert made.returncode == 0, made.stderr
    file = tmp_path / "meter.json"
    file.write_text(made.stdout)
    tables = json.loads(made.stdout)["tables"]
    assert tables["BT01"]["bytes"]["0"].startswith(b"NES\0".hex())
    loaded = dumped(run, "--load", file)["tables"]
    last = user.tshark(["-2", "-r", capture, "-Y", "mep.bt28.rms_voltage_mv_l1", "-T", "fields", "-e",
                        "mep.bt28.rms_voltage_mv_l1"]).stdout.split()[-1]
    assert loaded["BT28"]["mep.bt28.rms_voltage_mv_l1"] == int(last)


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
    (["--fault", "slow=1"], ["--fault slow=1", "lost, late, damaged"]),
    (["--fault", "lost=2"], ["--fault lost=2", "from 0 to 1"]),
    (["--fault", "lost"], ["--fault lost", "from 0 to 1"]),
    (["--fault", "late=0.5:soon"], ["--fault late=0.5:soon", "milliseconds"]),
    (["--fault", "alert=0"], ["--fault alert=0", "seconds"]),
    (["--fault", ""], ["--fault", "lost=0.05"]),
    (["--load", "/nowhere/x"], ["--load /nowhere/x", "No such file"]),
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
