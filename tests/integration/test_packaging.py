"""What packages and releases go by says the same everywhere. The packages themselves: packaging/try, which
./run package and the matrix call.

SPDX-License-Identifier: GPL-2.0-or-later
"""
import pathlib
import re
import subprocess

import pytest

ROOT = pathlib.Path(__file__).resolve().parents[2]
RUN = (ROOT / "run").read_text()
CONTROL = (ROOT / "packaging" / "debian" / "control").read_text()


def fact(call, **environment):
    return subprocess.run(["bash", "-c", f". {ROOT}/packaging/facts.sh && {call}"], check=True, capture_output=True,
                          text=True, env={"PATH": "/usr/bin:/bin", **environment}, timeout=30).stdout.strip()


def packages_of(name):
    return set(re.search(rf"^{name}=\(([^)]*)\)", RUN, re.MULTILINE)[1].split())


def test_the_version_stands_in_one_place(run_mepdump):
    version = fact("mep_version")
    assert re.fullmatch(r"\d+\.\d+\.\d+", version)
    assert run_mepdump(["--version"]).stdout == f"mepdump {version}\n"
    named = subprocess.run(["grep", "-rIl", "--include=*.txt", "--include=*.h", "--include=*.cpp", "--include=*.json",
                            "--include=control", "--include=rules", "--include=run", "--exclude-dir=build*",
                            "--exclude-dir=out", "--exclude-dir=.git", "--exclude-dir=cases", "-F", version, ROOT],
                           capture_output=True, text=True, check=False, timeout=60).stdout.split()
    assert [pathlib.Path(path).relative_to(ROOT) for path in named] == [pathlib.Path("CMakeLists.txt")]


def test_a_package_of_each_debian_is_newer_than_the_last(tmp_path):
    version = fact("mep_package_version")
    assert version.startswith(fact("mep_version") + "-0")
    for older, newer in (("1.0-0~deb12", "1.0-0~deb13"), ("1.0-0~deb13", "1.0-0"), ("1.0-0", "1.0-1"), ("1.0-1", "1.1-0~deb12")):
        subprocess.run(["dpkg", "--compare-versions", older, "lt", newer], check=True)


def test_a_package_is_built_with_what_run_builds_with():
    named = re.search(r"^Build-Depends:\n((?: .*\n)+)", CONTROL, re.MULTILINE)[1]
    depends = {re.match(r" *([^ ,]+)", line)[1] for line in named.splitlines()}
    built_with = {"pkgconf" if name == "pkg-config" else name for name in packages_of("BUILD_PACKAGES")} - {"g++"}
    assert built_with <= depends, "packaging/debian/control, Build-Depends"
    assert depends - built_with == {"debhelper-compat", "tshark", "libcmocka-dev", "python3:any"}


def test_its_date_is_the_commits_or_what_it_is_told():
    assert fact("mep_date", SOURCE_DATE_EPOCH="12345") == "12345"
    assert int(fact("mep_date")) > 1_700_000_000


def test_files_that_are_made_are_not_source():
    files = fact("mep_files").splitlines()
    assert {"CMakeLists.txt", "run", "packaging/build", "docs/guide.md", "samples/rc4.pcapng"} <= set(files)
    assert not [name for name in files if re.match(r"build|out/|\.git/|.*__pycache__", name)]


def test_the_changelog_says_what_is_coming_or_has_come():
    sections = re.findall(r"^## \[([^\]]+)\]( - \d{4}-\d\d-\d\d)?$", (ROOT / "CHANGELOG.md").read_text(), re.MULTILINE)
    assert sections[0] == ("Unreleased", "")
    assert all(date for _, date in sections[1:])
    assert len(sections) == 1 or sections[1][0] == fact("mep_version")


@pytest.mark.parametrize("name", [".github/workflows/ci.yml", ".gitlab-ci.yml"])
def test_workflows_call_run_and_nothing_else(name):
    """And what a bare system needs before it can: the source."""
    text = (ROOT / name).read_text()
    commands = re.findall(r"^ +- (?:run: )?((?:\./|apt-get|git |[a-z-]+ -).*)$", text, re.MULTILINE)
    verbs = re.search(r"^case \$\{1:-\} in\n(.*?)\nesac", RUN, re.MULTILINE | re.DOTALL)[1]
    assert len(commands) >= 5
    for command in commands:
        called = re.match(r"\./run (\w+)", command)
        assert called or re.match(r"apt-get -q|git config --global --add safe\.directory", command), command
        if called:
            assert re.search(rf"\b{called[1]}\b", verbs), command
