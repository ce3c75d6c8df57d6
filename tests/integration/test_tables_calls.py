"""Procedure calls and their results; transactions and what is in them.

SPDX-License-Identifier: GPL-2.0-or-later
"""
import struct

import pytest

import oma_digest
from table_talk import BT, ET, Talk, bt21, i32, packets_of, u16

pytestmark = pytest.mark.usefixtures("plugin")

EP17, EP19, EP39, EP61 = 0x811, 0x813, 0x827, 0x83D


@pytest.fixture
def shown(capture, tshark_pdml):
    def run(talk, *arguments):
        return dict(enumerate(packets_of(tshark_pdml(capture(talk.frames), "-2", *arguments)), 1))

    return run


@pytest.fixture
def infos(capture, tshark_fields):
    def run(talk):
        return [""] + [packet["_ws.col.Info"][0]
                       for packet in tshark_fields(capture(talk.frames), ["_ws.col.Info"], "-2")]

    return run


def call(procedure, sequence, parameters=b""):
    return u16(procedure) + bytes([sequence]) + parameters


def result(procedure, sequence, code, data=b""):
    return u16(procedure) + bytes([sequence, code]) + data


class TestProcedures:
    @pytest.mark.parametrize("table", [BT(8), ET(59), ET(85)], ids=["BT08", "ET59", "ET85"])
    def test_a_result_belongs_to_its_call(self, shown, infos, table):
        talk = Talk()
        request = talk.write(BT(7), call(EP19, 6, u16(77, 0xFFFF) + bytes([2]))) - 1
        answer = talk.read(table, result(EP19, 6, 0, bytes([4])))
        packets = shown(talk)
        assert packets[request].shows("mep.procedure") == ["0x0813"]
        assert packets[request].shows("mep.procedure.sequence") == ["6"]
        assert packets[request].shows("mep.procedure.result_in") == [str(answer)]
        assert packets[request].shows("mep.ep19.request_type") == ["2"]
        assert packets[answer].shows("mep.procedure.call_in") == [str(request)]
        assert packets[answer].shows("mep.procedure.result") == ["0"]
        assert packets[answer].shows("mep.ep19.response.entry_index") == ["4"]
        assert packets[answer].all("mep.procedure.failed") == []
        assert infos(talk)[answer].endswith("EP19 Post On-demand M-Bus Request, completed")

    @pytest.mark.parametrize("code, words", [
        (2, "invalid request type"),  # EP19's own meaning
        (4, "timing constraint"),
        (6, "unrecognized"),
        (200, "unknown result")])
    def test_results_have_names(self, shown, infos, code, words):
        talk = Talk()
        talk.write(BT(7), call(EP19, 6, u16(77, 1) + bytes([2])))
        answer = talk.read(BT(8), result(EP19, 6, code))
        packet = shown(talk)[answer]
        assert words in packet.one("mep.procedure.result").label.lower()
        assert words in infos(talk)[answer].lower()
        assert len(packet.all("mep.procedure.failed")) == 1

    def test_another_call_between(self, shown):
        """Told apart by procedure and sequence number."""
        talk = Talk()
        first = talk.write(BT(7), call(EP17, 5, b"\0" + u16(1016))) - 1
        second = talk.write(BT(7), call(EP61, 6, b"\1")) - 1
        of_first = talk.read(BT(8), result(EP17, 5, 0))
        of_second = talk.read(BT(8), result(EP61, 6, 3))
        of_nobody = talk.read(BT(8), result(EP61, 9, 0))
        packets = shown(talk)
        assert packets[of_first].shows("mep.procedure.call_in") == [str(first)]
        assert packets[of_second].shows("mep.procedure.call_in") == [str(second)]
        assert "the other MEP client holds the lock" in \
            packets[of_second].one("mep.procedure.result").label
        assert packets[of_nobody].all("mep.procedure.call_in") == []

    def test_a_result_that_comes_later(self, shown):
        """Accepted first, then completed: the call names the last."""
        talk = Talk()
        request = talk.write(BT(7), call(EP17, 5, b"\0" + u16(1016))) - 1
        accepted = talk.read(BT(8), result(EP17, 5, 1))
        completed = talk.read(BT(8), result(EP17, 5, 0))
        packets = shown(talk)
        assert packets[request].shows("mep.procedure.result_in") == [str(completed)]
        for answer in (accepted, completed):
            assert packets[answer].shows("mep.procedure.call_in") == [str(request)]

    def test_a_procedure_that_is_not_described(self, shown, infos):
        talk = Talk()
        request = talk.write(BT(7), call(EP39, 5, b"\x01\x02\x03")) - 1
        packet = shown(talk)[request]
        assert packet.shows("mep.ep39.parameters") == ["01:02:03"]
        assert "EP39 Post MEP Data" in infos(talk)[request]

    def test_multicast_with_data(self, shown):
        talk = Talk()
        request = talk.write(BT(7), call(EP19, 6, u16(77, 3) + bytes([6, 3]) + b"abc")) - 1
        packet = shown(talk)[request]
        assert packet.shows("mep.ep19.write_data_length") == ["3"]
        assert packet.shows("mep.ep19.write_data") == ["61:62:63"]


def transaction(kind, number, messages):
    records = b"".join(u16(len(message)) + message for message in messages)
    return u16(len(records) + 7) + bytes([kind]) + u16(number) + records + u16(number)


def inner_read(table, count, offset=0):
    return struct.pack(">BH", 0x3F, table) + struct.pack(">I", offset)[1:] + \
        struct.pack(">H", count)


def inner_write(table, data, offset=0):
    return struct.pack(">BH", 0x4F, table) + struct.pack(">I", offset)[1:] + \
        struct.pack(">H", len(data)) + data


def inner_answer(data):
    return struct.pack(">BH", 0, len(data)) + data


REQUESTS = [inner_read(BT(21), 10), inner_read(BT(23), 24), inner_write(ET(50), b"\1", 30),
            inner_read(BT(52), 6)]
ANSWERS = [inner_answer(bt21(summations=2, tiers=2)), inner_answer(i32(*range(6))), b"\0", b"\5"]


class TestTransactions:
    def in_pieces(self, talk, data, pieces):
        """Writes ET52 in so many parts; the number of the request that completes it."""
        size = -(-len(data) // pieces)
        for offset in range(0, len(data), size):
            answer = talk.write(ET(52), data[offset:offset + size], offset)
        return answer - 1

    @pytest.mark.parametrize("pieces", [1, 2, 5])
    @pytest.mark.parametrize("answer_pieces", [1, 3])
    def test_whole_or_in_pieces(self, shown, infos, pieces, answer_pieces):
        talk = Talk()
        request = self.in_pieces(talk, transaction(0, 258, REQUESTS), pieces)
        data = transaction(1, 258, ANSWERS)
        size = -(-len(data) // answer_pieces)
        for offset in range(0, len(data), size):
            answer = talk.read(ET(53), data[offset:offset + size], offset)
        packets = shown(talk)
        asked, answered = packets[request], packets[answer]
        assert asked.shows("mep.transaction.number") == ["258"]
        assert set(asked.shows("mep.transaction.response_in")) == {str(answer)}
        assert set(answered.shows("mep.transaction.request_in")) == {str(request)}
        assert asked.shows("mep.table")[1:] == ["0x0015", "0x0017", "0x0832", "0x0034"]
        assert asked.shows("mep.et50.mep_device_registered") == ["1"]
        assert answered.shows("mep.table")[:4] == ["0x0015", "0x0017", "0x0832", "0x0034"]
        assert answered.shows("mep.bt21.number_of_summations") == ["2"]
        # What the first answer tells counts for the second already.
        assert answered.shows("mep.bt23.tier.fwd_active_wh_l1l2l3") == ["2", "4"]
        assert answered.shows("mep.response_code") == ["0x00"] * 4 + ["0x05"]
        assert infos(talk)[request].endswith(
            ": transaction 258, 4 requests; ET50: [assumed ET11] MEP Device Registered")
        assert infos(talk)[answer].endswith(
            ": transaction 258, 4 responses, 1 failed; "
            "BT23: [assumed ET55, BT22] import 0.000 kWh, export 0.001 kWh")
        for packet in packets.values():
            assert packet.all("mep.transaction.broken") == []

    def test_the_first_readings_are_told(self, infos):
        """A client that reads the clock, and one register time and again."""
        talk = Talk()
        talk.read(BT(21), bt21(present_values=1))
        talk.read(BT(27), bytes([19]))
        times = [inner_read(BT(52), 6)]
        count = 12
        self.in_pieces(talk, transaction(0, 258, times + [inner_read(BT(28), 4)] * count), 1)
        moment = bytes([26, 3, 2, 7, 30, 0])
        answer = talk.read(ET(53), transaction(1, 258, [inner_answer(moment)] + [
            inner_answer(i32(50_000 + 10 * number)) for number in range(count)]))
        told = ", ".join(f"{50 + number / 100:.2f} Hz" for number in range(9))
        assert infos(talk)[answer].endswith(
            f": transaction 258, 13 responses; BT52: 2026-03-02 07:30:00 UTC; BT28: {told} and 3 more")

    def test_what_its_answers_tell_counts_afterwards(self, shown):
        talk = Talk()
        talk.write(ET(52), transaction(0, 1, REQUESTS))
        talk.read(ET(53), transaction(1, 1, ANSWERS))
        answer = talk.read(BT(23), i32(*range(6)))
        packet = shown(talk)[answer]
        assert packet.shows("mep.bt23.tier.fwd_active_wh_l1l2l3") == ["2", "4"]
        assert "BT21" not in "".join(packet.shows("mep.assumed"))

    def test_answers_to_another_transaction(self, shown):
        talk = Talk()
        talk.write(ET(52), transaction(0, 1, REQUESTS))
        answer = talk.read(ET(53), transaction(1, 2, ANSWERS))
        packet = shown(talk)[answer]
        assert packet.all("mep.transaction.request_in") == []
        assert packet.all("mep.bt21.number_of_summations") == []

    def test_records_that_do_not_fit(self, shown):
        talk = Talk()
        data = bytearray(transaction(0, 1, REQUESTS))
        data[5] = 200
        request = talk.write(ET(52), bytes(data)) - 1
        packet = shown(talk)[request]
        assert len(packet.all("mep.transaction.broken")) == 1

    def test_numbers_that_differ(self, shown):
        talk = Talk()
        data = transaction(0, 1, REQUESTS)[:-2] + u16(9)
        request = talk.write(ET(52), data) - 1
        assert len(shown(talk)[request].all("mep.transaction.numbers_differ")) == 1

    def test_a_full_write(self, shown):
        talk = Talk()
        data = transaction(0, 1, REQUESTS)
        message = struct.pack(">BHH", 0x40, ET(52), len(data)) + data + bytes(4)
        talk._exchange(oma_digest.seal(message), oma_digest.seal(b"\0"))
        assert shown(talk)[1].shows("mep.transaction.number") == ["1"]

    def test_a_group_broadcast(self, shown):
        """Page 131: group IDs stand before the records."""
        talk = Talk()
        plain = transaction(3, 1, REQUESTS)
        groups = bytes([2]) + u16(0x01FF, 0x0203)
        data = u16(len(plain) + len(groups)) + plain[2:5] + groups + plain[5:]
        request = talk.write(ET(52), data) - 1
        packet = shown(talk)[request]
        assert packet.shows("mep.et52.group_id_count") == ["2"]
        assert packet.shows("mep.et52.group_id_list") == ["0x01ff", "0x0203"]
        assert packet.shows("mep.table")[1:] == ["0x0015", "0x0017", "0x0832", "0x0034"]
        assert packet.all("mep.transaction.broken") == []


def inner_call(procedure, sequence, parameters=b""):
    """The message of a full write to BT07, as the guide's example on page 53 has it."""
    data = call(procedure, sequence, parameters)
    return struct.pack(">BHH", 0x40, BT(7), len(data)) + data


class TestCallsInTransactions:
    """Page 51: a procedure may be called from inside a transaction, and its result may be read there,
    too: all four ways belong together."""

    def parts(self, packet, word):
        """What is shown of each "Request n" or "Response n"."""
        return [element for element in packet.walk()
                if element.label.split(" ")[0] == word and element.label.split(" ")[1:2]
                and element.label.split(" ")[1].rstrip(",").isdigit()]

    def test_called_inside_and_read_outside(self, shown):
        talk = Talk()
        messages = [inner_read(BT(52), 6), inner_call(EP19, 6, u16(77, 0xFFFF) + bytes([2]))]
        request = talk.write(ET(52), transaction(0, 9, messages)) - 1
        answer = talk.read(ET(59), result(EP19, 6, 0, bytes([4])))
        packets = shown(talk)
        assert packets[request].shows("mep.procedure.result_in") == [str(answer)]
        assert packets[answer].shows("mep.procedure.call_in") == [str(request)]
        parts = self.parts(packets[request], "Request")
        assert parts[0].all("mep.procedure.result_in") == []
        assert parts[1].shows("mep.procedure") == ["0x0813"]
        assert parts[1].shows("mep.procedure.result_in") == [str(answer)]

    def test_called_outside_and_read_inside(self, shown):
        talk = Talk()
        request = talk.write(BT(7), call(EP19, 6, u16(77, 0xFFFF) + bytes([2]))) - 1
        talk.write(ET(52), transaction(0, 9, [inner_read(BT(52), 6), inner_read(ET(59), 5)]))
        answer = talk.read(ET(53), transaction(1, 9, [inner_answer(bytes(6)),
                                                      inner_answer(result(EP19, 6, 0, b"\4"))]))
        packets = shown(talk)
        assert packets[request].shows("mep.procedure.result_in") == [str(answer)]
        parts = self.parts(packets[answer], "Response")
        assert parts[0].all("mep.procedure.call_in") == []
        assert parts[1].shows("mep.procedure.call_in") == [str(request)]
        assert parts[1].shows("mep.ep19.response.entry_index") == ["4"]

    @pytest.mark.parametrize("pieces", [1, 3])
    def test_several_of_both(self, shown, pieces):
        """In one transaction, each with its own result; one is not told, one is refused."""
        talk = Talk()
        messages = [inner_call(EP61, 5, b"\1"), inner_call(EP17, 6, b"\0" + u16(1016)),
                    inner_read(BT(8), 4), inner_call(EP61, 7, b"\0"), inner_read(BT(8), 4),
                    inner_read(ET(85), 4)]
        data = transaction(0, 300, messages)
        size = -(-len(data) // pieces)
        for offset in range(0, len(data), size):
            request = talk.write(ET(52), data[offset:offset + size], offset) - 1
        answers = [b"\0", b"\0", inner_answer(result(EP17, 6, 0)), b"\0",
                   inner_answer(result(EP61, 7, 3)), b"\3"]
        data = transaction(1, 300, answers)
        size = -(-len(data) // pieces)
        for offset in range(0, len(data), size):
            answer = talk.read(ET(53), data[offset:offset + size], offset)
        packets = shown(talk)
        asked = [part.shows("mep.procedure.result_in")
                 for part in self.parts(packets[request], "Request")]
        assert asked == [[], [str(answer)], [], [str(answer)], [], []]
        answered = [part.shows("mep.procedure.call_in")
                    for part in self.parts(packets[answer], "Response")]
        assert answered == [[], [], [str(request)], [], [str(request)], []]
        failed = [len(part.all("mep.procedure.failed"))
                  for part in self.parts(packets[answer], "Response")]
        assert failed == [0, 0, 0, 0, 1, 0]

    def test_a_transaction_that_is_not_executed_calls_nothing(self, shown):
        """Page 44: only once the number at its end is the one at its beginning."""
        talk = Talk()
        data = transaction(0, 9, [inner_call(EP61, 5, b"\1")])[:-2] + u16(10)
        request = talk.write(ET(52), data) - 1
        answer = talk.read(BT(8), result(EP61, 5, 0))
        packets = shown(talk)
        assert packets[request].all("mep.procedure.result_in") == []
        assert packets[answer].all("mep.procedure.call_in") == []

    def test_a_call_without_its_header(self, shown):
        talk = Talk()
        messages = [struct.pack(">BHH", 0x40, BT(7), 2) + u16(EP61), inner_write(BT(7), b"\5", 2)]
        request = talk.write(ET(52), transaction(0, 9, messages)) - 1
        answer = talk.read(BT(8), result(EP61, 5, 0))
        packets = shown(talk)
        assert packets[request].all("mep.procedure.result_in") == []
        assert packets[answer].all("mep.procedure.call_in") == []

    def test_what_it_writes_counts_afterwards(self, shown):
        """As a direct write does, once it has been accepted."""
        talk = Talk()
        taught = [inner_write(BT(21), bt21(summations=2, tiers=2)),
                  inner_write(BT(21), bt21(summations=3, tiers=3))]
        talk.write(ET(52), transaction(0, 1, taught))
        talk.read(ET(53), transaction(1, 1, [b"\0", b"\3"]))
        answer = talk.read(BT(23), i32(*range(6)))
        packet = shown(talk)[answer]
        assert packet.shows("mep.bt23.tier.fwd_active_wh_l1l2l3") == ["2", "4"]
