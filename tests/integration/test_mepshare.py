"""mepshare: nothing of the original can be found in the copy, and the copy shows what it showed.

SPDX-License-Identifier: GPL-2.0-or-later
"""
import base64
import pathlib
import random
import re
import struct
import subprocess

import pytest

import capture_file
import oma_digest
import rc4_frames

TESTS = pathlib.Path(__file__).resolve().parent.parent
SAMPLES = sorted((TESTS.parent / "samples").glob("*.pcapng"))
CASES = sorted((TESTS / "cases").glob("*.pcapng"))
KEY = "k3y-from-the-grid-op"
KEYS = ("-o", f'uat:mep_keys:"hall","MBK","{KEY}","TRUE"')
NO_KEYS = ("-o", "mep.try_default_key:FALSE")
# No key opens these, and nothing else is in them.
CLOSED = {"guide-tls", "tls-with-secrets"}
# What names somebody, as Wireshark shows it.
NAMES = ["mep.et03.utility_serial_number", "mep.et04.transceiver_id", "mep.et04.self_identification",
         "mep.et13.customer_id", "mep.et13.security_key", "mep.et16.serial_nbr", "mep.et45.serial_nbr",
         "mep.mbus.device_id", "mep.et50.unique_id", "mep.et50.other_format", "mep.et89.prior_mep_1_id"]


@pytest.fixture
def mepshare(build_dir, tmp_path, user):
    """mepshare(capture, *options) -> (CompletedProcess, the copy's path, which user may read)"""
    program = build_dir / "captures" / "mepshare"
    if not program.exists():
        pytest.skip("mepshare was not built")
    keys = tmp_path / "keys"
    keys.write_text(f'# as Wireshark writes it\n"hall","MBK","{KEY}","TRUE"\n')
    count = 0

    def run(capture, *options, status=0, key_file=keys):
        nonlocal count
        count += 1
        out = user.folder() / f"copy{count}.pcapng"
        done = subprocess.run([program, "--key-file", key_file, *options, capture, out],
                              capture_output=True, text=True, timeout=120, check=False)
        assert done.returncode == status, done.stdout + done.stderr
        if status == 0:
            user.own(out)
        return done, out

    return run


def windows(data, size=8):
    return {data[i:i + size] for i in range(len(data) - size + 1)}


def texts_of(path):
    """All texts in options of a pcapng file, and its blocks' kinds."""
    data, at, texts, kinds = path.read_bytes(), 0, [], []
    while at < len(data):
        kind, size = struct.unpack_from("<II", data, at)
        body = data[at + 8:at + size - 4]
        kinds.append(kind)
        skip = {0x0A0D0D0A: 16, 1: 8, 6: 20}.get(kind, len(body))
        if kind == 6:
            captured = struct.unpack_from("<I", body, 12)[0]
            skip += captured + -captured % 4
        body = body[skip:]
        while len(body) >= 4:
            code, length = struct.unpack_from("<HH", body)
            if code == 0:
                break
            if (kind, code) not in ((1, 8), (1, 9), (6, 2)):
                texts.append(body[4:4 + length])
            body = body[4 + length + -length % 4:]
        at += size
    return texts, kinds


def encodings(raw):
    """Bytes in every way in which a file may have them."""
    made = {raw, raw[::-1]}
    for way in (raw, raw[::-1]):
        for digits in (way.hex(), way.hex(" "), way.hex(":"), way.hex("-")):
            made |= {digits.encode(), digits.upper().encode()}
        made.add(base64.b64encode(way).rstrip(b"="))
        made.add(b"".join(bytes((c, 0)) for c in way))  # UTF-16
    return made


def forms(value):
    """A value of tshark's, in the forms in which it may stand in a file."""
    made = encodings(value.encode())
    if re.fullmatch(r"[0-9a-f]{2}(:?[0-9a-f]{2})+", value):
        made |= encodings(bytes.fromhex(value.replace(":", "")))
    if re.fullmatch(r"\d+", value) and len(value) % 2 == 0:
        made |= encodings(bytes.fromhex(value))
    return {form for form in made if len(set(form) - {0}) >= 4}


@pytest.mark.parametrize("path", SAMPLES + CASES, ids=lambda path: path.stem)
def test_nothing_is_left(mepshare, tshark_fields, run_tshark, plugin, path):
    if path.stem in CLOSED:
        done, _ = mepshare(path, status=1)
        assert "no key opens" in done.stderr
        return
    done, copy = mepshare(path)
    data = copy.read_bytes()
    before = tshark_fields(path, [*NAMES, "mep.digest", "frame.comment"], *KEYS)
    secrets = {form for packet in before for name, values in packet.items() if name != "frame.comment"
               for value in values for form in forms(value)}
    after = tshark_fields(copy, NAMES + ["mep.digest"])
    shown = {value.encode() for packet in after for values in packet.values() for value in values}
    # All bytes that Wireshark has of each packet, also what it has decrypted or put together.
    panes = run_tshark(["-r", copy, "-x"]).stdout
    opened = b"".join(bytes.fromhex(line[6:53]) if re.match(r"[0-9a-f]{4}  ", line) else b"\n"
                      for line in panes.splitlines())
    for secret in secrets:
        assert secret not in data, secret
        assert secret not in shown, secret
        assert secret not in opened, secret
    assert KEY.encode() not in data and KEY.encode()[:16] not in data
    texts, kinds = texts_of(copy)
    assert len(texts) == 1 and texts[0].startswith(b"mepshare ")
    assert set(kinds) <= {0x0A0D0D0A, 1, 5, 6}
    # All of it was seen to before the copy was looked at.
    assert "blanked further" not in done.stdout and "what they are not" not in done.stdout


# What is about the factory default key, which no copy has.
FACTORY = "mep.security.factory_key"


def shape(pdml):
    """The names of all fields below MEP, packet by packet; notes of the factory default aside."""
    packets = []
    for packet in pdml.iter("packet"):
        names = []
        for proto in packet.iter("proto"):
            if proto.get("name") != "mep":
                continue
            for field in proto.iter("field"):
                name = field.get("name")
                if not name.startswith("_ws.expert") and name != FACTORY:
                    names.append(name)
        packets.append(names)
    return packets


# What is not to be the same: contents of tables, what was made anew, and what says of what it was made.
OTHERWISE = re.compile(r"mep\.(bt|et|ep)\d|mep\.(data|digest|key|mbus\..*|reading\..*|unknown_data|noise|tap\.id"
                       r"|tap\.header_length|security\.factory_key.*|tls\..*)$")
SAME = re.compile(r"mep\.(src|dst|addr|stream)$")


@pytest.fixture(scope="session")
def facts(run_tshark, plugin):
    """All of the plugin's fields that say of frames and conversations what they are."""
    listed = [line.split("\t") for line in run_tshark(["-G", "fields"]).stdout.splitlines()]
    names = {words[2] for words in listed if words[0] == "F" and words[2].startswith("mep.")}
    return sorted(name for name in names if SAME.match(name) or not OTHERWISE.match(name))


# Without a key their frames are noise, which stays noise but not the same.
OPENED = [path for path in SAMPLES if path.stem not in CLOSED | {"tls"}] + \
    [path for path in CASES if path.stem not in ("cut-150", "cut-62", "beside-another-interface")]


@pytest.mark.parametrize("path", OPENED, ids=lambda path: path.stem)
def test_the_copy_shows_the_same(mepshare, tshark_fields, facts, path):
    """Everything that is said of frames and conversations, findings included, frame by frame."""
    assert len(facts) > 80 and sum(name.startswith("mep.analysis.") for name in facts) > 20
    _, copy = mepshare(path)
    names = [*facts, "frame.time_epoch", "frame.len"]
    before = tshark_fields(path, names, *KEYS)
    after = tshark_fields(copy, names)
    assert len(before) == len(after)
    for number, (was, now) in enumerate(zip(before, after), 1):
        if "02" in "".join(was["mep.tap.status"]):  # noise
            was = {name: was[name] for name in was if name.startswith(("mep.tap.", "frame."))}
            now = {name: now[name] for name in was}
        different = {name: (was[name], now[name]) for name in was if was[name] != now[name]}
        assert not different, number


@pytest.mark.parametrize("path", OPENED, ids=lambda path: path.stem)
def test_the_tree_has_the_same_shape(mepshare, tshark_pdml, plugin, path):
    _, copy = mepshare(path)
    before, after = shape(tshark_pdml(path, *KEYS)), shape(tshark_pdml(copy))
    for number, (was, now) in enumerate(zip(before, after, strict=True), 1):
        assert was == now, number


def without(words, text):
    """Lines that have none of the words; in a copy all keys are one, and none is the factory's."""
    return [re.sub(r"\b\d{8}\b", "serial", re.sub(r"\s+", " ", line)) for line in text.splitlines()
            if not any(word in line for word in words)]


@pytest.mark.parametrize("path", OPENED, ids=lambda path: path.stem)
def test_statistics_are_the_same(mepshare, user, run_tshark, plugin, path):
    _, copy = mepshare(path)
    source = user.readable(path)
    for statistic, other in (("mep,srt", ()), ("mep,tree", ("hall", "factory", "shared capture", "Keys")),
                             ("mep,meter", ("hall", "factory", "shared capture", "ET03", "BT01")),
                             ("mep,readings,csv", ())):
        told = [run_tshark(["-r", file, "-q", "-z", statistic, *keys])
                for file, keys in ((source, KEYS), (copy, ()))]
        assert all(each.returncode == 0 for each in told), told[1].stderr
        before, after = (without(other, each.stdout) for each in told)
        assert len(before) > 0 and before == after, statistic


def test_good_digests_need_no_key(mepshare, tshark_fields, plugin):
    for name in ("clear-no-key", "clear-after-rc4"):
        _, copy = mepshare(TESTS / "cases" / f"{name}.pcapng")
        shown = tshark_fields(copy, ["mep.digest.status", "mep.key"], *NO_KEYS)
        assert all(packet["mep.digest.status"] == ["1"] and packet["mep.key"] == ["shared capture"]
                   for packet in shown)


@pytest.mark.parametrize("sample", ["mbus", "first-contact", "daily-reading"])
def test_two_copies_have_nothing_in_common(mepshare, tshark_fields, plugin, sample):
    path = TESTS.parent / "samples" / f"{sample}.pcapng"
    copies = [mepshare(path)[1] for _ in range(2)]
    original, first, second = (tshark_fields(each, NAMES) for each in (path, *copies))
    for name in NAMES:
        values = [[packet[name] for packet in shown] for shown in (original, first, second)]
        said = [{value for some in each for value in some if value.strip("0 ")} for each in values]
        if not said[0]:
            continue
        assert len(said[0]) == len(said[1]) == len(said[2])
        assert not said[0] & said[1] and not said[1] & said[2] and not said[0] & said[2], name
        # The same where the same was, and as long.
        for a, b in ((values[0], values[1]), (values[0], values[2])):
            pairs = {(x, y) for some, others in zip(a, b) for x, y in zip(some, others)
                     if x.strip("0 ")}
            assert len(pairs) == len(said[0]) and all(len(x) == len(y) for x, y in pairs)


def exchange(rng, key, table=0x17, size=60, encrypted=True, sequence=7):
    request = struct.pack(">BHHI", 0x30, table, 512, sequence)
    answer = struct.pack(">BH", 0, size) + rng.randbytes(size)
    question = request + oma_digest.digest(request, key)
    reply = answer + oma_digest.digest(request + answer, key)
    return [capture_file.Frame(oma_digest.frame(message), direction, gap_us=5000)
            for message, direction in ((question, 1), (reply, 2))]


@pytest.mark.parametrize("how", ["blank", "drop"])
@pytest.mark.parametrize("seed", range(5))
def test_unknown_keys(mepshare, capture, how, seed):
    """What no key opens: lengths at most."""
    rng = random.Random(seed)
    frames = []
    for number in range(20):
        for direction, size in ((1, rng.randrange(17, 40)), (2, rng.randrange(17, 300))):
            frames.append(capture_file.Frame(oma_digest.frame(rng.randbytes(size)), direction,
                                             gap_us=6000))
    path = capture(frames)
    if how == "drop":
        mepshare(path, "--closed", "drop", status=1)
        return
    done, copy = mepshare(path)
    data = copy.read_bytes()
    secrets = set().union(*(windows(frame.data[2:]) for frame in frames))
    assert not secrets & windows(data)
    assert re.search(r"40 +frames that no key opens blanked", done.stdout)


def test_clear_frames_of_an_unknown_key(mepshare, capture, tshark_fields, plugin):
    rng = random.Random(3)
    key = rng.randbytes(16)
    frames = [frame for n in range(5) for frame in exchange(rng, key, sequence=100 + n)]
    path = capture(frames)
    _, copy = mepshare(path)
    data = copy.read_bytes()
    assert not any(frame.data[-8:] in data for frame in frames)
    shown = tshark_fields(copy, ["mep.digest.status", "mep.table", "mep.sequence"])
    assert [packet["mep.digest.status"] for packet in shown] == [["2"]] * 10
    assert [packet["mep.sequence"] for packet in shown[::2]] == [[f"0x{100 + n:08x}"] for n in range(5)]


@pytest.mark.parametrize("table,named", [(0x803, True), (0x17, False)])
def test_a_serial_number(mepshare, capture, table, named):
    """ET03 begins with the utility's serial number, page 56."""
    serial = b"NES-4471-0815/X" + bytes(15)
    key = KEY.encode()[:16]
    request = struct.pack(">BHHI", 0x30, 0x803, 512, 9)
    content = serial + bytes(107) + b"\x12\x34" + bytes(4)
    answer = struct.pack(">BH", 0, len(content)) + content
    frames = [capture_file.Frame(oma_digest.frame(request + oma_digest.digest(request, key)), 1),
              capture_file.Frame(oma_digest.frame(answer + oma_digest.digest(request + answer, key)), 2,
                                 gap_us=5000)]
    _, copy = mepshare(capture(frames))
    data = copy.read_bytes()
    assert serial[:15] not in data
    found = re.search(rb"[A-Z]{3}-[0-9]{4}-[0-9]{4}/[A-Z]\0{15}", data)
    assert found and b"4471" not in found[0] and data.count(b"\x12\x34") >= 1


def described_tables():
    numbers = set()
    for name in re.findall(r"^## (BT|ET)(\d+)$", (TESTS.parent / "docs" / "fields.md").read_text(), re.M):
        numbers.add(int(name[1]) + (0x800 if name[0] == "ET" else 0))
    return sorted(numbers)


@pytest.mark.parametrize("seed", range(12))
def test_any_bytes_in_any_table(mepshare, capture, tshark_fields, plugin, seed):
    """Random contents, which make random layouts: the copy is clean, and its digests are good."""
    rng = random.Random(seed)
    key = KEY.encode()[:16]
    frames, undescribed = [], []
    known = described_tables()
    for n in range(60):
        table = rng.choice(known) if n % 4 else rng.choice([0x0AFF, 0x02F0, 0x0C77])
        encrypt, write = rng.random() < 0.4, rng.random() < 0.3
        data = rng.randbytes(rng.randrange(1, 300)) if rng.random() < 0.7 else \
            bytes(rng.choice(b"\0\1\2\3\4 AB7") for _ in range(rng.randrange(1, 300)))
        offset = rng.choice((0, 0, 0, rng.randrange(0, 500)))
        head = struct.pack(">H", table) + offset.to_bytes(3, "big")
        if write:
            request = b"\x4f" + head + struct.pack(">H", len(data)) + data
            answer = b"\0"
        else:
            request = b"\x3f" + head + struct.pack(">H", len(data))
            answer = b"\0" + struct.pack(">H", len(data)) + data
        request += struct.pack(">I", 1000 + n)
        if table not in known and not write and len(data) > 12:
            undescribed.append(data)
        pair = [capture_file.Frame(oma_digest.frame(request + oma_digest.digest(request, key)), 1,
                                   gap_us=9000),
                capture_file.Frame(oma_digest.frame(
                    answer + oma_digest.digest(request + answer, key)), 2, gap_us=5000)]
        if encrypt:
            pair = rc4_frames.encrypted(pair, key)
        frames += pair
    _, copy = mepshare(capture(frames))
    shown = tshark_fields(copy, ["mep.digest.status"], *NO_KEYS)
    assert all(packet["mep.digest.status"] == ["1"] for packet in shown)
    text = copy.read_bytes()
    assert not any(data in text for data in undescribed)
    # What Wireshark decrypts has nothing of it either.
    data_of = tshark_fields(copy, ["mep.unknown_data", "mep.data"], *NO_KEYS)
    everything = "".join(value for packet in data_of for values in packet.values() for value in values)
    assert not any(data[:12].hex() in everything for data in undescribed if len(set(data[:12])) > 6)


def test_log_on_and_password(mepshare, capture):
    """C12.18's services carry a user's name and a password."""
    key = KEY.encode()[:16]
    frames = []
    for message in (b"\x50\x00\x02" + b"jdoe".ljust(10), b"\x51" + b"s3cr3t-pass".ljust(20)):
        request = message + struct.pack(">I", 5)
        frames += [capture_file.Frame(oma_digest.frame(request + oma_digest.digest(request, key)), 1,
                                      gap_us=9000),
                   capture_file.Frame(oma_digest.frame(
                       b"\0" + oma_digest.digest(request + b"\0", key)), 2, gap_us=5000)]
    _, copy = mepshare(capture(frames))
    data = copy.read_bytes()
    assert b"jdoe" not in data and b"s3cr3t" not in data


def test_times_are_shifted(mepshare, tshark_fields, plugin):
    path = TESTS.parent / "samples" / "daily-reading.pcapng"
    fields = ["frame.time_epoch", "mep.bt52.clock_calendar"]
    before = tshark_fields(path, fields)
    after = tshark_fields(mepshare(path, "--shift", "-14")[1], fields)
    for was, now in zip(before, after, strict=True):
        moved = float(was["frame.time_epoch"][0]) - float(now["frame.time_epoch"][0])
        assert abs(moved - 14 * 86400) < 1e-3
        assert bool(was[fields[1]]) == bool(now[fields[1]])
        assert not was[fields[1]] or was[fields[1]] != now[fields[1]]
    assert any(was[fields[1]] for was in before)


def test_consumption_is_blurred(mepshare, tshark_fields, plugin):
    path = TESTS.parent / "samples" / "daily-reading.pcapng"
    fields = ["mep.bt23.fwd_active_wh_l1l2l3", "mep.bt28.rms_voltage_mv_l1"]
    before, after = tshark_fields(path, fields), tshark_fields(mepshare(path, "--blur")[1], fields)
    ratios = [int(now[fields[0]][0]) / int(was[fields[0]][0])
              for was, now in zip(before, after) if was[fields[0]]]
    assert len(ratios) > 3 and max(ratios) - min(ratios) < 1e-3 and abs(ratios[0] - 1) > 0.05
    assert [p[fields[1]] for p in before] == [p[fields[1]] for p in after]


def test_a_range(mepshare, tshark_fields, plugin):
    path = TESTS.parent / "samples" / "daily-reading.pcapng"
    times = [packet["frame.time_epoch"] for packet in tshark_fields(path, ["frame.time_epoch"])]
    _, copy = mepshare(path, "--from", "11", "--to", "20")
    assert [packet["frame.time_epoch"] for packet in tshark_fields(copy, ["frame.time_epoch"])] == \
        times[10:20]
    # Also where it begins with an answer, of which nobody knows any more what it says.
    shown = tshark_fields(mepshare(path, "--from", "22")[1], ["mep.digest.status", "mep.src"])
    assert len(shown) == len(times) - 21 and shown[0]["mep.src"] == ["Meter"]
    assert all(packet["mep.digest.status"] == ["1"] for packet in shown[1:])
    done, _ = mepshare(path, "--from", "yesterday", status=1)
    assert "--from" in done.stderr and "2026-03-01T07:30:00" in done.stderr


def test_tls_becomes_plain(mepshare, tshark_fields, plugin):
    path = TESTS.parent / "samples" / "tls.pcapng"
    done, copy = mepshare(path)
    shown = tshark_fields(copy, ["mep.request_code", "mep.response_code", "mep.table",
                                 "mep.digest.status", "tls.record.content_type"], *NO_KEYS)
    assert shown and all(not packet["tls.record.content_type"] for packet in shown)
    assert all(packet["mep.digest.status"] == ["1"] for packet in shown)
    assert "in TLS written in clear" in done.stdout and "frames of TLS sessions" in done.stdout


def test_tls_becomes_an_equivalent_exchange(mepshare, user, run_tshark, tshark_fields, plugin):
    """What was said in TLS is said in the copy, at the same times and with the same readings; who it
    is about is not."""
    path = TESTS.parent / "samples" / "tls.pcapng"
    _, copy = mepshare(path)
    names = ["mep.table", "mep.offset", "mep.count", "mep.response_code", "mep.src", "frame.time_epoch",
             "mep.request_code", "tls.record.content_type", *NAMES]
    before, after = tshark_fields(path, names, *KEYS), tshark_fields(copy, names)
    inner = [packet for packet in before
             if packet["mep.table"] and (packet["mep.request_code"][-1:] not in (["0x58"], ["0x59"]))]
    said, again = ([[packet[name][-1:] for name in names[:6]] for packet in each] for each in (inner, after))
    # The sample has a request that is repeated, and answered again: so has the copy.
    times = {packet[5][0] for packet in again} - {packet[5][0] for packet in said}
    repeated = [packet for packet in again if packet[5][0] in times]
    first = again.index(repeated[0])
    assert len(repeated) == 2 and [each[:5] for each in repeated] == [each[:5] for each in again[first - 2:first]]
    assert len(said) >= 10 and said == [packet for packet in again if packet not in repeated]
    assert any(packet["tls.record.content_type"] for packet in inner)
    for name in NAMES:
        was = {value for packet in before for value in packet[name] if value.strip("0: ")}
        now = {value for packet in after for value in packet[name]}
        assert not was & now and bool(was) == bool(now - {""}), name
    readings = [run_tshark(["-r", file, "-q", "-z", "mep,readings,csv", *keys]).stdout.splitlines()
                for file, keys in ((user.readable(path), KEYS), (copy, ()))]
    values = [[line.split(",")[:2] + line.split(",")[4:] for line in each if line[:2] == "20" or ",BT" in line]
              for each in readings]
    # Once each: what was repeated says nothing new.
    values = [list(dict.fromkeys(map(tuple, each))) for each in values]
    assert len(values[0]) > 5 and values[0] == values[1]


def test_the_copy_of_a_copy(mepshare, tshark_fields, plugin):
    path = TESTS.parent / "samples" / "mbus.pcapng"
    _, copy = mepshare(path)
    _, again = mepshare(copy)
    shown = tshark_fields(again, ["mep.digest.status", "mep.alert"], *NO_KEYS)
    assert all(packet["mep.alert"] or packet["mep.digest.status"] == ["1"] for packet in shown)


def test_what_cannot_be_done_is_said(mepshare, build_dir, tmp_path):
    program = build_dir / "captures" / "mepshare"
    sample = TESTS.parent / "samples" / "mbus.pcapng"
    (tmp_path / "there").write_text("mine")
    (tmp_path / "bad keys").write_text("MBK too-short\n")
    for arguments, words in (
            ([], "two files"), ([sample], "two files"), ([sample, tmp_path / "there"], "--force"),
            ([sample, sample], "is the capture itself"), (["--key", "abc", sample, "x"], "--key"),
            ([TESTS / "cases" / "two-columns.txt", tmp_path / "x"], "mepimport"),
            ([tmp_path / "nowhere", tmp_path / "x"], "nowhere"),
            (["--closed", "never", sample, tmp_path / "x"], "blank and drop"),
            (["--key-file", tmp_path / "bad keys", sample, tmp_path / "x"], "bad keys, line 1"),
            (["--shift", "soon", sample, tmp_path / "x"], "--shift")):
        done = subprocess.run([program, *arguments], capture_output=True, text=True, timeout=60,
                              check=False)
        assert done.returncode == 1 and words in done.stderr, (arguments, done.stderr)
        assert "too-short" not in done.stderr
    assert (tmp_path / "there").read_text() == "mine" and not (tmp_path / "x").exists()


@pytest.mark.parametrize("seed", range(20))
def test_hostile(build_dir, tmp_path, seed):
    """Damaged anywhere: it ends with a copy or with a sentence about the capture, never with a copy
    that it does not trust itself, and leaves no half of a file."""
    program = build_dir / "captures" / "mepshare"
    path, out, keys = tmp_path / "in", tmp_path / "out", tmp_path / "keys"
    keys.write_text(f"MBK {KEY}\n")
    for number in range(10):
        rng = random.Random(f"{seed} {number}")
        data = bytearray(rng.choice(SAMPLES + CASES).read_bytes())
        for _ in range(rng.randrange(1, 60)):
            data[rng.randrange(len(data))] = rng.randrange(256)
        if rng.random() < 0.3:
            del data[rng.randrange(len(data)):]
        path.write_bytes(data)
        out.unlink(missing_ok=True)
        done = subprocess.run([program, "--key-file", keys, path, out], capture_output=True, text=True,
                              timeout=120, check=False)
        assert done.returncode in (0, 1), (number, done.stderr)
        assert out.exists() == (done.returncode == 0)
        assert {each.name for each in tmp_path.iterdir()} == {"in", "keys"} | ({"out"} if out.exists()
                                                                              else set())


def test_no_text_and_no_secret_comes_along(mepshare, tmp_path):
    """Every place in which pcapng has room for a text, in either byte order."""
    def option(code, value):
        return struct.pack(order + "HH", code, len(value)) + value + bytes(-len(value) % 4)

    def block(kind, body):
        body += bytes(-len(body) % 4)
        return struct.pack(order + "II", kind, len(body) + 12) + body + struct.pack(order + "I", len(body) + 12)

    rng = random.Random(11)
    frames = [frame for n in range(4) for frame in exchange(rng, KEY.encode()[:16], sequence=50 + n)]
    for order in "<>":
        count = 0

        def secret():
            nonlocal count
            count += 1
            return f"private thing {count} of Jane Doe".encode()

        end = struct.pack(order + "HH", 0, 0)
        data = block(0x0A0D0D0A, struct.pack(order + "IHHq", 0x1A2B3C4D, 1, 0, -1) + option(1, secret())
                     + option(2, secret()) + option(3, secret()) + option(4, secret())
                     + option(2988, b"\0\0\x80\x16" + secret()) + end)
        data += block(1, struct.pack(order + "HHI", 161, 0, 0) + b"".join(
            option(code, secret()) for code in (1, 2, 3, 11, 12, 15, 16, 17)) + end)
        data += block(4, struct.pack(order + "HH", 1, 4 + 32) + b"\xc0\0\2\1" + secret()[:28].ljust(32, b"\0")
                      + end + option(2, secret()) + end)
        data += block(0x0A, struct.pack(order + "II", 0x544C534B, 31) + secret())
        data += block(0xBAD, struct.pack(order + "I", 32473) + secret())
        data += block(0x4D3C2B1A, secret())
        for number, frame in enumerate(frames):
            data += block(6, struct.pack(order + "IIIII", 0, 0, number * 20000, len(frame.data), len(frame.data))
                          + frame.data + bytes(-len(frame.data) % 4)
                          + option(2, struct.pack(order + "I", 2 if frame.direction == 1 else 1))
                          + option(1, secret()) + option(1, KEY.encode()) + end)
        data += block(5, struct.pack(order + "III", 0, 0, 0) + option(1, secret()) + end)
        path = tmp_path / "private.pcapng"
        path.write_bytes(data)
        done, copy = mepshare(path)
        copied = copy.read_bytes()
        assert count > 20 and b"Jane" not in copied and b"private" not in copied and KEY.encode() not in copied
        assert texts_of(copy)[0] == [b"mepshare " + texts_of(copy)[0][0].split()[1]]
        for words in ("embedded secrets", "name resolution", "comments, names and other texts"):
            assert words in done.stdout
        assert f"{len(frames)} of {len(frames)} records" in done.stdout


# --- By way of a network -------------------------------------------------------------------------

CLIENT_IP, SERVER_IP = b"\xc0\x00\x02\x21", b"\xc6\x33\x64\x2c"
MACS = bytes.fromhex("02a1b2c3d4e5" "02f6e7d8c9ba")


class Network:
    """Packets of Ethernet, IPv4 or IPv6, TCP or UDP, as records of a pcap file."""

    def __init__(self):
        self.records, self.sequence = [], {}

    def send(self, ports, payload, protocol=6, tag=b"", version=4, lost=False, at=None):
        sequence = self.sequence.get(ports, 1000 + ports[0]) if at is None else at
        if at is None:
            self.sequence[ports] = sequence + len(payload)
        back = ports[0] < ports[1]
        addresses = (SERVER_IP, CLIENT_IP) if back else (CLIENT_IP, SERVER_IP)
        if protocol == 6:
            body = struct.pack(">HHIIBBHHH", *ports, sequence, 0, 5 << 4, 24, 8192, 0, 0) + payload
        else:
            body = struct.pack(">HHHH", *ports, 8 + len(payload), 0) + payload
        if version == 4:
            ip = struct.pack(">BBHHHBBH", 0x45, 0, 20 + len(body), 1, 0, 64, protocol, 0) + b"".join(addresses)
        else:
            ip = struct.pack(">IHBB", 6 << 28, len(body), protocol, 64) + b"".join(
                b"\x20\x01\x0d\xb8" + bytes(8) + each for each in addresses)
        data = MACS + tag + (b"\x08\x00" if version == 4 else b"\x86\xdd") + ip + body
        if not lost:
            self.records.append(data)

    def write(self, path, link=1):
        skip = 14 if link == 101 else 0
        path.write_bytes(struct.pack("<IHHiIII", 0xA1B2C3D4, 2, 4, 0, 0, 65535, link) + b"".join(
            struct.pack("<IIII", 1_700_000_000 + n // 100, n % 100 * 10_000, len(data) - skip,
                        len(data) - skip) + data[skip:] for n, data in enumerate(self.records)))
        return path


def talk_of(count=6, encrypted=False, key=None, seed=1):
    """[(from the client, frame)], and what it was about."""
    rng, frames = random.Random(seed), []
    key = key or KEY.encode()[:16]
    for n in range(count):
        pair = exchange(rng, key, size=40 + n, sequence=0x100 + n)
        if encrypted:
            pair = rc4_frames.encrypted(pair, key)
        frames += [(frame.direction == 1, frame.data) for frame in pair]
    return frames


PORTS = (50123, 4001)  # the client's, the port server's
WAYS = {"tcp": {}, "vlan": {"tag": b"\x81\x00\x00\x05"}, "ipv6": {"version": 6}, "udp": {"protocol": 17}}


@pytest.mark.parametrize("encrypted", [False, True], ids=["clear", "rc4"])
@pytest.mark.parametrize("way", WAYS)
def test_a_port_server(mepshare, tshark_fields, plugin, tmp_path, way, encrypted):
    """The frames stay, with their order and directions, digests good; of the network nothing does."""
    network, talk = Network(), talk_of(encrypted=encrypted)
    for n, (from_client, frame) in enumerate(talk):
        ports = PORTS if from_client else PORTS[::-1]
        cut = n % 5 * 7 if way != "udp" else 0
        for piece in filter(None, (frame[:cut], frame[cut:])):
            network.send(ports, piece, **WAYS[way])
        network.send((50200, 22), b"password: hunter2-secret")
        network.send((22, 50200), b"SSH-2.0-OpenSSH_9.2p1 somebody's host")
    done, copy = mepshare(network.write(tmp_path / "net.pcap"))
    shown = tshark_fields(copy, ["mep.src", "mep.table", "mep.digest.status", "mep.encrypted", "frame.len"],
                          *NO_KEYS)
    assert [packet["mep.src"] for packet in shown] == \
        [["Client"] if from_client else ["Meter"] for from_client, _ in talk]
    assert all(packet["mep.digest.status"] == ["1"] for packet in shown)
    assert [int(packet["frame.len"][0]) for packet in shown] == [16 + len(frame) for _, frame in talk]
    data = copy.read_bytes()
    for secret in (CLIENT_IP, SERVER_IP, MACS[:6], MACS[6:], b"hunter2", b"OpenSSH", b"somebody",
                   *(frame[-8:] for _, frame in talk)):
        assert secret not in data
    assert f"{len(talk)}  frames taken out of TCP or UDP" in done.stdout
    assert f"{2 * len(talk)}  packets of connections in which no MEP" in done.stdout


def test_a_port_server_without_a_key(mepshare, tmp_path):
    """Nothing tells encrypted frames of an unknown key from any other bytes but the user's word."""
    network = Network()
    key = b"another key ...!"
    talk = talk_of(encrypted=True, key=key)
    for from_client, frame in talk:
        network.send(PORTS if from_client else PORTS[::-1], frame)
    path = network.write(tmp_path / "net.pcap")
    done, _ = mepshare(path, status=1)
    assert "--port" in done.stdout
    _, copy = mepshare(path, "--port", "4001")
    data = copy.read_bytes()
    assert not windows(data, 6) & set().union(*(windows(frame[2:], 6) for _, frame in talk))


def test_disorder_and_losses(mepshare, tshark_fields, plugin, tmp_path):
    """Segments twice, in another order, and one that was not captured: the frames around it stay."""
    network, talk = Network(), talk_of(10)
    held = None
    for n, (from_client, frame) in enumerate(talk):
        ports = PORTS if from_client else PORTS[::-1]
        at = network.sequence.get(ports, 1000 + ports[0])
        if n == 4:  # a segment overtakes the one before it
            network.sequence[ports] = at + len(frame)
            held = (ports, frame, at)
            continue
        network.send(ports, frame, lost=n == 12)
        if n == 6:
            network.send(held[0], held[1], at=held[2])
        if n % 3 == 0:
            network.send(ports, frame, at=at, lost=n == 12)  # again
    _, copy = mepshare(network.write(tmp_path / "net.pcap"))
    shown = tshark_fields(copy, ["mep.sequence", "mep.digest.status"], *NO_KEYS)
    numbers = [int(packet["mep.sequence"][0], 16) for packet in shown if packet["mep.sequence"]]
    assert sorted(numbers) == [n for n in range(0x100, 0x10A) if n != 0x106]
    assert len(shown) == len(talk) - 1


def test_telnet_around_it(mepshare, tshark_fields, plugin, tmp_path):
    network, talk = Network(), talk_of()
    network.send(PORTS, bytes.fromhex("fffb2c fffd00 fffb00"))
    network.send(PORTS[::-1], b"\xff\xfa\x2c\x64my-port-server of somebody\xff\xf0")
    for from_client, frame in talk:
        network.send(PORTS if from_client else PORTS[::-1], frame.replace(b"\xff", b"\xff\xff"))
    _, copy = mepshare(network.write(tmp_path / "net.pcap", link=101))
    shown = tshark_fields(copy, ["mep.digest.status"], *NO_KEYS)
    assert [packet["mep.digest.status"] for packet in shown] == [["1"]] * len(talk)
    assert b"somebody" not in copy.read_bytes()


@pytest.mark.parametrize("what,link", [("tap", 147), ("raw", 148)])
def test_other_link_types(mepshare, tshark_fields, plugin, tmp_path, what, link):
    sample = TESTS.parent / "samples" / "daily-reading.pcapng"
    data = bytearray(sample.read_bytes())
    at, records = 0, 0
    out = bytearray()
    while at < len(data):
        kind, size = struct.unpack_from("<II", data, at)
        block = data[at:at + size]
        if kind == 1:
            struct.pack_into("<H", block, 8, link)
        records += kind == 6
        out += block
        at += size
    path = tmp_path / "user.pcapng"
    path.write_bytes(out)
    done, _ = mepshare(path, status=1)
    assert f"link type {link}" in done.stdout and "--link-type" in done.stdout
    if what == "tap":
        done, copy = mepshare(path, "--link-type", f"{link}=tap")
        shown = tshark_fields(copy, ["mep.digest.status"], *NO_KEYS)
        assert len(shown) == records and all(each["mep.digest.status"] == ["1"] for each in shown)
    done, _ = mepshare(path, "--link-type", "147", status=1)
    assert "147=raw" in done.stderr
