#!/usr/bin/env python3
"""Prints an index template for what `tshark -T ek` writes about MEP, for Elasticsearch and OpenSearch.

    python3 ek_mapping.py > template.json

`tshark -G elastic-mapping` goes by how a field is kept, and an index that is made of it refuses what
tshark writes: numbers in hexadecimal, bytes, time spans; and it leaves texts out. This one goes by what
is written, for every field that this tshark has under "frame", "mep_tap" and "mep".

SPDX-License-Identifier: GPL-2.0-or-later
"""
import argparse
import collections
import json
import subprocess

LAYERS = ("frame", "mep_tap", "mep")
EXPERT = "_ws.expert"  # inside of both of MEP's
KEYWORD = {"type": "keyword", "ignore_above": 1024}
SECONDS = {"type": "double"}


def mapping_of(kind, base):
    """What values of this type are, as tshark writes them."""
    if kind.startswith(("FT_INT", "FT_UINT")):
        if "HEX" in base:
            return KEYWORD
        return {"type": "unsigned_long" if kind == "FT_UINT64" else "long"}
    return {"FT_FRAMENUM": {"type": "long"}, "FT_BOOLEAN": {"type": "boolean"},
            "FT_FLOAT": SECONDS, "FT_DOUBLE": SECONDS, "FT_RELATIVE_TIME": SECONDS,
            "FT_ABSOLUTE_TIME": {"type": "date"}}.get(kind, KEYWORD)


def registered():
    """Of each layer its fields' names, as they are written, and what they are."""
    listed = subprocess.run(["tshark", "-G", "fields"], check=True, capture_output=True, text=True)
    layers = collections.defaultdict(dict)
    for line in listed.stdout.splitlines():
        tag, *columns = line.split("\t")
        if tag != "F":
            continue
        _, name, kind, layer, base, *_ = columns
        if layer not in (*LAYERS, EXPERT):
            continue
        written = f"{layer}_{name}".replace(".", "_")
        if name == "frame.time_epoch":  # in 4.0 a number, later a date; frame.time is one always
            continue
        found = mapping_of(kind, base)
        # A name may stand for several fields: what they do not share is a text.
        layers[layer][written] = found if layers[layer].get(written, found) == found else KEYWORD
    return layers


def template(pattern):
    fields = registered()
    layers = {layer: {"properties": dict(fields[layer])} for layer in LAYERS}
    for layer in LAYERS[1:]:
        layers[layer]["properties"]["_ws_expert"] = {"properties": fields[EXPERT]}
    count = sum(map(len, fields.values())) + len(fields[EXPERT])
    return {
        "index_patterns": [pattern],
        "template": {
            # A value that does not fit is left out of the index, not its packet out of the archive.
            "settings": {"index.mapping.total_fields.limit": count + 1000,
                         "index.mapping.ignore_malformed": True},
            "mappings": {"dynamic": False,
                         "properties": {"timestamp": {"type": "date", "format": "epoch_millis"},
                                        "layers": {"properties": layers}}},
        },
    }


def main():
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--index-pattern", default="packets-*",
                        help="the indices that it is for; default: those of tshark -T ek")
    print(json.dumps(template(parser.parse_args().index_pattern), indent=1))


if __name__ == "__main__":
    main()
