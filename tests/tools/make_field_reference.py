"""Makes docs/fields.md from field_list's output on standard input.

SPDX-License-Identifier: GPL-2.0-or-later
"""
import itertools
import sys

HEAD = """# Table fields

Made by `./run fields` from the descriptions in `protocol/tables/`. "Page" is where the guide
describes the field. How names come about: [filter-names.md](filter-names.md).

Registers (BT23 to BT26, BT28, BT64 to BT67, ET31, ET41) have one field for each measurement source
that the meter can select; of those, only the ones that the guide lists for the table stand here. The
others are named after BT22's source list.
"""


def main():
    rows = [line.rstrip("\n").split("\t") for line in sys.stdin]
    print(HEAD)
    for table, fields in itertools.groupby(rows, key=lambda row: row[0].split(".")[1]):
        print(f"## {table.upper()}\n\n| filter | guide's name | type | unit | page |")
        print("| --- | --- | --- | --- | --- |")
        seen = set()
        for name, kind, unit, page, label, *_ in fields:
            if (name, kind) in seen:
                continue
            seen.add((name, kind))
            print(f"| `{name}` | {label} | {kind} | {unit} | {page} |")
        print()


if __name__ == "__main__":
    main()
