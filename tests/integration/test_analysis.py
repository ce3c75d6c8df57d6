"""What the analysis finds, each beside a neighbour that just does not have it; and that it finds nothing
in clean traffic.

SPDX-License-Identifier: GPL-2.0-or-later
"""
import pathlib
import re
import struct

import oma_digest
import pytest
from capture_file import BYTE_US, CLIENT_TO_METER, METER_TO_CLIENT, Frame, tap_header
from table_talk import BT, ET, bt21, u16

pytestmark = pytest.mark.usefixtures("plugin")

SAMPLES = pathlib.Path(__file__).resolve().parent.parent.parent / "samples"
ET13_FLAGS = 66 * 4 + 8
KEY = b"k3y-from-the-grid-op"[:16]
WITH_KEY = ("-o", f'uat:mep_keys:"hall","MBK","{KEY.decode()}","TRUE"')


class Story:
    """Frames with exact pauses in milliseconds. Requests are 20 bytes: they take 20.8 ms."""

    def __init__(self, key=oma_digest.FACTORY_DEFAULT_KEY):
        self.frames = []
        self.number = 0x1000
        self.key = key
        self.request = b""

    def _add(self, data, direction, after, **more):
        self.frames.append(Frame(data, direction, round(after * 1000), **more))
        return len(self.frames)

    def ask(self, after=100.0, number=None, table=BT(52), count=7, offset=0, **more):
        """`number`: how much the sequence number goes up."""
        self.number += 1 if number is None else number
        self.request = oma_digest.read(table, count, offset, self.number, self.key)
        return self._add(self.request, CLIENT_TO_METER, after, **more)

    def write(self, table, data, after=100.0, offset=0):
        self.number += 1
        self.request = oma_digest.write(table, data, offset, self.number, self.key)
        return self._add(self.request, CLIENT_TO_METER, after)

    def answer(self, message=None, after=20.0, key=None, **more):
        if message is None:
            count = struct.unpack(">H", self.request[8:10])[0]
            message = struct.pack(">BH", 0, count) + bytes(count)
        return self._add(oma_digest.answer(self.request, message, key or self.key), METER_TO_CLIENT,
                         after, **more)

    def done(self, after=20.0):
        return self.answer(b"\0", after)

    def expects(self, number):
        return self.answer(struct.pack(">BI", 0x0C, number))

    def alert(self, after=1100.0):
        return self._add(b"\0\0", METER_TO_CLIENT, after)

    def exchange(self, **how):
        self.ask(**how)
        return self.answer()


@pytest.fixture(scope="module")
def findings(capture, run_tshark, tshark_fields):
    """findings(story) -> {frame: {name behind mep.analysis.: value}}, the same in one pass and in two."""
    names = sorted({line.split("\t")[2] for line in run_tshark(["-G", "fields"]).stdout.splitlines()
                    if line.startswith("F\t") and "\tmep.analysis." in line
                    and not line.split("\t")[2].endswith(".expert")})

    def run(story, *options):
        path = capture(story.frames)
        passes = []
        for more in ((), ("-2",)):
            shown = tshark_fields(path, names, *options, *more)
            passes.append({number: {name[len("mep.analysis."):]: values[0]
                                    for name, values in packet.items() if values}
                           for number, packet in enumerate(shown, 1)})
        assert passes[0] == passes[1]
        return {number: found for number, found in passes[0].items() if found}

    return run


# --- Time -----------------------------------------------------------------------------------------

class TestTime:
    def test_nothing(self, findings):
        story = Story()
        for _ in range(4):
            story.exchange()
        assert findings(story) == {}

    @pytest.mark.parametrize("wait, found", [(505, "unanswered"), (490, "request_while_open")])
    def test_no_answer(self, findings, wait, found):
        """The guide's clients wait for 500 ms."""
        story = Story()
        lost = story.ask()
        after = story.ask(after=wait)
        story.answer()
        assert findings(story) == {after: {found: str(lost)}}

    def test_an_answer_that_cannot_be_read(self, findings):
        story = Story()
        lost = story.ask()
        story._add(b"\0\x20\0\0\7", METER_TO_CLIENT, 20, status=0x01)
        after = story.ask(after=600)
        story.answer()
        assert findings(story) == {after: {"answer_lost": str(lost)}}

    @pytest.mark.parametrize("wait, late", [(495, False), (505, True)])
    def test_late(self, findings, wait, late):
        story = Story()
        story.ask()
        answer = story.answer(after=wait)
        assert ("late" in findings(story).get(answer, {})) == late

    def test_late_is_a_preference(self, findings):
        story = Story()
        story.ask()
        answer = story.answer(after=60)
        assert findings(story) == {}
        found = findings(story, "-o", "mep.analysis_answer_ms:50")
        assert float(found[answer]["late"]) == pytest.approx(0.061, abs=1e-3)

    @pytest.mark.parametrize("pause, found", [(40, True), (60, False)])
    def test_requests_close_together(self, findings, pause, found):
        """100 ms from one to the next: 20 of the request, 11 + 10 of the answer to a write, and
        pauses."""
        story = Story()
        story.write(BT(53), b"")
        story.done(after=20)
        second = story.write(BT(53), b"", after=pause)
        story.done()
        assert ("too_soon" in findings(story).get(second, {})) == found

    @pytest.mark.parametrize("pause, found", [(45, False), (55, True)])
    def test_pauses_in_a_request(self, findings, pause, found):
        story = Story()
        data = oma_digest.read(BT(52), 7, 0, 0x1001)
        header = bytearray(tap_header(CLIENT_TO_METER, 0, len(data)))
        header[8:12] = struct.pack(">I", (len(data) - 1) * BYTE_US + pause * 1000)
        story.request = data
        asked = story._add(data, CLIENT_TO_METER, 100, record=bytes(header) + data)
        story.answer(after=100)
        assert ("gap" in findings(story).get(asked, {})) == found

    @pytest.mark.parametrize("key", [oma_digest.FACTORY_DEFAULT_KEY, b"somebody else's!"])
    def test_an_answer_to_another_request(self, findings, key):
        """More bytes than were asked for."""
        story = Story(key)
        asked = story.ask(count=2)
        wrong = story.answer(struct.pack(">BH", 0, 7) + bytes(7))
        assert findings(story)[wrong]["misfit"] == str(asked)


# --- Sequence numbers ------------------------------------------------------------------------------

class TestNumbers:
    @pytest.mark.parametrize("ahead, jumped", [(8, False), (9, True), (-3, True)])
    def test_jumps(self, findings, ahead, jumped):
        story = Story()
        story.exchange()
        asked = story.ask(number=ahead)
        story.answer()
        assert findings(story) == ({asked: {"sequence_jumped": str(ahead)}} if jumped else {})

    def test_repeated_in_another_request(self, findings):
        story = Story()
        first = story.exchange() - 1
        asked = story.ask(number=0, table=BT(23), count=44)
        assert findings(story)[asked]["sequence_repeated"] == str(first)

    def test_repeated_byte_for_byte(self, findings):
        story = Story()
        first = story.ask()
        again = story.ask(number=0, after=600)
        story.answer()
        assert findings(story) == {again: {"retransmission": str(first), "unanswered": str(first)}}

    @pytest.mark.parametrize("used", [0, 1])
    def test_corrected(self, findings, used):
        """With the number as it was told, or the next."""
        story = Story()
        story.ask()
        told = story.number + 0x500
        rejected = story.expects(told)
        story.number = told + used
        story.ask(number=0)
        story.answer()
        story.exchange()
        assert findings(story) == {rejected: {"sequence_invalid": str(0x500)}}

    def test_not_corrected(self, findings):
        story = Story()
        story.ask()
        rejected = story.expects(story.number + 3)
        asked = story.ask(number=1)
        story.answer()
        found = findings(story)
        assert found[rejected] == {"sequence_invalid": "3"}
        assert found[asked] == {"sequence_not_corrected": str(rejected)}

    def test_rejected_again(self, findings):
        story = Story()
        story.ask()
        told = story.number + 3
        story.expects(told)
        story.number = told
        asked = story.ask(number=0)
        again = story.expects(told + 1)
        assert findings(story)[again] == {"sequence_rejected_again": str(asked)}

    @pytest.mark.parametrize("jump, changed", [(24, False), (25, True), (26, True), (27, False)])
    def test_tables_changed(self, findings, jump, changed):
        """Page 55: the meter's number goes up by 25."""
        story = Story()
        story.exchange()
        accepted = story.number
        story.ask()
        rejected = story.expects(accepted + jump)
        found = findings(story)[rejected]
        assert ("tables_changed" in found) == changed

    def test_wrong_order(self, findings):
        story = Story()
        story.exchange()
        early = story.ask(number=2)
        story.answer()
        late = story.ask(number=-1)
        story.answer()
        story.ask(number=2)
        story.answer()
        assert findings(story) == {late: {"wrong_order": str(early)}}


# --- Keys ------------------------------------------------------------------------------------------

class TestKeys:
    def strangers(self, count):
        story = Story(key=b"somebody else's!")
        return story, [story.exchange() - 1 for _ in range(count)]

    def test_none_ever_fitted(self, findings):
        story, asked = self.strangers(6)
        assert findings(story, *WITH_KEY) == {asked[4]: {"no_key_fits": "5"}}

    def test_there_is_no_key(self, findings):
        story, _ = self.strangers(6)
        assert findings(story) == {}

    def test_one_used_to_fit(self, findings):
        story = Story(key=KEY)
        story.exchange()
        story.key = b"the next one key"
        asked = story.exchange() - 1
        story.exchange()
        assert findings(story, *WITH_KEY) == {asked: {"key_changed": "1"}}

    def test_fits_requests_only(self, findings):
        story = Story(key=KEY)
        for _ in range(3):
            story.ask()
            answer = story.answer(key=b"the next one key")
        assert findings(story, *WITH_KEY) == {answer - 2: {"answers_bad": "2"}}


# --- Alerts ----------------------------------------------------------------------------------------

class TestAlerts:
    def test_serviced(self, findings):
        story = Story()
        story.exchange()
        raised = story.alert()
        asked = story.ask(table=ET(13), count=1, offset=ET13_FLAGS)
        told = story.answer()
        assert findings(story) == {raised: {"alert": "1"}, asked: {"alert_serviced": str(raised)},
                                   told: {"alert_flags": "0x00000000"}}

    def test_what_it_was_raised_for(self, capture, findings, tshark_fields):
        """Page 82: bit 0 a scheduled read, bit 4 delta data. Told once for an alert."""
        story = Story()
        story.exchange()
        raised = story.alert()
        asked = story.ask(table=ET(13), count=1, offset=ET13_FLAGS)
        told = story.answer(struct.pack(">BHB", 0, 1, 0x11))
        story.ask(table=ET(13), count=1, offset=ET13_FLAGS)
        story.answer(struct.pack(">BHB", 0, 1, 0x10))
        assert findings(story) == {raised: {"alert": "1"}, asked: {"alert_serviced": str(raised)},
                                   told: {"alert_flags": "0x00000011"}}
        notes = tshark_fields(capture(story.frames), ["_ws.expert.message"])[told - 1]
        assert notes["_ws.expert.message"] == [f"The alert of frame {raised} was raised for: "
                                               "Scheduled Read Request Alert, Delta Data Alert"]

    def test_other_bytes_of_the_table_tell_no_flags(self, findings):
        story = Story()
        story.exchange()
        raised = story.alert()
        asked = story.ask(table=ET(13), count=4, offset=0)
        story.answer()
        assert findings(story) == {raised: {"alert": "1"}, asked: {"alert_serviced": str(raised)}}

    def test_serviced_by_posting(self, findings):
        """As the best-known client does."""
        story = Story()
        story.exchange()
        raised = story.alert()
        asked = story.write(BT(7), u16(0x827) + bytes([6, 4]))
        story.done()
        again = story.alert()
        assert findings(story) == {raised: {"alert": "1"}, asked: {"alert_serviced": str(raised)},
                                   again: {"alert": "1"}}

    def test_not_serviced(self, findings):
        story = Story()
        story.exchange()
        raised = story.alert()
        story.exchange(table=BT(23), count=44)
        again = story.alert()
        third = story.alert()
        assert findings(story) == {raised: {"alert": "1"}, again: {"alert_repeated": str(raised)},
                                   third: {"alert_repeated": str(raised)}}

    @pytest.mark.parametrize("after, soon", [(800, True), (1050, False)])
    def test_too_soon(self, findings, after, soon):
        story = Story()
        story.exchange()
        alert = story.alert(after=after)
        assert ("alert_soon" in findings(story)[alert]) == soon


# --- Procedures, transactions, writes --------------------------------------------------------------

def call(procedure, number, parameters=b""):
    return u16(procedure) + bytes([number]) + parameters


class TestProcedures:
    @pytest.mark.parametrize("number, found", [(4, True), (5, False), (9, False), (10, True)])
    def test_numbers(self, findings, number, found):
        story = Story()
        asked = story.write(BT(7), call(0x811, number, bytes(3)))
        story.done()
        assert findings(story) == ({asked: {"procedure_number": str(number)}} if found else {})

    @pytest.mark.parametrize("second, found", [(6, True), (7, False)])
    def test_repeated(self, findings, second, found):
        story = Story()
        first = story.write(BT(7), call(0x811, 6, bytes(3)))
        story.done()
        asked = story.write(BT(7), call(0x813, second, bytes(5)))
        story.done()
        assert findings(story) == ({asked: {"procedure_repeated": str(first)}} if found else {})

    @pytest.mark.parametrize("number, found", [(6, False), (5, True)])
    def test_the_result_of_another(self, findings, number, found):
        story = Story()
        called = story.write(BT(7), call(0x811, 6, bytes(3)))
        story.done()
        story.ask(table=BT(8), count=4)
        answer = story.answer(struct.pack(">BH", 0, 4) + call(0x811, number, b"\0"))
        assert findings(story) == ({answer: {"result_of_another": str(called)}} if found else {})


def transaction(number):
    inner = struct.pack("<H", 3) + b"\x30\0\x17"
    body = b"\0" + u16(number) + inner + u16(number)
    return u16(len(body) + 2) + body


class TestTransactions:
    @pytest.mark.parametrize("read, found", [(True, False), (False, True)])
    def test_overwritten(self, findings, read, found):
        story = Story()
        first = story.write(ET(52), transaction(1))
        story.done()
        if read:
            size = len(transaction(1))
            story.ask(table=ET(53), count=size)
            answers = u16(size) + b"\1" + transaction(1)[3:]
            story.answer(struct.pack(">BH", 0, size) + answers)
        asked = story.write(ET(52), transaction(2))
        story.done()
        assert findings(story) == ({asked: {"transaction_overwritten": str(first)}} if found else {})

    @pytest.mark.parametrize("ports, lock_age, found", [
        (1, None, False), (2, None, True), (2, 100, False), (2, 11_000, True)])
    def test_locks(self, findings, ports, lock_age, found):
        story = Story()
        story.ask(table=ET(11), count=1, offset=34)
        story.answer(struct.pack(">BHB", 0, 1, ports))
        if lock_age is not None:
            story.write(BT(7), call(0x83D, 6, b"\1"))
            story.done()
        asked = story.write(ET(52), transaction(1), after=lock_age or 100)
        story.done()
        assert findings(story) == ({asked: {"transaction_unlocked": "1"}} if found else {})


@pytest.mark.parametrize("every, found", [(10, True), (20, False)])
def test_many_writes(findings, every, found):
    """Pages 44 and 51: 4 an hour on average; minutes from write to write."""
    story = Story()
    for _ in range(60 * 6 // every):
        story.write(BT(53), b"", after=every * 60_000)
        story.done()
    told = [number for number, names in findings(story).items() if "many_writes" in names]
    assert len(told) == found


@pytest.mark.parametrize("monitored, silence, found", [
    (2, 59, False), (2, 61, True), (0, 61, False)])
def test_the_client_was_taken_to_be_down(findings, monitored, silence, found):
    """Pages 128 and 129: ET51's timeout in seconds, where the meter looks after it."""
    story = Story()
    story.ask(table=ET(51), count=3)
    story.answer(struct.pack(">BH", 0, 3) + bytes([monitored]) + u16(60))
    asked = story.ask(after=silence * 1000)
    story.answer()
    assert ("client_down" in findings(story).get(asked, {})) == found


def at_speed(data, direction, speed):
    header = bytearray(tap_header(direction, 0, len(data)))
    header[4:8] = struct.pack(">I", speed)
    return bytes(header) + data


@pytest.mark.parametrize("code, told", [(4, None), (0, None), (8, "19200")])
def test_speeds(findings, code, told):
    """Page 81: what ET13 tells the fifth device, and what the line does next."""
    story = Story()
    line = 2400 if code == 4 else 9600

    def exchange(speed):
        story.number += 1
        request = oma_digest.read(ET(13), 1, 66 * 4 + 6, story.number)
        answer = oma_digest.read_answer(request, bytes([code]))
        story._add(request, CLIENT_TO_METER, 400, record=at_speed(request, CLIENT_TO_METER, speed))
        return story._add(answer, METER_TO_CLIENT, 100,
                          record=at_speed(answer, METER_TO_CLIENT, speed))

    first = exchange(line)
    assert findings(story).get(first, {}).get("speed_told") == told
    second = exchange(line * 2)
    found = findings(story)
    assert found[second - 1]["speed_changed"] == str(line)
    assert "speed_told" not in found.get(second, {})


@pytest.mark.parametrize("offset, count, found", [(0, 10, False), (0, 11, True), (9, 2, True)])
def test_beyond_the_end(findings, offset, count, found):
    """BT21 has ten bytes."""
    story = Story()
    story.ask(table=BT(21), count=count, offset=offset)
    refused = story.answer(b"\x05")
    assert findings(story)[refused].get("beyond_end") == ("10" if found else None)


# --- Clean traffic ---------------------------------------------------------------------------------

CLEAN = ["daily-reading", "first-contact", "load-profile", "mbus"]


@pytest.mark.parametrize("name", CLEAN)
def test_nothing_in_clean_traffic(user, name):
    """But the factory key, and a client's first sequence number."""
    capture = user.readable(SAMPLES / f"{name}.pcapng")
    run = user.tshark(["-r", capture, "-q", "-z", "expert,note", "-o",
                       'uat:mep_keys:"hall","MBK","k3y-from-the-grid-op","TRUE"'])
    notes = [re.sub(r"^ *(\d+) +\S+ +\S+ +", r"\1 ", line) for line in run.stdout.splitlines()
             if re.match(r" +\d+ ", line)]
    for note in notes:
        assert re.match(r"1 The factory default key|1 The meter expected another sequence number|"
                        r"\d+ RC4 encryption", note), note
    assert len([note for note in notes if note.startswith("1 The meter expected")]) <= 1


# --- Coloring rules --------------------------------------------------------------------------------

def coloring_rules():
    page = SAMPLES.parent / "profile" / "colorfilters"
    return [line.split("@")[1:3] for line in page.read_text().splitlines() if line.startswith("@")]


def test_one_filter_for_all(capture, tshark_fields):
    story = Story()
    story.exchange()
    story.alert()
    late = (story.ask(), story.answer(after=800))[1]
    shown = tshark_fields(capture(story.frames), ["frame.number"], "-Y", "mep.analysis")
    assert [packet["frame.number"] for packet in shown] == [["3"], [str(late)]]


@pytest.mark.parametrize("name, expression", coloring_rules(), ids=lambda text: text[:16])
def test_coloring_rules_find_something(user, capture, name, expression):
    """In a sample, or where an answer is late; and only what is no error in clean traffic."""
    story = Story()
    story.ask()
    story.answer(after=800)

    def found(path):
        run = user.tshark(["-r", user.readable(path), "-Y", expression, "-T", "fields", "-e",
                           "frame.number"])
        assert run.returncode == 0, run.stderr
        return run.stdout.split()

    samples = [SAMPLES / f"{sample}.pcapng" for sample in ("misbehaving", "line-trouble", "rc4")]
    assert any(found(path) for path in [*samples, capture(story.frames)])
    if name not in ("MEP", "MEP write", "MEP sequence number"):
        assert found(SAMPLES / "load-profile.pcapng") == []


def test_wireshark_colors_by_the_rules(user):
    """tshark --color reads the file as Wireshark does: the frame's rule is named."""
    rules = SAMPLES.parent / "profile" / "colorfilters"
    (user.config_folder / "colorfilters").write_text(rules.read_text())
    user.own(user.config_folder)
    capture = user.readable(SAMPLES / "misbehaving.pcapng")
    try:
        run = user.tshark(["-r", capture, "-2", "--color", "-T", "fields", "-e",
                           "frame.coloring_rule.name"])
    finally:
        (user.config_folder / "colorfilters").unlink()
    assert run.returncode == 0, run.stderr
    used = set(run.stdout.split("\n"))
    assert {"MEP unanswered", "MEP refused", "MEP alert", "MEP"} <= used
