"""Every command in README and docs does what it says, as it stands there; and pages lead to pages.

A command is a block of indented lines. Serial ports are two pseudo terminals that the guide's frames
are played on, what runs until it is stopped is stopped after a while, and what needs another machine,
root or a window is listed with its reason.

SPDX-License-Identifier: GPL-2.0-or-later
"""
import json
import os
import pathlib
import re
import shutil
import signal
import socket
import subprocess
import time

import pytest

from line_player import LinePlayer, load_frames
from ordinary_user import OrdinaryUser

ROOT = pathlib.Path(__file__).resolve().parents[2]
PAGES = [ROOT / "README.md", ROOT / "samples" / "README.md", *sorted((ROOT / "docs").glob("*.md"))]
# A page whose commands have tests of their own: they need another machine, or root.
TRIED_ELSEWHERE = [ROOT / "docs" / "recipes.md"]  # test_recipes.py
LIVE_FOR = 6  # seconds
TIMEOUT = 120  # a minute, where it is busy with other tests

# How blocks begin that are no commands.
NO_COMMANDS = ('{"generation"', "if (!clock", "time,clock,frame", "    ")
# What is not run here, and where it is tried otherwise.
NOT_HERE = {
    r"\./run (demo|tests|install|uninstall|fuzz|strict|coverage|package|release)\b": "builds everything; the name is looked up",
    r"sudo|.*\|\s*sudo": "root",
    r"cmake ": "test_installed.py, and the matrix",
    r"curl ": "a database; test_archives.py looks at what it is given",
    r"MEP_BUILD_DIR=\S+ tests/bench/": "a benchmark: minutes",
    r"wireshark ": "a window; tests/gui",
}
# What runs until it is stopped.
LIVE = re.compile(r"(tshark|dumpcap) .*-i |mepdump (?!--list-ports|--help|.*--duration)|mep-sim (?!--dump)|^mep-sim$")
# Needs a meter at the other end.
CLIENT = re.compile(r"mep_client\.py|mep-sim --client")


def blocks(page):
    """The page's blocks of indented lines behind an empty one."""
    for block in re.findall(r"(?<=\n\n)(?:    .*\n)+", page.read_text(encoding="utf-8")):
        yield re.sub(r"^    ", "", block, flags=re.MULTILINE)


def commands():
    """Of all pages: the page, and a command with what it goes on with in further lines."""
    for page in PAGES:
        if page in TRIED_ELSEWHERE:
            continue
        for block in blocks(page):
            if block.startswith(NO_COMMANDS):
                continue
            if block.startswith("$ "):  # what is printed then stands below it
                block = block.splitlines()[0][2:] + "\n"
            for command in re.findall(r"(?:.*(?:\\|\|)\n)*.*\n?", block):
                if command.strip():
                    yield page.relative_to(ROOT), command.strip()


def reason(command):
    return next((why for pattern, why in NOT_HERE.items() if re.match(pattern, command, re.DOTALL)),
                None)


ALL = list(dict.fromkeys(commands()))
RUN = [(page, command) for page, command in ALL if reason(command) is None]
# Over ssh the same, and what would be a window is a list.
RUN = [(page, command.replace("ssh pi ", "").replace("wireshark -k -i -", "tshark -i -"))
       for page, command in RUN]
# What several pages say is tried once: a second time it would find its own file there already.
RUN = list({command: (page, command) for page, command in RUN}.values())


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class Reader:
    """Somebody who has the built programs, the files that the pages speak of, and a meter."""

    def __init__(self, build):
        self.user = OrdinaryUser(build)
        self.user.install_profile()
        self.folder = self.user.folder()
        programs = self.user.home / "bin"
        programs.mkdir()
        for program in ("extcap/mepdump", "simulator/mep-sim", "captures/mepshare",
                        "captures/mepimport", "tests/schema_print",
                        "tests/field_list"):
            if (build / program).exists():
                shutil.copy2(build / program, programs)
        self.user.environment["PATH"] = f"{programs}:{os.environ['PATH']}"
        shutil.copytree(ROOT / "docs", self.folder / "docs", copy_function=shutil.copyfile)
        shutil.copytree(ROOT / "samples", self.folder / "samples", copy_function=shutil.copyfile)
        cases = ROOT / "tests" / "cases"
        for case, name in (("esphome-uart.log", "uart.log"), ("two-columns.txt", "columns.txt"),
                           ("two-columns.txt", "log.txt"), ("serial-strace.txt", "dump.txt")):
            shutil.copyfile(cases / case, self.folder / name)
        (self.folder / "hall.keys").write_text("MAK 01010101010101010101010101010101\n")
        samples = [ROOT / "samples" / f"{name}.pcapng" for name in ("daily-reading", "load-profile")]
        subprocess.run(["mergecap", "-a", "-w", self.folder / "tap.pcapng", *samples], check=True,
                       timeout=TIMEOUT)
        subprocess.run(["text2pcap", "-q", "-F", "pcap", "-l", "147", "-D", "-t", "%H:%M:%S.%f",
                        self.folder / "dump.txt", self.folder / "log.pcap"], check=True,
                       timeout=TIMEOUT)
        (self.folder / "taps").mkdir()
        with open(self.folder / "meter.json", "w", encoding="utf-8") as meter:
            subprocess.run([programs / "mep-sim", "--dump"], check=True, timeout=TIMEOUT, stdout=meter)
        self.user.own(self.user.home)
        self.lines = []
        self.meters = []

    def here(self, command):
        """The command with this machine's ports."""
        port = free_port()
        if CLIENT.search(command):
            device = self.folder / f"meter{port}"
            meter = ["mep-sim", "--no-pacing", *(["--link", str(device)] if "--device" in command
                                                 else ["--tcp", str(port)])]
            self.meters.append(self.user.start(meter, stdout=subprocess.PIPE,
                                               stderr=subprocess.DEVNULL, text=True))
            assert self.meters[-1].stdout.readline()
            command = command.replace("/dev/ttyUSB0", str(device))
        if "/dev/ttyUSB" in command:
            lines = LinePlayer(speedup=10)
            self.lines.append(lines)
            command = command.replace("/dev/ttyUSB0", lines.client_line.path)
            command = command.replace("/dev/ttyUSB1", lines.meter_line.path)
        return (command.replace("24078", str(port)).replace("192.168.1.5", "127.0.0.1")
                .replace("/tmp/meter", str(self.folder / "meter"))
                # Not the other command's file, whose turn may be at the same time.
                .replace("--fifo tap.pcapng", f"--fifo tap{port}.pcapng")
                .replace("-w tap.pcapng", f"-w tap{port}.pcapng"))

    def start(self, command):
        return self.user.start(["bash", "-o", "pipefail", "-c", f"cd {self.folder}; {command}"],
                               stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
                               start_new_session=True)

    def play(self):
        """The guide's frames on all lines."""
        for frame in load_frames(ROOT / "samples" / "guide-frames.jsonl"):
            for lines in self.lines:
                lines.play([frame])

    def close(self):
        for lines in self.lines:
            lines.close()
        for meter in self.meters:
            meter.kill()
            meter.wait(TIMEOUT)
        self.user.remove()


@pytest.fixture(scope="module")
def reader(build_dir, plugin, mepdump):
    if not (build_dir / "simulator" / "mep-sim").exists():
        pytest.skip("mep-sim was not built")
    somebody = Reader(build_dir)
    yield somebody
    somebody.close()


@pytest.mark.parametrize("page, command", [each for each in RUN if not LIVE.search(each[1])],
                         ids=lambda value: str(value)[:40])
def test_it_runs(reader, page, command):
    """It succeeds, says nothing of errors, and has something to show: on the screen or in its file."""
    program = reader.start(reader.here(command))
    told, said = program.communicate(timeout=TIMEOUT)
    assert program.returncode == 0, f"{page}: {command}\n{said}"
    assert not re.search(r"error|tshark: |not found", said), said
    files = re.findall(r" > (\S+)", command)
    if command.startswith("text2pcap") or command.endswith(".pcapng") and re.search("--fifo| -U ", command):
        files = command.split()[-1:]
    if files:
        told = (reader.folder / files[0]).read_bytes()
    assert len(told) > 20, f"{page}: {command} shows nothing"


def test_what_runs_until_it_is_stopped(reader):
    """All of them at the same time. Ctrl-C ends them."""
    live = [(page, command) for page, command in RUN if LIVE.search(command)]
    assert len(live) > 10
    running = [(page, command, reader.start(reader.here(command))) for page, command in live]
    time.sleep(LIVE_FOR)
    reader.play()
    time.sleep(2)
    wrong = []
    for page, command, program in running:
        if program.poll() is not None and (program.returncode or "--client" not in command):
            wrong.append(f"{page}: {command} ended by itself: {program.communicate()[1]}")
            continue
        if program.returncode is None:
            os.killpg(program.pid, signal.SIGINT)
        try:
            told, said = program.communicate(timeout=TIMEOUT)
        except subprocess.TimeoutExpired:
            os.killpg(program.pid, signal.SIGKILL)
            wrong.append(f"{page}: {command} does not end")
            continue
        elsewhere = " -w " in command or "--fifo tap" in command or "--device" in command
        if not (told or "-> OK" in said or elsewhere):
            wrong.append(f"{page}: {command} shows nothing: {said}")
    assert not wrong, "\n".join(wrong)
    assert any((reader.folder / "taps").iterdir())


@pytest.mark.parametrize("command, printed", [
    (block.splitlines()[0][2:], block.splitlines()[1:])
    for block in blocks(ROOT / "README.md") if block.startswith("$ ")],
    ids=lambda value: str(value)[:40])
def test_what_readme_prints_is_what_is_printed(reader, command, printed):
    """From the first line on; the rest may be left out."""
    program = reader.start(reader.here(command))
    told, said = program.communicate(timeout=TIMEOUT)
    assert program.returncode == 0, said
    # Columns are padded to what fits.
    lines = [" ".join(line.split()) for line in told.splitlines()]
    assert lines[:len(printed)] == [" ".join(line.split()) for line in printed]
    assert printed


def test_what_run_is_asked_for_exists():
    known = (ROOT / "run").read_text(encoding="utf-8")
    asked = {command.split()[1] for _, command in ALL if command.startswith("./run ")}
    assert {"demo", "tests", "install"} <= asked
    for name in asked:
        assert re.search(rf"^(#   \./run {name}\b)", known, re.MULTILINE), name


# --- Pages ------------------------------------------------------------------------------------------

def links(page):
    """Where the page's links lead to in this project: the file and the heading in it."""
    for target in re.findall(r"\]\(([^)\s]+)\)", page.read_text(encoding="utf-8")):
        if not target.startswith(("http:", "https:")):
            path, _, heading = target.partition("#")
            yield (page.parent / path).resolve() if path else page, heading


def headings(page):
    """As the forges name them: lower case, blanks as hyphens, no punctuation; HTML names its own."""
    text = page.read_text(encoding="utf-8")
    if page.suffix == ".html":
        return set(re.findall(r'<h\d id="([^"]+)"', text))
    found = set()
    for title in re.findall(r"^#+ (.*)$", text, re.MULTILINE):
        found.add(re.sub(r"[^\w\- ]", "", title.lower()).replace(" ", "-"))
    return found


@pytest.mark.parametrize("page", [*PAGES, ROOT / "CONTRIBUTING.md",
                                  *sorted(ROOT.glob("*/README.md"))],
                         ids=lambda page: str(page.relative_to(ROOT)))
def test_links_lead_somewhere(page):
    for target, heading in links(page):
        assert target.exists(), f"{page.name}: {target}"
        if heading:
            assert heading in headings(target), f"{page.name}: {target.name}#{heading}"


def test_the_index_leads_to_every_page():
    led_to = {target for target, _ in links(ROOT / "docs" / "index.md")}
    pages = {path for path in (ROOT / "docs").iterdir() if path.suffix in (".md", ".html")}
    assert pages - led_to == {ROOT / "docs" / "index.md"}


def test_every_finding_is_in_the_guide():
    """With what it means and what to do."""
    names = (ROOT / "docs" / "filter-names.md").read_text(encoding="utf-8")
    notes = names.partition("<!-- notes")[2].partition("<!-- end of notes")[0]
    findings = {name.removesuffix(".expert")
                for name in re.findall(r"^\| `(mep\.[a-z0-9_.]+)` \|", notes, re.MULTILINE)}
    findings |= {name for name in re.findall(r"^\| `(mep\.analysis\.[a-z_]+)` \|", names, re.MULTILINE)}
    guide = (ROOT / "docs" / "guide.md").read_text(encoding="utf-8")
    explained = {name for cell, means, todo in
                 re.findall(r"^\| (`mep\.[^|]*) \| ([^|]+) \| ([^|]+) \|$", guide, re.MULTILINE)
                 if means.strip() and todo.strip()
                 for name in re.findall(r"`(mep\.[a-z0-9_.]+)`", cell)}
    assert len(findings) > 50
    assert findings - explained == set()


def test_filters_of_the_guide_are_filters(user, plugin):
    """And find something in one of the samples."""
    guide = (ROOT / "docs" / "guide.md").read_text(encoding="utf-8")
    table = guide.partition("### Filters")[2].partition("###")[0]
    filters = re.findall(r"^\| `(.+?)` \|", table, re.MULTILINE)
    assert len(filters) > 10
    everything = user.folder() / "all.pcapng"
    subprocess.run(["mergecap", "-a", "-w", everything, *sorted((ROOT / "samples").glob("*.pcapng"))],
                   check=True, timeout=TIMEOUT)
    user.own(everything)
    for expression in filters:
        run = user.tshark(["-r", everything, "-Y", expression])
        assert run.returncode == 0, run.stderr
        assert run.stdout or expression == "mep.reading.voltage.l1 < 220", expression


def test_pictures_are_there_and_small():
    shown = {target for page in PAGES for target, _ in links(page)
             if target.suffix in (".png", ".svg")}
    assert len(shown) > 10
    for picture in shown:
        assert picture.stat().st_size < 200_000, picture
    kept = {path for folder in ("docs/pictures", "samples/pictures")
            for path in (ROOT / folder).iterdir()}
    assert kept == shown
