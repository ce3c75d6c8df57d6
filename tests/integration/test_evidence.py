"""Clear or encrypted, without a key: decided by what both sides of an exchange look like, never by one
field, and settled for the request when its answer has come.

SPDX-License-Identifier: GPL-2.0-or-later
"""
import random
import struct

import pytest
from capture_file import CLIENT_TO_METER, METER_TO_CLIENT, Frame
from oma_digest import answer as sealed_answer, frame, read_answer, seal
from random_talk import LENGTH, REFUSED, talk
from rc4_frames import encrypted

HALL = b"k3y-from-the-grid-op"[:16]
STRANGE = b"another meter's!"
KEY = ("-o", 'uat:mep_keys:"hall","MBK","k3y-from-the-grid-op","TRUE"')
FIELDS = ["frame.number", "_ws.col.Info", "mep.table", "mep.encrypted", "mep.request_code",
          "mep.response_code", "mep.response_in", "mep.request_in", "mep.digest.status", "mep.key",
          "_ws.expert.message", "mep.sequence"]
UNVERIFIED, GOOD = ["2"], ["1"]
EXCHANGES = int(100_000 * LENGTH)
SHARE = 10_000  # at most one in so many may be taken for the other kind


def full_read(table, count, sequence, key=STRANGE):
    """What the commonest client sends, whatever the table's size."""
    return seal(struct.pack(">BHHI", 0x30, table, count, sequence), key)


def ask(data):
    return Frame(data, CLIENT_TO_METER, 100_000)


def reply(data):
    return Frame(data, METER_TO_CLIENT, 20_000)


def taken_for_encrypted(tshark_fields, path):
    """Of each exchange, whether its request is shown as encrypted, in the order of the capture; and
    whether its answer is, with what the answer is."""
    shown = tshark_fields(path, ["mep.encrypted", "mep.response_code"], "-2")
    assert len(shown) == 2 * EXCHANGES
    return [(bool(asked["mep.encrypted"]), bool(answered["mep.encrypted"]),
             answered["mep.response_code"]) for asked, answered in zip(shown[::2], shown[1::2])]


# --- How often it is wrong ----------------------------------------------------------------------


@pytest.mark.parametrize("known_tables", [1, 0.5, 0])
def test_clear_is_taken_for_clear(capture, tshark_fields, known_tables, capsys):
    frames = talk(random.Random(20), EXCHANGES, known_tables=known_tables)
    wrong = sum(asked or answered for asked, answered, _ in
                taken_for_encrypted(tshark_fields, capture(frames)))
    with capsys.disabled():
        print(f"\n{wrong} of {EXCHANGES} clear exchanges taken for encrypted "
              f"({known_tables:.0%} of them about tables that the guide names)")
    assert wrong <= EXCHANGES / SHARE


def test_encrypted_is_taken_for_encrypted(capture, tshark_fields, capsys):
    frames = talk(random.Random(21), EXCHANGES, encrypted=True)
    # A refusal comes in clear and may be shown as it is.
    wrong = sum(not asked or not (answered or code == [f"0x{REFUSED:02x}"])
                for asked, answered, code in taken_for_encrypted(tshark_fields, capture(frames)))
    with capsys.disabled():
        print(f"\n{wrong} of {EXCHANGES} encrypted exchanges taken for clear")
    assert wrong <= EXCHANGES / SHARE


def test_both_in_one_capture(capture, tshark_fields, capsys):
    """By turns of any length, so that what came before is often wrong about what follows."""
    rng = random.Random(22)
    frames, kinds = [], []
    while len(kinds) < EXCHANGES:
        size = min(rng.choice((1, 2, 5, 40)), EXCHANGES - len(kinds))
        hidden = rng.random() < 0.5
        frames += talk(rng, size, encrypted=hidden)
        kinds += [hidden] * size
    found = taken_for_encrypted(tshark_fields, capture(frames))
    wrong = {hidden: sum(asked != hidden for (asked, *_), kind in zip(found, kinds)
                         if kind == hidden) for hidden in (False, True)}
    with capsys.disabled():
        print(f"\nin one capture: {wrong[False]} of {kinds.count(False)} clear exchanges taken for "
              f"encrypted, {wrong[True]} of {kinds.count(True)} encrypted ones for clear")
    for hidden in (False, True):
        assert wrong[hidden] <= kinds.count(hidden) / SHARE


# --- What settles it ------------------------------------------------------------------------------


def test_reads_of_more_than_there_is(capture, tshark_fields):
    """A count may ask for more than comes back: of any table, with any count, without a key."""
    frames = []
    for sequence, (table, count, size) in enumerate(
            [(0x17, 512, 220), (0x1C, 0xFFFF, 30), (0x832, 1000, 1), (0x34, 512, 7), (0, 477, 400)]):
        asked = full_read(table, count, 0x5D0F + sequence)
        frames += [ask(asked), reply(read_answer(asked, bytes(range(size % 256)) or b"\1", STRANGE))]
    for options in ((), ("-2",)):
        shown = tshark_fields(capture(frames), FIELDS, *options)
        assert all(packet["mep.encrypted"] == [] for packet in shown)
        assert all(packet["mep.digest.status"] == UNVERIFIED for packet in shown)
        assert [packet["mep.table"] for packet in shown[1::2]] == \
            [packet["mep.table"] for packet in shown[::2]]
        assert [packet["mep.request_in"] for packet in shown[1::2]] == \
            [packet["frame.number"] for packet in shown[::2]]


def test_the_answer_settles_its_request(capture, tshark_fields, run_tshark):
    """Among encrypted requests one that is clear, for a table that means nothing: its answer, built
    like a clear one, tells; on every pass behind the first."""
    frames = talk(random.Random(1), 20, encrypted=True)
    asked = seal(struct.pack(">BHBHHI", 0x3F, 0xE123, 0xF0, 0x1234, 40_000, 0x12345678), STRANGE)
    frames += [ask(asked), reply(read_answer(asked, b"\1\2\3", STRANGE))]
    path = capture(frames)
    once, twice = (tshark_fields(path, FIELDS, *options)[-2:] for options in ((), ("-2",)))
    assert once[0]["mep.encrypted"] == ["1"], "it cannot be known yet"
    assert twice[0]["mep.encrypted"] == [] and twice[0]["mep.table"] == ["0xe123"]
    for shown in (once, twice):
        assert shown[1]["mep.encrypted"] == [] and shown[1]["mep.table"] == ["0xe123"]
    alone = run_tshark(["-r", path, "-2", "-Y", f"frame.number == {len(frames) - 1}"])
    assert "0xE123" in alone.stdout


def test_the_request_settles_its_answer(capture, tshark_fields):
    """Encrypted, an answer that looks like a clear one by chance is none."""
    rng = random.Random(2)
    frames = talk(rng, 3, encrypted=True)
    asked = rng.randbytes(29)
    frames += [ask(frame(b"\xA7" + asked)), reply(frame(b"\0" + rng.randbytes(8)))]
    shown = tshark_fields(capture(frames), FIELDS, "-2")
    assert all(packet["mep.encrypted"] == ["1"] for packet in shown)


def test_numbers_that_count_on_settle_what_was_doubtful(capture, tshark_fields):
    """A request with a code that nobody knows, without an answer, behind encrypted ones: the request
    after it counts on from its number."""
    frames = talk(random.Random(3), 10, encrypted=True)
    strange = seal(b"\x99\1\2\3\4" + struct.pack(">I", 0x0BADCAFE), STRANGE)
    frames += [ask(strange), ask(full_read(0x17, 512, 0x0BADCAFF))]
    shown = tshark_fields(capture(frames), FIELDS, "-2")[-2:]
    assert [packet["mep.encrypted"] for packet in shown] == [[], []]
    assert [packet["mep.request_code"] for packet in shown] == [["0x99"], ["0x30"]]
    assert shown[0]["mep.sequence"] == ["0x0badcafe"]


@pytest.mark.parametrize("before", [1, 7, 50])
def test_what_was_encrypted_colours_nothing(capture, tshark_fields, before):
    """After exchanges that no key opens, the same client in clear, the first of them refused for its
    number; and back again."""
    rng = random.Random(before)
    hidden = talk(rng, before, encrypted=True)
    first = full_read(0x34, 512, 0x5000)
    second = full_read(0x17, 512, 0x6001)
    clear = [ask(first), reply(sealed_answer(first, struct.pack(">BI", 0x0C, 0x6001), STRANGE)),
             ask(second), reply(read_answer(second, bytes(220), STRANGE))]
    for options in ((), ("-2",)):
        shown = tshark_fields(capture(hidden + clear + hidden), FIELDS, *options)
        found = [packet["mep.encrypted"] == ["1"] or packet["mep.response_code"] == ["0x0b"]
                 for packet in shown]
        assert found == [True] * len(hidden) + [False] * 4 + [True] * len(hidden)


def test_one_wrong_guess_colours_nothing(capture, tshark_fields):
    """Requests that are damaged beyond recognition, then clear ones of a table without a name."""
    rng = random.Random(9)
    frames = [ask(frame(rng.randbytes(29))) for _ in range(3)]
    for sequence in range(3):
        asked = full_read(0x0655, 512, rng.getrandbits(32))
        frames += [ask(asked), reply(sealed_answer(asked, bytes([0x05]), STRANGE))]
    shown = tshark_fields(capture(frames), FIELDS, "-2")[3:]
    assert all(packet["mep.encrypted"] == [] for packet in shown)
    assert all(packet["mep.table"] == ["0x0655"] for packet in shown)


def test_a_damaged_frame_among_clear_ones_is_not_encrypted(capture, tshark_fields):
    frames = []
    for sequence in range(6):
        asked = full_read(0x17, 512, 0x100 + sequence)
        if sequence == 3:
            asked = asked[:2] + b"\xB0" + asked[3:]
        frames += [ask(asked), reply(read_answer(asked, bytes(20), STRANGE))]
    shown = tshark_fields(capture(frames), FIELDS, "-2")
    assert all(packet["mep.encrypted"] == [] for packet in shown)
    assert shown[6]["mep.request_code"] == ["0xb0"]
    assert "unknown code 0xb0" in shown[6]["_ws.col.Info"][0]


def test_no_noise_in_readings_of_a_settled_exchange(capture, tshark_fields, run_tshark):
    """An encrypted request that looks clear by chance, until its answer comes: nothing stays."""
    rng = random.Random(4)
    looks_clear = frame(struct.pack(">BHH", 0x30, 0x0017, 44) + rng.randbytes(12))
    frames = [ask(looks_clear), reply(frame(b"\x9C" + rng.randbytes(60)))] * 1
    # A code and a table that fit are better than an answer that does not; without the table they
    # are worth less.
    shown = tshark_fields(capture(frames), FIELDS, "-2")
    assert shown[0]["mep.encrypted"] == [] and shown[1]["mep.encrypted"] == []
    looks_clear = frame(struct.pack(">BHH", 0x30, 0xB017, 0xFF44) + rng.randbytes(12))
    shown = tshark_fields(capture([ask(looks_clear), frames[1]]), FIELDS, "-2")
    assert shown[0]["mep.encrypted"] == shown[1]["mep.encrypted"] == ["1"]
    assert shown[1]["mep.request_in"] == ["1"]


# --- Codes that the guide does not list -----------------------------------------------------------


SERVICES = [(0x20, b"", "Identify"), (0x21, b"", "Terminate"), (0x50, b"\0\2operator  ", "Log On"),
            (0x51, b"secret".ljust(20), "Security"), (0x52, b"", "Log Off"),
            (0x61, b"\2\0\x40\6", "Negotiate"), (0x70, b"\x3C", "Wait")]


@pytest.mark.parametrize("code,body,name", [*SERVICES, (0x99, b"\1\2", None), (0x77, b"", None)])
@pytest.mark.parametrize("hidden", [False, True])
def test_any_request_is_verified(capture, tshark_fields, code, body, name, hidden):
    asked = seal(bytes([code]) + body + struct.pack(">I", 7), HALL)
    talked = [ask(asked), reply(sealed_answer(asked, bytes([1]), HALL))]
    if hidden:
        talked = encrypted(talked, HALL)
    shown = tshark_fields(capture(talked), FIELDS, *KEY)
    assert [packet["mep.digest.status"] for packet in shown] == [GOOD, GOOD]
    assert [packet["mep.key"] for packet in shown] == [["hall"], ["hall"]]
    assert shown[0]["mep.request_code"] == [f"0x{code:02x}"]
    assert shown[0]["mep.sequence"] == ["0x00000007"]
    assert shown[1]["mep.request_in"] == ["1"]
    info = shown[0]["_ws.col.Info"][0]
    assert info == name if name else f"unknown code 0x{code:02x}" in info


@pytest.mark.parametrize("code,body,name", SERVICES)
def test_services_without_a_key(capture, tshark_fields, code, body, name):
    asked = seal(bytes([code]) + body + struct.pack(">I", 7), STRANGE)
    shown = tshark_fields(capture([ask(asked), reply(sealed_answer(asked, bytes([2]), STRANGE))]),
                          FIELDS, "-2")
    assert shown[0]["_ws.col.Info"] == [name]
    assert [packet["mep.encrypted"] for packet in shown] == [[], []]


# --- Longer than the guide permits ----------------------------------------------------------------


@pytest.mark.parametrize("size", [466, 500, 4000, 65_000])
def test_long_messages(capture, tshark_fields, size):
    asked = full_read(0x40, 0xFFFF, 7, HALL)
    path = capture([ask(asked), reply(read_answer(asked, bytes(size), HALL))])
    shown = tshark_fields(path, [*FIELDS, "mep.data"], *KEY)
    assert shown[1]["mep.digest.status"] == GOOD
    assert shown[1]["mep.request_in"] == ["1"] and shown[1]["mep.table"] == ["0x0040"]
    assert shown[1]["mep.data"] == ["00" * size]
    assert any("at most 476 bytes" in text for text in shown[1]["_ws.expert.message"])
