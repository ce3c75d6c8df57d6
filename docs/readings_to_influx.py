#!/usr/bin/env python3
"""Turns the table of readings into InfluxDB's line protocol.

    tshark -r tap.pcapng -q -z mep,readings,csv | python3 readings_to_influx.py > readings.line

What the meter's clock tells in UTC is the point's time; otherwise it is when the answer was captured.
Rows without a number are left out.

SPDX-License-Identifier: GPL-2.0-or-later
"""
import csv
import datetime
import re
import sys

UTC = re.compile(r"(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)(?:\.(\d+))?Z")
NUMBER = re.compile(r"-?\d+(\.\d+)?(e[+-]?\d+)?", re.IGNORECASE)
TAGS = ("bus", "table", "register", "unit")


def nanoseconds(time):
    """Since 1970, of a time in UTC; nothing of another."""
    match = UTC.fullmatch(time)
    if not match:
        return None
    moment = datetime.datetime.fromisoformat(match.group(1)).replace(tzinfo=datetime.timezone.utc)
    return int(moment.timestamp()) * 10**9 + int((match.group(2) or "0").ljust(9, "0")[:9])


def line(row):
    """The row's point, or nothing where it has none."""
    if row["register"] == "gap":  # how many intervals are missing
        return None
    time = nanoseconds(row["time"]) or nanoseconds(row["captured"])
    if time is None or not NUMBER.fullmatch(row["value"]):
        return None
    tags = "".join(f",{tag}=" + re.sub(r"([,= ])", r"\\\1", row[tag]) for tag in TAGS if row[tag])
    return f"mep{tags} value={row['value']} {time}"


def main():
    for row in csv.DictReader(sys.stdin):
        if point := line(row):
            print(point)


if __name__ == "__main__":
    main()
