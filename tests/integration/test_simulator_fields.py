"""Every field three ways: what the simulated meter meant, what the simulated client understood
(sim_trace compares these two), and what the plugin shows of a capture of the same traffic.

SPDX-License-Identifier: GPL-2.0-or-later
"""
import collections
import json
import re
import subprocess

import pytest

from ordinary_user import plain

SEED = 7
START = 1_781_503_200  # 2026-06-15 06:00 UTC
START_TEXT = "2026-06-15T06:00:00Z"
# What the simulated meter has beside the factory default: some scripts show what it permits.
BASIC_KEY = 'uat:mep_keys:"basic","MBK","mep-basic-key-01","TRUE"'
DATE = re.compile(r"\d{4}-\d\d-\d\d \d\d:\d\d(:\d\d)?")
TIME = re.compile(r"\d\d:\d\d:\d\d")
# Shown as what is inside: the records of transactions, and the results of procedures.
TRANSACTIONS = (0x0834, 0x0835)
TAKEN_APART = re.compile(r"(bt08|et59|et85)\.response_data")


@pytest.fixture(scope="module")
def sim_trace(build_dir):
    path = build_dir / "tests" / "sim_trace"
    if not path.exists():
        pytest.skip("the simulator was not built")
    return path


def scripts(run_mepdump):
    """The names that mep-demo offers."""
    config = run_mepdump(["--extcap-interface", "mep-demo", "--extcap-config"]).stdout
    number = re.search(r"arg {number=(\d+)}{call=--script}", config)[1]
    return re.findall(rf"value {{arg={number}}}{{value=([^}}]+)}}", config)


def meant(sim_trace, script, security):
    """What the meter meant: of each answered read its table and fields."""
    run = subprocess.run([sim_trace, script, security, str(SEED), str(START), "1"],
                         capture_output=True, text=True, timeout=120, check=False)
    assert run.returncode == 0, run.stderr
    return [json.loads(line) for line in run.stdout.splitlines()]


def date_of(wire):
    """Year to minute or second, as page 41 has them."""
    year, month, day, hour, minute, *second = wire
    return f"{2000 + year}-{month:02}-{day:02} {hour:02}:{minute:02}" + \
        "".join(f":{part:02}" for part in second)


def agrees(text, show, wire):
    """Whether a field of PDML (its value, and its bytes) says the same as the meter's text."""
    if DATE.fullmatch(text):
        return date_of(wire) == text
    if TIME.fullmatch(text):
        return ":".join(f"{part:02}" for part in wire[:3]) == text
    show = plain(show)
    if text == show:
        return True
    if re.fullmatch(r"-?\d+", text):
        if re.fullmatch(r"-?\d+", show) and int(show) == int(text):
            return True
        if re.fullmatch(r"0x[0-9a-fA-F]+", show) and int(show, 16) == int(text):
            return True
        # Numbers that are shown in words: dates, letters.
        number = int.from_bytes(wire, "little")
        return int(text) == number
    if wire.hex() == text:
        return True
    try:
        return abs(float(show) - float(text)) <= 1e-5 * abs(float(text))
    except ValueError:
        return text == "" and not any(wire)


# A whole value of an interval that is not wholly in the frame, or not recorded: "Fwd Active Wh, cut: …
# (1200 Wh)"; and such an interval's state, pages 240 and 241.
LOOSE_VALUE = re.compile(r"(.*), cut: [0-9a-f]{8} \((-?\d+)[^)]*\)(?: \[.*\])?")
LOOSE_STATE = re.compile(r"(.*), cut: ([0-9a-f]{2})")
STATE = {"Extended Status": [("extended_status", 0xFF),
                             ("daylight_savings_time_in_effect", 0x10),
                             ("power_fail_within_interval", 0x20),
                             ("clock_reset_forward_during_interval", 0x40),
                             ("clock_reset_backward_during_interval", 0x80),
                             ("channel_0_status", 0x0F)],
         "Flags": [("channel_status", 0xF0), ("channel_status", 0x0F)]}


def state(name, byte):
    for bits, mask in STATE[name]:
        yield bits, (byte & mask) // (mask & -mask)


def shown(packet, prefix):
    """Name, value and bytes of the packet's fields that begin like this, in the order of the wire."""
    for field in packet.iter("field"):
        name = field.get("name", "")
        loose = LOOSE_VALUE.fullmatch(field.get("showname", "")) if name == "mep.cut" else None
        if loose:
            last = re.sub(r"[^a-z0-9]+", "_", loose[1].lower()).strip("_")
            yield prefix[len("mep."):] + last, loose[2], bytes.fromhex(field.get("value"))
        loose = LOOSE_STATE.fullmatch(field.get("showname", "")) if name == "mep.cut" else None
        if loose and loose[1] in STATE:
            for bits, value in state(loose[1], int(loose[2], 16)):
                yield prefix[len("mep."):] + bits, str(value), bytes([value])
        if name.startswith(prefix) and not name.endswith(".interval_end_time"):
            # Of bits the value is a number of any length.
            wire = field.get("unmaskedvalue") or field.get("value") or ""
            yield name[len("mep."):], field.get("show", ""), bytes.fromhex(wire)


def label(table):
    return ("et" if table & 0x800 else "bt") + f"{table & 0x7FF:02}"


def answers(root):
    """The packets that answer a read with table bytes, by MEP port: table, bytes in hexadecimal,
    packet."""
    found = collections.defaultdict(list)
    for packet in root.iter("packet"):
        fields = {}
        for field in packet.iter("field"):
            fields.setdefault(field.get("name"), field)
        if "mep.response_code" in fields and "mep.data" in fields and "mep.table" in fields:
            interface = int(fields["frame.interface_id"].get("show"))
            found[interface // 2].append((int(fields["mep.table"].get("show"), 0),
                                          fields["mep.data"].get("value"), packet))
    return found


def compare(script, wanted, packets):
    compared = 0
    port_packets = {port: iter(list_) for port, list_ in packets.items()}
    for answer in wanted:
        if answer["table"] in TRANSACTIONS:
            continue
        # The response's code and count stand before the table's bytes.
        this = (answer["table"], answer["answer"][6:])
        packet = next((packet for *which, packet in port_packets[answer["port"]]
                       if tuple(which) == this), None)
        assert packet is not None, f"{script}: no packet shows {this}"
        if answer["misled"]:
            continue
        fields = collections.defaultdict(list)
        for name, show, wire in shown(packet, f"mep.{label(answer['table'])}."):
            fields[name].append((show, wire))
        for name, text in answer["fields"]:
            if not fields[name] and (text == "" or TAKEN_APART.fullmatch(name)):
                continue  # a time that is not set is shown as mep.not_a_time
            assert fields[name], f"{script}: {name} is missing, the meter meant {text}"
            show, wire = fields[name].pop(0)
            assert agrees(text, show, wire), \
                f"{script}: {name} is shown as {show} ({wire.hex()}), the meter meant {text}"
            compared += 1
    return compared


@pytest.mark.parametrize("security", ["plain", "rc4", "tls"])
def test_every_field_three_ways(security, sim_trace, run_mepdump, user, plugin):
    if security == "tls" and "value=tls" not in run_mepdump(
            ["--extcap-interface", "mep-demo", "--extcap-config"]).stdout:
        pytest.skip("built without TLS")
    compared = 0
    for script in scripts(run_mepdump):
        if script == "line-trouble":
            continue  # the tap does not hear what the client hears
        capture = user.folder() / f"{script}.pcapng"
        run = run_mepdump(["--capture", "--extcap-interface", "mep-demo", "--script", script,
                           "--security", security, "--seed", SEED, "--start", START_TEXT,
                           "--rounds", 1, "--speed-up", 0, "--fifo", capture], timeout=120)
        assert run.returncode == 0, run.stderr
        user.own(capture)
        wanted = meant(sim_trace, script, security)
        compared += compare(script, wanted, answers(user.pdml(capture, "-o", BASIC_KEY)))
    assert compared > 9_000
