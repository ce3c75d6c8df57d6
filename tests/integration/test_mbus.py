"""What M-Bus devices deliver: their records (EN 13757-3) in ET16, ET45 and ET74, and their values in
load profiles. The records are those of libmbus' test frames and of the guide; what they stand for is
written down by hand.

SPDX-License-Identifier: GPL-2.0-or-later
"""
import re

import pytest

from table_talk import BT, ET, Talk, bt61, bt62, i32, packets_of, u16

pytestmark = pytest.mark.usefixtures("plugin")

WATER, GAS, HEAT = 7, 3, 4
SEN = (19 * 32 + 5) * 32 + 14
WHEN = bytes([26, 1, 20, 19, 0, 5])  # 2026-01-20 19:00:05
GAS_VOLUME = bytes.fromhex("0c 93 3a 06 81 31 02")  # page 34's header
WATER_VOLUME = bytes.fromhex("0c 13 42 07 59 18")
HEAT_METER = bytes.fromhex("0c 78 17 58 85 06 04 06 e7 91 00 00 04 14 2c db 00 00 04 22 d9 03 00 00"
                           "04 59 b9 27 00 00 14 2d c0 01 00 00 44 06 51 82 00 00 84 10 06 00 00 00 00")
SCRAMBLED = bytes(range(0x90, 0xB0))


@pytest.fixture
def shown(capture, tshark_pdml):
    """shown(talk) -> a dictionary of frame number to its Element."""

    def run(talk):
        return dict(enumerate(packets_of(tshark_pdml(capture(talk.frames), "-2")), 1))

    return run


@pytest.fixture
def info(capture, tshark_fields):
    """info(talk, frame) -> what the Info column says behind the colon."""

    def run(talk, frame):
        shown = tshark_fields(capture(talk.frames), ["_ws.col.Info"])[frame - 1]
        told = shown["_ws.col.Info"][0].partition(": ")[2]
        return re.sub(r"^\[assumed [^]]*\] ", "", told)

    return run


def delivered(records, medium=WATER, info=0, status=0, signature=0, number="07422300"):
    """A billing read as on page 92, with one telegram."""
    header = bytes.fromhex(number) + u16(SEN) + bytes([25, medium, 42, status]) + u16(signature)
    return WHEN + bytes([info, len(header) + len(records) + 1]) + header + records + b"\0"


def et45(*reads):
    data = bytes([4, len(reads), 0, 1, 0, 0])
    for read in reads:
        entry = u16(len(read) + 6, 0, 2) + bytes([0, 4]) + read
        data += entry + bytes(525 - len(entry)) if read is not reads[-1] else entry
    return data


def et74(read):
    return bytes([4]) + u16(1, 0, 1, 0) + u16(len(read) + 6, 0, 2) + bytes([0, 4]) + read


TABLES = [(ET(16), lambda read: read), (ET(45), et45), (ET(74), et74)]


class TestRecords:
    @pytest.mark.parametrize("table,held", TABLES)
    def test_one_line_each(self, shown, table, held):
        talk = Talk()
        answer = talk.read(table, held(delivered(HEAT_METER, HEAT)))
        packet = shown(talk)[answer]
        number = {ET(16): 16, ET(45): 45, ET(74): 74}[table]
        whole = packet.one(f"mep.et{number}.tel_data_records")
        assert whole.size == len(HEAT_METER)
        assert [line.label.removeprefix("Record: ") for line in whole.all("mep.mbus.record")] == [
            "Fabrication number: 06855817", "Energy: 37351 kWh", "Volume: 561.08 m³",
            "On time: 985 h", "Flow temperature: 101.69 °C", "Power: 44800 W (maximum)",
            "Energy: 33361 kWh (storage 1)", "Energy: 0 kWh (tariff 1)"]
        assert packet.all("mep.undecoded") == []

    def test_fields_of_a_record(self, shown):
        talk = Talk()
        answer = talk.read(ET(16), delivered(GAS_VOLUME + bytes.fromhex("d4 25 29 d2 04 00 00"), GAS))
        packet = shown(talk)[answer]
        volume, power = packet.all("mep.mbus.record")
        assert volume.one("mep.mbus.dif").show == "0x0c" and not volume.all("mep.mbus.dife")
        assert volume.one("mep.mbus.vif").show == "0x93"
        assert volume.one("mep.mbus.vife").show == "3a"
        assert volume.one("mep.mbus.quantity").show == "Volume, uncorrected"
        assert volume.one("mep.mbus.value").show == "2318.106"
        assert volume.one("mep.mbus.value_text").show == "2318.106"
        assert volume.one("mep.mbus.unit").show == "m³"
        assert volume.one("mep.mbus.storage").show == "0"
        # D4: maximum, storage bit 1; 25: storage 5 << 1, tariff 2; power, 10^-2 W
        assert power.one("mep.mbus.function").show == "1"
        assert power.one("mep.mbus.storage").show == "11"
        assert power.one("mep.mbus.tariff").show == "2"
        assert power.one("mep.mbus.subunit").show == "0"
        assert power.one("mep.mbus.dife").show == "25"
        assert power.one("mep.mbus.value").show == "12.34"
        value = power.one("mep.mbus.value")
        assert (value.position, value.size) == (power.position + 3, 4)

    def test_the_device(self, shown):
        talk = Talk()
        answer = talk.read(ET(16), delivered(WATER_VOLUME, status=0x0D))
        packet = shown(talk)[answer]
        assert packet.shows("mep.mbus.device_id") == ["00234207"]
        assert packet.shows("mep.mbus.manufacturer") == ["SEN"]
        assert packet.shows("mep.mbus.version") == ["25"]
        assert packet.one("mep.mbus.medium").label == "Medium: Water (7)"
        assert packet.shows("mep.mbus.status") == ["0x0d"]
        assert packet.shows("mep.mbus.status.application_error") == ["1"]
        # True and False from Wireshark 4.4 on
        flag = {name: packet.one(f"mep.mbus.status.{name}").show in ("1", "True")
                for name in ("power_low", "permanent_error", "temporary_error")}
        assert flag == {"power_low": True, "permanent_error": True, "temporary_error": False}
        assert not packet.all("mep.mbus.encryption")

    def test_most_significant_byte_first(self, shown):
        talk = Talk()
        answer = talk.read(ET(16), delivered(bytes.fromhex("0c 13 18 59 07 42"), info=1))
        assert shown(talk)[answer].shows("mep.mbus.value") == ["18590.742"]

    @pytest.mark.parametrize("records,expected", [
        ("0c 13 42 07", "Not a whole record: the data end in its value"),
        ("3f 13 42 07", "Not a whole record: its DIF is reserved"),
        ("0d 13 cf 07", "Not a whole record: the length of its value is reserved")])
    def test_broken_records(self, shown, records, expected):
        talk = Talk()
        answer = talk.read(ET(16), delivered(WATER_VOLUME + bytes.fromhex(records)))
        good = talk.read(ET(16), delivered(WATER_VOLUME))
        packets = shown(talk)
        assert packets[answer].shows("mep.mbus.record") == ["Volume: 18590.742 m³", expected]
        assert len(packets[answer].all("mep.mbus.record.expert")) == 1
        assert not packets[good].all("mep.mbus.record.expert")

    def test_a_device_without_a_value(self, shown, info):
        talk = Talk()
        answer = talk.read(ET(16), delivered(bytes.fromhex("0c 93 15 00 00 00 00")))
        packet = shown(talk)[answer]
        assert packet.shows("mep.mbus.error") == ["no data available"]
        assert packet.all("mep.mbus.error.expert") and not packet.all("mep.mbus.value")
        assert "Volume" not in info(talk, answer)

    @pytest.mark.parametrize("received", [20 + 3, 20 + 6, 20 + 8])
    def test_cut_by_the_read(self, shown, received):
        """Whole records are shown, and nobody calls the rest broken."""
        talk = Talk()
        answer = talk.read(ET(16), delivered(WATER_VOLUME + GAS_VOLUME)[:received])
        packet = shown(talk)[answer]
        whole = ["Volume: 18590.742 m³"] if received >= 26 else []
        cut = [] if received == 26 else ["Record, cut by the read"]
        assert packet.shows("mep.mbus.record") == whole + cut
        assert not packet.all("mep.mbus.record.expert")

    def test_nothing_to_begin_with(self, shown):
        """From the middle of a record there is no telling where the next one begins."""
        talk = Talk()
        talk.read(ET(16), delivered(WATER_VOLUME + GAS_VOLUME))
        answer = talk.read(ET(16), delivered(WATER_VOLUME + GAS_VOLUME)[22:], 22)
        assert not shown(talk)[answer].all("mep.mbus.record")

    def test_mep_clients_have_no_records(self, shown):
        talk = Talk()
        data = WHEN + b"\0" + u16(1, len(WATER_VOLUME)) + WATER_VOLUME
        answer = talk.read(ET(16), data, 4 * 517)
        packet = shown(talk)[answer]
        assert packet.all("mep.et16.data") and not packet.all("mep.mbus.record")


class TestEncrypted:
    def test_closed(self, shown, info):
        talk = Talk()
        records = SCRAMBLED + WATER_VOLUME
        answer = talk.read(ET(16), delivered(records, signature=0x0520))
        packet = shown(talk)[answer]
        assert packet.one("mep.mbus.encrypted").show == SCRAMBLED.hex(":")
        assert packet.all("mep.mbus.encrypted.expert")
        assert packet.shows("mep.mbus.encryption") == ["5"]
        # What follows the two blocks is open.
        assert packet.shows("mep.mbus.record") == ["Volume: 18590.742 m³"]
        alone = talk.read(ET(16), delivered(SCRAMBLED, signature=0x0520))
        assert info(talk, alone).startswith("Water: encrypted, device 00234207, ")

    @pytest.mark.parametrize("read", [
        delivered(b"\x2f\x2f" + WATER_VOLUME, signature=0x0510),
        delivered(WATER_VOLUME, signature=0x0510, info=4),  # "decrypted as necessary", page 93
        delivered(WATER_VOLUME, signature=0xB627)])  # of an old device that has no modes
    def test_open(self, shown, read):
        talk = Talk()
        answer = talk.read(ET(16), read)
        packet = shown(talk)[answer]
        assert not packet.all("mep.mbus.encrypted")
        assert packet.shows("mep.mbus.value") == ["18590.742"]


class TestInfo:
    @pytest.mark.parametrize("table,held", TABLES)
    def test_the_reading(self, info, table, held):
        talk = Talk()
        answer = talk.read(table, held(delivered(WATER_VOLUME)))
        assert info(talk, answer) == \
            "Water: Volume 18590.742 m³, device 00234207, 2026-01-20 19:00:05"

    def test_the_main_ones_first(self, info):
        talk = Talk()
        records = HEAT_METER + bytes.fromhex("04 3b 1f 02 00 00")
        answer = talk.read(ET(16), delivered(records, HEAT))
        assert info(talk, answer).startswith(
            "Heat: Energy 37351 kWh, Volume 561.08 m³, Flow temperature 101.69 °C")

    def test_only_one_from_earlier(self, info):
        """Landis+Gyr's G350 tells the last hour's."""
        talk = Talk()
        answer = talk.read(ET(16), delivered(bytes.fromhex("4c 13 92 40 83 10"), GAS))
        assert info(talk, answer).startswith("Gas: Volume 10834.092 m³ (storage 1), device ")

    def test_a_medium_that_has_no_name(self, info):
        talk = Talk()
        answer = talk.read(ET(16), delivered(WATER_VOLUME, 0x7E))
        assert info(talk, answer).startswith("Volume 18590.742 m³, device 00234207, ")

    def test_the_latest(self, info):
        talk = Talk()
        later = bytes([26, 1, 20, 20, 0, 5])
        first = et45(delivered(WATER_VOLUME))
        second = et45(delivered(GAS_VOLUME, GAS)).replace(WHEN, later)[6:]
        talk.read(ET(36), bytes([7]) + (u16(ET(45), 100, 9, 9) + bytes(9)) * 7 + b"\0")
        data = first + bytes(100 - len(first) + 6) + second
        answer = talk.read(ET(45), data)
        assert info(talk, answer) == ("Gas: Volume, uncorrected 2318.106 m³, device 00234207, "
                                      "2026-01-20 20:00:05, the latest of 2 readings")


# --- Values in load profiles (pages 31 to 34, 173) ------------------------------------------------


def data_type(number, header, kind=1, special=False):
    """Entries of ET57, page 164: three bytes of the header each."""
    parts = [header[i:i + 3] for i in range(0, len(header), 3)]
    kinds = [kind] + [3] * (len(parts) - 1)
    return b"".join(bytes([each | number << 2 | special << 7]) + part.ljust(3, b"\0")
                    for each, part in zip(kinds, parts))


def et57(*entries):
    return b"".join(entries).ljust(64, b"\0")


def et66(*mapped):
    return u16(*mapped).ljust(128, b"\0")


def et14_like_answers(talk, *media):
    """The devices' own answers, which tell what they measure."""
    for slot, medium in enumerate(media):
        talk.read(ET(16), delivered(WATER_VOLUME, medium), 517 * slot)


UNCORRECTED = bytes.fromhex("0c 93 3a")
BCD_VOLUME = bytes.fromhex("0c 13")
KILOWATT_HOURS = bytes.fromhex("04 06")
DATA_TYPES = et57(data_type(1, UNCORRECTED), data_type(2, BCD_VOLUME), data_type(3, KILOWATT_HOURS))


def profile(sources, *intervals, end=(26, 1, 20, 19, 0)):
    """Data set 1 with blocks of eight intervals, those given recorded: of each the channels' values
    as bytes, or a pair of a channel's status and its bytes."""
    data = bytes(end) + bytes([(1 << len(intervals)) - 1])
    for interval in intervals:
        pairs = [each if isinstance(each, tuple) else (0, each) for each in interval]
        statuses = [0] + [status for status, _ in pairs] + [0]
        data += bytes(high << 4 | low for high, low in zip(statuses[::2], statuses[1::2]))
        data += b"".join(value for _, value in pairs)
    return data


def configured(sources, *mapped, data_types=DATA_TYPES):
    talk = Talk()
    talk.read(ET(57), data_types)
    talk.read(ET(66), et66(*mapped))
    talk.read(BT(61), bt61((30, 8, len(sources), 15)))
    talk.read(BT(62), bt62(sources))
    return talk


DIGITS = bytes.fromhex("06 81 31 02")  # 02318106


class TestLoadProfile:
    def test_the_guides_example(self, shown, info):
        """Page 34: source 112, ET66 0x4001, MDT 1 with DRH 0C 93 3A."""
        talk = configured((0, 112), 0x4001)
        answer = talk.read(BT(64), profile((0, 112), (i32(77), DIGITS)))
        packet = shown(talk)[answer]
        value = packet.one("mep.bt64.mapped_source_0")
        # The field stays as it is: name, and value as a signed number.
        assert value.show == str(0x02318106)
        assert "Volume, uncorrected (M-Bus device 1), 02318106 = " \
               "Volume, uncorrected 2318.106 m³" in value.label
        assert value.shows("mep.mbus.channel") == ["Volume, uncorrected (M-Bus device 1)"]
        assert value.shows("mep.mbus.digits") == ["02318106"]
        assert value.shows("mep.mbus.value") == ["2318.106"]
        assert value.shows("mep.mbus.unit") == ["m³"]
        assert packet.shows("mep.bt64.fwd_active_wh_l1l2l3") == ["77"]
        assert info(talk, answer).endswith(
            "18:45 to 19:00 UTC, M-Bus device 1: Volume, uncorrected 2318.106 m³, "
            "import 0.077 kWh")

    def test_with_what_the_devices_measure(self, shown, info):
        talk = configured((112, 113), 0x4001, 0x4102)
        et14_like_answers(talk, GAS, WATER)
        answer = talk.read(BT(64), profile((112, 113), (DIGITS, DIGITS), (i32(0x05), i32(0x17))))
        packet = shown(talk)[answer]
        assert packet.shows("mep.mbus.channel") == \
            ["Gas (M-Bus device 1)", "Water (M-Bus device 2)"] * 2
        assert "Water (M-Bus device 2), 02318106 = Volume 2318.106 m³" in \
            packet.all("mep.bt64.mapped_source_1")[0].label
        assert packet.shows("mep.mbus.value") == ["2318.106", "2318.106", "0.005", "0.017"]
        # The latest of each
        assert info(talk, answer).endswith(
            "19:00 UTC, Gas: Volume, uncorrected 0.005 m³, Water: Volume 0.017 m³")
        assert any("[channel 1: Water (M-Bus device 2)]" in label for label in packet.labels())

    def test_binary_and_negative(self, shown):
        talk = configured((112,), 0x4203)
        answer = talk.read(BT(64), profile((112,), (i32(37351),), (i32(-5),)))
        packet = shown(talk)[answer]
        assert packet.shows("mep.mbus.value") == ["37351", "-5"]
        assert packet.shows("mep.mbus.unit") == ["kWh", "kWh"]
        assert not packet.all("mep.mbus.digits")
        assert "[Energy (M-Bus device 3), Energy 37351 kWh]" in \
            packet.all("mep.bt64.mapped_source_0")[0].label

    @pytest.mark.parametrize("header,raw,told", [
        ("01 13", "85 00 00 00", "-0.123"),         # a byte, zeros behind
        ("0a 13", "34 12 00 00", "1.234"),          # four digits
        ("05 5b", "22 f3 26 42", "41.737434"),      # a float
        ("8c 90 40 13", "06 81 31 02", "2318.106"),  # a header of two entries
        ("02 fd c8 70", "34 12 00 00", "0.000466"),  # of VIFEs: 4660 · 10^-1 · 10^-6
    ])
    def test_codings(self, shown, header, raw, told):
        talk = configured((112,), 0x4005, data_types=et57(data_type(5, bytes.fromhex(header))))
        answer = talk.read(BT(64), profile((112,), (bytes.fromhex(raw),)))
        value, = shown(talk)[answer].shows("mep.mbus.value")
        assert float(value) == float(told)

    @pytest.mark.parametrize("header", ["0e 13", "07 13", "0d 13", "0f", "84 80 80"])
    def test_what_does_not_fit_has_no_value(self, shown, header):
        talk = configured((112,), 0x4005, data_types=et57(data_type(5, bytes.fromhex(header))))
        answer = talk.read(BT(64), profile((112,), (DIGITS,)))
        packet = shown(talk)[answer]
        assert len(packet.all("mep.mbus.channel")) == 1 and not packet.all("mep.mbus.value")
        assert packet.shows("mep.bt64.mapped_source_0") == [str(0x02318106)]

    def test_two_headers_of_a_type(self, shown):
        """Page 32: corrected or not, it is one type. Where they would be read differently, nobody
        knows which of them was."""
        alike = et57(data_type(1, UNCORRECTED), data_type(1, BCD_VOLUME, special=True))
        talk = configured((112,), 0x4001, data_types=alike)
        first = talk.read(BT(64), profile((112,), (DIGITS,)))
        talk.read(ET(57), et57(data_type(1, UNCORRECTED), data_type(1, KILOWATT_HOURS)))
        second = talk.read(BT(64), profile((112,), (DIGITS,)))
        packets = shown(talk)
        assert packets[first].shows("mep.mbus.value") == ["2318.106"]
        assert packets[first].shows("mep.mbus.quantity") == ["Volume, uncorrected or Volume"]
        assert not packets[second].all("mep.mbus.value")
        assert packets[second].shows("mep.mbus.channel") == ["M-Bus device 1, MDT 1"]

    @pytest.mark.parametrize("status", [4, 8, 10, 12, 15])
    def test_no_value_in_the_interval(self, shown, info, status):
        talk = configured((0, 112), 0x4002)
        answer = talk.read(BT(64), profile((0, 112), (i32(1), DIGITS), (i32(2), (status, i32(0)))))
        packet = shown(talk)[answer]
        assert packet.shows("mep.mbus.value") == ["2318.106"]
        assert len(packet.all("mep.mbus.channel")) == 2
        assert info(talk, answer).endswith("M-Bus device 1: Volume 2318.106 m³, import 0.002 kWh")

    def test_without_the_tables_they_are_numbers(self, shown, info):
        talk = Talk()
        talk.read(BT(61), bt61((30, 8, 1, 15)))
        talk.read(BT(62), bt62((112,)))
        answer = talk.read(BT(64), profile((112,), (DIGITS,)))
        packet = shown(talk)[answer]
        assert packet.shows("mep.bt64.mapped_source_0") == [str(0x02318106)]
        assert not packet.all("mep.mbus.channel")
        assert info(talk, answer) == "intervals 2026-01-20 18:45 to 19:00 UTC"

    def test_an_unused_key(self, shown):
        talk = configured((113,), 0x4001)
        answer = talk.read(BT(64), profile((113,), (DIGITS,)))
        assert not shown(talk)[answer].all("mep.mbus.channel")

    def test_keys_of_the_last_data_sets(self, shown):
        """Key 163 is entry 51: the fourth of data set 4."""
        talk = configured((163,))
        talk.read(ET(66), u16(0x4102), 2 * 51)
        answer = talk.read(BT(64), profile((163,), (DIGITS,)))
        assert shown(talk)[answer].shows("mep.mbus.channel") == ["Volume (M-Bus device 2)"]

    def test_mep_clients(self, shown):
        talk = configured((112,), 0x4403)
        answer = talk.read(BT(64), profile((112,), (DIGITS,)))
        packet = shown(talk)[answer]
        assert packet.shows("mep.mbus.channel") == ["MEP client 1, MDT 3"]
        assert not packet.all("mep.mbus.value")

    def test_part_of_an_interval(self, shown):
        """What is no reading is told, but not counted as one."""
        talk = configured((112, 112), 0x4002)
        whole = profile((112, 112), (DIGITS, DIGITS), (DIGITS, DIGITS))
        answer = talk.read(BT(64), whole[:-6])
        packet = shown(talk)[answer]
        assert packet.shows("mep.mbus.value") == ["2318.106"] * 2
        assert any(label.startswith("Mapped Source 0, cut: 0681 (bytes 0 to 1 of 4)")
                   for label in packet.labels())
        answer = talk.read(BT(64), whole[:-4])
        cut = [label for label in shown(talk)[answer].labels()
               if "cut" in label and "02318106 = Volume 2318.106 m³" in label]
        assert len(cut) == 1


def et42(source, *data_types):
    """One channel in blocks of eight intervals, and no logs: pages 112 to 117."""
    fixed = bytes(2) + bytes([41, 0]) + bytes(19) + u16(0, 0) + u16(30) + bytes([1, 15, 6, 0]) + \
        u16(8) + bytes(6)
    assert len(fixed) == 41
    return fixed + u16(source) + bytes([len(data_types)]) + b"".join(data_types)


class TestNamesOfSources:
    def test_where_tables_name_them(self, shown):
        talk = Talk()
        talk.read(ET(57), DATA_TYPES)
        mapping = talk.read(ET(66), et66(0x4001, 0x4102, 0x4F1F, 0x0013))
        talk.read(BT(61), bt61((30, 8, 3, 15)))
        control = talk.read(BT(62), bt62((112, 115, 0)))
        change = talk.read(ET(75), bytes([4, 1, 0, 1, 0, 0]) + bytes([26, 1, 20, 19, 0]) +
                           u16(0x4102, 0x0013))
        delta = talk.read(ET(71), u16(0x4001) + bytes(11) + u16(0x00FF) + bytes(11))
        packets = shown(talk)

        def labels(frame, name):
            return [each.label.partition(": ")[2] for each in packets[frame].all(name)]

        assert labels(mapping, "mep.et66.extended_source_ids")[:3] == [
            "M-Bus device 1, MDT 1: Volume, uncorrected (0x4001) [0]",
            "M-Bus device 2, MDT 2: Volume (0x4102) [1]", "MEP client 12, MDT 31 (0x4f1f) [2]"]
        assert labels(control, "mep.bt62.interval_source")[:2] == [
            "Mapped Source 0 (112) [M-Bus device 1, MDT 1: Volume, uncorrected]",
            "Mapped Source 3 (115) [Frequency]"]
        assert labels(change, "mep.et75.extended_source_ids")[0] == \
            "M-Bus device 2, MDT 2: Volume (0x4102) [0: channel 0]"
        assert labels(delta, "mep.et71.delta_data_monitor_source")[0].startswith(
            "M-Bus device 1, MDT 1: Volume, uncorrected (0x4001)")
        # The numbers stay.
        assert packets[mapping].shows("mep.et66.extended_source_ids")[0] == str(0x4001)

    def test_placeholders(self, shown):
        """ET21 has the bytes of the last answers again, page 96."""
        talk = configured((0, 112), 0x4102)
        sources, values = bytes([0, 112] + [0] * 6), i32(0) + DIGITS + bytes(24)
        answer = talk.read(ET(21), sources + values, 30)
        packet = shown(talk)[answer]
        assert packet.shows("mep.mbus.value") == ["2318.106"]
        assert "02318106 = Volume 2318.106 m³" in packet.all("mep.et21.placeholders")[1].label

    def test_extended_sources_of_et42(self, shown):
        """ET42 names channels by their extended sources, without ET66."""
        talk = Talk()
        interface = talk.read(ET(42), et42(0x4102, data_type(2, BCD_VOLUME)))
        answer = talk.read(BT(64), profile((0,), (DIGITS,)))
        packets = shown(talk)
        assert packets[answer].shows("mep.mbus.value") == ["2318.106"]
        assert packets[answer].shows("mep.bt64.interval_channel_value") == [str(0x02318106)]
        assert packets[interface].one("mep.et42.load_profile_extended_sources_chans").label.endswith(
            ": M-Bus device 2, MDT 2: Volume (0x4102) [0]")
