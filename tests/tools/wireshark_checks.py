"""Wireshark's own checks of dissectors, from its source package, over the plugin.

    wireshark_checks.py WIRESHARK_SOURCE BUILD_FOLDER

They know C, and fields in hf_register_info: the plugin's sources are given to them with C's word for a
null pointer, and what the built plugin registers, all fields of all tables, as the array that a C
dissector would have. What applies:

    checkAPIs.pl               the sources: what a dissector must not call, tables without an end
    checkhf.pl                 the registered fields. In the sources nothing is left for it: a field is
                               registered by its constructor, so none is forgotten, none without use
    checkfiltername.pl         the registered fields: names begin with the protocol's, none twice
    check_typed_item_calls.py  the registered fields, labels too; the sources: calls by type
    check_tfs.py               the sources: true_false_strings that Wireshark has already

Not those: checklicenses.py and check_spelling.py go through Wireshark's own repository;
check_dissector_urls.py and check_help_urls.py ask the web; check_static.py wants the object files of
Wireshark's own build.

SPDX-License-Identifier: GPL-2.0-or-later
"""
import pathlib
import re
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests" / "integration"))

from ordinary_user import OrdinaryUser  # noqa: E402

# What the check says, and why it is let through. Each is used, or it is reported.
NOT_APPLICABLE = {
    r"Found shadow variable\(s\)": "names of C's functions; ours are in namespaces, and GCC's -Wshadow is C++'s word",
}


# Hexadecimal digits.
WIDTHS = {f"FT_{sign}INT{bits}": bits // 4 for sign in ("U", "") for bits in (8, 16, 24, 32, 40, 48, 56, 64)}


def as_c(text):
    return re.sub(r"\bnullptr\b", "NULL", text)


def quoted(text):
    """Quotes within would end the text for checkfiltername.pl."""
    return '"' + text.replace("\\", "\\\\").replace('"', "'") + '"'


def registered(build):
    """Protocols, and fields with their types, bases and masks, as Wireshark has them."""
    user = OrdinaryUser(build)
    try:
        rows = [line.split("\t") for line in user.tshark(["-G", "fields"]).stdout.splitlines()]
    finally:
        user.remove()
    protocols = [row[1:3] for row in rows if row[0] == "P" and row[2].split("_")[0].split(".")[0] == "mep"]
    fields = [row[1:] for row in rows if row[0] == "F" and (row[2] == "mep" or row[2].startswith("mep."))]
    return protocols, fields


def as_dissector(protocols, fields):
    """What a dissector in C would have for these fields."""
    out = ['#include <epan/packet.h>', "void proto_register_mep(void);", "static int proto_mep;"]
    for number in range(len(fields)):
        out.append(f"static int hf_mep_{number} = -1;")
    out.append("void proto_register_mep(void)\n{\n  static hf_register_info hf[] = {")
    for number, (name, abbrev, ftype, parent, base, mask, blurb) in enumerate(fields):
        base = base or "BASE_NONE"
        # A mask is a number where it is registered; the check reads its digits.
        mask = f"0x{int(mask, 0):016x}"[-WIDTHS.get(ftype, int(base) // 4 if base.isdigit() else 2):]
        mask = "0x" + mask if int(mask, 16) else "0x0"
        blurb = "NULL" if not blurb or blurb == name else quoted(blurb)
        out.append(f"    {{ &hf_mep_{number},\n      {{ {quoted(name)}, {quoted(abbrev)},\n"
                   f"        {ftype}, {base}, NULL, {mask}, {blurb}, HFILL }}\n    }},")
    out.append("  };")
    out += [f"  proto_mep = proto_register_protocol({quoted(name)}, {quoted(name)}, {quoted(abbrev)});"
            for name, abbrev in protocols if abbrev == "mep"]
    out.append("  proto_register_field_array(proto_mep, hf, array_length(hf));\n}")
    out.append("void dissect(proto_tree* tree, tvbuff_t* tvb)\n{")
    out += [f"  proto_tree_add_item(tree, hf_mep_{number}, tvb, 0, -1, ENC_NA);" for number in range(len(fields))]
    out.append("}\n")
    return "\n".join(out)


def main():
    source, build = (pathlib.Path(argument).resolve() for argument in sys.argv[1:3])
    protocols, fields = registered(build)
    if len(fields) < 1000:
        sys.exit(f"the plugin of {build} registers {len(fields)} fields: was it built, and found?")
    complaints, unused = [], dict(NOT_APPLICABLE)

    def check(what, command, wrong):
        result = subprocess.run(command, cwd=source, capture_output=True, text=True, check=False, timeout=300)
        lines = [line for line in (result.stdout + result.stderr).splitlines() if re.search(wrong, line)]
        for line in lines:
            why = next((pattern for pattern in NOT_APPLICABLE if re.search(pattern, line)), None)
            unused.pop(why, None)
            if why is None:
                complaints.append(f"{what}: {line}")
        if result.returncode != 0 and not lines:
            complaints.append(f"{what} ends with {result.returncode}: {result.stdout}{result.stderr}")

    with tempfile.TemporaryDirectory() as scratch:
        scratch = pathlib.Path(scratch)
        sources = []
        for file in sorted((ROOT / "plugin").glob("*.cpp")):
            sources.append(scratch / file.name)
            sources[-1].write_text(as_c(file.read_text(encoding="utf-8")), encoding="utf-8")
        dissector = scratch / "packet-mep.c"
        dissector.write_text(as_dissector(protocols, fields), encoding="utf-8")
        tools = source / "tools"
        check("checkAPIs.pl", ["perl", tools / "checkAPIs.pl", "-p", *sources], r"Error|Warning")
        check("checkhf.pl", ["perl", tools / "checkhf.pl", dissector], r"\S")
        check("checkfiltername.pl", ["perl", tools / "checkfiltername.pl", dissector], r"\S")
        check("check_typed_item_calls.py", [sys.executable, tools / "check_typed_item_calls.py", "--file", dissector,
                                            "--label", "--mask"], r"Warning|Error|NOTE")
        for file in sources:
            check("check_typed_item_calls.py", [sys.executable, tools / "check_typed_item_calls.py", "--file", file],
                  r"Warning|Error")
            check("check_tfs.py", [sys.executable, tools / "check_tfs.py", "--file", file], r"Warning|Error")
    for pattern in unused:
        complaints.append(f"nothing is let through by {pattern!r} any more")
    print("\n".join(complaints) or f"{len(sources)} files and {len(fields)} fields are as Wireshark wants them")
    sys.exit(bool(complaints))


if __name__ == "__main__":
    main()
