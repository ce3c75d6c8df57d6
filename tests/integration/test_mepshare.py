"""mepshare: nothing of the original can be found in the copy, and the copy shows what it showed.

SPDX-License-Identifier: GPL-2.0-or-later
"""
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


def forms(value):
    """A value of tshark's, in the forms in which it may stand in a file."""
    made = {value.encode()}
    if re.fullmatch(r"[0-9a-f]{2}(:?[0-9a-f]{2})+", value):
        raw = bytes.fromhex(value.replace(":", ""))
        made |= {raw, raw[::-1], raw.hex().encode()}
    if re.fullmatch(r"\d+", value) and len(value) % 2 == 0:
        raw = bytes.fromhex(value)
        made |= {raw, raw[::-1]}
    return {form for form in made if len(set(form) - {0}) >= 4}


@pytest.mark.parametrize("path", SAMPLES + CASES, ids=lambda path: path.stem)
def test_nothing_is_left(mepshare, tshark_fields, plugin, path):
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
    for secret in secrets:
        assert secret not in data, secret
        assert secret not in shown, secret
    assert KEY.encode() not in data and KEY.encode()[:16] not in data
    texts, kinds = texts_of(copy)
    assert len(texts) == 1 and texts[0].startswith(b"mepshare ")
    assert set(kinds) <= {0x0A0D0D0A, 1, 5, 6}


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


ANALYSIS = ["mep.src", "mep.request_code", "mep.response_code", "mep.table", "mep.offset", "mep.count",
            "mep.sequence", "mep.encrypted", "mep.digest.status", "mep.response_in", "mep.request_in",
            "mep.response_time", "mep.alert", "mep.tap.status", "mep.tap.duration", "mep.procedure",
            "mep.procedure.result", "mep.transaction.number", "mep.stream", "mep.analysis.echo",
            "mep.analysis.unanswered", "mep.analysis.late", "mep.analysis.retransmission",
            "mep.cut_short", "mep.noise", "frame.time_epoch", "frame.len"]
# Without a key their frames are noise, which stays noise but not the same.
OPENED = [path for path in SAMPLES if path.stem not in CLOSED | {"tls"}] + \
    [path for path in CASES if path.stem not in ("cut-150", "cut-62", "beside-another-interface")]


@pytest.mark.parametrize("path", OPENED, ids=lambda path: path.stem)
def test_the_copy_shows_the_same(mepshare, tshark_fields, plugin, path):
    _, copy = mepshare(path)
    names = [name for name in ANALYSIS if name != "mep.noise"]
    before = tshark_fields(path, names, *KEYS)
    after = tshark_fields(copy, names)
    assert len(before) == len(after)
    for number, (was, now) in enumerate(zip(before, after), 1):
        was.pop("frame.len"), now.pop("frame.len")  # old headers are written as new ones
        if "02" in "".join(was["mep.tap.status"]):
            continue
        assert was == now, (number, was, now)


@pytest.mark.parametrize("name", ["daily-reading", "load-profile", "mbus", "first-contact", "rc4",
                                  "procedures", "transaction"])
def test_the_tree_has_the_same_shape(mepshare, tshark_pdml, plugin, name):
    path = TESTS.parent / "samples" / f"{name}.pcapng"
    _, copy = mepshare(path)
    before, after = shape(tshark_pdml(path, *KEYS)), shape(tshark_pdml(copy))
    for number, (was, now) in enumerate(zip(before, after, strict=True), 1):
        assert was == now, number


def test_good_digests_need_no_key(mepshare, tshark_fields, plugin):
    for name in ("clear-no-key", "clear-after-rc4"):
        _, copy = mepshare(TESTS / "cases" / f"{name}.pcapng")
        shown = tshark_fields(copy, ["mep.digest.status", "mep.key"], *NO_KEYS)
        assert all(packet["mep.digest.status"] == ["1"] and packet["mep.key"] == ["shared capture"]
                   for packet in shown)


def test_two_copies_have_nothing_in_common(mepshare, tshark_fields, plugin):
    path = TESTS.parent / "samples" / "mbus.pcapng"
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


@pytest.mark.parametrize("seed", range(40))
def test_hostile(build_dir, tmp_path, seed):
    """Damaged anywhere: it ends well or with a sentence, and leaves no half of a file."""
    rng = random.Random(seed)
    data = bytearray(rng.choice(SAMPLES + CASES).read_bytes())
    for _ in range(rng.randrange(1, 60)):
        data[rng.randrange(len(data))] = rng.randrange(256)
    if rng.random() < 0.3:
        del data[rng.randrange(len(data)):]
    path, out = tmp_path / "in", tmp_path / "out"
    path.write_bytes(data)
    done = subprocess.run([build_dir / "captures" / "mepshare", path, out], capture_output=True,
                          text=True, timeout=120, check=False)
    assert done.returncode in (0, 1, 2) and (done.returncode == 0 or done.stderr), done.stderr
    assert out.exists() == (done.returncode == 0)
    assert sorted(each.name for each in tmp_path.iterdir()) == (["in", "out"] if out.exists() else ["in"])
