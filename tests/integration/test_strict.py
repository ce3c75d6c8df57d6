"""The dissector where nothing is forgiven: with Wireshark's memory that finds what was written beside
it, where what Wireshark criticises ends the program, and under valgrind. All samples and cases are
dissected in one process, as a list and then opened.

SPDX-License-Identifier: GPL-2.0-or-later
"""
import os
import pathlib
import shutil
import sys

import pytest

TESTS = pathlib.Path(__file__).resolve().parents[1]
sys.path.insert(0, str(TESTS / "bench"))
import instructions  # noqa: E402: its folder is named above

CAPTURES = sorted((TESTS.parent / "samples").glob("*.pcapng")) + sorted((TESTS / "cases").glob("*.pcapng"))
KEY = '-ouat:mep_keys:"hall","MBK","k3y-from-the-grid-op","TRUE"'
LONG = 1800  # seconds: the start of Wireshark alone takes valgrind minutes on a busy computer


@pytest.fixture(scope="module")
def program(build_dir, plugin, user):
    if not (found := instructions.frame_cost(user, build_dir)):
        pytest.skip("frame_cost is for Wireshark 4.0, and needs valgrind's headers")
    return found


def dissect(user, command, ways, **environment):
    jobs = [instructions.Job(f"{way} {capture.name}", capture, way, ("-2", *words))
            for capture in CAPTURES for way, *words in ways]
    jobs[0] = jobs[0]._replace(words=(*jobs[0].words, KEY))
    before = dict(user.environment)
    user.environment.update(environment)
    try:
        return jobs, user.run(command, input="".join(job.line(user) + "\n" for job in jobs), timeout=LONG)
    finally:
        user.environment = before


@pytest.mark.parametrize("memory", ["strict", "simple"])
def test_with_checked_memory(memory, program, user):
    ways = (["line"], ["filter", "mep.bt28.rms_voltage_mv_l1 or mep.reading.voltage.l1"],
            ["fields", "mep.table"], ["details"])
    jobs, run = dissect(user, [program], ways,
                        WIRESHARK_DEBUG_WMEM_OVERRIDE=memory, G_DEBUG="fatal-criticals",
                        WIRESHARK_LOG_FATAL="critical")
    assert run.returncode == 0, run.stderr[-2000:]
    assert len(run.stdout.splitlines()) == len(jobs)


@pytest.mark.skipif(not os.environ.get("MEP_VALGRIND"), reason="minutes: ./run strict")
def test_under_valgrind(program, user):
    if not shutil.which("valgrind"):
        pytest.skip("valgrind is not installed")
    jobs, run = dissect(user, ["valgrind", "--quiet", "--error-exitcode=99", "--leak-check=no", program],
                        (["details"],), WIRESHARK_DEBUG_WMEM_OVERRIDE="simple")
    assert run.returncode == 0, run.stderr[-4000:]
    assert len(run.stdout.splitlines()) == len(jobs)
