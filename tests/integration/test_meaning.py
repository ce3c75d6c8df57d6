"""What fields mean: words, units and elements, each by the page of the guide and with bytes made up here
("opt." is the Optical Port Programmer's Guide).

SPDX-License-Identifier: GPL-2.0-or-later
"""
import struct

import oma_digest
import pytest
from capture_file import CLIENT_TO_METER, METER_TO_CLIENT, Frame, tap_header
from table_talk import BT, ET, Talk, bt21, bt61, i32, packets_of, u16

pytestmark = pytest.mark.usefixtures("plugin")

PENDING = 0x1000


@pytest.fixture(scope="module")
def shown(capture, tshark_pdml):
    """shown(talk) -> packets by frame number."""

    def run(talk, *arguments):
        return dict(enumerate(packets_of(tshark_pdml(capture(talk.frames), "-2", *arguments)), 1))

    return run


@pytest.fixture(scope="module")
def answered(shown):
    """answered((table, data[, offset]), …) -> the packet of the last answer."""

    def run(*reads):
        talk = Talk()
        for read in reads:
            last = talk.read(*read)
        return shown(talk)[last]

    return run


@pytest.fixture(scope="module")
def info(capture, tshark_fields):
    def run(*reads):
        talk = Talk()
        for read in reads:
            talk.read(*read)
        return tshark_fields(capture(talk.frames), ["_ws.col.Info"])[-1]["_ws.col.Info"][0]

    return run


def label(packet, name):
    return packet.one(name).label.replace("…", "").strip()


def labels(packet, name):
    return [element.label for element in packet.all(name)]


# --- Pending tables, opt. 9 and 10 ----------------------------------------------------------------

def calendar(seasons):
    """BT54's last bytes: a schedule's five numbers for each season, and the calendar's number."""
    return bytes(range(1, 6)) * seasons + struct.pack("<I", 0x0BADCAFE)


class TestPending:
    AT_TIME = bytes([0x10, 26, 3, 2, 12, 0])

    def test_activation_and_then_the_table(self, answered, info):
        table = BT(52) | PENDING
        data = self.AT_TIME + bytes([26, 6, 15, 11, 45, 7, 0x11])
        packet = answered((table, data))
        assert label(packet, "mep.pending.event_code").endswith("Event Code: at a time (0)")
        assert "2026-03-02 12:00 UTC" in label(packet, "mep.pending.activation_time")
        assert label(packet, "mep.pending.self_read_flag").endswith("self-read before")
        assert "2026-06-15 11:45:07" in label(packet, "mep.bt52.clock_calendar")
        assert info((table, data)) == \
            "OK, pending BT52, 13 bytes, activates 2026-03-02 12:00 UTC: 2026-06-15 11:45:07 UTC"

    def test_the_offset_does_not_count_it(self, answered):
        """Four bytes from offset 3: a count of 10."""
        packet = answered((BT(52) | PENDING, self.AT_TIME + bytes([11, 45, 7, 0x11]), 3))
        assert "bytes 3 to 6 of pending BT52" in label(packet, "mep.data")
        assert packet.one("mep.bt52.day_of_week").show == "1"

    @pytest.mark.parametrize("event, told", [
        (bytes([0, 0, 0, 0, 0, 0]), "no activation set"),
        (bytes([1, 1, 2, 0, 1, 0]), "activates 1 week 2 days 1 minute after it was written"),
        (bytes([2, 0xDE, 0xAD, 0, 0, 1]), "activates by procedure only")])
    def test_other_events(self, answered, event, told):
        packet = answered((BT(52) | PENDING, event + bytes(7)))
        assert f"Pending Event Description: {told}" in packet.labels()

    @pytest.mark.parametrize("begin", [bytes([3]), bytes([0x40]), bytes([0, 26, 13])])
    def test_no_event_is_read_out_of_other_bytes(self, answered, begin):
        packet = answered((BT(52) | PENDING, begin + bytes(7 - len(begin))))
        assert not [name for name in packet.labels() if "Pending Event" in name]
        assert "bytes 0 to 6 of pending BT52" in label(packet, "mep.data")

    def test_what_is_pending_teaches_nothing(self, answered):
        """A pending BT21 of two summations; BT23 as it is."""
        packet = answered((BT(21) | PENDING, self.AT_TIME + bt21(summations=2)),
                          (BT(23), i32(*range(11))))
        assert packet.one("mep.bt23.error_counter").show == "10"

    def test_written_ones(self, shown):
        talk = Talk()
        request = talk.write(BT(53) | PENDING, self.AT_TIME + bytes([2, 0, 0, 60]) + u16(60)) - 1
        packet = shown(talk)[request]
        assert packet.one("mep.bt53.daylight_saving_time_adjustment").show == "60"
        assert "2026-03-02 12:00" in label(packet, "mep.pending.activation_time")


# --- Words -----------------------------------------------------------------------------------------

OUTAGES = 10 * 18


class TestWords:
    """Behind its field's name, a value's name has to read as what is so."""

    def test_phases(self, answered):
        packet = answered((ET(9), b"\2", OUTAGES + 86))
        assert label(packet, "mep.et09.phase_l1_loss").endswith("Phase L1 Loss: no, phase present")
        assert label(packet, "mep.et09.phase_l2_loss").endswith("Phase L2 Loss: yes, phase lost")
        packet = answered((ET(4), b"\1", 62))
        assert label(packet, "mep.et04.inactive_voltage_phases_phase_l1").endswith(
            "inactive, phase not present")
        assert label(packet, "mep.et04.inactive_voltage_phases_phase_l2").endswith(
            "active, phase present")

    @pytest.mark.parametrize("bits, words", [(0, "tariff enabled"), (2, "tariff disabled")])
    def test_negated_names(self, answered, bits, words):
        packet = answered((ET(55), bytes([bits]), 80))
        assert label(packet, "mep.et55.disable_consumption_based_tariff").endswith(
            f"Disable Consumption Based Tariff: {words}")
        other = "mep.et55.disable_step_tariff"
        assert label(packet, other).endswith("Disable Step Tariff: tariff enabled")

    @pytest.mark.parametrize("table, offset, byte, name, words", [
        (ET(55), 3, 0x02, "et55.consumption_based_tariff_enabled", "yes"),
        (ET(55), 3, 0x00, "et55.step_tariff_enabled", "no"),
        (ET(51), 0, 0x80, "et51.disable_mep", "MEP disabled"),
        (ET(51), 0, 0x00, "et51.disable_mep", "MEP enabled"),
        (ET(4), 12, 0x08, "et04.disable_plc_encryption", "encryption disabled"),
        (ET(62), 0, 0x00, "et62.disable_load_profile_display", "display allowed"),
        (ET(80), 0, 0x01, "et80.average_power_enabled", "yes (1)"),
        (BT(26), 0, 0x00, "bt26.list_type", "no entries configured"),
        (BT(74), 0, 0x01, "bt74.order", "descending")])
    def test_more_of_the_kind(self, answered, table, offset, byte, name, words):
        assert label(answered((table, bytes([byte]), offset)), f"mep.{name}").endswith(f": {words}")

    @pytest.mark.parametrize("bits, words", [(0, "not latching"), (1 << 13, "latching")])
    def test_relays(self, answered, bits, words):
        """Page 103."""
        packet = answered((ET(29), struct.pack("<I", bits), 33))
        assert label(packet, "mep.et29.control_relay_1_type").endswith(f"Type: {words}")

    def test_no_bit_has_one_name_only(self, run_tshark):
        """A bit of which one value has words has words for the other, too."""
        names = {}
        for line in run_tshark(["-G", "values"]).stdout.splitlines():
            kind, _, rest = line.partition("\t")
            name, *texts = rest.split("\t")
            if kind == "T" and name.startswith("mep."):
                names[name] = texts
        assert len(names) > 50
        odd = {name: texts for name, texts in names.items()
               if ("True" in texts) != ("False" in texts)}
        assert not odd


def test_the_tou_format_stands_in_the_first_recurring_date(answered):
    """Page 228: bit 7 of the first; of the others, and of non-recurring dates, it tells nothing."""
    dates = bytes([0x21, 0x08, 0x80]) * 25
    packet = answered((BT(54), dates + bytes([1, 8, 0x80]) + bytes([2, 8, 0x80]) * 22))
    assert len([text for text in packet.labels() if "TOU Format" in text]) == 2  # and of the word
    assert label(packet, "mep.bt54.recurrdatercd.tou_format") == \
        "1... .... = TOU Format: from 3.50 (CP 1.20): 12 seasons, 25 non-recurring dates"
    assert packet.shows("mep.bt54.recurrdatercd.tou_format") == ["1"]


@pytest.mark.parametrize("drive, words", [(None, ""), (0, ""), (2, ""), (3, " (time-based override)")])
def test_a_reason_for_the_tier_only_while_it_is_overridden(answered, drive, words):
    """Page 134: 0 is an override by time if BT55 (page 231) says that there is one."""
    clock = bytes([26, 6, 15, 11, 45, 7, 0x11])
    before = [] if drive is None else [(BT(55), clock + u16(drive << 6))]
    packet = answered(*before, (ET(54), b"\0", 44))
    assert label(packet, "mep.et54.tier_drive") == f"Tier Drive: 0x00{words}"
    assert label(answered(*before, (ET(54), b"\1", 44)), "mep.et54.tier_drive") == \
        "Tier Drive: 0x01, Over Power Threshold Exceeded"


class TestNamesAndFormats:
    """One field may have names of values and a format."""

    def test_the_source_of_an_alert(self, answered):
        """Pages 174 and 175: its name, and its unit behind the three numbers."""
        def entry(source, *values):
            return struct.pack("<HHiiB", source, *values, 0)

        packet = answered((ET(71), entry(15, 500, 230_000, 229_800) + entry(0, 10, 20, -30) +
                           entry(255, 0, 0, 0)))
        assert labels(packet, "mep.et71.delta_data_monitor_source") == [
            "Delta Data Monitor Source: RMS Voltage L1 (15)",
            "Delta Data Monitor Source: Fwd Active Wh L1L2L3 (0)",
            "Delta Data Monitor Source: entry not in use (255)"]
        assert labels(packet, "mep.et71.configured_delta") == \
            ["Configured Delta: 500 mV = 0.500 V", "Configured Delta: 10 Wh", "Configured Delta: 0"]
        assert labels(packet, "mep.et71.sampled_data_value")[:2] == \
            ["Sampled Data Value: 229800 mV = 229.800 V", "Sampled Data Value: -30 Wh"]
        assert packet.shows("mep.et71.sampled_data_value") == ["229800", "-30", "0"]
        assert "ET55 Energy Register Unit = 1" in "".join(packet.shows("mep.assumed"))

    def test_the_source_of_an_alert_counts_in_tens(self, answered):
        packet = answered((BT(21), bt21()), (ET(55), b"\x0a", 185 + 12),
                          (ET(71), struct.pack("<HHiiB", 1, 10, 20, 30, 0)))
        assert label(packet, "mep.et71.sampled_data_value") == "Sampled Data Value: 30 Wh × 10 = 300 Wh"

    def test_group_ids(self, shown):
        """Page 131."""
        groups = [0x12FF, 0xFF34, 0xFFFF, 0x0000, 0x1234]
        body = struct.pack("<HBHB", 0, 3, 7, len(groups)) + u16(*groups)
        size = len(body) + 2
        talk = Talk()
        written = talk.write(ET(52), u16(size) + body[2:] + u16(7)) - 1
        assert labels(shown(talk)[written], "mep.et52.group_id_list") == [
            "Group ID List: 0x12ff (all sub-groups of group 0x12) [0]",
            "Group ID List: 0xff34 (all groups) [1]", "Group ID List: 0xffff (all groups) [2]",
            "Group ID List: 0x0000 (not a valid group) [3]",
            "Group ID List: 0x1234 (group 0x12, sub-group 0x34) [4]"]


class TestUnused:
    def test_end_readings(self, answered):
        """BT62, page 236: no source where there is no end reading."""
        packet = answered((BT(61), bt61((1, 1, 2, 15))), (BT(62), bytes([0, 1, 0, 1, 2, 3, 32])))
        assert labels(packet, "mep.bt62.end_reading_source") == [
            "End Reading Source: 0 (unused)",
            "End Reading Source: Export Reactive Varh L1L2L3 (3)"]
        assert labels(packet, "mep.bt62.interval_source") == [
            "Interval Source: Rev Active Wh L1L2L3 (1)",
            "Interval Source: Import Reactive Varh L1L2L3 (2)"]

    def test_sources_that_are_not_mapped(self, answered):
        """ET66, page 173."""
        packet = answered((ET(66), u16(0, 26, 0)))
        assert labels(packet, "mep.et66.extended_source_ids") == [
            "Extended Source IDs: 0 (unused) [0]",
            "Extended Source IDs: Channel 0 Pulse Input (26) [1]",
            "Extended Source IDs: 0 (unused) [2]"]

    def test_sources_beyond_the_channels(self, answered):
        """ET21, page 96: as many of them count as there are channels."""
        data = bytearray(131)
        data[28], data[29], data[30:33] = 2, 84, bytes([8, 9, 0])
        packet = answered((ET(21), bytes(data)))
        assert labels(packet, "mep.et21.sources")[:3] == [
            "Sources: Fwd Active W L1L2L3 (8) [0: channel 0]",
            "Sources: Rev Active W L1L2L3 (9) [1: channel 1]", "Sources: 0 (unused) [2: channel 2]"]
        assert set(labels(packet, "mep.et21.sources_expansion")) == {
            f"Sources expansion: 0 (unused) [{i}: channel {i + 8}]" for i in range(8)}
        assert label(packet, "mep.et21.interval_time") == "Interval Time: 24 hours (84)"


@pytest.mark.parametrize("procedure, code, own, table_says", [
    (0x811, 4, "a remove request is in progress", "4"),
    (0x813, 3, "handle, mask or index matches no installed device", "3"),
    (0x813, 4, "timing constraint, ignored", "timing constraint, ignored (4)")])
@pytest.mark.parametrize("table", [BT(8), ET(59), ET(85)])
def test_one_reading_of_a_result(answered, table, procedure, code, own, table_says):
    """Page 53: where codes are a procedure's own, they have its reading alone."""
    packet = answered((table, u16(procedure) + bytes([5, code])))
    assert label(packet, "mep.procedure.result") == f"Result: {own} ({code})"
    name = "et" if table & 0x800 else "bt"
    assert label(packet, f"mep.{name}{table & 0x7FF:02}.result_code") == f"Result Code: {table_says}"


@pytest.mark.parametrize("wire, number, standard", [
    ("810203", 0x010203, "1"), ("010203", 0x010203, "0"), ("ff0001", 0x7F0001, "1")])
def test_manufacturers_number(answered, wire, number, standard):
    """Page 126: its first byte is the most significant, the highest bit a flag."""
    packet = answered((ET(50), bytes.fromhex(wire) + bytes(27)))
    assert int(packet.one("mep.et50.manufacturer_unique_id").show, 0) == number
    assert packet.shows("mep.et50.osgp_alliance_format") == [standard]


class TestTimes:
    @pytest.mark.parametrize("table, offset", [(ET(31), 6), (BT(24), 0), (BT(26), 6)])
    def test_local_ones(self, answered, table, offset):
        """Pages 105, 212 and 214: of the clock of BT55."""
        packet = answered((table, bytes([26, 6, 15, 0, 15]), offset))
        assert any(text.endswith("2026-06-15 00:15 (meter's local time)") for text in packet.labels())

    @pytest.mark.parametrize("bits, words", [
        (14 | 7 << 8, "weekly, on a weekday that is not assigned"), (14 | 6 << 8, "every Saturday"),
        (3 | 2 << 4 | 7 << 8 | 9 << 11, "March 9, moved to a weekday that is not assigned"),
        (3 | 7 << 8 | 9 << 11, "March 9")])
    def test_weekdays(self, answered, bits, words):
        """Page 42: weekday 7 is unassigned."""
        packet = answered((BT(54), u16(bits) + b"\0", 25 * 3))
        assert packet.one("mep.bt54.recurring_date").show == words

    @pytest.mark.parametrize("year, shows", [(99, "2099-01-02 03:04:05"), (100, None), (255, None)])
    def test_years_have_two_digits(self, answered, year, shows):
        """Page 41."""
        packet = answered((BT(52), bytes([year, 1, 2, 3, 4, 5])))
        if shows:
            assert shows in label(packet, "mep.bt52.clock_calendar")
        else:
            assert label(packet, "mep.not_a_time").endswith("(out of bounds)")


class TestUnits:
    def test_the_energy_registers_unit_is_assumed(self, answered):
        """Pages 158 and 207: 1, 10 or 100; like every other dimension."""
        shape = (BT(21), bt21(summations=2, tiers=0))
        sources = (BT(22), bytes([0, 4]))
        registers = (BT(23), i32(1234, 5))
        unit = "ET55 Energy Register Unit = 1"
        assert unit in "".join(answered(shape, sources, registers).shows("mep.assumed"))
        known = answered((BT(21), bt21()), (ET(55), b"\x0a", 185 + 12), shape, sources, registers)
        assert known.shows("mep.assumed") == []
        assert label(known, "mep.bt23.fwd_active_wh_l1l2l3").endswith("1234 Wh × 10")
        # Nothing of it in what counts no energy.
        others = answered(shape, (BT(22), bytes([4, 5])), registers)
        assert unit not in "".join(others.shows("mep.assumed"))

    def test_the_time_adjustment_is_in_seconds(self, answered):
        """Source 201, page 137."""
        shape = (BT(21), bt21(present_values=1))
        packet = answered(shape, (BT(27), bytes([201])), (BT(28), i32(-3)))
        assert "Current Load Profile Interval Time Adjustment: -3 s" in packet.labels()


class TestResponseTime:
    """Page 21: from the last byte of the request."""

    def test_a_long_write(self, capture, tshark_fields):
        """484 bytes at 9600 bit/s take half a second; answered 40 ms after that."""
        request = oma_digest.write(BT(54), bytes(462), 0, 0x1000)
        assert len(request) == 484
        talk = [Frame(request, CLIENT_TO_METER),
                Frame(oma_digest.answer(request, b"\0"), METER_TO_CLIENT, 40_000)]
        answer = tshark_fields(capture(talk), ["mep.response_time"])[1]
        assert float(answer["mep.response_time"][0]) == pytest.approx(0.041, abs=1e-4)  # its first byte took 1 ms

    def test_where_nothing_tells_how_long_it_took(self, capture, tshark_pdml):
        request = oma_digest.read(BT(52), 7, 0, 0x1000)
        talk = [Frame(request, CLIENT_TO_METER, 0),
                Frame(oma_digest.read_answer(request, bytes(7)), METER_TO_CLIENT, 60_000)]
        packet = packets_of(tshark_pdml(capture(talk, link=161), "-2"))[1]
        element = packet.one("mep.response_time")
        assert float(element.show) == pytest.approx(0.060 + len(request) * 10 / 9600, abs=1e-4)
        assert element.label.endswith("(from the time of the request's record)")


def test_what_is_of_mbus_is_not_said_of_mep_clients(answered):
    """Page 92: ET16's fifth entry."""
    entry = bytes([26, 6, 15, 0, 15, 0, 0x3F]) + u16(1, 2) + b"\xca\xfe"
    packet = answered((ET(16), entry, 4 * 517))
    assert packet.all("mep.et16.response_info") == packet.all("mep.et16.authentication") == []
    assert packet.one("mep.et16.read_count").show == "1"
    assert packet.one("mep.et16.data").show.replace(":", "") == "cafe"
    mbus = answered((ET(16), entry, 3 * 517))
    assert mbus.one("mep.et16.response_info").show == "0x3f"


@pytest.mark.parametrize("sent, expected, told", [
    (0x1001, 0x1009, "8 ahead"), (0x1009, 0x1001, "8 back"), (0x5D10, 0x5D10, "as was sent"),
    (1, 0x77635B90, "")])
def test_the_number_that_the_meter_expects(capture, tshark_fields, sent, expected, told):
    """Pages 11, 12 and 16 do not agree whether it is the next or the last: told as it is."""
    request = oma_digest.read(BT(23), 44, 0, sent)
    answer = oma_digest.answer(request, struct.pack(">BI", 0x0C, expected))
    shown = tshark_fields(capture([Frame(request, CLIENT_TO_METER), Frame(answer, METER_TO_CLIENT)]),
                          ["_ws.col.Info"])[1]["_ws.col.Info"][0]
    assert shown == ", ".join(filter(None, ["Invalid sequence number", "BT23",
                                            f"the meter expects 0x{expected:08x}", told]))


# --- Elements --------------------------------------------------------------------------------------

@pytest.mark.parametrize("table, data, offset, named", [
    (ET(13), bytes(66), 4 * 66, "Device Config [4]: MEP client 1"),
    (ET(14), bytes(36), 6 + 36, "M-Bus/MEP Status [1]: M-Bus device 2"),
    (ET(16), bytes(517), 2 * 517, "MEP Billing Read [2]: M-Bus device 3"),
    (ET(9), bytes(2), OUTAGES + 147, "THD Record [0]: voltage"),
    (ET(9), bytes(22), OUTAGES + 147 + 70 + 4 + 22, "THD Event Record [1]: L2"),
    (ET(61), bytes(2), 160, "Relay Control [1]: Control Relay 2"),
    (BT(60), bytes(6), 7 + 6, "Data Set Configuration [1]: Data Set 2"),
    (BT(63), bytes(13), 0, "Data Set Status [0]: Data Set 1"),
    (ET(51), bytes(10), 0, "MEP Device Configuration [0]: MEP client 1"),
    (BT(23), bytes(44), 44, "Tier [0]: T0, the display's tier 1"),
    (ET(29), bytes(3), 27, "Comm Assignment Matrix 1 [1]: USART2")])
def test_elements_by_name(answered, table, data, offset, named):
    assert named in answered((table, data, offset)).labels()


def test_elements_of_plain_arrays(answered):
    packet = answered((ET(4), struct.pack("<II", 7, 8), 129))
    assert labels(packet, "mep.et04.mep_sequence_numbers") == [
        "MEP Sequence Numbers: 7 [0: MEP client 1]", "MEP Sequence Numbers: 8 [1: MEP client 2]"]


def test_channels_of_a_load_profile(answered):
    """Placeholders of the guide ("Channel 2i+1 Status", "Interval Channel X Value") are the thing
    itself."""
    packet = answered(
        (BT(61), bt61((1, 1, 3, 15))), (BT(62), bytes([0, 0, 0, 0, 1, 0, 0, 253, 0, 32])),
        (BT(64), bytes([26, 6, 15, 0, 15, 1]) + bytes([0x01, 0x23]) + i32(10, 20, 30)))
    status = [element.label for element in packet.all("mep.bt64.channel_status")]
    assert [text.partition("= ")[2] for text in status] == [
        "Channel Status: partial interval (clock moved forward) (2) "
        "[channel 1: Rev Active Wh L1L2L3]",
        "Channel Status: long interval (clock moved back) (3) [channel 2]"]
    assert not [text for text in packet.labels() if "2i+" in text or "Channel X" in text]


@pytest.fixture(scope="module")
def filter_page(data_dir):
    return (data_dir.parent / "docs" / "filter-names.md").read_text()


def test_old_names_are_on_record(filter_page, run_tshark):
    fields = {line.split("\t")[2] for line in run_tshark(["-G", "fields"]).stdout.splitlines()
              if line.startswith("F\t")}
    old_and_new = [line.split("`")[1::2] for line in
                   filter_page.partition("## Names that changed")[2].splitlines()
                   if line.startswith("| `")]
    assert len(old_and_new) >= 10
    for old, new in old_and_new:
        assert old not in fields and new in fields, (old, new)
