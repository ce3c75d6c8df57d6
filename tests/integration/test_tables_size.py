"""Dimensions from the size of an answer, where the capture has not seen the tables that tell them:
used for that answer, named in its tree, and never learned. Where a size contradicts what is assumed
and nothing explains it, the packet list tells no reading.

SPDX-License-Identifier: GPL-2.0-or-later
"""
import re
import struct

import pytest

import oma_digest
from table_talk import BT, ET, Talk, bt21, i32, packets_of, u16

pytestmark = pytest.mark.usefixtures("plugin")

# BT28's values from its first on, page 216: W, W, var, var, mA L1 to L3, mV L1 to L3, power factor,
# mHz.
VALUES = [1234, 0, 5, 6, 5370, 40, 0, 231500, 0, 0, 998, 49980]
READING = "import 1234 W, export 0 W, L1 231.5 V 5.37 A, L2 0.0 V 0.04 A, 49.98 Hz"


class FullTalk(Talk):
    """Of clients that ask for as much as there is: `30 00 17 02 00`."""

    def read_all(self, table, data, count=512, code=0x30):
        self.sequence += 1
        where = b"" if code == 0x30 else bytes(3)
        message = struct.pack(">BH", code, table) + where
        if count is not None:
            message += struct.pack(">H", count)
        request = oma_digest.seal(message + struct.pack(">I", self.sequence))
        return self._exchange(request, oma_digest.read_answer(request, data))


@pytest.fixture
def shown(capture, tshark_pdml):
    def run(talk, *arguments):
        return dict(enumerate(packets_of(tshark_pdml(capture(talk.frames), *arguments)), 1))

    return run


@pytest.fixture
def infos(capture, tshark_fields):
    """The Info column, without the mark that something was assumed."""

    def run(talk):
        return [""] + [re.sub(r"\[assumed [^]]*\] ", "", packet["_ws.col.Info"][0])
                       for packet in tshark_fields(capture(talk.frames), ["_ws.col.Info"])]

    return run


def present(values, demands=0):
    """BT28 of so many values behind so many demands."""
    return i32(*[77] * demands, *(VALUES + [0] * 84)[:values])


def assumed(packet):
    return "".join(packet.shows("mep.assumed"))


@pytest.mark.parametrize("count, code", [(512, 0x30), (341, 0x30), (340, 0x30), (None, 0x30),
                                         (512, 0x3F), (340, 0x3F)])
def test_340_bytes_are_84_values_and_a_demand(shown, infos, count, code):
    talk = FullTalk()
    answer = talk.read_all(BT(28), present(84, 1), count, code)
    packet = shown(talk)[answer]
    assert infos(talk)[answer] == f"OK, BT28, 340 bytes: {READING}"
    assert packet.shows("mep.from_size") == ["BT21.8 = 1"]
    assert packet.one("mep.from_size").label == \
        "Dimensions from the answer's size: BT21.8 = 1"
    assert "BT21.8" not in assumed(packet)
    assert packet.shows("mep.bt28.demand_value") == ["77"]
    assert packet.shows("mep.bt28.rms_voltage_mv_l1") == ["231500"]
    assert packet.shows("mep.bt28.exp_reactive_var_c") == ["0"]
    assert packet.all("mep.undecoded") == packet.all("mep.assumed.contradicted") == []


@pytest.mark.parametrize("values, demands, text", [
    (22, 0, "BT21.9 = 22"), (26, 0, "BT21.9 = 26"), (41, 0, "BT21.9 = 41"),
    (55, 0, "BT21.9 = 55"), (72, 0, "BT21.9 = 72"), (75, 0, "BT21.9 = 75"), (84, 0, None),
    (55, 1, "BT21.8 = 1, BT21.9 = 55"), (84, 3, "BT21.8 = 3")])
def test_each_generation(shown, infos, values, demands, text):
    talk = FullTalk()
    answer = talk.read_all(BT(28), present(values, demands))
    packet = shown(talk)[answer]
    assert infos(talk)[answer].endswith(": " + READING)
    assert packet.shows("mep.from_size") == ([text] if text else [])
    assert len(packet.all("mep.bt28.demand_value")) == demands
    assert packet.all("mep.undecoded") == packet.all("mep.assumed.contradicted") == []


@pytest.mark.parametrize("size", [4 * 85 + 2, 4 * 76, 4 * 50, 4 * 100])
def test_nothing_that_fits(shown, infos, size):
    """Between two values; two ways (1 and 75, 4 and 72); no firmware's; more than there can be."""
    talk = FullTalk()
    answer = talk.read_all(BT(28), (present(84) + bytes(100))[:size])
    packet = shown(talk)[answer]
    assert infos(talk)[answer] == f"OK, BT28, {size} bytes"
    assert packet.all("mep.from_size") == []
    assert len(packet.all("mep.assumed.contradicted")) == 1
    assert "BT21.9 = 84" in assumed(packet)


def test_a_part_proves_nothing(shown, infos):
    """As many bytes as were asked for, the table being longer as far as anybody knows."""
    talk = FullTalk()
    first = talk.read(BT(28), present(20))
    full = talk.read_all(BT(28), present(20), count=80)
    inside = talk.read(BT(28), present(20)[28:], 28)
    packets = shown(talk)
    told = infos(talk)
    for answer in (first, full):
        assert told[answer] == f"OK, BT28, 80 bytes: {READING}"
        assert packets[answer].all("mep.from_size") == []
        assert packets[answer].all("mep.assumed.contradicted") == []
    assert "L1 231.5 V" in told[inside]


def test_behind_the_assumed_end(shown, infos):
    """A part that cannot be where the assumption has it: BT28 of 84 values ends at 336."""
    talk = FullTalk()
    within = talk.read(BT(28), i32(1, 2), 328)
    behind = talk.read(BT(23), i32(1, 2), 216)
    packets = shown(talk)
    assert packets[within].all("mep.assumed.contradicted") == []
    assert len(packets[behind].all("mep.assumed.contradicted")) == 1
    assert infos(talk)[behind] == "OK, BT23, 8 bytes at 216" or \
        infos(talk)[behind] == "OK, BT23, 8 bytes"


def test_what_tables_have_told_counts_more(shown, infos):
    talk = FullTalk()
    talk.read(BT(21), bt21(present_demands=4, present_values=72))
    answer = talk.read_all(BT(28), present(72, 4))
    packet = shown(talk)[answer]
    assert infos(talk)[answer].endswith(": " + READING)
    assert packet.all("mep.from_size") == packet.all("mep.assumed.contradicted") == []


def test_nothing_of_it_is_learned(shown):
    """A part that is read afterwards is still read with what is assumed, and says so."""
    talk = FullTalk()
    whole = talk.read_all(BT(28), present(84, 1))
    part = talk.read(BT(28), i32(231500), 28)
    packets = shown(talk)
    assert packets[whole].shows("mep.from_size") == ["BT21.8 = 1"]
    assert packets[part].all("mep.from_size") == []
    assert "BT21.8 = 0" in assumed(packets[part])


@pytest.mark.parametrize("passes", [(), ("-2",)])
def test_the_same_on_every_pass(shown, passes):
    talk = FullTalk()
    answer = talk.read_all(BT(23), i32(*range(75)))
    talk.read(BT(21), bt21(summations=19))
    packet = shown(talk, *passes)[answer]
    assert packet.shows("mep.from_size") == ["BT21.3 = 15"]


@pytest.mark.parametrize("summations, tiers, text", [
    (11, 4, None), (15, 4, "BT21.3 = 15"), (19, 4, "BT21.3 = 19"), (11, 8, "BT21.7 = 8")])
def test_registers(shown, infos, summations, tiers, text):
    """The first of each tier is its number in 1000 Wh."""
    talk = FullTalk()
    data = b"".join(i32(1000 * tier, *[0] * (summations - 1)) for tier in range(1, tiers + 2))
    answer = talk.read_all(BT(23), data)
    packet = shown(talk)[answer]
    assert packet.shows("mep.from_size") == ([text] if text else [])
    assert packet.shows("mep.bt23.tier.fwd_active_wh_l1l2l3") == \
        [str(1000 * tier) for tier in range(2, tiers + 2)]
    assert infos(talk)[answer].endswith("import 1.000 kWh, export 0.000 kWh")
    assert packet.all("mep.undecoded") == []


def test_snapshots_of_registers(shown):
    """BT24: five bytes of time and one of season before them."""
    talk = FullTalk()
    answer = talk.read_all(BT(24), bytes([22, 3, 1, 7, 30, 2]) + i32(*range(75)))
    packet = shown(talk)[answer]
    assert packet.shows("mep.from_size") == ["BT21.3 = 15"]
    assert packet.shows("mep.bt24.tier.fwd_active_wh_l1l2l3") == ["15", "30", "45", "60"]


def test_sources_are_learned_by_the_layout_that_the_size_proves(shown):
    """BT27 of one demand and 84 values: its second byte is the first value's source."""
    talk = FullTalk()
    sources = [19] + [8] * 83
    first = talk.read_all(BT(27), bytes([88] + sources))
    second = talk.read_all(BT(28), i32(77, 49980) + bytes(83 * 4))
    packets = shown(talk)
    assert packets[first].shows("mep.from_size") == ["BT21.8 = 1"]
    assert packets[second].shows("mep.bt28.frequency_mhz") == ["49980"]


def test_what_is_contradicted_teaches_nothing(shown):
    """BT27 of a size that nothing explains names no register."""
    talk = FullTalk()
    first = talk.read_all(BT(27), bytes([19] * 50))
    second = talk.read_all(BT(28), present(84))
    packets = shown(talk)
    assert len(packets[first].all("mep.assumed.contradicted")) == 1
    assert packets[second].shows("mep.bt28.fwd_active_w_l1l2l3") == ["1234"]
    assert packets[second].shows("mep.bt28.frequency_mhz") == ["49980"]


def test_a_log(shown, infos):
    entry = bytes([22, 3, 1, 7, 30, 15]) + u16(9) + u16(0xFFFD) + u16(3) + b"\1\2"
    talk = FullTalk()
    whole = talk.read_all(BT(74), bytes(11) + entry * 3)
    odd = talk.read_all(BT(74), bytes(11) + (entry + b"\3") * 3)
    packets = shown(talk)
    told = infos(talk)
    assert packets[whole].shows("mep.from_size") == ["BT71.5 = 3"]
    assert told[whole].endswith(": 3 events, the latest 2022-03-01 07:30:15")
    assert told[odd] == f"OK, BT74, {11 + 45} bytes"


def test_two_numbers_of_bt04(shown):
    talk = FullTalk()
    data = bytes(23) + bytes([22, 3, 1, 7, 30, 1]) + \
        bytes([2]) + bytes(5) + u16(54 | 1 << 12) + bytes(16)
    answer = talk.read_all(BT(4), data)
    packet = shown(talk)[answer]
    assert packet.shows("mep.from_size") == ["BT00.14 = 13, BT00.18 = 3"]
    assert "2022-03-01 07:30" in packet.one("mep.bt04.last_activation").label
    assert packet.shows("mep.bt04.table_id")[0] in ("54", "0x0036")


def test_a_meter_with_six_devices(shown):
    talk = FullTalk()
    answer = talk.read_all(ET(13), b"".join(u16(handle) + bytes(64) for handle in range(6)))
    packet = shown(talk)[answer]
    assert packet.shows("mep.from_size") == ["ET11.0 = 6"]
    assert packet.all("mep.undecoded") == []


def test_fewer_data_sets_contradict_nothing(shown):
    """BT62 of a meter with one, page 235."""
    talk = FullTalk()
    answer = talk.read_all(BT(62), b"".join(bytes([0, source, 0]) for source in range(8)) + b"\x20")
    packet = shown(talk)[answer]
    assert packet.all("mep.assumed.contradicted") == packet.all("mep.from_size") == []


def test_inside_a_transaction(shown):
    talk = FullTalk()
    requests = [struct.pack(">BHH", 0x30, BT(28), 512), struct.pack(">BHH", 0x30, BT(28), 48)]
    answers = [struct.pack(">BH", 0, len(data)) + data for data in (present(55, 1), present(12))]

    def transaction(kind, messages):
        records = b"".join(u16(len(message)) + message for message in messages)
        return u16(len(records) + 7) + bytes([kind]) + u16(5) + records + u16(5)

    talk.write(ET(52), transaction(0, requests))
    answer = talk.read(ET(53), transaction(1, answers))
    packet = shown(talk)[answer]
    assert packet.shows("mep.from_size") == ["BT21.8 = 1, BT21.9 = 55"]
    assert packet.shows("mep.bt28.rms_voltage_mv_l1") == ["231500"] * 2
