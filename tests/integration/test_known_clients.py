"""Clients that behave as the public ones do get every reading from mep-sim.

What they do was found out by reading them (docs/mep-sim.md has their versions); nothing here is
their code. All three count on from the number that 0x0C tells, as it comes; none checks the digest
of an answer; a request that gets no answer is sent again, the same bytes, after ten seconds.

SPDX-License-Identifier: GPL-2.0-or-later
"""
import json
import os
import select
import struct
import subprocess
import sys
import time

import pytest

import oma_digest
from test_mep_sim import TIMEOUT, connect, mep_sim, run, start  # noqa: F401 (fixtures)

pytestmark = pytest.mark.real_time

OK, NOT_POSSIBLE, WRONG_SEQUENCE = 0x00, 0x04, 0x0C
COUNT = bytes.fromhex("0200")  # what full reads ask for: more than any table of theirs has
BT07, BT08, ET58, ET59 = "0007", "0008", "083a", "083b"
# The size of every table that they read of a meter of generation 3.
SIZES = {"0001": 24, "0015": 10, "0017": 220, "001c": 220, "0034": 7, "0037": 9, "0803": 143,
         "080b": 32, "080d": 5 * 66, "0832": 71}


class QueueingClient:
    """Requests wait in a queue with the sequence number that they got there. One that is refused
    for it is put at the end once more, with the number that the meter told."""

    def __init__(self, fd, key=oma_digest.FACTORY_DEFAULT_KEY):
        self.fd, self.key, self.sequence, self.procedure_sequence = fd, key, 0, 5
        self.waiting = []
        self.answers = []  # (request without number, code, data)
        self.alerts = 0
        self.busy_with_alert = False
        self.buffer = b""

    def queue(self, request, then=None):
        message = bytes.fromhex(request) + struct.pack(">I", self.sequence)
        self.sequence = (self.sequence + 1) & 0xFFFFFFFF
        self.waiting.append((oma_digest.seal(message, self.key), then))

    def queue_again(self, frame, then):
        self.queue(frame[2:-12].hex(), then)

    def call(self, procedure, parameters, then):
        data = bytes.fromhex(procedure) + bytes([self.procedure_sequence]) + parameters
        self.queue("40" + BT07 + f"{len(data):04x}" + data.hex(), then)
        self.procedure_sequence = 5 + (self.procedure_sequence - 4) % 5

    def listen(self, seconds):
        if select.select([self.fd], [], [], seconds)[0]:
            self.buffer += os.read(self.fd, 512)
        while self.buffer[:2] == bytes(2):
            self.buffer = self.buffer[2:]
            self.alerts += 1
            if not self.busy_with_alert:
                self.busy_with_alert = True
                self.queue("3f080b0000010001", self.alert_step_2)

    def next_answer(self):
        deadline = time.monotonic() + 10
        while time.monotonic() < deadline:
            self.listen(0.05)
            if len(self.buffer) >= 2 and len(self.buffer) >= 2 + int.from_bytes(self.buffer[:2], "big"):
                size = 2 + int.from_bytes(self.buffer[:2], "big")
                answer, self.buffer = self.buffer[2:size], self.buffer[size:]
                return answer
        return None

    def work(self):
        """Sends what waits until nothing does."""
        sent = 0
        while self.waiting:
            frame, then = self.waiting[0]
            os.write(self.fd, frame)
            answer = self.next_answer()
            if answer is None:
                continue  # the same bytes again
            self.waiting.pop(0)
            sent += 1
            assert sent < 200, "it asks in circles"
            code, data = answer[0], answer[3:-8]
            self.answers.append((frame[2:-12].hex(), code, data))
            if code == WRONG_SEQUENCE:
                self.sequence = int.from_bytes(answer[1:5], "big")
                self.queue_again(frame, then)
            elif code == NOT_POSSIBLE and frame[2:5] == bytes.fromhex("40" + BT07):
                self.queue_again(frame, then)
            elif code == OK and then:
                then(data)

    # How the best-known client serves an alert: it looks up where its entry in ET13 stands, reads
    # its alert flags and whether results are posted in ET59, and posts six bytes.
    def alert_step_2(self, data):
        self.queue(f"3f080d{4 * data[0] + 8:06x}0001", lambda _: self.queue("3f083200001e0001",
                                                                            self.alert_step_4))

    def alert_step_4(self, data):
        # It reads ET58 where it means ET59.
        table = ET58 if data[0] & 2 else BT08
        self.call("2708", bytes.fromhex("04010600010203040506"),
                  lambda _: self.queue("30" + table + COUNT.hex(), self.alert_done))

    def alert_done(self, _):
        self.busy_with_alert = False

    def read(self, *requests):
        for request in requests:
            self.queue(request)
        self.work()

    def got(self):
        """{table: the bytes of its last successful read}"""
        return {request[2:6]: data for request, code, data in self.answers if code == OK and data}


@pytest.fixture
def meter(start):  # noqa: F811
    """meter(*arguments) -> a program and a client of it."""
    opened = []

    def begin(*arguments):
        program = start("--tcp", "0", "--no-pacing", "--verbose", *arguments)
        opened.append(connect(program.address))
        return program, QueueingClient(opened[-1].fileno())

    yield begin
    for each in opened:
        each.close()


def full(table):
    return "30" + table + COUNT.hex()


CONFIGURATION = ("0001", "0015", "0803", "080b", "080d", "0832")


def check_sizes(got, tables):
    for table in tables:
        assert len(got[table]) == SIZES[table], table


def test_dabbler_mep_sw_esp32(meter):
    """Full reads with a count of 512, BT23 in part."""
    _, client = meter()
    client.read(full("0034"))
    client.read(*map(full, CONFIGURATION))
    for _ in range(3):
        client.read("3f0017000000000d", full("001c"))
    refused = [code for _, code, _ in client.answers if code != OK]
    assert refused == [WRONG_SEQUENCE]
    got = client.got()
    check_sizes(got, ("0034", "001c", *CONFIGURATION))
    assert len(got["0017"]) == 13
    assert got["0001"][:3] == b"NES"
    voltage = struct.unpack_from("<i", got["001c"], 7 * 4)[0]
    assert 200_000 < voltage < 260_000


def test_nes_mep_reader(meter):
    """Full reads without a count at first."""
    _, client = meter()
    client.read("300034")
    client.read("300001", "300034", *("30" + table for table in CONFIGURATION[1:]))
    for _ in range(3):
        client.read("3f00170000000010", full("001c"))
    assert [code for _, code, _ in client.answers if code != OK] == [WRONG_SEQUENCE]
    check_sizes(client.got(), ("0034", "001c", *CONFIGURATION))
    assert len(client.got()["0017"]) == 16


def test_power_reader(meter):
    """Tiers of BT23, each from where BT21 says that it is."""
    _, client = meter()
    client.read("300001")
    client.read("300034", *("30" + table for table in CONFIGURATION[1:]))
    dimensions = client.got()["0015"]
    summations, tiers = dimensions[3], dimensions[7]
    assert (summations, tiers) == (11, 4)
    client.read("300037", "3f00170000000011")
    before = struct.unpack_from("<2i", client.got()["0017"])
    sums = [0, 0]
    for tier in range(tiers):
        client.read(f"3f0017{4 * summations * (1 + tier):06x}0010")
        values = struct.unpack("<4i", client.got()["0017"])
        sums = [sum_before + value for sum_before, value in zip(sums, values)]
    client.read("30001c", "3f00170000000011")
    after = struct.unpack_from("<2i", client.got()["0017"])
    assert [code for _, code, _ in client.answers if code != OK] == [WRONG_SEQUENCE]
    check_sizes(client.got(), ("0037", "001c", *CONFIGURATION))
    # The meter goes on counting while it is asked.
    for least, of_tiers, most in zip(before, sums, after):
        assert least <= of_tiers <= most


def test_all_that_was_asked_for_with_other_numbers(meter):
    """A queue that was filled before the meter's number was known comes to an end."""
    _, client = meter()
    client.read(*map(full, SIZES))
    check_sizes(client.got(), SIZES)
    client.sequence += 100  # the meter has talked with somebody else
    client.answers.clear()
    client.read(*map(full, SIZES))
    check_sizes(client.got(), SIZES)


@pytest.mark.parametrize("in_et59", [False, True])
def test_alert_is_served(meter, in_et59):
    program, client = meter("--fault", "alert=2")
    client.read(full("0034"))
    if in_et59:
        client.read("4f083200001e000103")  # registered, results in ET59
    deadline = time.monotonic() + 10
    while not client.alerts and time.monotonic() < deadline:
        client.listen(0.1)
    assert client.alerts
    client.work()
    assert not client.busy_with_alert
    posted = [code for request, code, _ in client.answers if request.startswith("400007")]
    assert posted == [OK]
    result = client.got()["083a" if in_et59 else "0008"]
    if not in_et59:
        assert result[:4] == bytes.fromhex("27080500")  # EP39, number 5, completed
    # Its flags in ET13 are clear now, and so no alert comes until the next is due.
    client.read("3f080d0001100001")
    assert client.got()["080d"] == bytes(1)
    before = client.alerts
    client.listen(0.3)
    assert client.alerts == before
    _, errors = program.stop()
    assert "full write BT07 offset 0 count 13 (EP39) -> OK (EP39: " in errors


def test_the_client_of_the_documentation(start, data_dir):  # noqa: F811
    program = start("--tcp", "0", "--no-pacing", "--verbose", "--fault",
                    "lost=0.05,damaged=0.1,digest=0.1,jump=0.1")
    client = data_dir.parent / "docs" / "mep_client.py"
    result = subprocess.run([sys.executable, client, program.address, "01" * 16, "BT01", "BT23",
                             "ET13", "BT54", "ET99"], capture_output=True, text=True,
                            timeout=60, check=False)
    assert result.returncode == 0, result.stderr
    tables = {name: bytes.fromhex(table["bytes"])
              for name, table in json.loads(result.stdout)["tables"].items()}
    assert tables["BT01"][:4] == b"NES\0" and len(tables["BT01"]) == 24
    assert len(tables["BT23"]) == SIZES["0017"] and len(tables["ET13"]) == SIZES["080d"]
    assert len(tables["BT54"]) > 512  # more than a frame
    assert tables["ET99"] == b""
    assert "fault" in program.stop()[1]


def test_the_client_of_the_documentation_on_a_serial_port(start, data_dir):  # noqa: F811
    client = data_dir.parent / "docs" / "mep_client.py"
    program = start("--no-pacing", "--mbk", "basic-key-of-test")
    for key, good in (("basic-key-of-test", True), ("another-key-here", False)):
        result = subprocess.run([sys.executable, client, program.address, key, "BT01"],
                                capture_output=True, text=True, timeout=TIMEOUT, check=False)
        assert (result.returncode == 0) == good
        assert ("another key" in result.stderr) != good
