"""The guide's printed table bytes, taken apart by hand.

SPDX-License-Identifier: GPL-2.0-or-later
"""
import pytest

from capture_file import load_frames
from table_talk import BT, ET, Talk, packets_of

pytestmark = pytest.mark.usefixtures("plugin")

# Where in samples/guide-frames.jsonl they are, counted from 0.
BT23_ANSWER, ET50_WRITE, TRANSACTION, TRANSACTION_HEAD, RESPONSES = 3, 4, 6, 9, 11
EP17_CALL, BT52_ANSWER = 12, 15


@pytest.fixture(scope="module")
def packets(capture, tshark_pdml, data_dir):
    frames = load_frames(data_dir / "guide-frames.jsonl", "rc4")
    return packets_of(tshark_pdml(capture(frames), "-2"))


@pytest.fixture(scope="module")
def infos(capture, tshark_fields, data_dir):
    frames = load_frames(data_dir / "guide-frames.jsonl", "rc4")
    return [packet["_ws.col.Info"][0] for packet in
            tshark_fields(capture(frames), ["_ws.col.Info"], "-2")]


def values(packet, prefix):
    """Of the packet's fields under a prefix: name behind it -> what they show."""
    found = {}
    for element in packet.walk():
        if element.name.startswith(prefix):
            found.setdefault(element.name[len(prefix):], []).append(element.show)
    return found


def test_registers(packets, infos):
    """Page 16: 44 bytes of BT23, eleven summations."""
    assert values(packets[BT23_ANSWER], "mep.bt23.") == {
        "fwd_active_wh_l1l2l3": ["0"], "rev_active_wh_l1l2l3": ["0"],
        "import_reactive_varh_l1l2l3": ["0"], "export_reactive_varh_l1l2l3": ["0"],
        "power_outage_duration": ["8"], "power_outage_qty": ["3"],
        "fwd_rev_active_wh_l1l2l3": ["0"], "fwd_rev_active_wh_l1l2l3_2": ["0"],
        "pulse_input_1": ["0"], "pulse_input_2": ["0"], "error_counter": ["6"]}
    assert packets[BT23_ANSWER].one("mep.bt23.power_outage_duration").label == \
        "Power Outage Duration: 8 s"
    assert infos[BT23_ANSWER] == "OK, BT23, 44 bytes: [assumed BT21, ET55, BT22] import 0.000 kWh, export 0.000 kWh"


def test_registration(packets, infos):
    """Page 17: one byte of ET50, written."""
    et50 = values(packets[ET50_WRITE], "mep.et50.")
    assert et50["mep_flags"] == ["0x01"] and et50["mep_device_registered"] == ["1"]
    assert et50["et59_response"] == et50["m_bus_alerts"] == et50["delta_data_alerts"] == ["0"]
    flags = packets[ET50_WRITE].one("mep.et50.mep_flags")
    assert (flags.position, flags.size) == (12 + 2 + 8, 1)
    assert infos[ET50_WRITE].startswith("Write ET50 MEP Inbound Data Space, 1 byte at 30")
    assert "MEP Device Registered" in infos[ET50_WRITE]


def test_transaction_requests(packets, infos):
    """Pages 45 and 46: six reads in one write."""
    packet = packets[TRANSACTION]
    assert packet.shows("mep.transaction.size") == ["67"]
    assert packet.shows("mep.transaction.type") == ["0"]
    assert packet.shows("mep.transaction.number") == ["1"]
    assert packet.shows("mep.table")[1:] == ["0x080b", "0x0014", "0x0015", "0x0804", "0x080e",
                                             "0x080f"]
    assert packet.shows("mep.offset")[1:] == ["0", "0", "0", "55", "0", "0"]
    assert packet.shows("mep.count")[1:] == ["10", "10", "10", "1", "12", "31"]
    assert set(packet.shows("mep.transaction.response_in")) == {str(RESPONSES + 1)}
    assert infos[TRANSACTION].endswith(": transaction 1, 6 requests")


def test_transaction_responses(packets, infos):
    """Pages 48 to 50: the six answers."""
    packet = packets[RESPONSES]
    assert packet.shows("mep.transaction.size") == ["111"]
    assert packet.shows("mep.transaction.type") == ["1"]
    assert set(packet.shows("mep.transaction.request_in")) == {str(TRANSACTION + 1)}
    assert infos[RESPONSES].endswith(": transaction 1, 6 responses")
    assert packet.shows("mep.response_code") == ["0x00"] * 7
    assert values(packet, "mep.et11.") == {
        "number_of_devices": ["5"], "config_entry_size": ["66"], "status_entry_size": ["36"],
        "on_demand_request_queue_size": ["5"], "on_demand_request_entry_size": ["6"],
        "data_entry_size": ["517"], "transaction_request_length": ["769"]}
    # The tenth byte is the first of Transaction Response Length.
    assert packet.one("mep.cut").label.startswith("Transaction Response Length, ")
    assert packet.one("mep.cut").show == "f9"
    bt21 = values(packet, "mep.bt21.")
    assert bt21["season_information_field"] == ["1"]
    assert {name: bt21[name] for name in bt21 if name.startswith("number_")} == {
        "number_of_self_reads": ["12"], "number_of_summations": ["15"],
        "number_of_demands": ["8"], "number_of_coincident_values": ["0"],
        "number_of_occurrences": ["1"], "number_of_tiers": ["4"],
        "number_of_present_demands": ["8"], "number_of_present_values": ["26"]}
    assert bt21["demand_reset_lock"] == ["1"] and bt21["time_remaining"] == ["0"]
    assert bt21["self_read_sequence_number"] == ["1"] and bt21["daily_self_read"] == ["1"]
    assert values(packet, "mep.et04.") == {"max_nbr_of_te_registers": ["4"]}
    et14 = values(packet, "mep.et14.")
    assert et14["device_occupancy"] == ["0x11"]
    assert et14["device_1_m_bus"] == ["1"] and et14["device_5_mep"] == ["1"]
    assert et14["device_2_m_bus"] == ["0"]
    assert (et14["device_handle"], et14["device_status"], et14["baud_rate"],
            et14["billing_read_length"]) == (["1"], ["1"], ["4"], ["47"])
    et15 = values(packet, "mep.et15.")
    assert et15["read_pointer"] == ["0"] and et15["write_pointer"] == ["0"]
    assert et15["transaction_nbr"] == ["66", "69", "72", "3", "75"]
    assert et15["device_handle_or_group_mask"] == ["1", "1", "1", "1016", "1"]
    assert et15["request_type"] == ["2"] * 5 and et15["result"] == ["1"] * 5


def test_transaction_in_the_first_example(capture, tshark_pdml):
    """Page 45: one read of BT23, in ET52."""
    talk = Talk()
    talk.write(ET(52), bytes.fromhex("1100000200" "0800" "3F00170000 00002C" "0200"))
    packet = packets_of(tshark_pdml(capture(talk.frames)))[0]
    assert packet.shows("mep.transaction.size") == ["17"]
    assert packet.shows("mep.transaction.number") == ["2"]
    assert packet.shows("mep.table")[1:] == ["0x0017"]
    assert packet.shows("mep.count")[1:] == ["44"]


def test_part_of_a_transaction(packets):
    """Page 47: its first five bytes, to learn how long it is."""
    assert packets[TRANSACTION_HEAD].all("mep.transaction.size") == []
    assert packets[TRANSACTION_HEAD].shows("mep.et53.transaction_size_b") == ["111"]
    assert packets[TRANSACTION_HEAD].shows("mep.et53.transaction_number") == ["1"]


def test_procedure_call(packets, infos):
    """Page 53: EP17 removes the client with handle 0x03F8."""
    packet = packets[EP17_CALL]
    assert packet.shows("mep.procedure") == ["0x0811"]
    assert packet.shows("mep.procedure.sequence") == ["7"]
    assert packet.shows("mep.bt07.response_handling") in (["0"], ["0x00"], ["0x0000"])
    assert values(packet, "mep.ep17.") == {"action": ["0"], "device_handle": [str(0x3F8)]}
    action = packet.one("mep.ep17.action")
    # Tap header, length, code, table, count, BT07's three bytes.
    assert (action.position, action.size) == (12 + 2 + 1 + 2 + 2 + 3, 1)
    assert "EP17" in infos[EP17_CALL]


def test_clock(packets, infos):
    """Page 255, decrypted: 04 02 10 0F 3B 37."""
    clock = packets[BT52_ANSWER].one("mep.bt52.clock_calendar")
    assert clock.label.endswith("2004-02-16 15:59:55 UTC")
    assert clock.size == 6
    assert infos[BT52_ANSWER] == "OK, BT52, 6 bytes: 2004-02-16 15:59:55 UTC"


def test_firmware_version(capture, tshark_pdml):
    """BT01, page 199: two bytes that are one number."""
    talk = Talk()
    talk.read(BT(1), bytes.fromhex("3018"), 14)
    talk.read(BT(1), bytes.fromhex("18"), 15)
    both, lower = packets_of(tshark_pdml(capture(talk.frames), "-Y", "mep.response_code"))
    assert any("firmware 3.00.24" in label for label in both.labels())
    assert not any("firmware 3." in label for label in lower.labels())
