"""What M-Bus devices deliver: their records (EN 13757-3) in ET16, ET45 and ET74, and their values in
load profiles. The records are those of libmbus' test frames and of the guide; what they stand for is
written down by hand.

SPDX-License-Identifier: GPL-2.0-or-later
"""
import pytest

from table_talk import ET, Talk, packets_of, u16

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
        return shown["_ws.col.Info"][0].partition(": ")[2]

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
        assert info(talk, alone).endswith("of 00234207, Water: encrypted")

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
            "1 reading, 2026-01-20 19:00:05 of 00234207, Water: Volume 18590.742 m³"

    def test_the_main_ones_first(self, info):
        talk = Talk()
        records = HEAT_METER + bytes.fromhex("04 3b 1f 02 00 00")
        answer = talk.read(ET(16), delivered(records, HEAT))
        assert info(talk, answer).endswith(
            "Heat: Energy 37351 kWh, Volume 561.08 m³, Flow temperature 101.69 °C")

    def test_only_one_from_earlier(self, info):
        """Landis+Gyr's G350 tells the last hour's."""
        talk = Talk()
        answer = talk.read(ET(16), delivered(bytes.fromhex("4c 13 92 40 83 10"), GAS))
        assert info(talk, answer).endswith(", Gas: Volume 10834.092 m³ (storage 1)")

    def test_a_medium_that_has_no_name(self, info):
        talk = Talk()
        answer = talk.read(ET(16), delivered(WATER_VOLUME, 0x7E))
        assert info(talk, answer).endswith("of 00234207, Volume 18590.742 m³")

    def test_the_latest(self, info):
        talk = Talk()
        later = bytes([26, 1, 20, 20, 0, 5])
        first = et45(delivered(WATER_VOLUME))
        second = et45(delivered(GAS_VOLUME, GAS)).replace(WHEN, later)[6:]
        talk.read(ET(36), bytes([7]) + (u16(ET(45), 100, 9, 9) + bytes(9)) * 7 + b"\0")
        data = first + bytes(100 - len(first) + 6) + second
        answer = talk.read(ET(45), data)
        assert info(talk, answer) == ("2 readings, the latest 2026-01-20 20:00:05 of 00234207, "
                                      "Gas: Volume, uncorrected 2318.106 m³")
