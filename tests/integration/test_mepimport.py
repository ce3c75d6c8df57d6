"""mepimport on the forms in which people post bytes, whole and damaged: what comes out are the frames
that went in, and nothing is swallowed.

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

CASES = pathlib.Path(__file__).resolve().parent.parent / "cases"
KEY = b"k3y-from-the-grid-op"[:16]
CLIENT, METER = 2, 1  # epb_flags: outbound, inbound


def blocks(data):
    at = 0
    while at < len(data):
        kind, size = struct.unpack_from("<II", data, at)
        yield kind, data[at + 8:at + size - 4]
        at += size


def options(body):
    found = {}
    while len(body) >= 4:
        code, size = struct.unpack_from("<HH", body)
        if code == 0:
            break
        found[code] = body[4:4 + size]
        body = body[4 + size + -size % 4:]
    return found


def packets(path):
    """(time in ns, bytes, direction, comment) of each packet; the section's comment first."""
    found, comment = [], ""
    for kind, body in blocks(path.read_bytes()):
        if kind == 0x0A0D0D0A:
            comment = options(body[16:]).get(1, b"").decode()
        elif kind == 6:
            _, high, low, size, _ = struct.unpack_from("<IIIII", body)
            told = options(body[20 + size + -size % 4:])
            flags = struct.unpack("<I", told[2])[0] if 2 in told else 0
            found.append((high << 32 | low, body[20:20 + size], flags, told.get(1, b"").decode()))
    return comment, found


@pytest.fixture
def mepimport(build_dir, tmp_path):
    """mepimport(text or bytes, …) -> (CompletedProcess, comment, packets)"""
    program = build_dir / "captures" / "mepimport"
    if not program.exists():
        pytest.skip("mepimport was not built")

    def run(content, *arguments, ok=True):
        log, out = tmp_path / "log.txt", tmp_path / "out.pcapng"
        log.write_bytes(content if isinstance(content, bytes) else content.encode())
        out.unlink(missing_ok=True)
        done = subprocess.run([program, *arguments, log, out], capture_output=True, text=True,
                              timeout=60, check=False)
        assert (done.returncode == 0) == ok, done.stderr
        return (done, *packets(out)) if ok else (done, "", [])

    return run


def story():
    """Requests and answers, clear, with digests that are right: [(direction, frame)]."""
    talk, sequence = [], 0x5D10
    for table, size in ((0x34, 7), (0x15, 10), (0x17, 220), (0x1C, 340), (0x17, 220)):
        request = struct.pack(">BHHI", 0x30, table, 512, sequence)
        answer = struct.pack(">BH", 0, size) + bytes((table * 7 + i * i) & 0xFF for i in range(size))
        digest = oma_digest.digest(request, KEY)
        talk.append((CLIENT, oma_digest.frame(request + digest)))
        talk.append((METER, oma_digest.frame(answer + oma_digest.digest(request + answer, KEY))))
        sequence += 1
    return talk


STORY = story()


def pieces(data, size):
    return [data[i:i + size] for i in range(0, len(data), size)] if size else [data]


def times(number):
    return f"11:27:{number:02d}"


def esphome(size):
    return "".join(f"[{times(n)}][D][uart_debug:114]: {'>>>' if way == CLIENT else '<<<'} "
                   f"{piece.hex(':').upper()}\n"
                   for n, (way, data) in enumerate(STORY) for piece in pieces(data, size))


def words(separator, prefix=""):
    def line(way, data):
        digits = separator.join(prefix + f"{byte:02x}" for byte in data)
        return f"{'Request' if way == CLIENT else 'Response'}: {digits}\n"
    return "".join(line(*each) for each in STORY)


def columns(separator, named=True):
    rows = zip(STORY[::2], STORY[1::2])
    return "".join((f"Request: {a.hex()}{separator}Response: {b.hex()}\n" if named else
                    f"{a.hex()}{separator}{b.hex()}\n") for (_, a), (_, b) in rows)


def page():
    rows = zip(STORY[::2], STORY[1::2])
    return "<html><table>\n" + "".join(
        f"<tr><td>{n}</td><td>{a.hex(' ')}</td><td>{b.hex(' ')}</td></tr>\n"
        for n, ((_, a), (_, b)) in enumerate(rows)) + "</table></html>\n"


def c_text(data):
    return "".join(f"\\x{byte:02x}" for byte in data)


def octal(data):
    def one(index):
        byte, behind = data[index], data[index + 1:index + 2]
        if byte in b'"\\':
            return "\\" + chr(byte)
        if 32 <= byte < 127:
            return chr(byte)
        special = {9: "\\t", 10: "\\n", 11: "\\v", 12: "\\f", 13: "\\r"}.get(byte)
        return special or (f"\\{byte:03o}" if behind.isdigit() else f"\\{byte:o}")
    return "".join(one(i) for i in range(len(data)))


def strace(text, start=""):
    lines = []
    for way, data in STORY:
        if way == CLIENT:
            lines.append(f'{start}write(5, "{text(data)}", {len(data)}) = {len(data)}\n')
        else:
            for piece in pieces(data, 32):
                lines.append(f'{start}read(5, "{text(piece)}", 64) = {len(piece)}\n')
    return "".join(lines)


def dump(header):
    lines = []
    for n, (way, data) in enumerate(STORY):
        if header:
            lines.append(f"{'O' if way == CLIENT else 'I'} {times(n)}.000000\n")
        for at in range(0, len(data), 16):
            lines.append(f"{at:06x} {data[at:at + 16].hex(' ')}\n")
        lines.append(f"{len(data):06x}\n\n")
    return "".join(lines)


def sigrok():
    return "".join(f"uart-1: {'TX' if way == CLIENT else 'RX'}: {byte:02X}\n"
                   for way, data in STORY for byte in data)


FORMATS = {
    "esphome": esphome(0), "esphome in lines of 150": esphome(150), "esphome in lines of 62": esphome(62),
    "words, blanks": words(" "), "words, colons": words(":"), "words, together": words(""),
    "words, 0x": words(", ", "0x"), "words, 0x and blanks": words(" ", "0x"), "words, dashes": words("-"),
    "words, \\x": words("", "\\x"),
    "columns": columns("\t"), "columns without names": columns("\t", False),
    "columns and bars": columns(" | "), "columns and bars without names": columns(" | ", False),
    "page": page(),
    "strace, hexadecimal": strace(c_text), "strace, octal": strace(octal),
    "strace, time and process": strace(c_text, "[pid  1234] 11:27:00.123456 "),
    "strace, since 1970": strace(c_text, "1772350020.123456 "),
    "hex dump": dump(True),
    "sigrok": sigrok(),
    "arrows": "".join(f"{'->' if way == CLIENT else '<-'} {data.hex()}\n" for way, data in STORY),
    "date and time": "".join(
        f"2026-03-01 11:27:{n:02d}.250 {'TX' if way == CLIENT else 'RX'} ({len(data)}): {data.hex(' ')}\n"
        for n, (way, data) in enumerate(STORY)),
    "entities": "".join(f"{'&gt;&gt;' if way == CLIENT else '&lt;&lt;'} {data.hex(' ')}<br>\n"
                        for way, data in STORY),
    "no marks": "".join(data.hex(" ") + "\n" for _, data in STORY),
    "no marks, one line": " ".join(data.hex(" ") for _, data in STORY) + "\n",
    "returns": words(" ").replace("\n", "\r\n"),
    "returns alone": words(" ").replace("\n", "\r"),
    "socat": "".join(
        f"{'>' if way == CLIENT else '<'} 2026/03/01 11:27:{n:02d}.250000  length={len(data)} from=0 to={len(data) - 1}\n"
        f" {data.hex(' ')}\n--\n" for n, (way, data) in enumerate(STORY)),
    "python": "".join(f"11:27:{n:02d} {'sent' if way == CLIENT else 'received'} {data!r}\n"
                      for n, (way, data) in enumerate(STORY)),
    "brackets": "".join(f"01.03.2026 11:27:{n:02d}.250 [{'TX' if way == CLIENT else 'RX'}] - {data.hex(' ').upper()}\n"
                        for n, (way, data) in enumerate(STORY)),
    "json": "".join(f'{{"t": {1772364420 + n}.25, "dir": "{"out" if way == CLIENT else "in"}", "hex": "{data.hex()}"}}\n'
                    for n, (way, data) in enumerate(STORY)),
    "semicolons": "time;dir;len;data\n" + "".join(
        f"11:27:{n:02d};{'TX' if way == CLIENT else 'RX'};{len(data)};{data.hex(' ')}\n"
        for n, (way, data) in enumerate(STORY)),
    "bytes in C": "".join(
        f"static const uint8_t {'request' if way == CLIENT else 'response'}[] = {{{', '.join(f'0x{b:02X}' for b in data)}}};\n"
        for way, data in STORY),
    "syslog": "".join(f"Mar  1 11:27:{n:02d} pi mepd[4711]: {'tx' if way == CLIENT else 'rx'} {data.hex()}\n"
                      for n, (way, data) in enumerate(STORY)),
}
# Who sent what has to be found out by the bytes.
UNMARKED = {"columns without names", "columns and bars without names", "page", "no marks",
            "no marks, one line"}


@pytest.mark.parametrize("name", FORMATS)
def test_every_form(mepimport, name):
    done, comment, found = mepimport(FORMATS[name])
    assert [data for _, data, _, _ in found] == [data for _, data in STORY], done.stderr
    assert [way for _, _, way, _ in found] == [way for way, _ in STORY], done.stderr
    assert all(bool(text) == (name in UNMARKED) for _, _, _, text in found)
    moments = [time for time, *_ in found]
    assert moments == sorted(moments)
    if name.startswith(("esphome", "hex dump")):
        assert moments[1] - moments[0] == 10 ** 9 and moments[0] == (11 * 60 + 27) * 60 * 10 ** 9
        assert "no dates" in comment
    if name in ("date and time", "socat", "brackets", "json"):
        assert moments[0] == 1772364420_250_000_000 and "dates" not in comment
    if name in ("words, blanks", "columns", "no marks"):
        assert "no times" in comment


@pytest.mark.parametrize("coding", ["utf-8-sig", "utf-16", "utf-16-le", "utf-16-be"])
@pytest.mark.parametrize("name", ["words, blanks", "date and time", "esphome", "no marks"])
def test_every_coding(mepimport, name, coding):
    """As editors and consoles of Windows write it."""
    done, _, found = mepimport(FORMATS[name].replace("\n", "\r\n").encode(coding))
    assert [data for _, data, _, _ in found] == [data for _, data in STORY], done.stderr
    assert "line 1" not in done.stderr


def test_a_very_long_line(mepimport, tmp_path, build_dir):
    """A gigabyte without an end of line, of which no use can be made: it is told, and the rest is read."""
    log, out = tmp_path / "long", tmp_path / "long.pcapng"
    with open(log, "wb") as file:
        file.write(b"Request: 00")
        file.seek(1 << 30)
        file.write(b"\n" + FORMATS["words, blanks"].encode())
    done = subprocess.run([build_dir / "captures" / "mepimport", log, out], capture_output=True, text=True,
                          timeout=60, check=False)
    assert done.returncode == 0, done.stderr
    assert [data for _, data, *_ in packets(out)[1]] == [data for _, data in STORY]
    assert re.match(r"line 1: a line of more than", done.stderr)


def test_marks_that_mean_the_opposite(mepimport):
    """A log from the meter's side."""
    text = "".join(f"{'RX' if way == CLIENT else 'TX'}: {data.hex(' ')}\n" for way, data in STORY)
    done, comment, found = mepimport(text)
    assert [way for _, _, way, _ in found] == [way for way, _ in STORY]
    assert "opposite" in comment and all("opposite" in text for *_, text in found)


def test_what_means_nothing_is_listed(mepimport):
    text = "# my log\n" + words(" ") + "the meter was restarted\nRequest: 00 11 30 00\n"
    done, _, found = mepimport(text)
    assert len(found) == len(STORY)
    lines = re.findall(r"^line (\d+): (.*)$", done.stderr, re.M)
    assert [number for number, _ in lines] == ["1", str(len(STORY) + 2), str(len(STORY) + 3)]
    assert "no bytes" in lines[0][1] and "4 bytes" in lines[2][1]


@pytest.mark.parametrize("text", ["", "\n\n", "nothing here\n", "GET /index.html\n", "\0\1\2"])
def test_nothing_to_import(mepimport, text):
    done, *_ = mepimport(text, ok=False)
    assert "no frame was found" in done.stderr


def bytes_of(done, found):
    """How many bytes were imported, and how many were told as unused."""
    told = re.search(r"(\d+) frames of (\d+) bytes.*; (\d+) bytes and (\d+)", done.stdout)
    assert int(told[1]) == len(found) and int(told[2]) == sum(len(data) for _, data, *_ in found)
    assert int(told[3]) == sum(int(count) for count in
                               re.findall(r"^line \d+: (\d+) bytes?, ", done.stderr, re.M))
    return int(told[2]) + int(told[3])


# Bytes that each line of a format has, told by how the line was made and not by how it is read.
def there_are(name, line):
    if name == "python":
        found = re.search(r"(b(['\"]).*\2)$", line)
        return len(eval(found[1])) if found else 0  # pylint: disable=eval-used
    if name.startswith("strace"):
        found = re.search(r" = (\d+)$", line)
        return int(found[1]) if found else 0
    if name == "hex dump":
        found = re.match(r"[0-9a-f]{6}((?: [0-9a-f]{2})+)$", line)
        return len(found[1].split()) if found else 0
    if name == "page":
        return sum(len(bytes.fromhex(cell)) for cell in re.findall(r"<td>((?:[0-9a-f]{2} )+[0-9a-f]{2})</td>", line))
    if name == "bytes in C":
        return len(re.findall(r"0x[0-9A-F]{2}", line))
    if name == "json":
        found = re.search(r'"hex": "([0-9a-f]*)"', line)
        return len(found[1]) // 2 if found else 0
    if name == "words, \\x":
        return line.count("\\x")
    # The longest runs of pairs: one in a line, or two in columns. A pair alone is sigrok's.
    runs = re.findall(r"(?<![0-9A-Za-z])((?:(?:0x)?[0-9A-Fa-f]{2}(?:, |[ :-])?){9,})(?![0-9A-Za-z])", line)
    if name == "sigrok":
        return len(re.findall(r": [0-9A-F]{2}$", line))
    return sum(len(re.findall(r"[0-9A-Fa-f]{2}", run.replace("0x", ""))) for run in runs)


@pytest.mark.parametrize("name", [each for each in FORMATS if each != "returns alone"])
def test_each_format_is_counted_as_it_was_made(name):
    assert sum(there_are(name, line) for line in FORMATS[name].splitlines()) == \
        sum(len(data) for _, data in STORY)


@pytest.mark.parametrize("name", [each for each in FORMATS if each != "returns alone"])
@pytest.mark.parametrize("seed", range(6))
def test_damage(mepimport, name, seed):
    """Lines lost, doubled, exchanged, and others between them: what was imported and what is told as
    unused is all that there was."""
    rng = random.Random(f"{name} {seed}")
    lines = FORMATS[name].splitlines()
    for _ in range(rng.randrange(1, 5)):
        at, kind = rng.randrange(len(lines)), rng.randrange(4)
        # A hex dump whose offsets do not go on is none.
        if kind == 0 and len(lines) > 4 and name != "hex dump":
            del lines[at]
        elif kind == 1 and name != "hex dump":
            lines.insert(at, lines[at])
        elif kind == 2 and name != "hex dump":
            other = rng.randrange(len(lines))
            lines[at], lines[other] = lines[other], lines[at]
        else:
            lines.insert(at, rng.choice(("something else entirely", "<td>nothing</td>", "E: timeout")))
    done, _, found = mepimport("\n".join(lines) + "\n")
    assert {data for _, data in STORY} & {data for _, data, *_ in found}
    assert bytes_of(done, found) == sum(there_are(name, line) for line in lines), done.stderr
    # Lines of text are told by their numbers.
    for number, line in enumerate(lines, 1):
        if line in ("something else entirely", "E: timeout"):
            assert f"line {number}: no bytes in it" in done.stderr


@pytest.mark.parametrize("seed", range(30))
def test_hostile(mepimport, seed):
    """Any bytes: it ends, and either tells of no frame or writes some."""
    rng = random.Random(seed)
    data = bytearray(rng.choice(list(FORMATS.values())).encode())
    for _ in range(rng.randrange(1, 400)):
        data[rng.randrange(len(data))] = rng.randrange(256)
    try:
        mepimport(bytes(data))
    except AssertionError as failed:
        assert "no frame was found" in str(failed)


# --- Captures of serial lines ---------------------------------------------------------------------

def capture_of(link_type, records):
    """records: (time in µs, bytes)"""
    made = capture_file.section_header() + capture_file.interface_description(link_type, None, None)
    return made + b"".join(capture_file.packet(0, time, data, 0) for time, data in records)


def test_rtac(mepimport):
    """SEL's RTAC, DLT 250: seconds, microseconds, event, control lines, two more bytes."""
    records = []
    for n, (way, data) in enumerate(STORY):
        for piece in pieces(data, 100):
            records.append((1_700_000_000_000_000 + n * 50_000,
                            struct.pack(">IIBBH", 0, 0, 1 if way == CLIENT else 2, 0, 0) + piece))
    done, _, found = mepimport(capture_of(250, records))
    assert [(way, data) for _, data, way, _ in found] == STORY, done.stderr
    assert found[0][0] == 1_700_000_000_000_000_000


def usbmon(event, endpoint, device, data):
    header = struct.pack("<QBBBBHBBqiiII", 1, ord(event), 3, endpoint, device, 1, 0, 0, 0, 0, 0,
                         len(data), len(data))
    return header.ljust(64, b"\0") + data


def ftdi(data, packet=64):
    """As the chip sends it: two bytes of status before each packet's data."""
    return b"".join(b"\x01\x60" + piece for piece in pieces(data, packet - 2)) or b"\x01\x60"


@pytest.mark.parametrize("packet", [64, 512])
def test_usb_of_an_adapter_that_speaks(mepimport, packet):
    records = []
    for n, (way, data) in enumerate(STORY):
        time = 1_700_000_000_000_000 + n * 50_000
        if way == CLIENT:
            records += [(time, usbmon("S", 0x02, 7, data)), (time + 10, usbmon("C", 0x02, 7, b""))]
        else:
            records += [(time - 16_000, usbmon("C", 0x81, 7, ftdi(b""))),
                        (time, usbmon("S", 0x81, 7, b"")), (time, usbmon("C", 0x81, 7, ftdi(data, packet)))]
    done, _, found = mepimport(capture_of(220, records))
    assert [(way, data) for _, data, way, _ in found] == STORY, done.stderr


def test_usb_of_two_adapters_that_listen(mepimport):
    records = [(1_700_000_000_000_000 + n * 50_000,
                usbmon("C", 0x81, 7 if way == CLIENT else 9, ftdi(data)))
               for n, (way, data) in enumerate(STORY)]
    done, _, found = mepimport(capture_of(220, records))
    assert [(way, data) for _, data, way, _ in found] == STORY, done.stderr
    assert all("guessed" in text for *_, text in found)


def test_a_port_server(mepimport):
    """TCP, segments cut anywhere, beside a connection that is nothing of MEP."""
    def segment(ports, sequence, data):
        tcp = struct.pack(">HHIIBBHHH", *ports, sequence, 0, 5 << 4, 24, 8192, 0, 0) + data
        return bytes(12) + b"\x08\0" + struct.pack(">BBHHHBBH", 0x45, 0, 20 + len(tcp), 1, 0, 64, 6, 0) + \
            (bytes((10, 0, 0, 1, 10, 0, 0, 2)) if ports[0] > ports[1] else bytes((10, 0, 0, 2, 10, 0, 0, 1))) + tcp

    records, sequence = [], {CLIENT: 5000, METER: 9000}
    for n, (way, data) in enumerate(STORY):
        for piece in pieces(data, 90):
            ports = (50123, 4001) if way == CLIENT else (4001, 50123)
            # Both are on one machine here: the addresses tell nothing, the ports do.
            records.append((1_700_000_000_000_000 + n * 50_000, segment(ports, sequence[way], piece)))
            sequence[way] += len(piece)
        records.append((1_700_000_000_000_000 + n * 50_000, segment((40000, 80), 100 + n * 14, b"GET /index.htm")))
    records.append((1_700_000_000_900_000, bytes(12) + b"\x08\x06" + bytes(28)))
    done, _, found = mepimport(capture_of(1, records))
    assert [(way, data) for _, data, way, _ in found] == STORY, done.stderr
    assert f"no MEP is found, packets: {len(STORY)}" in done.stderr
    assert f"record {len(records)}: neither TCP nor UDP" in done.stderr


def test_pieces_of_frames(mepimport):
    for case in ("cut-150", "cut-62"):
        done, _, found = mepimport((CASES / f"{case}.pcapng").read_bytes())
        assert len(found) == 14 and all(
            len(data) == 2 + struct.unpack(">H", data[:2])[0] for _, data, *_ in found), done.stderr


def test_bytes_of_either_direction(build_dir, tmp_path):
    client, meter, out = (tmp_path / name for name in ("client", "meter", "out.pcapng"))
    client.write_bytes(b"".join(data for way, data in STORY if way == CLIENT))
    meter.write_bytes(b"".join(data for way, data in STORY if way == METER))
    subprocess.run([build_dir / "captures" / "mepimport", "--client-bytes", client, "--meter-bytes",
                    meter, out], check=True, timeout=60)
    comment, found = packets(out)
    assert [(way, data) for _, data, way, _ in found] == STORY and "guess" in comment


def test_it_writes_over_nothing(build_dir, tmp_path):
    log, out = tmp_path / "log", tmp_path / "out"
    log.write_text(words(" "))
    out.write_text("mine")
    done = subprocess.run([build_dir / "captures" / "mepimport", log, out], capture_output=True,
                          text=True, timeout=60, check=False)
    assert done.returncode == 1 and "--force" in done.stderr and out.read_text() == "mine"


def test_the_plugin_reads_it(mepimport, plugin, user, tshark_fields, tmp_path):
    mepimport((CASES / "esphome-uart.log").read_text())
    user.own(tmp_path / "out.pcapng")
    user.readable(tmp_path / "out.pcapng")
    shown = tshark_fields(tmp_path / "out.pcapng", ["mep.digest.status", "mep.src"],
                          "-o", 'uat:mep_keys:"hall","MBK","k3y-from-the-grid-op","TRUE"')
    assert [each["mep.digest.status"] for each in shown] == [["1"]] * 14
