"""What a frame costs stays what it was: a slow-down fails here, and not in somebody's hands.

Where it is meant to be another: tests/bench/frame_costs.py --record.

SPDX-License-Identifier: GPL-2.0-or-later
"""
import json
import pathlib
import sys

import pytest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "bench"))
import frame_costs  # noqa: E402: its folder is named above


def test_a_frame_costs_what_it_did(build_dir, plugin):
    recorded = json.loads(frame_costs.FIGURES.read_text())
    reason = frame_costs.why_not(build_dir, recorded)
    if reason:
        pytest.skip(reason)
    lines = frame_costs.differences(frame_costs.count(build_dir), recorded["figures"])
    assert not lines, "\n".join(lines)


def test_more_or_less_is_told():
    assert frame_costs.differences({"a": 109}, {"a": 100}) == []
    assert len(frame_costs.differences({"a": 111}, {"a": 100})) == 1
    assert len(frame_costs.differences({"a": 89}, {"a": 100})) == 1
    assert len(frame_costs.differences({"a": 1}, {"b": 1})) == 2
