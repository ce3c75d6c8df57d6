"""The tables that only the Optical Port Programmer's Guide lays out: BT03 (page 45), BT04 (page 11),
BT20 (page 20), BT70 (page 50), BT71 (page 51), from bytes put together by hand; and what they tell of
other tables.

SPDX-License-Identifier: GPL-2.0-or-later
"""
import re

import pytest

from table_talk import BT, ET, Talk, i32, packets_of, u16

pytestmark = pytest.mark.usefixtures("plugin")


@pytest.fixture
def shown(capture, tshark_pdml):
    def run(talk):
        return dict(enumerate(packets_of(tshark_pdml(capture(talk.frames), "-2")), 1))

    return run


@pytest.fixture
def infos(capture, tshark_fields):
    """The Info column, without the mark that something was assumed."""

    def run(talk):
        return [""] + [re.sub(r"\[assumed [^]]*\] ", "", packet["_ws.col.Info"][0])
                       for packet in tshark_fields(capture(talk.frames), ["_ws.col.Info"])]

    return run


def bt00(basic=10, extended=13, status=4, pending=2):
    """As far as byte 18; bytes 13, 14, 17 and 18 are what counts here."""
    return bytes([2, 0x0A, 0x88]) + b"NES\0" + bytes([2, 0, 255, 12, 1, 0, basic, extended, 2, 12,
                                                     status, pending])


# Byte, bit and the field's name in the guide, pages 45 to 47.
ALARMS = [(0, 0, "metering_mode"), (0, 2, "meter_shop_mode"), (1, 0, "unprogrammed"),
          (1, 7, "measurement_error"), (2, 0, "low_battery"), (2, 7, "disconnect_switch_error"),
          (3, 0, "load_profile_data_set_2_unread_entries_exist"),
          (3, 3, "neutral_current_deviation"), (4, 0, "load_profile_overflow"),
          (4, 3, "control_relay_1_open"), (4, 4, "phase_loss"), (5, 0, "invalid_password"),
          (5, 7, "load_profile_backfill_failed"), (6, 0, "mep_installed_or_removed"),
          (6, 6, "event_log_overflow_pending"), (7, 1, "magnetic_tamper_detected"),
          (7, 7, "load_side_voltage_detected"), (8, 0, "unbalanced_voltage_detected"),
          (8, 7, "g3_event_logged"), (9, 0, "control_relay_2_open")]


@pytest.mark.parametrize("byte, bit, name", ALARMS)
def test_each_alarm_is_its_bit(shown, byte, bit, name):
    data = bytearray(13)
    data[byte] = 1 << bit
    talk = Talk()
    answer = talk.read(BT(3), bytes(data))
    packet = shown(talk)[answer]
    of_bt03 = {element.name[len("mep.bt03."):]: element.show for element in packet.walk()
               if element.name.startswith("mep.bt03.")}
    assert {key for key, value in of_bt03.items() if value in ("1", "True")} == {name}
    assert len(of_bt03) == 3 + 16 + 4 + 5 * 8 + 1 + 1  # and what is reserved behind
    assert packet.all("mep.undecoded") == []


def test_alarms_in_the_packet_list(infos):
    talk = Talk()
    some = talk.read(BT(3), bytes([1, 0, 0x09, 0, 0x10, 0, 0, 2, 0, 1, 0, 0, 0]))
    none = talk.read(BT(3), bytes([1]) + bytes(12))
    told = infos(talk)
    assert told[some] == ("OK, BT03, 13 bytes: Low Battery, Power Failure, Phase Loss, Magnetic "
                          "Tamper Detected, Control Relay (2) Open")
    assert told[none] == "OK, BT03, 13 bytes: no flags"


def test_as_many_alarms_as_bt00_says(shown):
    """BT00.17: with four bytes, what stands at 8 and 9 of others is not there."""
    talk = Talk()
    talk.read(BT(0), bt00(status=4))
    answer = talk.read(BT(3), bytes([1, 0, 0, 0]) + bytes([0, 0, 0, 0x80]))
    packet = shown(talk)[answer]
    assert packet.shows("mep.bt03.load_side_voltage_detected") in (["1"], ["True"])
    assert packet.all("mep.bt03.unbalanced_voltage_detected") == []
    assert packet.all("mep.bt03.control_relay_2_open") == []
    assert packet.all("mep.undecoded") == packet.all("mep.assumed") == []


def pending(code, storage, table, still=False, flags=0):
    return bytes([code | flags]) + storage + u16(table | still << 12)


def test_pending_tables(shown):
    """BT04 of a meter of generation 3: 10 + 13 bytes of sets, then the time."""
    talk = Talk()
    talk.read(BT(0), bt00(basic=10, extended=13, pending=3))
    sets = bytearray(23)
    sets[54 // 8] |= 1 << 54 % 8
    sets[10 + 47 // 8] |= 1 << 47 % 8
    data = bytes(sets) + bytes([22, 3, 1, 7, 30]) + bytes([3])
    data += pending(0, bytes([26, 4, 1, 0, 0]), BT(54), still=True, flags=1 << 4)
    data += pending(1, bytes([1, 2, 3, 4, 5]), ET(47), still=True, flags=1 << 5)
    data += pending(2, b"\xA1\xA2\xA3\xA4\xA5", BT(54))
    assert len(data) == 53
    answer = talk.read(BT(4), data)
    packet = shown(talk)[answer]
    assert packet.one("mep.bt04.basic_pending").label.endswith(", set: 54")
    assert packet.one("mep.bt04.extended_pending").label.endswith(", set: 47")
    assert "2022-03-01 07:30" in packet.one("mep.bt04.last_activation").label
    assert packet.shows("mep.bt04.number_of_pending_activations") == ["3"]
    assert packet.shows("mep.bt04.event_code") == ["0", "1", "2"]
    assert "at an absolute time" in packet.all("mep.bt04.event_code")[0].label
    assert "2026-04-01 00:00 UTC" in packet.one("mep.bt04.activation_time").label
    assert [packet.shows("mep.bt04." + name) for name in
            ("weeks", "days", "hours", "minutes", "secs")] == [["1"], ["2"], ["3"], ["4"], ["5"]]
    assert packet.shows("mep.bt04.opaque_data") == ["a1:a2:a3:a4:a5"]
    labels = [element.label for element in packet.all("mep.bt04.table_id")]
    assert "BT54 Calendar" in labels[0] and "ET47 Calendar Override Settings" in labels[1]
    assert [element.show in ("1", "True") for element in packet.all("mep.bt04.still_pending")] == \
        [True, True, False]
    assert [element.show in ("1", "True") for element in packet.all("mep.bt04.self_read_flag")] == \
        [True, False, False]
    assert packet.all("mep.undecoded") == packet.all("mep.assumed") == []


def test_largest_registers(shown):
    """BT20 by its ten bytes; what it says of demands sizes an entry of ET75 (page 179)."""
    talk = Talk()
    first = talk.read(BT(20), bytes([0b0011_1111, 0b0000_1110, 253, 19, 8, 16, 1, 8, 7, 72]))
    packet = shown(talk)[first]
    bits = {element.name[len("mep.bt20."):]: element.show in ("1", "True")
            for element in packet.walk() if element.name.startswith("mep.bt20.")
            and not element.name.startswith("mep.bt20.number")}
    assert bits == {"season_information_field": True, "date_time_field": True,
                    "demand_reset_counter": True, "demand_reset_lockout": True,
                    "cumulative_demand": True, "continuous_cumulative_demand": True,
                    "time_remaining": False, "self_read_inhibit_overflow": False,
                    "self_read_sequence_number": True, "daily_self_read": True,
                    "weekly_self_read": True, "self_read_demand_reset": False}
    assert [packet.shows("mep.bt20.number_of_" + name) for name in
            ("self_reads", "summations", "demands", "coincident_values", "occurrences", "tiers",
             "present_demands", "present_values")] == \
        [["253"], ["19"], ["8"], ["16"], ["1"], ["8"], ["7"], ["72"]]


@pytest.mark.parametrize("demands", [2, 8])
def test_bt20_tells_how_many_demand_sources_there_are(shown, demands):
    talk = Talk()
    talk.read(BT(20), bytes([0, 0, 1, 11, demands, 0, 1, 4, 0, 41]))
    # 16 channels: the sources of demands stand at 43, the sub-interval behind them.
    answer = talk.read(ET(75), bytes(43) + bytes(range(1, demands + 1)) + bytes([15, 3]))
    packet = shown(talk)[answer]
    assert len(packet.all("mep.et75.demand_sources")) == demands
    assert packet.shows("mep.et75.demand_sub_interval") == ["15"]
    assert packet.shows("mep.et75.demand_interval_multiplier") == ["3"]
    assert "BT20.4" not in "".join(packet.shows("mep.assumed"))


def test_bt20_tells_the_tiers_of_et55(shown):
    """Thresholds are BT20.7 - 1 (page 155), whatever BT21 says of the tiers that are in use."""
    talk = Talk()
    talk.read(BT(21), bytes([0, 0, 1, 11, 0, 0, 1, 4, 0, 41]))
    before = talk.read(ET(55), i32(*range(1, 9)), 142)
    talk.read(BT(20), bytes([0, 0, 1, 11, 8, 0, 1, 8, 0, 41]))
    after = talk.read(ET(55), i32(*range(1, 9)), 142)
    packets = shown(talk)
    counts = [sum("threshold" in element.name and "step" in element.name
                  for element in packets[number].walk()) for number in (before, after)]
    assert counts == [3, 7]
    assert "BT20.7" in packets[before].one("mep.assumed").show
    assert "BT20.7" not in "".join(packets[after].shows("mep.assumed"))


def test_log_dimensions(shown):
    talk = Talk()
    data = bytes([0b0000_0110, 8, 19, 3, 2]) + u16(5, 0)
    largest = talk.read(BT(70), bytes([0b0000_0110, 64, 152, 2, 2]) + u16(200, 1))
    actual = talk.read(BT(71), data)
    packets = shown(talk)
    assert [packets[largest].shows("mep.bt70." + name) for name in
            ("number_of_standard_events", "number_of_manufacturer_events", "history_data_length",
             "event_data_length", "number_of_history_entries", "number_of_event_entries")] == \
        [["64"], ["152"], ["2"], ["2"], ["200"], ["1"]]
    assert [packets[actual].shows("mep.bt71." + name) for name in
            ("number_of_standard_event_bytes", "number_of_manufacturer_event_bytes",
             "history_data_length", "event_data_length", "number_of_history_entries",
             "number_of_event_entries")] == [["8"], ["19"], ["3"], ["2"], ["5"], ["0"]]
    for table, answer in ((70, largest), (71, actual)):
        bits = {element.name.split(".")[-1]: element.show in ("1", "True")
                for element in packets[answer].walk()
                if element.name.startswith(f"mep.bt{table}.") and "number_of" not in element.name
                and "length" not in element.name}
        assert bits == {"event_number": False, "history_date_time": True,
                        "history_sequence_number": True, "history_inhibit_overflow": False,
                        "event_inhibit_overflow": False}


def test_bt71_gives_bt74_its_layout(shown):
    """Entries of 12 + BT71.3 bytes, BT71.5 of them (optical guide, page 52). BT70, the maxima, does
    not."""
    entry = bytes([22, 3, 1, 7, 30, 15]) + u16(9) + u16(0xFFFD) + u16(3) + b"\1\2\3"
    talk = Talk()
    talk.read(BT(71), bytes([6, 8, 19, 3, 2]) + u16(2, 0))
    talk.read(BT(70), bytes([6, 64, 152, 7, 7]) + u16(200, 0))
    answer = talk.read(BT(74), bytes(11) + entry * 2)
    packet = shown(talk)[answer]
    assert packet.shows("mep.bt74.argument") == ["01:02:03"] * 2
    assert packet.all("mep.undecoded") == packet.all("mep.assumed") == []
