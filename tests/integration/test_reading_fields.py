"""mep.reading.*: what was measured, in units without prefix, under names that tables and meters share.
Expected values are computed by hand.

SPDX-License-Identifier: GPL-2.0-or-later
"""
import dataclasses
import json
import pathlib

import pytest

from table_talk import BT, ET, Talk, bt21, bt61, bt62, i32, packets_of

pytestmark = pytest.mark.usefixtures("plugin")

SAMPLES = pathlib.Path(__file__).resolve().parents[2] / "samples"


@pytest.fixture
def read(capture, tshark_pdml):
    """read(reads…) -> of the last answer {name without "mep.reading.": values as text}."""

    def run(*reads):
        talk = Talk()
        for each in reads:
            talk.read(*each)
        packet = packets_of(tshark_pdml(capture(talk.frames), "-2"))[-1]
        found = {}
        for element in packet.walk():
            if element.name.startswith("mep.reading."):
                found.setdefault(element.name.removeprefix("mep.reading."), []).append(element.show)
        return found

    return run


def present(*sources):
    return (BT(21), bt21(present_values=len(sources))), (BT(27), bytes(sources))


def test_present_values(read):
    assert read(*present(8, 15, 12, 19, 18, 22), (BT(28), i32(5558, 230_512, 7950, 49_990, -985, 0))) == {
        "power.import": ["5558"], "voltage.l1": ["230.512"], "current.l1": ["7.95"],
        "frequency": ["49.99"], "power_factor.l1": ["-0.985"], "power_factor.l3": ["0"]}


def test_phases_sides_and_averages_are_told_apart(read):
    sources = (185, 186, 187, 191, 197, 205, 208, 236, 239)
    assert read(*present(*sources), (BT(28), i32(1, 2, 3, 40, 5000, 229_900, 7, 12_034, 9))) == {
        "power.import.l1": ["1"], "power.import.l2": ["2"], "power.import.l3": ["3"],
        "power.import.l1.primary": ["40"], "current.l1.primary": ["5"],
        "voltage.l1.average": ["229.9"], "power.import.average": ["7"],
        "voltage_angle.l1_l2": ["120.34"], "reactive_power.import.l1": ["9"]}


def test_what_has_no_unit_has_no_reading(read):
    assert read(*present(26, 164, 250), (BT(28), i32(1, 2, 3))) == {}


def test_energies_are_scaled_and_by_tier(read):
    """ET55's unit is 10; BT23 has totals, then tiers."""
    unit = (BT(21), bt21()), (ET(55), b"\x0a", 185 + 12)
    shape = (BT(21), bt21(summations=3, tiers=2)), (BT(22), bytes([0, 1, 4]))
    assert read(*unit, *shape, (BT(23), i32(1234, 5, 60, 1000, 2, 0, 234, 3, 0))) == {
        "energy.import": ["12340"], "energy.export": ["50"], "outage_time": ["60"],
        "energy.import.t0": ["10000"], "energy.export.t0": ["20"], "outage_time.t0": ["0"],
        "energy.import.t1": ["2340"], "energy.export.t1": ["30"], "outage_time.t1": ["0"]}


def test_a_source_that_is_a_tier_has_the_tiers_name(read):
    """BT22's 40 and 44 are those of T1; 44 counts minutes."""
    shape = (BT(21), bt21(summations=2, tiers=0)), (BT(22), bytes([40, 44]))
    assert read(*shape, (BT(23), i32(7, 3))) == {"energy.import.t1": ["7"], "outage_time.t1": ["180"]}


def test_part_of_a_tier(read):
    shape = (BT(21), bt21(summations=2, tiers=2)), (BT(22), bytes([0, 1]))
    assert read(*shape, (BT(23), i32(5), 2 * 4 + 2 * 4 + 4)) == {"energy.export.t1": ["5"]}


def test_what_was_kept_is_of_the_past(read):
    when = bytes([26, 3, 2, 7, 30])
    shape = (BT(21), bt21(1 << 1, summations=1, tiers=0)), (BT(22), bytes([0]))
    assert read(*shape, (BT(25), when + i32(77))) == {"past.energy.import": ["77"]}


def profile(*statuses):
    """A block of BT64 with these intervals of the channels import and voltage L1."""
    blocks = (BT(61), bt61((30, 8, 2, 15)))
    data = bytes([22, 3, 1, 13, 0]) + bytes([(1 << len(statuses)) - 1])
    for number, status in enumerate(statuses):
        data += bytes([status, 0]) + i32(100 + number, 230_000 + number)
    return blocks, (BT(62), bt62((0, 15))), (BT(64), data)


def test_intervals_are_of_the_past(read):
    assert read(*profile(0, 0)) == {"past.energy.import": ["100", "101"],
                                    "past.voltage.l1": ["230", "230.001"]}


def test_an_interval_without_a_value_has_no_reading(read):
    """Page 240: 4 is "skipped"."""
    skipped = read(*profile(0, 4))
    assert skipped["past.energy.import"] == ["100"]


def test_nobody_knows_where_the_digest_is_wrong(capture, tshark_fields):
    talk = Talk()
    for each in present(8):
        talk.read(*each)
    answer = talk.read(BT(28), i32(5558))
    frame = talk.frames[answer - 1]
    damaged = bytearray(frame.data)
    damaged[5] ^= 1
    talk.frames[answer - 1] = dataclasses.replace(frame, data=bytes(damaged))
    packet = tshark_fields(capture(talk.frames), ["mep.digest.status", "mep.reading.power.import",
                                                  "mep.bt28.fwd_active_w_l1l2l3"])[-1]
    assert packet["mep.digest.status"] == ["0"]
    assert packet["mep.bt28.fwd_active_w_l1l2l3"] and not packet["mep.reading.power.import"]


def test_devices(tshark_fields):
    """The simulated gas meter's last reads, and a day of its channel in the load profile."""
    fields = ["mep.table", "mep.reading.mbus.volume", "mep.reading.past.mbus.volume", "mep.mbus.value"]
    packets = tshark_fields(SAMPLES / "mbus.pcapng", fields)
    read_last = [packet["mep.reading.mbus.volume"] for packet in packets
                 if packet["mep.reading.mbus.volume"]]
    assert ["2330.952"] in read_last and ["189.591"] in read_last
    logged = [packet for packet in packets if packet["mep.reading.past.mbus.volume"]]
    assert {packet["mep.table"][0] for packet in logged} == {"0x082d"}


def test_units_stand_beside_the_number(capture, run_tshark):
    talk = Talk()
    for each in present(15, 8):
        talk.read(*each)
    talk.read(BT(28), i32(230_512, 5558))
    lines = [line.strip() for line in
             run_tshark(["-r", capture(talk.frames), "-V"]).stdout.splitlines()]
    at = lines.index("RMS Voltage (mV) L1: 230512 mV")
    assert lines[at + 1] == "[Voltage L1: 230.512 V]"
    # What would say the same twice is there, and not seen.
    assert "Fwd Active W L1L2L3: 5558 W" in lines
    assert not [line for line in lines if line.startswith("[Power import")]


def test_power_and_voltage_share_a_graph(user):
    """As an I/O graph averages them."""
    named = ["mep.reading.power.export", "mep.reading.voltage.l1"]
    what = ",".join(f"AVG({name}){name}" for name in named)
    told = user.tshark(["-r", user.readable(SAMPLES / "daily-reading.pcapng"), "-q", "-z",
                        f"io,stat,20,{what}"]).stdout
    first = next(line for line in told.splitlines() if "0 <> 20" in line)
    power, voltage = (float(cell) for cell in first.split("|")[2:4])
    assert (power, voltage) == ((5558 + 5546) / 2, pytest.approx((234.105 + 234.148) / 2))


def test_tables_of_the_past_do_not_bend_the_curve(tshark_fields):
    """BT26 and BT64 have energies of other days."""
    for sample in ("daily-reading", "load-profile"):
        for packet in tshark_fields(SAMPLES / f"{sample}.pcapng",
                                    ["mep.table", "mep.reading.energy.import"]):
            assert not packet["mep.reading.energy.import"] or packet["mep.table"] == ["0x0017"]


def test_json_has_the_key_mep_once(user):
    run = user.tshark(["-r", user.readable(SAMPLES / "daily-reading.pcapng"), "-T", "json"])

    def unique(pairs):
        names = [name for name, _ in pairs]
        assert names.count("mep") <= 1 and names.count("mep_tap") <= 1
        return dict(pairs)

    packets = json.loads(run.stdout, object_pairs_hook=unique)
    for packet in packets:
        layers = packet["_source"]["layers"]
        assert layers["frame"]["frame.protocols"] == "mep_tap:mep"
        assert layers["mep_tap"]["mep.tap.baud_rate"] == "9600"
        assert "mep.length" in layers["mep"]


# Demands: BT21 counts them, BT22 says of what they are and which are maxima, BT27 of which interval.
def bt22(summations, demands, maxima):
    return BT(22), bytes([*summations, *demands, maxima])


def test_demands_are_told_by_bt22(read):
    """Import as a maximum, export as a minimum, each in total and in a tier."""
    shape = (BT(21), bt21(summations=1, demands=2, tiers=1)), bt22([0], [8, 9], 0b01)
    assert read(*shape, (BT(23), i32(1000, 4500, 120, 700, 4100, 60))) == {
        "energy.import": ["1000"], "energy.import.t0": ["700"],
        "power.import.demand.max": ["4500"], "power.export.demand.min": ["120"],
        "power.import.t0.demand.max": ["4100"], "power.export.t0.demand.min": ["60"]}


def test_before_bt22_nobody_knows_what_a_demand_is_of(read):
    shape = (BT(21), bt21(summations=1, demands=1, tiers=0)),
    assert read(*shape, (BT(23), i32(1000, 4500))) == {"energy.import": ["1000"]}


def test_what_was_kept_of_demands_is_of_the_past(read):
    shape = (BT(21), bt21(summations=0, demands=1, tiers=0)), bt22([], [82], 1)
    assert read(*shape, (BT(25), i32(77))) == {"past.power.export.primary.demand.max": ["77"]}


@pytest.mark.parametrize("source", [8, 88])
def test_the_present_demand(read, source):
    """By its own source, or as "Present Dmd 1", which is that of BT22's first."""
    shape = (BT(21), bt21(summations=0, demands=1, tiers=0, present_demands=1, present_values=1))
    known = shape, bt22([], [8], 1), (BT(27), bytes([source, 96]))
    assert read(*known, (BT(28), i32(3300, 3250))) == {
        "power.import.demand": ["3300"], "power.import.demand.previous": ["3250"]}


def test_a_demand_is_shown_with_its_unit(capture, run_tshark):
    talk = Talk()
    talk.read(BT(21), bt21(summations=0, demands=1, tiers=0, present_demands=1, present_values=0))
    talk.read(*bt22([], [8], 1))
    talk.read(BT(27), bytes([88]))
    talk.read(BT(28), i32(3300))
    lines = [line.strip() for line in
             run_tshark(["-r", capture(talk.frames), "-V"]).stdout.splitlines()]
    at = lines.index("Demand value: 3300 (Present Dmd 1)")
    assert lines[at + 1] == "[Power import demand: 3300 W]"


def test_what_rests_on_assumptions_says_so(capture, run_tshark):
    """BT28 in the usual order, and the same once BT21 and BT27 were read."""
    def shown(*before):
        talk = Talk()
        for each in before:
            talk.read(*each)
        talk.read(BT(28), i32(230_512), 4 * 7 if not before else 0)
        lines = run_tshark(["-r", capture(talk.frames), "-V"]).stdout.splitlines()
        return next(line.strip() for line in lines if "[Voltage L1" in line)

    assert shown() == "[Voltage L1: 230.512 V [assumed BT21, BT27]]"
    assert shown(*present(15)) == "[Voltage L1: 230.512 V]"


def test_what_rests_on_no_assumption_does_not_say_so(capture, run_tshark):
    """Beside an energy, whose unit only ET55 tells, a voltage stays what it is."""
    talk = Talk()
    for each in present(0, 15):
        talk.read(*each)
    talk.read(BT(28), i32(1234, 230_512))
    lines = run_tshark(["-r", capture(talk.frames), "-V"]).stdout.splitlines()
    shown = [line.strip() for line in lines]
    assert "[Voltage L1: 230.512 V]" in shown
    assert "[Assumed dimensions: ET55 Energy Register Unit = 1]" in shown
