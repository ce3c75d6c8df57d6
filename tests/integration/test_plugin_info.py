"""What the packet list and filters say in a person's words.

SPDX-License-Identifier: GPL-2.0-or-later
"""
import pytest
from capture_file import CLIENT_TO_METER, METER_TO_CLIENT, Frame
from oma_digest import read, read_answer
from table_talk import BT, ET, Talk

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
    assert infos == ["OK, BT52, 7 bytes: 2026-06-15 11:45:00", "OK, BT52, 7 bytes [bad digest]"]
