"""Digests in tshark: whole and tampered frames, the key table, and that keys stay secret.

SPDX-License-Identifier: GPL-2.0-or-later
"""
import pytest

from capture_file import CLIENT_TO_METER, METER_TO_CLIENT, Frame
from oma_digest import FACTORY_DEFAULT_KEY, answer, read, read_answer, write

pytestmark = pytest.mark.usefixtures("plugin")

PRINTED = "k3y-from-the-grid-op"  # 20 characters, as utilities print them
KEY = PRINTED[:16].encode()       # that count
BAD, GOOD, UNVERIFIED = ["0"], ["1"], ["2"]
FIELDS = ["mep.digest.status", "mep.key", "mep.request_in", "mep.digest.bad", "mep.digest.no_key"]
NO_DEFAULT = ("-o", "mep.try_default_key:FALSE")


def row(label, key, kind="MBK", enabled="TRUE"):
    return ("-o", f'uat:mep_keys:"{label}","{kind}","{key}","{enabled}"')


def conversation(key=KEY):
    request = read(0x17, 44, key=key)
    written = write(0x832, b"\1\2\3", key=key, sequence=0x1001)
    return [Frame(request, CLIENT_TO_METER, 100_000),
            Frame(read_answer(request, bytes(range(44)), key), METER_TO_CLIENT, 20_000),
            Frame(written, CLIENT_TO_METER, 100_000),
            Frame(answer(written, key=key), METER_TO_CLIENT, 20_000)]


@pytest.fixture(scope="module")
def keyed(capture):
    return capture(conversation())


def statuses(packets):
    return [packet["mep.digest.status"] for packet in packets]


def flipped(data, at, bit=0x01):
    return data[:at] + bytes([data[at] ^ bit]) + data[at + 1:]


# --- Tampering ------------------------------------------------------------------------------------


def test_tampered_answer_is_bad(capture, tshark_fields):
    request = read(0x17, 44)
    whole = read_answer(request, bytes(44))
    for at in (5, 48, 49, 56):  # the first and the last of the data and of the digest
        path = capture([Frame(request, CLIENT_TO_METER),
                        Frame(flipped(whole, at), METER_TO_CLIENT)])
        shown = tshark_fields(path, FIELDS)
        assert statuses(shown) == [GOOD, BAD], at
        assert len(shown[1]["mep.digest.bad"]) == 1
        shown = tshark_fields(path, ["frame.number"], "-Y", 'mep.digest.status == "Bad"')
        assert [packet["frame.number"] for packet in shown] == [["2"]]


def test_every_bit_of_an_answers_bytes_matters(capture, tshark_fields):
    """One conversation after the other, each with another bit turned."""
    frames = []
    for bit in range(12 * 8):
        request = read(0x34, 12, sequence=bit)
        whole = read_answer(request, bytes(range(12)))
        frames += [Frame(request, CLIENT_TO_METER, 100_000),
                   Frame(flipped(whole, 5 + bit // 8, 1 << bit % 8), METER_TO_CLIENT, 20_000)]
    assert statuses(tshark_fields(capture(frames), FIELDS)) == [GOOD, BAD] * 96


def test_answer_made_for_another_request_is_bad(capture, tshark_fields):
    requests = [read(0x17, 44, sequence=number) for number in (1, 2)]
    path = capture([Frame(requests[0], CLIENT_TO_METER),
                    Frame(read_answer(requests[1], bytes(44)), METER_TO_CLIENT)])
    assert statuses(tshark_fields(path, FIELDS)) == [GOOD, BAD]


def test_tampered_request_is_unverified(capture, tshark_fields):
    """It cannot be told from one with a key that is not in the table; so cannot its answer."""
    request = read(0x17, 44)
    path = capture([Frame(flipped(request, 4), CLIENT_TO_METER),
                    Frame(read_answer(request, bytes(44)), METER_TO_CLIENT)])
    shown = tshark_fields(path, FIELDS)
    assert statuses(shown) == [UNVERIFIED, UNVERIFIED]
    assert len(shown[0]["mep.digest.no_key"]) == 1
    assert all(packet["mep.key"] == [] for packet in shown)


def test_answer_alone_is_unverified(capture, tshark_fields):
    path = capture([conversation(FACTORY_DEFAULT_KEY)[1]])
    assert statuses(tshark_fields(path, FIELDS)) == [UNVERIFIED]


@pytest.mark.parametrize("extra_run", [False, True])
@pytest.mark.parametrize("runs", [1, 2])
def test_messages_of_whole_runs(capture, tshark_fields, runs, extra_run):
    """A multiple of 192 bytes has two digests by the guide, and meters may use either."""
    written = write(0x832, bytes(range(180)) + bytes(192 * (runs - 1)), extra_run=extra_run)
    asked = read(0x17, 192 * runs - 15)
    frames = [Frame(written, CLIENT_TO_METER, 100_000),
              Frame(answer(written), METER_TO_CLIENT, 20_000),
              Frame(asked, CLIENT_TO_METER, 100_000),
              Frame(read_answer(asked, bytes([7] * (192 * runs - 15)), extra_run=extra_run),
                    METER_TO_CLIENT, 20_000)]
    assert len(written) == 2 + 192 * runs + 8
    assert len(frames[3].data) == 2 + 192 * runs - 12 + 8
    assert statuses(tshark_fields(capture(frames), FIELDS)) == [GOOD] * 4


# --- The key table --------------------------------------------------------------------------------

HEX = PRINTED.encode().hex()


@pytest.mark.parametrize("key", [
    PRINTED, PRINTED[:16], PRINTED[:19], PRINTED[:16] + "abcd",  # only 16 bytes count
    HEX, HEX.upper(), HEX[:32], HEX[:34], HEX[:32] + "00ff00ff",
    " ".join(HEX[at:at + 2] for at in range(0, 32, 2)),
    ":".join(HEX[at:at + 2] for at in range(0, 40, 2)),
    "-".join(HEX[at:at + 8] for at in range(0, 32, 8)),
    "  " + PRINTED + "\u00a0", "\u201c" + PRINTED + "\u201d", "'" + HEX + "',",
    "0x" + HEX[:32], HEX[:32] + 8 * "0", HEX + 24 * "0",
    "{" + ", ".join("0x" + HEX[at:at + 2] for at in range(0, 32, 2)) + "};",
])
def test_ways_to_write_a_key(keyed, tshark_fields, key):
    shown = tshark_fields(keyed, FIELDS, *row("hall", key))
    assert statuses(shown) == [GOOD] * 4
    assert [packet["mep.key"] for packet in shown] == [["hall"]] * 4


def test_sixteen_to_twenty_hexadecimal_characters_are_characters(capture, tshark_fields):
    path = capture(conversation(b"0123456789abcdef"))
    assert statuses(tshark_fields(path, FIELDS, *row("x", "0123456789abcdef"))) == [GOOD] * 4


def test_no_key(keyed, tshark_fields):
    assert statuses(tshark_fields(keyed, FIELDS)) == [UNVERIFIED] * 4


def test_disabled_row(keyed, tshark_fields):
    assert statuses(tshark_fields(keyed, FIELDS, *row("hall", PRINTED, enabled="FALSE"))) == \
        [UNVERIFIED] * 4


def test_row_that_does_not_say_whether_it_is_enabled(keyed, tshark_fields):
    shown = tshark_fields(keyed, FIELDS, "-o", f'uat:mep_keys:"hall","MBK","{PRINTED}"')
    assert statuses(shown) == [GOOD] * 4


def test_several_keys(capture, tshark_fields):
    """Each frame with the key that fits, wherever in the table it stands."""
    other = b"0ther-key-of-16b"
    path = capture(conversation() + conversation(other) + conversation(FACTORY_DEFAULT_KEY)
                   + conversation())
    shown = tshark_fields(path, FIELDS, *row("wrong", "a-key-that-nobody"),
                          *row("other", other.decode(), "MAK"), *row("hall", HEX))
    assert statuses(shown) == [GOOD] * 16
    assert [packet["mep.key"][0] for packet in shown] == \
        ["hall"] * 4 + ["other"] * 4 + ["factory default"] * 4 + ["hall"] * 4


def test_default_key_switched_off(capture, tshark_fields):
    path = capture(conversation(FACTORY_DEFAULT_KEY))
    assert statuses(tshark_fields(path, FIELDS)) == [GOOD] * 4
    assert statuses(tshark_fields(path, FIELDS, *NO_DEFAULT)) == [UNVERIFIED] * 4
    shown = tshark_fields(path, FIELDS, *NO_DEFAULT, *row("typed", "01" * 16))
    assert statuses(shown) == [GOOD] * 4 and shown[0]["mep.key"] == ["typed"]


def test_default_key_with_a_table(capture, tshark_fields):
    path = capture(conversation(FACTORY_DEFAULT_KEY))
    shown = tshark_fields(path, FIELDS, *row("hall", PRINTED))
    assert [packet["mep.key"] for packet in shown] == [["factory default"]] * 4


def test_key_table_file(keyed, tshark_fields, user):
    """As Wireshark's dialog writes it."""
    table = user.config_folder / "mep_keys"
    table.write_text(f'# This file is automatically generated, DO NOT MODIFY.\n'
                     f'"from the file","MAK","{HEX}","TRUE"\n"off","MBK","{PRINTED}","FALSE"\n')
    user.own(user.config_folder)
    try:
        shown = tshark_fields(keyed, FIELDS)
    finally:
        table.unlink()
    assert statuses(shown) == [GOOD] * 4
    assert [packet["mep.key"] for packet in shown] == [["from the file"]] * 4


@pytest.mark.parametrize("key, reason", [
    ("", "is empty"),
    ("fifteen-letters", "has 15 characters: 16 to 20 are needed"),
    ("x" * 21, "has 21 characters: 16 to 20 are needed"),
    (HEX[:31], "has 31 hexadecimal digits: 32 to 40 are needed"),
    (HEX[:33], "has 33 hexadecimal digits, an odd number"),
    (HEX[:30], "has 30 hexadecimal digits: 32 to 40 are needed"),
    (HEX + "01", "has 42 hexadecimal digits: 32 to 40 are needed"),
    (HEX[:31] + "g", "has 32 characters"),
])
def test_wrong_key_is_refused_with_the_reason(keyed, run_tshark, key, reason):
    """The table's own sentence says why, and does not repeat the key; tshark before it does."""
    result = run_tshark(["-r", keyed, *row("hall", key)])
    assert result.returncode != 0
    assert reason in result.stderr
    sentences = [line for line in result.stderr.splitlines() if reason in line]
    assert len(sentences) == 1
    if key:
        assert key not in sentences[0][sentences[0].index("mep_keys:1:"):]


def test_wrong_key_in_the_file_is_refused_with_the_reason(keyed, run_tshark, user):
    table = user.config_folder / "mep_keys"
    table.write_text('"hall","MBK","fifteen-letters","TRUE"\n')
    user.own(user.config_folder)
    try:
        result = run_tshark(["-r", keyed])
    finally:
        table.unlink()
    assert "has 15 characters" in result.stderr
    assert "fifteen-letters" not in result.stderr + result.stdout


def test_row_without_a_label_or_with_a_wrong_kind_is_refused(keyed, run_tshark):
    result = run_tshark(["-r", keyed, *row("", PRINTED)])
    assert result.returncode != 0 and "needs a label" in result.stderr
    assert run_tshark(["-r", keyed, *row("hall", PRINTED, kind="KEY")]).returncode != 0


@pytest.mark.parametrize("arguments", [["-V"], ["-T", "json"], ["-T", "pdml"], ["-T", "ek"],
                                       ["-x"]])
def test_key_is_never_shown(keyed, run_tshark, arguments):
    for key in (PRINTED, HEX):
        result = run_tshark(["-r", keyed, "-2", *row("hall", key), *arguments])
        assert result.returncode == 0
        everything = (result.stdout + result.stderr).lower()
        for secret in (PRINTED, PRINTED[:16], HEX, HEX[:32], HEX[:16],
                       ":".join(HEX[at:at + 2] for at in range(0, 32, 2)),
                       " ".join(HEX[at:at + 2] for at in range(0, 32, 2))):
            assert secret not in everything
        if arguments == ["-V"]:
            assert "[Key: hall]" in result.stdout


def test_labels_are_only_text(keyed, tshark_fields):
    label = "100%s %n hall & <äö> \u2603"
    shown = tshark_fields(keyed, FIELDS, *row(label, PRINTED))
    assert shown[0]["mep.key"] == [label]
