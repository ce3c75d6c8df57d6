"""What archives of captures are fed with: packets for Elasticsearch with their mapping, readings for
InfluxDB.

What a type takes is written down here from Elasticsearch's reference (field data types, numeric types
with coerce, dates), for none is run.

SPDX-License-Identifier: GPL-2.0-or-later
"""
import datetime
import json
import pathlib
import re
import sys

import pytest

ROOT = pathlib.Path(__file__).resolve().parents[2]
SAMPLES = sorted((ROOT / "samples").glob("*.pcapng"))
# Two fields of one name, of which tshark lists the first: one of them is shown in hexadecimal.
SHARED = {"mep.mep_mep_et36_flags"}
NUMBER = r"-?\d+(\.\d+)?(e[+-]?\d+)?"
DATE = r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,9})?(Z|[+-]\d\d:?\d\d)"


def whole(value, lowest, highest):
    return bool(re.fullmatch(r"-?\d+", str(value))) and lowest <= int(value) <= highest


TAKES = {
    "long": lambda value: whole(value, -2**63, 2**63 - 1),
    "unsigned_long": lambda value: whole(value, 0, 2**64 - 1),
    "double": lambda value: bool(re.fullmatch(NUMBER, str(value))),
    "boolean": lambda value: value in (True, False, "true", "false"),
    "keyword": lambda value: isinstance(value, str) and len(value.encode()) < 2**20,
    "date": lambda value: bool(re.fullmatch(DATE, str(value))),
}


@pytest.fixture(scope="module")
def template(user, plugin):
    run = user.run([sys.executable, user.readable(ROOT / "docs" / "ek_mapping.py")])
    assert run.returncode == 0, run.stderr
    return json.loads(run.stdout)


def properties(template):
    return template["template"]["mappings"]["properties"]["layers"]["properties"]


def packets(user, sample):
    """(the line for the index, the packet's layers), as tshark writes them for the bulk interface."""
    run = user.tshark(["-r", user.readable(sample), "-2", "-T", "ek", "-J", "frame mep_tap mep"])
    assert run.returncode == 0, run.stderr
    lines = run.stdout.replace(',"_type":"doc"', "").splitlines()
    return zip(lines[::2], map(json.loads, lines[1::2]))


def values(layer, mapping, path):
    """(path, type, value) of everything in a packet's layer that the mapping speaks of."""
    for part in layer if isinstance(layer, list) else [layer]:
        for name, found in part.items():
            known = mapping["properties"].get(name)
            if known is None:
                continue
            for value in found if isinstance(found, list) else [found]:
                if "properties" in known:
                    assert isinstance(value, dict), f"{path}.{name}: {value!r}"
                    yield from values(value, known, f"{path}.{name}")
                elif value is not None:
                    yield f"{path}.{name}", known["type"], value


def test_the_template_is_well_formed(template):
    layers = properties(template)
    assert set(layers) == {"frame", "mep_tap", "mep"}
    assert template["index_patterns"] == ["packets-*"]
    count = 0
    for layer in layers.values():
        for name, known in layer["properties"].items():
            count += len(known.get("properties", [None]))
            assert "properties" in known or known["type"] in TAKES, name
            assert re.fullmatch(r"\w+", name)
    assert template["template"]["settings"]["index.mapping.ignore_malformed"] is True
    assert count <= template["template"]["settings"]["index.mapping.total_fields.limit"]


def test_it_has_all_that_tshark_names(template, user):
    """Its own mapping is another witness of how fields are called."""
    told = user.tshark(["-G", "elastic-mapping", "--elastic-mapping-filter", "mep"]).stdout
    names = set(json.loads(told)["mappings"]["properties"]["layers"]["properties"]["mep"]
                ["properties"])
    assert len(names) > 3000
    assert names <= set(properties(template)["mep"]["properties"])


@pytest.mark.parametrize("sample", SAMPLES, ids=lambda path: path.stem)
def test_every_value_fits_its_type(template, user, sample):
    wrong, seen = set(), set()
    for index, packet in packets(user, sample):
        assert re.fullmatch(r'\{"index":\{"_index":"packets-\d{4}-\d\d-\d\d"\}\}', index)
        assert whole(packet["timestamp"], 0, 2**53)
        for layer, content in packet["layers"].items():
            for path, kind, value in values(content, properties(template).get(
                    layer, {"properties": {}}), layer):
                seen.add(path)
                if path not in SHARED and not TAKES[kind](value):
                    wrong.add((path, kind, str(value)[:40]))
    assert not wrong
    assert len(seen) > 40
    assert "mep.mep_mep_stream" in seen
    assert "mep_tap.mep_tap_mep_tap_baud_rate" in seen


def test_what_a_value_is_stays_that(template):
    """One of each kind that tshark's own mapping takes for another."""
    mep = properties(template)["mep"]["properties"]
    for name, kind in (("table", "keyword"), ("digest", "keyword"), ("response_time", "double"),
                       ("bt28_rms_voltage_mv_l1", "long"), ("src", "keyword"),
                       ("bt64_interval_end_time", "date"), ("encrypted", "boolean")):
        assert mep[f"mep_mep_{name}"]["type"] == kind, name


# --- InfluxDB ---------------------------------------------------------------------------------------

POINT = re.compile(r"mep((?:,\w+=(?:[^ ,=\\]|\\[ ,=])+)*) value=(-?\d+(?:\.\d+)?) (\d+)")


@pytest.fixture(scope="module")
def points(user, plugin):
    """points(sample) -> of each reading its tags, its value and its time."""

    def make(sample):
        table = user.tshark(["-r", user.readable(ROOT / "samples" / f"{sample}.pcapng"), "-q", "-z",
                             "mep,readings,csv"]).stdout
        run = user.run([sys.executable, user.readable(ROOT / "docs" / "readings_to_influx.py")],
                       input=table)
        assert run.returncode == 0, run.stderr
        found = []
        for line in run.stdout.splitlines():
            tags, value, time = POINT.fullmatch(line).groups()
            tags = dict(re.sub(r"\\(.)", r"\1", tag).split("=", 1)
                        for tag in re.findall(r",((?:[^,\\]|\\.)+)", tags))
            found.append((tags, value, int(time)))
        return found

    return make


def moment(*when):
    return int(datetime.datetime(*when, tzinfo=datetime.timezone.utc).timestamp()) * 10**9


def test_readings_become_points(points):
    first, *_, last = points("load-profile")
    assert first == ({"bus": "0", "table": "BT64", "register": "Fwd Active Wh L1L2L3", "unit": "Wh"},
                     "14943542", moment(2026, 6, 19, 0, 15))
    assert last[2] > first[2]
    assert not [tags for tags, _, _ in points("load-profile") if tags["register"] == "gap"]


def test_what_has_no_time_in_utc_has_that_of_its_capture(points):
    gas = next(point for point in points("mbus") if point[0]["register"].startswith("Gas"))
    assert gas[0]["register"] == "Gas 00481516 (ELS): Volume, uncorrected"
    assert (gas[1], gas[2]) == ("2330.952", moment(2026, 1, 20, 18, 59, 42) + 721874000)


def test_texts_are_no_points(points):
    assert not [tags for tags, _, _ in points("mbus") if "Date and time" in tags["register"]]
