"""RC4 in tshark: encrypted conversations say the same as clear ones, with one key and with many,
and without a key nothing is made of them.

SPDX-License-Identifier: GPL-2.0-or-later
"""
import ctypes
import ctypes.util
import json
import random
import re
import shutil
import subprocess

import pytest

import rc4_frames
from capture_file import CLIENT_TO_METER, METER_TO_CLIENT, Frame, load_frames
from oma_digest import (DIGEST_SIZE, FACTORY_DEFAULT_KEY, answer, authenticated, frame, read,
                        read_answer, write)
from rc4_frames import encrypted, encrypted_answer, encrypted_request
from table_talk import ET, bt21

pytestmark = pytest.mark.usefixtures("plugin")

PRINTED = "k3y-from-the-grid-op"  # 20 characters, as utilities print them
KEY = PRINTED[:16].encode()       # that count
OTHER = b"0ther-key-of-16b"
BAD, GOOD, UNVERIFIED = ["0"], ["1"], ["2"]
FIELDS = ["mep.encrypted", "mep.digest.status", "mep.key", "mep.table", "mep.data",
          "mep.request_code", "mep.response_code", "mep.sequence", "mep.request_in",
          "mep.response_in", "mep.sealed", "mep.security.rc4", "_ws.col.Info"]


def row(label, key, kind="MBK", enabled="TRUE"):
    return ("-o", f'uat:mep_keys:"{label}","{kind}","{key}","{enabled}"')


def pair(request, answered):
    return [Frame(request, CLIENT_TO_METER, 100_000), Frame(answered, METER_TO_CLIENT, 20_000)]


def read_pair(table, data, key=KEY, sequence=0x1000, offset=0):
    request = read(table, len(data), offset, sequence, key)
    return pair(request, read_answer(request, data, key))


def write_pair(table, data, key=KEY, sequence=0x1000, offset=0):
    request = write(table, data, offset, sequence, key)
    return pair(request, answer(request, key=key))


def conversation(key=KEY):
    """Everything that there is: reads, writes, errors, a large answer, dimensions that later
    answers are decoded with."""
    frames = read_pair(0x15, bt21(summations=2), key, 1)
    frames += read_pair(0x17, bytes(range(8)), key, 2)
    frames += write_pair(ET(50), b"\1", key, 3, offset=30)
    frames += read_pair(0x40, bytes(i % 251 for i in range(465)), key, 4)
    frames += write_pair(ET(50), bytes(range(200)) + bytes(200), key, 5)
    request = read(ET(11), 4, 0, 6, key)
    frames += pair(request, answer(request, b"\x04", key))
    request = read(ET(11), 4, 0, 9, key)
    frames += pair(request, answer(request, b"\x0C\0\0\0\x06", key))
    frames += write_pair(0x07, b"\x11\x08\x07\x00\xf8\x03", key, 7)
    return frames


def flags(packets):
    return [packet["mep.encrypted"] for packet in packets]


def statuses(packets):
    return [packet["mep.digest.status"] for packet in packets]


def without_cover(packets):
    """The layers without what only an encrypted frame has."""
    for layers in packets:
        layers["mep"].pop("mep.encrypted", None)
        layers["mep"].pop("mep.encrypted_tree", None)
    return packets


# --- The tool itself ------------------------------------------------------------------------------


def libgcrypt_rc4(key, data):
    """RC4 by libgcrypt, called from here."""
    name = ctypes.util.find_library("gcrypt")
    if name is None:
        pytest.skip("libgcrypt is not installed")
    library = ctypes.CDLL(name)
    library.gcry_check_version.restype = ctypes.c_char_p
    assert library.gcry_check_version(None)
    handle = ctypes.c_void_p()
    arcfour, stream = 301, 4
    assert library.gcry_cipher_open(ctypes.byref(handle), arcfour, stream, 0) == 0
    assert library.gcry_cipher_setkey(handle, key, ctypes.c_size_t(len(key))) == 0
    output = ctypes.create_string_buffer(len(data))
    assert library.gcry_cipher_encrypt(handle, output, ctypes.c_size_t(len(data)), data,
                                       ctypes.c_size_t(len(data))) == 0
    library.gcry_cipher_close(handle)
    return output.raw


def openssl_rc4(key, data):
    """RC4 by the openssl command line."""
    if shutil.which("openssl") is None:
        pytest.skip("openssl is not installed")
    result = subprocess.run(["openssl", "enc", "-rc4", "-provider", "legacy", "-provider",
                             "default", "-K", key.hex()], input=data, capture_output=True,
                            check=False, timeout=60)
    if result.returncode != 0:
        pytest.skip("this openssl has no RC4")
    return result.stdout


@pytest.mark.parametrize("reference", [libgcrypt_rc4, openssl_rc4])
def test_tool_agrees_with(reference):
    """The key schedule and a whole exchange, from the libraries' RC4 and what Appendix B says."""
    constant = bytes.fromhex("388B8FBC36A8558587AFC90FB23A3B99")
    for key in (FACTORY_DEFAULT_KEY, KEY, OTHER):
        request, answered = (each.data for each in read_pair(0x17, bytes(range(44)), key))
        digest = request[-DIGEST_SIZE:]
        mixed = bytearray(reference(key, constant))
        for place, byte in enumerate(digest):
            mixed[place] ^= byte
        both = reference(bytes(mixed), authenticated(request) + authenticated(answered))
        assert encrypted_request(request, key) == frame(both[:12] + digest)
        assert encrypted_answer(request, answered, key) == \
            frame(both[12:] + answered[-DIGEST_SIZE:])


# --- The same as in clear -------------------------------------------------------------------------


def test_guides_frames_decode_to_the_same(capture, tshark_json, tshark_fields, data_dir):
    clear = [each for each in load_frames(data_dir / "guide-frames.jsonl", "rc4")][:14]
    hidden = encrypted(clear)
    assert all(a.data != b.data for a, b in zip(clear, hidden))
    path = capture(hidden)
    assert flags(tshark_fields(path, FIELDS)) == [["1"]] * 14
    for passes in ([], ["-2"]):
        assert without_cover(tshark_json(path, *passes)) == tshark_json(capture(clear), *passes)


def test_conversation_decodes_to_the_same(capture, tshark_json, tshark_fields):
    clear, hidden = capture(conversation()), capture(encrypted(conversation(), KEY))
    arguments = ["-2", *row("hall", PRINTED)]
    expected = tshark_json(clear, *arguments)
    assert without_cover(tshark_json(hidden, *arguments)) == expected
    shown = tshark_fields(hidden, FIELDS, *arguments)
    assert flags(shown) == [["1"]] * len(shown)
    assert statuses(shown) == [GOOD] * len(shown)
    assert all(len(packet["mep.security.rc4"]) == 1 for packet in shown)
    assert [packet["_ws.col.Info"] for packet in shown] == \
        [packet["_ws.col.Info"] for packet in tshark_fields(clear, FIELDS, *arguments)]
    # BT21's two summations are learned from an encrypted answer and used in another one.
    summations = expected[3]["mep"]["mep.data_tree"]["Total Data Block"]["Summations"]
    assert sum(name.startswith("mep.bt23.") for name in summations) == 2


def test_two_passes_say_the_same_as_one(capture, run_tshark):
    path = capture(encrypted(conversation(), KEY))
    outputs = []
    for passes in ([], ["-2"]):
        output = run_tshark(["-r", path, "-V", *passes, *row("hall", PRINTED)]).stdout
        # Only a second pass knows what comes later.
        outputs.append(re.sub(r" *\[Response in: \d+\]\n", "", output))
    assert "Fwd Active Wh L1L2L3" in outputs[0]
    assert outputs[0] == outputs[1]


def hex_dump(output):
    """The bytes of each data source: of each packet a dictionary from its name."""
    packets = []
    for text in output.strip().split("\n\n"):
        for line in text.splitlines():
            if heading := re.fullmatch(r"(.*) \(\d+ bytes\):", line):
                # 4.6 calls the whole one a packet.
                name = heading[1].replace("Packet", "Frame")
                if name == "Frame":
                    packets.append({})
                packets[-1][name] = b""
            else:
                packets[-1][name] += bytes.fromhex(line[6:53])
    return packets


def test_tab_with_the_decrypted_message(capture, run_tshark):
    clear = conversation()
    output = run_tshark(["-r", capture(encrypted(clear, KEY)), "-x", *row("hall", PRINTED)]).stdout
    for packet, each in zip(hex_dump(output), clear, strict=True):
        assert packet.keys() == {"Frame", "Decrypted MEP"}
        assert packet["Decrypted MEP"] == each.data[2:]
    output = run_tshark(["-r", capture(clear), "-x", *row("hall", PRINTED)]).stdout
    assert "Decrypted MEP" not in output


def test_fields_stand_in_the_tab(capture, run_tshark):
    """Byte positions are those in the decrypted message."""
    path = capture(encrypted(read_pair(0x17, bytes(8)), KEY))
    output = run_tshark(["-r", path, "-T", "jsonraw", *row("hall", PRINTED)]).stdout
    request, answered = (packet["_source"]["layers"]["mep"] for packet in json.loads(output))
    # The bytes, where they begin, how many they are.
    assert request["mep.table_raw"][:3] == ["0017", 1, 2]
    assert request["mep.sequence_raw"][:3] == ["00001000", 8, 4]
    assert request["mep.digest_raw"][1:3] == [12, 8]
    assert answered["mep.data_raw"][:3] == ["00" * 8, 3, 8]


def test_every_first_byte_that_encryption_can_give(capture, tshark_fields):
    """Also that of another code, which would mean something in clear: 0x0B before all, in an
    answer that is as long as a refusal."""
    frames, first_of_request, first_of_answer = [], set(), set()
    for sequence in range(1500):
        exchange = encrypted(write_pair(ET(50), b"\1", KEY, sequence), KEY)
        first_of_request.add(exchange[0].data[2])
        first_of_answer.add(exchange[1].data[2])
        frames += exchange
    assert 0x0B in first_of_answer and {0x30, 0x3F, 0x40, 0x4F, 0x57, 0x58} <= first_of_request
    shown = tshark_fields(capture(frames), FIELDS, *row("hall", PRINTED))
    for number, packet in enumerate(shown):
        assert packet["mep.digest.status"] == GOOD and packet["mep.encrypted"] == ["1"], number
        assert packet["mep.table"] == ["0x0832"]


# --- Clear and encrypted together -----------------------------------------------------------------


def test_refusals(capture, tshark_fields):
    """0x0B comes in clear, with a digest and without; 0x0C encrypted."""
    frames = []
    for sequence in range(3):
        request = read(0x17, 8, 0, sequence, KEY)
        refusal = [answer(request, b"\x0B", KEY), frame(b"\x0B"),
                   answer(request, b"\x0C\1\2\3\4", KEY)][sequence]
        hidden = encrypted_answer(request, refusal, KEY) if sequence == 2 else refusal
        frames += pair(encrypted_request(request, KEY), hidden)
    shown = tshark_fields(capture(frames), FIELDS, *row("hall", PRINTED))
    assert flags(shown) == [["1"], [], ["1"], [], ["1"], ["1"]]
    assert [packet["mep.response_code"] for packet in shown[1::2]] == \
        [["0x0b"], ["0x0b"], ["0x0c"]]
    assert statuses(shown) == [GOOD, GOOD, GOOD, [], GOOD, GOOD]
    assert shown[5]["mep.sequence"] == ["0x01020304"]
    assert [packet["mep.request_in"] for packet in shown[1::2]] == [["1"], ["3"], ["5"]]


def test_refusal_with_the_digest_of_another_key(capture, tshark_fields):
    """A meter that knows none of the client's keys has no right digest to give."""
    request = read(0x17, 8, 0, 1, KEY)
    refusal = answer(request, b"\x0B", OTHER)
    shown = tshark_fields(capture(pair(encrypted_request(request, KEY), refusal)), FIELDS,
                          *row("hall", PRINTED))
    assert flags(shown) == [["1"], []]
    assert shown[1]["mep.response_code"] == ["0x0b"]


def test_clear_and_encrypted_mixed(capture, tshark_fields):
    dice = random.Random(1)
    frames, expected = [], []
    for sequence in range(60):
        exchange = read_pair(0x17, bytes(8), KEY, sequence)
        hidden = dice.random() < 0.5
        frames += encrypted(exchange, KEY) if hidden else exchange
        expected += [["1"] if hidden else []] * 2
    shown = tshark_fields(capture(frames), FIELDS, *row("hall", PRINTED))
    assert flags(shown) == expected
    assert statuses(shown) == [GOOD] * 120
    assert [packet["mep.request_in"] for packet in shown[1::2]] == \
        [[str(number)] for number in range(1, 121, 2)]


# --- Losses and repetitions -----------------------------------------------------------------------


def test_retransmissions(capture, tshark_fields):
    """The request repeated before its answer and after it, and the answer after that."""
    first, second = (encrypted(read_pair(0x17, bytes(8), KEY, number), KEY) for number in (1, 2))
    frames = [first[0], first[0], first[1], first[0], first[1], *second]
    shown = tshark_fields(capture(frames), [*FIELDS, "mep.analysis.retransmission"],
                          *row("hall", PRINTED))
    assert statuses(shown) == [GOOD] * 7 and flags(shown) == [["1"]] * 7
    assert [packet["mep.analysis.retransmission"] for packet in shown] == \
        [[], ["1"], [], ["2"], [], [], []]
    assert [packet["mep.request_in"] for packet in shown] == \
        [[], [], ["2"], [], ["4"], [], ["6"]]


@pytest.mark.parametrize("lost", range(8))
def test_one_frame_lost(capture, tshark_fields, lost):
    """All others are decrypted; an answer whose request is lost stays closed."""
    frames = []
    for sequence in range(4):
        frames += encrypted(read_pair(0x17, bytes(8), KEY, sequence), KEY)
    del frames[lost]
    shown = tshark_fields(capture(frames), FIELDS, *row("hall", PRINTED))
    orphan = lost if lost % 2 == 0 else None
    for number, packet in enumerate(shown):
        if number == orphan:
            assert packet["mep.table"] == [] and packet["mep.data"] == []
            assert packet["mep.encrypted"] == ["1"]
            assert packet["mep.digest.status"] != GOOD
        else:
            assert packet["mep.digest.status"] == GOOD and packet["mep.table"] == ["0x0017"]


def test_many_frames_lost(capture, tshark_fields):
    dice = random.Random(2)
    frames, whole = [], []
    for sequence in range(200):
        exchange = encrypted(read_pair(0x17, bytes(8), KEY, sequence), KEY)
        with_request = dice.random() < 0.7
        for place, each in enumerate(exchange):
            if with_request if place == 0 else dice.random() < 0.7:
                frames.append(each)
                whole.append(with_request)
    shown = tshark_fields(capture(frames), FIELDS, *row("hall", PRINTED))
    for packet, readable in zip(shown, whole, strict=True):
        assert (packet["mep.digest.status"] == GOOD) == readable
        assert len(packet["mep.data"]) == (readable and packet["mep.request_in"] != [])


def test_damaged_answer(capture, tshark_fields):
    """Nothing is decoded from what a wrong digest makes of it, and the next one is as before."""
    exchange = encrypted(read_pair(0x17, bytes(8), KEY, 1), KEY)
    damaged = bytearray(exchange[1].data)
    damaged[6] ^= 0x10
    frames = [exchange[0], Frame(bytes(damaged), METER_TO_CLIENT, 20_000)]
    frames += encrypted(read_pair(0x17, bytes(8), KEY, 2), KEY)
    shown = tshark_fields(capture(frames), FIELDS, *row("hall", PRINTED))
    assert statuses(shown) == [GOOD, BAD, GOOD, GOOD]
    assert shown[1]["mep.data"] == [] and shown[1]["mep.encrypted"] == ["1"]
    assert shown[1]["mep.request_in"] == ["1"]


# --- No key, a wrong one, a right one in other words ----------------------------------------------


@pytest.mark.parametrize("keys", [(), row("wrong", "a-key-that-nobody"),
                                  row("hall", PRINTED, enabled="FALSE")])
def test_without_the_key(capture, tshark_fields, keys):
    clear = conversation()
    shown = tshark_fields(capture(encrypted(clear, KEY)), [*FIELDS, "_ws.expert.message"], *keys)
    for number, packet in enumerate(shown):
        what = "request" if number % 2 == 0 else "response"
        size = len(clear[number].data) - 2
        assert packet["_ws.col.Info"] == [f"Encrypted {what}, {size} bytes"]
        assert packet["mep.encrypted"] == ["1"]
        assert packet["mep.digest.status"] == UNVERIFIED
        assert len(packet["mep.sealed"]) == 1
        assert "probably encrypted" in packet["_ws.expert.message"][0]
        assert "no key in the key table opens it" in packet["_ws.expert.message"][0]
        for name in ("mep.key", "mep.table", "mep.data", "mep.request_code", "mep.response_code",
                     "mep.sequence", "mep.security.rc4"):
            assert packet[name] == [], name
    # Who answers whom is told by the order alone.
    assert [packet["mep.request_in"] for packet in shown[1::2]] == \
        [[str(number)] for number in range(1, len(shown), 2)]


def test_nothing_is_decoded_from_noise(capture, run_tshark, tshark_fields):
    """Reads of the usual size under many sequence numbers, of which the first byte looks like a
    read's, an answer's and so on again and again."""
    frames = []
    for sequence in range(2000):
        frames += encrypted(read_pair(0x17, bytes(8), KEY, sequence), KEY)
        frames += encrypted(write_pair(ET(50), b"\1", KEY, sequence), KEY)
    assert sum(each.data[2] == 0x3F for each in frames[::4]) > 3
    path = capture(frames)
    shown = tshark_fields(path, FIELDS)
    # A refusal in clear is a believable answer to an encrypted request.
    odd = [packet for packet in shown if packet["mep.encrypted"] != ["1"]]
    assert all(packet["mep.response_code"] == ["0x0b"] for packet in odd)
    assert len(odd) < 40
    assert all(packet["mep.table"] == packet["mep.data"] == [] for packet in shown)
    output = run_tshark(["-r", path, "-T", "pdml"]).stdout
    assert not re.search(r'name="mep\.[be]t\d', output)


def test_answers_alone(capture, tshark_fields):
    """What answers were encrypted with is not known without the requests."""
    hidden = encrypted(conversation(), KEY)[1::2]
    shown = tshark_fields(capture(hidden), FIELDS, *row("hall", PRINTED))
    assert all(packet["mep.table"] == packet["mep.data"] == [] for packet in shown)
    assert all(packet["mep.digest.status"] == UNVERIFIED for packet in shown)


HEX = PRINTED.encode().hex()


@pytest.mark.parametrize("typed", [
    PRINTED, PRINTED[:16], PRINTED[:17], PRINTED[:18], PRINTED[:19], PRINTED[:16] + "zzzz",
    HEX, HEX.upper(), HEX[:32], HEX[:36], HEX[:32] + "ffffffff",
    " ".join(HEX[at:at + 2] for at in range(0, 32, 2)),
])
def test_forms_of_the_right_key(capture, tshark_fields, typed):
    shown = tshark_fields(capture(encrypted(conversation(), KEY)), FIELDS, *row("hall", typed))
    assert statuses(shown) == [GOOD] * len(shown)
    assert [packet["mep.key"] for packet in shown] == [["hall"]] * len(shown)


@pytest.mark.parametrize("typed, opens", [
    ("0123456789abcdef0123", b"0123456789abcdef"),  # 20 characters, even if they look like hex
    ("0123456789abcdef", b"0123456789abcdef"),
    ("30313233343536373839616263646566", b"0123456789abcdef"),
    ("0123456789abcdef0123456789abcdef", bytes.fromhex("0123456789abcdef0123456789abcdef")),
])
def test_characters_and_hexadecimal_digits(capture, tshark_fields, typed, opens):
    candidates = [b"0123456789abcdef", bytes.fromhex("0123456789abcdef0123456789abcdef"),
                  bytes.fromhex("0123456789abcdef0123") + bytes(6)]
    for key in candidates:
        shown = tshark_fields(capture(encrypted(read_pair(0x17, bytes(8), key), key)), FIELDS,
                              *row("hall", typed))
        assert (statuses(shown) == [GOOD] * 2) == (key == opens)
        assert (shown[0]["mep.table"] == ["0x0017"]) == (key == opens)


# --- Several meters and many keys -----------------------------------------------------------------


def test_two_meters_on_four_lines(capture, tshark_fields):
    """Their frames interleaved, with the same sequence numbers."""
    frames = []
    for first, second in zip(encrypted(conversation(), KEY), encrypted(conversation(OTHER), OTHER)):
        for meter, each in enumerate((first, second)):
            frames.append(Frame(each.data, each.direction, each.gap_us // 2,
                                interface=2 * meter + each.direction - 1))
    shown = tshark_fields(capture(frames, interfaces=4),
                          [*FIELDS, "_ws.col.Source", "mep.security.sequence_reused"],
                          *row("hall", PRINTED), *row("cellar", OTHER.decode(), "MAK"))
    assert statuses(shown) == [GOOD] * len(frames)
    assert flags(shown) == [["1"]] * len(frames)
    assert [packet["mep.key"] for packet in shown] == [["hall"], ["cellar"]] * (len(frames) // 2)
    assert {packet["_ws.col.Source"][0] for packet in shown} == \
        {"Client", "Meter", "Client 2", "Meter 2"}
    assert all(packet["mep.security.sequence_reused"] == [] for packet in shown)


def test_two_keys_on_one_pair_of_lines(capture, tshark_fields):
    """MBK and MAK in turn, as a client may use them."""
    frames, expected = [], []
    for sequence in range(20):
        key, label = [(KEY, "basic"), (OTHER, "advanced")][sequence % 2]
        frames += encrypted(read_pair(0x17, bytes(8), key, sequence), key)
        expected += [[label]] * 2
    shown = tshark_fields(capture(frames), [*FIELDS, "mep.access_level"], *row("basic", PRINTED),
                          *row("advanced", OTHER.decode(), "MAK"))
    assert statuses(shown) == [GOOD] * 40
    assert [packet["mep.key"] for packet in shown] == expected
    levels = [packet["mep.access_level"] for packet in shown]
    assert levels[0] != levels[2] and levels == levels[:4] * 10


def fifty_keys():
    return [f"key-number-{number:02}-of-50" for number in range(50)]


def test_fifty_keys(capture, tshark_fields):
    """Each of them opens what is its own."""
    keys = fifty_keys()
    order = random.Random(3).sample(range(50), 50)
    frames = []
    for sequence, number in enumerate(order):
        key = keys[number][:16].encode()
        frames += encrypted(read_pair(0x17, bytes(8), key, sequence), key)
    rows = [argument for number, key in enumerate(keys) for argument in row(f"no. {number}", key)]
    shown = tshark_fields(capture(frames), FIELDS, *rows)
    assert statuses(shown) == [GOOD] * 100
    assert [packet["mep.key"] for packet in shown[::2]] == [[f"no. {number}"] for number in order]


# --- Secrets --------------------------------------------------------------------------------------


def secrets(*keys):
    """The keys in all forms in which they could get out, and what is made of them."""
    for key in keys:
        for raw in (key, rc4_frames.exchange_key(key, bytes(8))):
            digits = raw.hex()
            yield digits[:16]
            for separator in " :-":
                yield separator.join(digits[at:at + 2] for at in range(0, 16, 2))
            if raw.isascii():
                yield raw.decode()


@pytest.mark.parametrize("arguments", [["-V"], ["-T", "json"], ["-T", "pdml"], ["-T", "ek"],
                                       ["-x"], ["-T", "jsonraw"], ["-P"]])
def test_keys_are_never_shown(capture, run_tshark, arguments):
    path = capture(encrypted(conversation(), KEY) + encrypted(conversation(OTHER), OTHER))
    for typed in (PRINTED, HEX, HEX[:32]):
        result = run_tshark(["-r", path, "-2", *arguments, *row("hall", typed),
                             *row("off", "an0ther-key-here", enabled="FALSE")])
        assert result.returncode == 0
        everything = (result.stdout + result.stderr).lower()
        for secret in secrets(KEY, OTHER, b"an0ther-key-here"):
            assert secret not in everything, secret


def test_bad_keys_in_the_file_are_not_repeated(capture, run_tshark, user):
    """A key of the wrong length between two good ones, as characters and as digits."""
    path = capture(encrypted(conversation(), KEY))
    for bad in (PRINTED + "x", HEX[:31], HEX[:30] + "gg", HEX + "01"):
        table = user.config_folder / "mep_keys"
        table.write_text(f'"other","MBK","{OTHER.decode()}","TRUE"\n'
                         f'"hall","MBK","{bad}","TRUE"\n"off","MAK","{PRINTED}","FALSE"\n')
        user.own(user.config_folder)
        try:
            result = run_tshark(["-r", path, "-V"])
        finally:
            table.unlink()
        everything = (result.stdout + result.stderr).lower()
        assert "mep_keys:2: the key" in everything
        for secret in (bad[:15].lower(), *secrets(KEY, OTHER)):
            assert secret not in everything, secret


@pytest.mark.parametrize("cover", [list, encrypted])
def test_a_key_that_begins_to_fit_is_found_after_many_strangers(capture, tshark_fields, cover):
    """Keys take turns on a bus that none of them fits; the one that does is found within as many
    requests as it takes all of them to have had theirs, and from then on opens each."""
    def reads(key, count, first):
        frames = [each for number in range(first, first + count)
                  for each in read_pair(0x17, bytes(8), key, number)]
        return encrypted(frames, key) if cover is encrypted else frames

    strangers, known = 60, 30
    others = [f"0ther-key-no-{number:03}" for number in range(24)]
    keys = [argument for text in [*others[:12], PRINTED, *others[12:]]
            for argument in row(text, text)]
    frames = reads(b"a-key-for-nobody", strangers, 1) + reads(KEY, known, 1000)
    shown = tshark_fields(capture(frames), ["mep.key"], *keys)
    opened = [packet["mep.key"] == [PRINTED] for packet in shown[::2]]
    assert not any(opened[:strangers])
    found = opened.index(True)
    assert found - strangers < 10
    assert all(opened[found:])
