"""What docs/ says is registered is what Wireshark has registered.

SPDX-License-Identifier: GPL-2.0-or-later
"""
import pathlib
import re

import pytest

import make_references

DOCS = pathlib.Path(__file__).resolve().parents[2] / "docs"


def page(name):
    return (DOCS / name).read_text(encoding="utf-8")


def test_reference_of_table_fields_is_not_stale(build_dir):
    assert page("fields.md") == make_references.fields_document(build_dir), \
        "./run fields makes it anew"


def test_filter_names_are_not_stale(build_dir, plugin):
    present = page("filter-names.md")
    assert make_references.filter_names_document(build_dir, present) == present, \
        "./run fields makes it anew"


def test_sensitive_fields_are_not_stale(build_dir):
    present = page("sharing.md")
    assert make_references.sharing_document(build_dir, present) == present, "./run fields makes it anew"
    assert "`mep.et13.customer_id` | identifier" in present


@pytest.mark.usefixtures("plugin")
def test_every_registered_name_is_documented_and_no_other(build_dir, run_tshark):
    lines = run_tshark(["-G", "fields"]).stdout.splitlines()
    registered = {make_references.present_and_total(name) for name in (line.split("\t")[2] for line in lines if line[:1] == "F")
                  if name.startswith("mep.")}
    documented = {name for document in ("filter-names.md", "fields.md")
                  for name in re.findall(r"^\| `(mep\.[a-z0-9_.]+)` \|",
                                         page(document).partition("## Names that changed")[0], re.M)}
    assert len(documented) > 1000
    assert documented <= registered
    # Registers have fields, too, for sources that the guide does not list for their table.
    of_tables = {row[0] for row in
                 make_references.rows_of(build_dir / "tests" / "field_list", "--all")}
    assert registered - documented <= of_tables
