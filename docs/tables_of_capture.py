#!/usr/bin/env python3
"""The tables that were read in a capture of mepdump's, as mep-sim's --load takes them.

    python3 tables_of_capture.py tap.pcapng > meter.json
    python3 tables_of_capture.py tap.pcapng -o 'uat:mep_keys:"hall","MBK","k3y-…","TRUE"' > meter.json

What stands behind the capture goes to tshark, which needs the MEP plugin. Of bytes that were read
several times the last ones count.

SPDX-License-Identifier: GPL-2.0-or-later
"""
import json
import subprocess
import sys

FIELDS = ("frame.number", "mep.request_in", "mep.response_code", "mep.table", "mep.offset",
          "mep.data")


def lines_of(capture, options):
    """For each frame about a table the texts of its FIELDS."""
    command = ["tshark", "-2", "-r", capture, "-Y", "mep.table", "-T", "fields", *options]
    for field in FIELDS:
        command += ["-e", field]
    output = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout
    return [line.split("\t") for line in output.splitlines()]


def read_tables(capture, options):
    """{table: {position: byte}}"""
    tables, offsets = {}, {}
    for frame, request, code, table, offset, data in lines_of(capture, options):
        if not request:
            offsets[frame] = int(offset or "0")
        elif data and int(code, 0) == 0:
            content = tables.setdefault(int(table, 0), {})
            for position, byte in enumerate(bytes.fromhex(data), offsets.get(request, 0)):
                content[position] = byte
    return tables


def pieces(content):
    """{offset: hexadecimal digits} of bytes that follow each other."""
    found, begin, last = {}, None, None
    for position in sorted(content):
        if last is None or position != last + 1:
            begin = str(position)
        found[begin] = found.get(begin, "") + f"{content[position]:02x}"
        last = position
    return found


def main():
    tables = {}
    for table, content in sorted(read_tables(sys.argv[1], sys.argv[2:]).items()):
        label = f"{'ET' if table & 0x800 else 'BT'}{table & 0x7FF:02}"
        tables[label] = {"bytes": pieces(content)}
    print(json.dumps({"tables": tables}, indent=2))


if __name__ == "__main__":
    main()
