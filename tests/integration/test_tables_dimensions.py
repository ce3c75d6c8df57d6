"""What one table tells about the layout and the meaning of others: learned from whole and partial
reads and from writes, from the frame on in which it stands, and again when it changes.

SPDX-License-Identifier: GPL-2.0-or-later
"""
import struct

import pytest

from table_talk import BT, ET, Talk, bt21, bt61, bt62, i32, packets_of, u16

pytestmark = pytest.mark.usefixtures("plugin")


@pytest.fixture
def shown(capture, tshark_pdml):
    """shown(talk) -> a dictionary of frame number to its Element."""

    def run(talk, *arguments):
        found = packets_of(tshark_pdml(capture(talk.frames), "-2", *arguments))
        assert len(found) == len(talk.frames)
        return dict(enumerate(found, 1))

    return run


def assumed(packet):
    texts = packet.shows("mep.assumed")
    assert len(texts) <= 1
    return texts[0] if texts else ""


class TestRegisters:
    def test_assumed_until_seen_and_known_from_then_on(self, shown):
        talk = Talk()
        before = talk.read(BT(23), i32(*range(55)))
        talk.read(BT(21), bt21(summations=3, tiers=2))
        after = talk.read(BT(23), i32(*range(9)))
        packets = shown(talk)
        assert "BT21.3 = 11" in assumed(packets[before])
        assert "BT21.7 = 4" in assumed(packets[before])
        assert "BT22 Summation Sources in the usual order" in assumed(packets[before])
        assert packets[before].shows("mep.bt23.fwd_active_wh_l1l2l3") == ["0"]
        assert packets[before].shows("mep.bt23.tier.fwd_active_wh_l1l2l3") == \
            ["11", "22", "33", "44"]
        assert "BT21" not in assumed(packets[after])
        assert packets[after].shows("mep.bt23.tier.fwd_active_wh_l1l2l3") == ["3", "6"]
        assert packets[after].all("mep.undecoded") == []

    def test_from_a_partial_read(self, shown):
        talk = Talk()
        talk.read(BT(21), bytes([2]), 3)
        answer = talk.read(BT(23), i32(*range(10)))
        packet = shown(talk)[answer]
        assert packet.shows("mep.bt23.tier.rev_active_wh_l1l2l3") == ["3", "5", "7", "9"]
        assert "BT21.3" not in assumed(packet) and "BT21.7 = 4" in assumed(packet)

    def test_changes_later(self, shown):
        talk = Talk()
        talk.read(BT(21), bt21(summations=2, tiers=1))
        first = talk.read(BT(23), i32(1, 2, 3, 4))
        talk.read(BT(21), bt21(summations=1, tiers=3))
        second = talk.read(BT(23), i32(1, 2, 3, 4))
        packets = shown(talk)
        assert packets[first].shows("mep.bt23.tier.fwd_active_wh_l1l2l3") == ["3"]
        assert packets[second].shows("mep.bt23.tier.fwd_active_wh_l1l2l3") == ["2", "3", "4"]

    def test_a_rejected_read_teaches_nothing(self, shown):
        talk = Talk()
        talk.rejected(BT(21), 10, 3)
        answer = talk.read(BT(23), i32(*range(55)))
        assert "BT21.3 = 11" in assumed(shown(talk)[answer])

    def test_demands(self, shown):
        """All that BT21 can switch on: counter, demands with event times, coincident values."""
        talk = Talk()
        talk.read(BT(21), bt21(0b0011_0111, summations=2, demands=1, coincidents=1, tiers=0,
                               occurrences=2))
        event = bytes([22, 3, 1, 7, 30]) + bytes([22, 3, 2, 8, 45])
        data = bytes([5]) + i32(10, 20) + event + i32(30, 40, 50, 60) + i32(70, 80)
        talk.read(BT(23), data)
        packet = shown(talk)[len(talk.frames)]
        assert packet.shows("mep.bt23.nbr_demand_resets") == ["5"]
        assert packet.shows("mep.bt23.cumulative_demand") == ["30"]
        assert packet.shows("mep.bt23.contin_cum_demand") == ["40"]
        assert packet.shows("mep.bt23.demand") == ["50", "60"]
        assert packet.shows("mep.bt23.coincidents") == ["70", "80"]
        times = [element.label for element in packet.all("mep.bt23.event_time")]
        assert "2022-03-01 07:30" in times[0] and "2022-03-02 08:45" in times[1]
        assert packet.all("mep.undecoded") == []

    def test_a_selection_gives_registers_their_names(self, shown):
        talk = Talk()
        talk.read(BT(21), bt21(summations=3, tiers=1))
        talk.read(BT(22), bytes([5, 108, 0]))
        talk.read(BT(23), i32(1, 2, 3, 4, 5, 6))
        packet = shown(talk)[len(talk.frames)]
        assert packet.shows("mep.bt23.power_outage_qty") == ["1"]
        assert packet.shows("mep.bt23.reactive_varh_q1") == ["2"]
        assert packet.shows("mep.bt23.fwd_active_wh_l1l2l3") == ["3"]
        assert packet.shows("mep.bt23.tier.fwd_active_wh_l1l2l3") == ["6"]
        assert assumed(packet) == "ET55 Energy Register Unit = 1"

    def test_present_values(self, shown, capture, tshark_fields):
        talk = Talk()
        talk.read(BT(21), bt21(1 << 6, present_demands=1, present_values=4))
        talk.read(BT(27), bytes([0, 19, 15, 8, 12]))
        answer = talk.read(BT(28), bytes([0, 12, 30]) + i32(77, 49980, 231500, 1234, 5370))
        packet = shown(talk)[answer]
        assert packet.shows("mep.bt28.frequency_mhz") == ["49980"]
        assert packet.one("mep.bt28.rms_voltage_mv_l1").label == "RMS Voltage (mV) L1: 231500 mV"
        assert packet.shows("mep.bt28.fwd_active_w_l1l2l3") == ["1234"]
        assert packet.shows("mep.bt28.rms_current_ma_l1") == ["5370"]
        assert packet.shows("mep.bt28.time_remaining") == ["00:12:30"]
        demand = packet.one("mep.bt28.demand_value")
        assert demand.label == "Demand value: 77 Wh (Fwd Active Wh L1L2L3)"
        info = tshark_fields(capture(talk.frames), ["_ws.col.Info"])[answer - 1]["_ws.col.Info"][0]
        for words in ("49.98 Hz", "231.5 V", "1234 W", "5.37 A"):
            assert words in info

    def test_an_unknown_source(self, shown):
        talk = Talk()
        talk.read(BT(21), bt21(present_values=2))
        talk.read(BT(27), bytes([250, 8]))
        talk.read(BT(28), i32(5, 6))
        packet = shown(talk)[len(talk.frames)]
        assert any("source 250" in label for label in packet.labels())
        assert packet.shows("mep.bt28.fwd_active_w_l1l2l3") == ["6"]


class TestInterfaceDefinition:
    """ET42 tells again what BT21, BT61 and others do, page 111."""

    def et42(self, summations=4, tiers=2, channels=2, sources=(0, 15), intervals=4):
        fixed = bytes([41, 0]) + bytes(4) + u16(7) + bytes([0, 0, summations, 0, 0, 1, tiers, 0, 3])
        fixed += bytes([15, 4]) + u16(0)
        fixed += struct.pack("<IHBBBBHBB", 0, 10, channels, 15, 0, 0, intervals, 0, 0)
        fixed += bytes([0]) + u16(100) + bytes([3])
        data = fixed + u16(*sources) + bytes([0])
        return u16(len(data) + 2) + data

    def test_it_teaches_registers_and_load_profile(self, shown):
        talk = Talk()
        talk.read(ET(42), self.et42())
        registers = talk.read(BT(23), i32(*range(12)))
        present = talk.read(BT(28), i32(1, 2, 3))
        block = bytes([22, 3, 1, 1, 0, 0x0F]) + b"".join(
            bytes(2) + i32(100 + n, 200 + n) for n in range(4))
        profile = talk.read(BT(64), block)
        packets = shown(talk)
        assert packets[registers].shows("mep.bt23.tier.fwd_active_wh_l1l2l3") == ["4", "8"]
        assert packets[present].all("mep.undecoded") == []
        assert len(packets[profile].shows("mep.bt64.interval_end_time")) == 4
        assert packets[profile].shows("mep.bt64.fwd_active_wh_l1l2l3") == \
            ["100", "101", "102", "103"]
        assert packets[profile].shows("mep.bt64.rms_voltage_l1") == ["200", "201", "202", "203"]

    def test_it_teaches_the_size_of_history_entries(self, shown):
        talk = Talk()
        talk.read(ET(42), self.et42())
        entry = bytes([22, 3, 1, 7, 30, 15]) + u16(9) + u16(0xFFFD) + u16(3)
        talk.read(BT(74), bytes(11) + (entry + b"\1\2\3") * 3)
        packet = shown(talk)[len(talk.frames)]
        assert packet.shows("mep.bt74.argument") == ["01:02:03"] * 3


class TestDevices:
    """ET11 gives the sizes of ET13, ET14 and ET16."""

    def et11(self, devices=5, config=66, status=36, data=517):
        return bytes([devices, config, status, 5, 6]) + u16(data)

    def test_device_configuration(self, shown, capture, tshark_fields):
        talk = Talk()
        talk.read(ET(11), self.et11(devices=5, config=12))
        entry = bytes([1, 2, 30, 1]) + u16(60) + bytes([4, 0xA5, 0b11]) + b"ABC"
        answer = talk.read(ET(13), bytes(48) + entry)
        packet = shown(talk)[answer]
        assert packet.shows("mep.et13.alert_flags") == ["0x03"]
        assert packet.shows("mep.et13.on_demand_request_in_et15") == ["1"]
        info = tshark_fields(capture(talk.frames), ["_ws.col.Info"])[answer - 1]["_ws.col.Info"][0]
        assert info == "OK, ET13, 60 bytes: Scheduled Read Request Alert, On-demand Request in ET15"

    def test_device_status(self, shown):
        talk = Talk()
        talk.read(ET(11), self.et11(devices=2, status=24))
        entry = u16(1016) + bytes([3, 4]) + bytes(20)
        talk.read(ET(14), bytes(6) + entry * 2)
        packet = shown(talk)[len(talk.frames)]
        assert packet.shows("mep.et14.device_handle") == ["1016", "1016"]
        assert packet.all("mep.cut") == [] and packet.all("mep.undecoded") == []

    def test_device_data(self, shown):
        talk = Talk()
        talk.read(ET(11), self.et11(devices=2, data=40))
        when = bytes([22, 3, 1, 7, 30, 15])
        talk.read(ET(16), (when + bytes(34)) * 2)
        packet = shown(talk)[len(talk.frames)]
        times = [element.label for element in packet.walk()
                 if element.name == "mep.et16.timestamp"]
        assert len(times) == 2 and all("2022-03-01 07:30:15" in label for label in times)


class TestLoadProfile:
    """BT61 and BT62 give blocks their layout, channels their names and intervals their times."""
    END = bytes([22, 3, 1, 7, 30])

    def block(self, processed, count=8, end=END):
        """Three channels."""
        data = end + bytes([processed])
        for number in range(count):
            data += bytes([0b0010_0000, 0x4F]) + i32(100 + number, 230000 + number, -number)
        return data

    SIZE = 5 + 1 + 8 * (2 + 12)

    def taught(self, minutes=15, sources=(0, 15, 1)):
        talk = Talk()
        talk.read(BT(61), bt61((30, 8, 3, minutes)))
        talk.read(BT(62), bt62(sources))
        return talk

    def times(self, packet):
        return [label.split(": ", 1)[1] for label in
                (element.label for element in packet.all("mep.bt64.interval_end_time"))]

    def test_names_units_and_status(self, shown):
        talk = self.taught()
        talk.read(BT(64), self.block(0xFF))
        packet = shown(talk)[len(talk.frames)]
        assert packet.shows("mep.bt64.fwd_active_wh_l1l2l3") == [str(n) for n in range(100, 108)]
        first = packet.all("mep.bt64.fwd_active_wh_l1l2l3")[0]
        assert first.label == "Fwd Active Wh L1L2L3: 100 Wh"
        assert packet.shows("mep.bt64.rms_voltage_l1")[7] == "230007"
        assert packet.shows("mep.bt64.rev_active_wh_l1l2l3")[7] == "-7"
        assert packet.shows("mep.bt64.power_fail_within_interval") == ["1"] * 8
        labels = packet.labels()
        assert any("skipped (4) [channel 1: RMS Voltage L1]" in label for label in labels)
        assert any("placeholder" in label and "[channel 2: Rev Active Wh L1L2L3]" in label
                   for label in labels)
        assert packet.all("mep.undecoded") == []

    def test_each_interval_has_its_time(self, shown):
        talk = self.taught()
        talk.read(BT(64), self.block(0xFF))
        packet = shown(talk)[len(talk.frames)]
        assert self.times(packet) == [
            f"2022-03-01 {time} UTC" for time in
            ("05:45", "06:00", "06:15", "06:30", "06:45", "07:00", "07:15", "07:30")]

    def test_an_unfinished_block(self, shown):
        """Its end time is that of the last interval recorded; what follows has none."""
        talk = self.taught(minutes=60)
        talk.read(BT(64), self.block(0x07))
        packet = shown(talk)[len(talk.frames)]
        assert self.times(packet) == [f"2022-03-01 0{hour}:30 UTC" for hour in (5, 6, 7)]
        assert sum(", not processed" in label for label in packet.labels()) == 5

    def test_intervals_of_a_day(self, shown):
        talk = self.taught(minutes=84)
        talk.read(BT(64), self.block(0x03))
        packet = shown(talk)[len(talk.frames)]
        assert self.times(packet) == ["2022-02-28 07:30 UTC", "2022-03-01 07:30 UTC"]

    def test_descending_order(self, shown):
        talk = self.taught()
        talk.read(BT(63), bytes([0b1_0000]) + bytes(12))
        talk.read(BT(64), self.block(0xF0))
        packet = shown(talk)[len(talk.frames)]
        assert self.times(packet) == [f"2022-03-01 {time} UTC" for time in
                                      ("07:30", "07:15", "07:00", "06:45")]

    def test_no_guess_without_the_interval_time(self, shown):
        talk = Talk()
        data = bt61((30, 8, 3, 15))
        talk.read(BT(61), data[:12])  # as far as the channels
        talk.read(BT(64), self.block(0xFF))
        packet = shown(talk)[len(talk.frames)]
        assert len(packet.all("mep.bt64.extended_status")) == 8
        assert self.times(packet) == []

    def test_no_guess_without_a_time(self, shown):
        talk = self.taught()
        talk.read(BT(64), self.block(0xFF, end=bytes(5)))
        packet = shown(talk)[len(talk.frames)]
        assert self.times(packet) == []

    def test_no_guess_without_the_header(self, shown):
        talk = self.taught()
        talk.read(BT(64), self.block(0xFF)[20:], 20)
        packet = shown(talk)[len(talk.frames)]
        assert self.times(packet) == []

    def test_a_block_over_several_frames(self, shown):
        """The header stands in the first; a block is mostly larger than a frame."""
        talk = self.taught()
        block = self.block(0x3F)
        offset = 7 * self.SIZE
        first = talk.read(BT(64), block[:30], offset)
        second = talk.read(BT(64), block[30:80], offset + 30)
        third = talk.read(BT(64), block[80:] + self.block(0xFF, end=bytes([22, 3, 1, 9, 30]))[:40],
                          offset + 80)
        fourth = talk.read(BT(64), block[40:60], offset + self.SIZE + 40)
        packets = shown(talk)
        assert self.times(packets[first]) == ["2022-03-01 06:15 UTC"]
        # The second interval is in both, and whole in neither.
        assert self.times(packets[second])[0] == "2022-03-01 06:45 UTC"
        # The last two are not recorded; then comes the next block.
        assert self.times(packets[third]) == [
            "2022-03-01 07:45 UTC", "2022-03-01 08:00 UTC"]
        # One interval begins before the read, one ends behind it.
        assert self.times(packets[fourth]) == []

    def test_as_many_values_as_times(self, shown):
        """Reads of any part of two blocks, some intervals of which are not recorded: a column of times
        stands beside columns of values and states."""
        blocks = self.block(0x3F) + self.block(0xFD, end=bytes([22, 3, 1, 9, 30]))
        offset = 3 * self.SIZE
        talk = self.taught()
        talk.read(BT(64), blocks[:self.SIZE // 2], offset)
        parts = [(first, size) for first in range(0, len(blocks) - 30, 3)
                 for size in (15, 16, 40, 100) if first + size <= len(blocks)]
        numbers = [talk.read(BT(64), blocks[first:first + size], offset + first)
                   for first, size in parts]
        packets = shown(talk)
        columns = ("fwd_active_wh_l1l2l3", "rms_voltage_l1", "rev_active_wh_l1l2l3",
                   "power_fail_within_interval", "channel_0_status")
        timed = 0
        for (first, size), number in zip(parts, numbers):
            packet = packets[number]
            times = len(self.times(packet))
            timed += times
            counts = {len(packet.all(f"mep.bt64.{name}")) for name in columns}
            if times:
                assert counts == {times}, (first, size)
            # What is not counted is there all the same: every byte is shown.
            shown_bytes = sum(element.size for element in packet.walk()
                              if element.name == "mep.cut" or element.name == "mep.bt64.end_time")
            assert shown_bytes + (times or max(counts)) * 12 <= size
        assert timed > 50

    def test_a_header_that_tells_nothing_any_more(self, shown):
        talk = self.taught()
        talk.read(BT(64), self.block(0xFF)[:20])
        talk.read(BT(64), self.block(0)[:20])
        talk.read(BT(64), self.block(0)[20:60], 20)
        packet = shown(talk)[len(talk.frames)]
        assert self.times(packet) == []

    def test_other_data_sets(self, shown):
        talk = Talk()
        talk.read(BT(61), bt61((30, 8, 3, 15), (10, 2, 1, 60)))
        talk.read(BT(62), bt62((0, 15, 1), (19,)))
        data = self.END + b"\x03" + (b"\0" + i32(50000)) * 2
        talk.read(BT(65), data)
        packet = shown(talk)[len(talk.frames)]
        assert packet.shows("mep.bt65.frequency") == ["50000", "50000"]
        assert len(packet.all("mep.bt65.interval_end_time")) == 2
        assert packet.all("mep.bt64.interval_end_time") == []

    def test_far_into_the_table(self, shown):
        talk = Talk()
        block = 5 + 12 + 96 * (1 + 4 + 8 * 4)
        talk.read(BT(64), bytes(range(100)), 4000 * block + 17)
        packet = shown(talk)[len(talk.frames)]
        assert len(packet.all("mep.bt64.extended_status")) == 2
        assert sum("Extended Status, cut: " in label for label in packet.labels()) == 1
        assert any(label.startswith("Block Data [4000]") for label in packet.labels())
        assert "BT61.9 = 96" in assumed(packet)

    def test_what_was_read_before_stays_as_it_was(self, shown):
        talk = Talk()
        before = talk.read(BT(64), self.block(0xFF))
        talk.read(BT(61), bt61((30, 8, 3, 15)))
        after = talk.read(BT(64), self.block(0xFF))
        packets = shown(talk)
        assert "BT61.11 = 8" in assumed(packets[before])
        assert "BT61" not in assumed(packets[after])
        assert self.times(packets[before]) == [] and len(self.times(packets[after])) == 8


def test_energy_in_tens_of_watt_hours(capture, tshark_fields):
    """The number stays as it came; the packet list tells the energy."""
    talk = Talk()
    before = talk.read(BT(23), i32(12345))
    talk.read(ET(55), bytes([10]), 197)
    after = talk.read(BT(23), i32(12345))
    packets = tshark_fields(capture(talk.frames), ["_ws.col.Info", "mep.bt23.fwd_active_wh_l1l2l3"])
    assert packets[before - 1]["_ws.col.Info"][0].endswith("import 12.345 kWh")
    assert packets[after - 1]["_ws.col.Info"][0].endswith("import 123.450 kWh")
    assert packets[after - 1]["mep.bt23.fwd_active_wh_l1l2l3"] == ["12345"]


def test_outage_log_sizes(shown):
    """ET04.53 sizes the array at the beginning of ET09."""
    talk = Talk()
    talk.read(ET(4), bytes([1]), 53)
    data = u16(5) + bytes([1, 2, 3, 4]) + bytes(18) + bytes([22, 3, 1, 7, 30, 15]) + u16(9)
    talk.read(ET(9), data)
    packet = shown(talk)[len(talk.frames)]
    assert len(packet.all("mep.et09.reset_cause")) == 1
    assert packet.shows("mep.et09.l1_sag1_events") == ["9"]


def test_writes_teach_once_they_are_accepted(shown):
    talk = Talk()
    talk.write(BT(21), bt21(summations=2), code=3)
    rejected = talk.read(BT(23), i32(*range(10)))
    write = talk.write(BT(21), bt21(summations=2))
    accepted = talk.read(BT(23), i32(*range(10)))
    packets = shown(talk)
    assert packets[write - 1].shows("mep.bt21.number_of_summations") == ["2"]
    assert "BT21.3 = 11" in assumed(packets[rejected])
    assert "BT21" not in assumed(packets[accepted])


def test_each_meter_has_its_own(capture, tshark_pdml):
    """Two taps in one capture: what one meter tells is no news of the other."""
    first, second = Talk(), Talk()
    first.read(BT(21), bt21(summations=2))
    first.read(BT(23), i32(*range(10)))
    second.read(BT(23), i32(*range(55)))
    for number, frame in enumerate(first.frames):
        frame.interface = number % 2
    for number, frame in enumerate(second.frames):
        frame.interface = 2 + number % 2
    packets = packets_of(tshark_pdml(capture(first.frames + second.frames, interfaces=4)))
    assert "BT21" not in assumed(packets[3])
    assert "BT21.3 = 11" in assumed(packets[5])
