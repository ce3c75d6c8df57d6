"""The captures in samples/: made anew they are the same, and what their page says of them is true.

SPDX-License-Identifier: GPL-2.0-or-later
"""
import re
import subprocess

import pytest

import make_samples

PAGE = (make_samples.SAMPLES / "README.md").read_text()
SECTIONS = {match[1]: match[2] for match in
            re.finditer(r"^## ([\w-]+)\.pcapng\n(.*?)(?=^## |\Z)", PAGE, re.DOTALL | re.MULTILINE)}
CAPTURES = sorted(path.stem for path in make_samples.SAMPLES.glob("*.pcapng"))


def filters():
    for name, section in SECTIONS.items():
        for sentence in re.findall(r"Filters to try: (.*?)\.\n", section, re.DOTALL):
            for expression in re.findall(r"`([^`]+)`", sentence):
                yield name, re.sub(r"\s+", " ", expression)


def test_every_capture_has_its_section_and_its_picture():
    assert sorted(SECTIONS) == CAPTURES
    for picture in re.findall(r"\]\((pictures/[^)]+)\)", PAGE):
        assert (make_samples.SAMPLES / picture).exists(), picture


def test_made_anew_they_are_the_same(tmp_path, build_dir, mepdump):
    tls_meter = build_dir / "tests" / "tls_meter"
    if tls_meter.exists():
        version = subprocess.run([tls_meter, "--version"], capture_output=True, text=True,
                                 check=True).stdout
        if not version.startswith("2.28"):
            tls_meter = None
    else:
        tls_meter = None
    names = make_samples.make(tmp_path, tls_meter, mepdump)
    assert tls_meter is None or {name.removesuffix(".pcapng") for name in names} == set(CAPTURES)
    for name in names:
        assert (tmp_path / name).read_bytes() == (make_samples.SAMPLES / name).read_bytes(), name


@pytest.mark.parametrize("name, expression", filters())
def test_every_filter_of_the_page_finds_something(name, expression, user, plugin):
    capture = user.readable(make_samples.SAMPLES / f"{name}.pcapng")
    run = user.tshark(["-r", capture, "-2", "-Y", expression, "-T", "fields", "-e", "frame.number"])
    assert run.returncode == 0, run.stderr
    assert run.stdout.split(), expression


# Requests that are none are what "misbehaving" is about.
@pytest.mark.parametrize("name", [name for name in CAPTURES if name != "misbehaving"])
def test_nothing_is_malformed(name, user, plugin):
    capture = user.readable(make_samples.SAMPLES / f"{name}.pcapng")
    run = user.tshark(["-r", capture, "-2", "-T", "fields", "-e", "frame.number",
                       "-Y", "_ws.malformed"])
    assert run.returncode == 0, run.stderr
    assert run.stdout.split() == []
