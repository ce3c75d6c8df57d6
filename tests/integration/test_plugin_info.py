"""What the packet list and filters say in a person's words.

SPDX-License-Identifier: GPL-2.0-or-later
"""
import struct

import pytest
from capture_file import CLIENT_TO_METER, METER_TO_CLIENT, Frame
from oma_digest import read, read_answer
from table_talk import BT, ET, Talk, bt21, bt61, bt62, i32

KEY = b"k3y-from-the-grid-op"[:16]
FIELDS = ["frame.number", "mep.table", "_ws.col.Info"]


@pytest.fixture(scope="module")
def many_tables(capture):
    talk = Talk()
    for table in (BT(1), BT(28), BT(0x1C) | 0x1000, ET(50), ET(9), BT(199)):
        talk.read(table, bytes(4))
    return capture(talk.frames)


@pytest.mark.parametrize("name,number", [
    ("BT28", 0x1C), ("bt28", 0x1C), ("BT28 Present Register Data", 0x1C), ("BT01", 1), ("BT1", 1),
    ("ET50", 0x832), ("ET09", 0x809), ("ET9", 0x809), ("pending BT28", 0x101C)])
def test_tables_by_name(many_tables, tshark_fields, name, number):
    """Both sides of the exchange."""
    for expression in (f'mep.table == "{name}"', f"mep.table == {number}", f"mep.table == {number:#x}"):
        shown = tshark_fields(many_tables, FIELDS, "-Y", expression)
        assert [packet["mep.table"] for packet in shown] == [[f"0x{number:04x}"]] * 2


def test_tables_without_a_name(many_tables, tshark_fields, run_tshark):
    assert len(tshark_fields(many_tables, FIELDS, "-Y", "mep.table == 199")) == 2
    refused = run_tshark(["-r", many_tables, "-Y", 'mep.table == "BT29999"'])
    assert refused.returncode != 0 and "BT29999" in refused.stderr


def test_no_results_of_a_bad_digest(capture, tshark_fields):
    """A procedure's result is a reading, too."""
    asked = read(BT(8), 4, key=KEY)
    good = read_answer(asked, bytes([17, 8, 5, 0]), KEY)
    bad = good[:-1] + bytes([good[-1] ^ 1])
    infos = [tshark_fields(capture([Frame(asked, CLIENT_TO_METER), Frame(each, METER_TO_CLIENT)]),
                           FIELDS, "-o", f'uat:mep_keys:"hall","MBK","{KEY.decode()}","TRUE"')[1]
             ["_ws.col.Info"][0] for each in (good, bad)]
    assert infos[0].startswith("OK, BT08, 4 bytes: EP17 ")
    assert infos[1] == "OK, BT08, 4 bytes [bad digest]"


def test_no_readings_of_a_bad_digest(capture, tshark_fields):
    """What was damaged is taken apart in the tree, but nobody should take it for a reading."""
    asked = read(BT(0x34), 7, key=KEY)
    answered = bytearray(read_answer(asked, bytes([26, 6, 15, 11, 45, 0, 0x11]), KEY))
    infos = []
    for damage in (0, 1):
        answered[8] ^= damage
        path = capture([Frame(asked, CLIENT_TO_METER), Frame(bytes(answered), METER_TO_CLIENT)])
        shown = tshark_fields(path, [*FIELDS, "mep.data"], "-o",
                              f'uat:mep_keys:"hall","MBK","{KEY.decode()}","TRUE"')[1]
        assert shown["mep.data"] == [bytes(answered[5:12]).hex()]
        infos.append(shown["_ws.col.Info"][0])
    assert infos == ["OK, BT52, 7 bytes: 2026-06-15 11:45:00 UTC", "OK, BT52, 7 bytes [bad digest]"]


# --- Readings in the packet list ------------------------------------------------------------------


def moment(year, month, day, hour, minute, *second):
    return bytes([year, month, day, hour, minute, *second])


NO_TRANSFORMERS = (BT(15), bytes(17))
PRESENT = i32(0, 5558, 0, 0, 1200, 40, 0, 230_100, 229_900, 0, 1000, 49_980)
NEVER = bytes(6)


@pytest.fixture(scope="module")
def info_of(capture, tshark_fields):
    """info_of(table, data, offset=0, before=[]) -> what is told behind the count and the dimensions that
    were assumed. `before`: the reads (table, data) before it."""

    def tell(table, data, offset=0, before=()):
        talk = Talk()
        for each in before:
            talk.read(*each)
        talk.read(table, data, offset)
        info = tshark_fields(capture(talk.frames), FIELDS)[-1]["_ws.col.Info"][0]
        start = f"OK, {'ET' if table & 0x800 else 'BT'}{table & 0x7FF:02}, {len(data)} byte"
        assert info.startswith(start), info
        told = info.partition(": ")[2]
        return told.partition("] ")[2] if told.startswith("[assumed ") else told

    return tell


def test_powers(info_of):
    assert info_of(BT(28), PRESENT, before=[NO_TRANSFORMERS]) == \
        "import 0 W, export 5558 W, L1 230.1 V 1.20 A, L2 229.9 V 0.04 A, 49.98 Hz"


@pytest.mark.parametrize("offset,size,told", [
    (4, 4, "export 5558 W"), (2, 6, "export 5558 W"), (0, 7, "import 0 W"), (28, 4, "L1 230.1 V"),
    (16, 4, "L1 1.20 A"), (40, 4, "Power Factor L1 1.000"), (44, 4, "49.98 Hz"), (45, 3, "")])
def test_powers_of_a_part(info_of, offset, size, told):
    """What is wholly there."""
    part = PRESENT[offset:offset + size]
    assert info_of(BT(28), part, offset, before=[NO_TRANSFORMERS]) == told


@pytest.mark.parametrize("ratios", [(100, 20), (1, 1)])
def test_both_sides_of_transformers(info_of, ratios):
    """BT28's values 0 to 17 are those behind the transformers, 18 to 21 those before them."""
    current, voltage = ratios
    power = 55 * current * voltage
    both = PRESENT[:4] + i32(55) + PRESENT[8:] + bytes(6 * 4) + i32(0, power, 0, 0)
    side = "" if current * voltage == 1 else " secondary"
    assert info_of(BT(28), both) == \
        f"import 0 W, export {power} W, L1 230.1 V 1.20 A{side}, L2 229.9 V 0.04 A{side}, 49.98 Hz"
    # Without the values before them, nobody knows whether there are transformers.
    assert info_of(BT(28), both[:48]) == \
        "[secondary] import 0 W, export 55 W, L1 230.1 V 1.20 A, L2 229.9 V 0.04 A, 49.98 Hz"


def test_no_side_before_the_transformers(info_of):
    """Some meters have 0 there where no ratio applies."""
    assert info_of(BT(28), PRESENT + bytes(10 * 4)) == \
        "import 0 W, export 5558 W, L1 230.1 V 1.20 A, L2 229.9 V 0.04 A, 49.98 Hz"


def test_currents_before_the_transformers(info_of):
    """Values 38 to 40; of voltages there are only those behind them."""
    values = list(range(8, 26)) + [81, 82, 83, 84, 197]
    shape = (BT(21), bt21(present_values=len(values)))
    selection = (BT(27), bytes(values))
    data = PRESENT + bytes(6 * 4) + i32(0, 111_160, 0, 0, 24_000)
    assert info_of(BT(28), data, before=[shape, selection]) == \
        "import 0 W, export 111160 W, L1 230.1 V secondary 24.00 A, " \
        "L2 229.9 V 0.04 A secondary, 49.98 Hz"


def test_assumed_dimensions_are_marked(capture, tshark_fields):
    """Before the numbers: which tables would tell."""
    def info(*reads):
        talk = Talk()
        for each in reads:
            talk.read(*each)
        return tshark_fields(capture(talk.frames), FIELDS)[-1]["_ws.col.Info"][0]

    shape, sources = (BT(21), bt21(tiers=0, summations=2)), (BT(22), bytes([0, 1]))
    registers = (BT(23), i32(1_000, 2_000))
    numbers = "import 1.000 kWh, export 2.000 kWh"
    assert info(registers) == f"OK, BT23, 8 bytes: [assumed BT21, ET55, BT22] {numbers}"
    assert info(shape, sources, registers) == \
        f"OK, BT23, 8 bytes: [assumed ET55] {numbers}"
    unit = (ET(55), b"\1", 185 + 12)  # X = 0, four tiers
    tiers = (BT(21), bt21(tiers=4, summations=2))
    assert info(tiers, unit, shape, sources, registers) == f"OK, BT23, 8 bytes: {numbers}"


def test_energies(info_of):
    registers = i32(1_234_567, 89_000)
    assert info_of(BT(23), registers) == "import 1234.567 kWh, export 89.000 kWh"
    assert info_of(BT(23), registers[:4]) == "import 1234.567 kWh"
    # A tier's registers are no totals: they say whose they are.
    assert info_of(BT(23), i32(1, 2), 44) == "T0 import 0.001 kWh, T0 export 0.002 kWh"
    # Neither of the two: the first registers that are there.
    assert info_of(BT(23), i32(3, 4, 5, 6), 8) == \
        "Import Reactive Varh L1L2L3 3 varh, Export Reactive Varh L1L2L3 4 varh, " \
        "Power Off Seconds 5 s, and 1 more"


@pytest.mark.parametrize("table", [BT(24), BT(25)])
def test_a_snapshot_and_its_time(info_of, table):
    one = moment(26, 6, 15, 0, 15) + b"\1" + i32(1_000, 2_000)
    assert info_of(table, one) == "2026-06-15 00:15, import 1.000 kWh, export 2.000 kWh"


def test_self_reads(info_of):
    """The first one is told, and how many there are."""
    one = moment(26, 6, 15, 0, 15) + b"\1" + i32(*range(1000, 12_000, 1000)) + bytes(4 * 11 * 4)
    header = bytes(6)
    read = (BT(21), bt21(flags=0x03, self_reads=3))
    assert info_of(BT(26), header + one, before=[read]) == \
        "2026-06-15 00:15, import 1.000 kWh, export 2.000 kWh"
    assert info_of(BT(26), header + one + one, before=[read]).endswith(
        "export 2.000 kWh, and 1 more")


def test_clocks(info_of):
    assert info_of(BT(52), moment(26, 6, 15, 11, 45, 7) + b"\x11") == "2026-06-15 11:45:07 UTC"


def log_entry(when, event):
    return when + struct.pack("<HHH", 1, 2, event) + bytes(2)


@pytest.mark.parametrize("table", [BT(74), ET(79)])
def test_events(info_of, table):
    entries = [log_entry(moment(26, 3, 2, 7, 30, second), 11) for second in (1, 3, 2)]
    header = bytes(11)
    told = info_of(table, header + b"".join(entries) + log_entry(NEVER, 0))
    assert told == "3 events, the latest 2026-03-02 07:30:03"
    assert info_of(table, header + entries[0]) == "1 event, 2026-03-02 07:30:01"
    assert info_of(table, header + log_entry(NEVER, 0)) == ""


def load_profile(intervals):
    blocks = (BT(61), bt61((30, 8, 1, 15)))
    sources = (BT(62), bt62((0,)))
    data = moment(22, 3, 1, 13, 0) + bytes([(1 << intervals) - 1])
    for number in range(8):
        data += b"\0" + i32(100 + number)
    return blocks, sources, data


@pytest.mark.parametrize("intervals,told", [
    (4, "intervals 2022-03-01 12:00 to 13:00 UTC, import 0.103 kWh"),
    (8, "intervals 2022-03-01 11:00 to 13:00 UTC, import 0.107 kWh")])
def test_intervals(info_of, intervals, told):
    *before, data = load_profile(intervals)
    assert info_of(BT(64), data, before=before) == told


def test_intervals_as_far_as_they_are_whole(info_of):
    *before, data = load_profile(8)
    assert info_of(BT(64), data[:6 + 5 * 3 + 2], before=before) == \
        "intervals 2022-03-01 11:00 to 11:45 UTC, import 0.102 kWh"
    assert info_of(BT(64), data[6:6 + 5 * 3 + 2], 6, before=before) == "3 intervals, import 0.102 kWh"


def test_intervals_over_midnight(info_of):
    *before, data = load_profile(8)
    data = moment(22, 3, 1, 0, 30) + data[5:]
    assert info_of(BT(64), data, before=before) == \
        "intervals 2022-02-28 22:30 to 2022-03-01 00:30 UTC, import 0.107 kWh"


def test_devices(info_of):
    """What other meters said, with their numbers."""
    device = moment(26, 1, 20, 19, 0, 5) + b"\0" + b"\x0F" + bytes.fromhex("07422300") + \
        b"\x93\x15\x01\x07\x2A\0\0\0"
    assert info_of(ET(16), device) == "device 00234207, 1 reading, 2026-01-20 19:00:05"

