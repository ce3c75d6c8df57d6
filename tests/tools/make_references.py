"""Makes docs/fields.md, and the tables of docs/filter-names.md and docs/sharing.md, from what is
registered and described.

    make_references.py BUILD_FOLDER

SPDX-License-Identifier: GPL-2.0-or-later
"""
import itertools
import pathlib
import re
import subprocess
import sys

DOCS = pathlib.Path(__file__).resolve().parents[2] / "docs"

FIELDS_HEAD = """# Table fields

Made by `./run fields` from the descriptions in `protocol/tables/`. "Page" is where the guide
describes the field; "opt." is a page of the *Optical Port Programmer's Guide*, which lays out what the
MEP guide only names. How names come about: [filter-names.md](filter-names.md).

Registers (BT23 to BT26, BT28, BT64 to BT67, ET31, ET41) have one field for each measurement source
that the meter can select; of those, only the ones that the guide lists for the table stand here. The
others are named after BT22's source list.
"""


def rows_of(program, *arguments):
    """The lines of a program's output, each as a list of its columns."""
    output = subprocess.run([program, *arguments], capture_output=True, text=True, check=True,
                            timeout=60).stdout
    return [line.split("\t") for line in output.splitlines()]


def fields_document(build):
    """The whole of docs/fields.md."""
    text = [FIELDS_HEAD]
    rows = rows_of(build / "tests" / "field_list")
    for table, fields in itertools.groupby(rows, key=lambda row: row[0].split(".")[1]):
        text.append(f"## {table.upper()}\n\n| filter | guide's name | type | unit | page |")
        text.append("| --- | --- | --- | --- | --- |")
        seen = set()
        for name, kind, unit, page, label, *_ in fields:
            if (name, kind) in seen:
                continue
            seen.add((name, kind))
            text.append(f"| `{name}` | {label} | {kind} | {unit} | {page} |")
        text.append("")
    return "\n".join(text) + "\n"


def sharing_document(build, present):
    """`present`, the text of docs/sharing.md, with its table made anew."""
    rows = ["| filter | what | page |", "| --- | --- | --- |"]
    for name, what, page, *_ in rows_of(build / "tests" / "sensitive_list"):
        row = f"| `{name}` | {what} | {page} |"
        if what != "consumption" and row not in rows:
            rows.append(row)
    return re.sub(r"(?:^\| filter \| what .*$\n)(?:^\|.*$\n)+", lambda _: "\n".join(rows) + "\n", present,
                  flags=re.M)


def present_and_total(name):
    """Of the fields mep.reading.* the one in the reference: the others are told by rule."""
    name = name.replace("mep.reading.past.", "mep.reading.")
    name = re.sub(r"^(mep\.reading\..*)\.demand(\.max|\.min|\.previous)?$", r"\1", name)
    return re.sub(r"\.t\d(?=\.|$)", "", name)


def filter_names_document(build, present):
    """`present`, the text of docs/filter-names.md, with its tables made anew."""
    rows = sorted(rows_of(build / "tests" / "registered_list"))
    fields = ["| field | shown as | type | meaning |", "| --- | --- | --- | --- |"]
    notes = ["| note | severity | says |", "| --- | --- | --- |"]
    readings = ["| field | unit | what |", "| --- | --- | --- |"]
    for kind, name, *rest in rows:
        if name.startswith("mep.reading."):
            if name == present_and_total(name):
                unit, separator, what = rest[-1].rpartition(": ")
                readings.append(f"| `{name}` | {unit} | {what} |")
        elif kind == "field":
            type_name, label, meaning = rest
            assert type_name, f"tests/tools/registered_list.cpp has no word for the type of {name}"
            fields.append(f"| `{name}` | {label} | {type_name} | {meaning} |")
        else:
            severity, says = rest
            notes.append(f"| `{name}` | {severity} | {says} |")
    for mark, lines in (("fields", fields), ("notes", notes), ("readings", readings)):
        begin, end = f"<!-- {mark}: made by ./run fields -->", f"<!-- end of {mark} -->"
        present, count = re.subn(f"{begin}.*?{end}",
                                 lambda _, new=[begin, "", *lines, "", end]: "\n".join(new),
                                 present, flags=re.DOTALL)
        assert count == 1, f"docs/filter-names.md has no place for the table of {mark}"
    return present


def main():
    build = pathlib.Path(sys.argv[1])
    (DOCS / "fields.md").write_text(fields_document(build), encoding="utf-8")
    names = DOCS / "filter-names.md"
    names.write_text(filter_names_document(build, names.read_text(encoding="utf-8")),
                     encoding="utf-8")
    sharing = DOCS / "sharing.md"
    sharing.write_text(sharing_document(build, sharing.read_text(encoding="utf-8")), encoding="utf-8")


if __name__ == "__main__":
    main()
