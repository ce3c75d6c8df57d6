"""What the tests around the real tools share.

MEP_BUILD_DIR names the build folder: the plugin is plugin/mep.so there, the capture tool
extcap/mepdump. Tests of what was not built are skipped. MEP_PART=2/3 takes, of each test with three
or more sets of parameters, the second of every three: for a further Wireshark, where the first has
tried all of them. MEP_SERIAL=libserialport takes the mepdump that opens serial ports as it has to on
other systems; what only Linux's own way can do is skipped.

SPDX-License-Identifier: GPL-2.0-or-later
"""
import itertools
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile

import pytest

TESTS = pathlib.Path(__file__).resolve().parent.parent
sys.path[:0] = [str(TESTS / "tools"), str(TESTS / "integration")]

import capture_file  # noqa: E402
from ordinary_user import OrdinaryUser, mepdump_of, wireshark_version as installed_version  # noqa: E402


def pytest_configure(config):
    config.addinivalue_line("markers", "real_time: lines, meters or clients that work by the clock. A "
                            "computer that is busy elsewhere holds one of them up and not the other: such "
                            "a test is tried three times, and the closing lines name it")


def pytest_collection_modifyitems(config, items):
    for item in items:
        if item.get_closest_marker("real_time"):
            item.add_marker(pytest.mark.flaky(reruns=2, reruns_delay=1))
    part, _, parts = os.environ.get("MEP_PART", "").partition("/")
    if not part:
        return
    kept, left_out = [], []
    for _, sets in itertools.groupby(items, lambda item: (item.parent, getattr(item, "originalname", item))):
        sets = list(sets)
        if len(sets) < int(parts):
            kept += sets
            continue
        for index, item in enumerate(sets):
            (kept if index % int(parts) == int(part) - 1 else left_out).append(item)
    items[:] = kept
    config.hook.pytest_deselected(items=left_out)


@pytest.fixture(scope="session")
def build_dir():
    folder = os.environ.get("MEP_BUILD_DIR")
    if not folder:
        pytest.skip("MEP_BUILD_DIR does not name a build folder")
    return pathlib.Path(folder).resolve()


@pytest.fixture(scope="session", autouse=True)
def ports_for_libserialport(build_dir):
    """Pseudo terminals look like serial ports to it."""
    if os.environ.get("MEP_SERIAL") == "libserialport":
        os.environ["LD_PRELOAD"] = str(build_dir / "tests" / "pseudo_uart.so")
    yield


@pytest.fixture(scope="session", autouse=True)
def nothing_for_the_sanitizers():
    """Whatever they find anywhere, also in programs whose errors nobody reads, fails the tests."""
    folder = pathlib.Path(tempfile.mkdtemp(prefix="mep-sanitizers-"))
    folder.chmod(0o777)
    # Wireshark's own leaks at exit are not ours.
    os.environ["ASAN_OPTIONS"] = f"detect_leaks=0:log_path={folder}/report"
    os.environ["UBSAN_OPTIONS"] = f"print_stacktrace=1:log_path={folder}/report"
    yield
    reports = [path.read_text(errors="replace") for path in sorted(folder.iterdir())]
    shutil.rmtree(folder)
    assert not reports, "\n\n".join(reports[:3])


@pytest.fixture(scope="session")
def data_dir():
    """Where the guide's frames are."""
    return TESTS.parent / "samples"


@pytest.fixture(scope="session")
def mepdump(build_dir):
    """The built capture tool's path."""
    path = mepdump_of(build_dir)
    if not path.exists():
        pytest.skip("mepdump was not built")
    return path


@pytest.fixture(scope="session")
def wireshark_version():
    if shutil.which("tshark") is None:
        pytest.skip("tshark is not installed")
    return installed_version()


@pytest.fixture(scope="session")
def user(build_dir, wireshark_version):
    """An ordinary user whose Wireshark has the built plugin and extcap."""
    somebody = OrdinaryUser(build_dir)
    yield somebody
    somebody.remove()


@pytest.fixture(scope="session")
def run_tshark(user):
    """run_tshark(arguments, …) -> CompletedProcess, with text output. Files named in the arguments
    have to be readable for user; user.readable(path) sees to that."""
    return user.tshark


@pytest.fixture(scope="session")
def tshark_json(user):
    """tshark_json(capture, *arguments) -> the layers of each packet."""
    return user.json


@pytest.fixture(scope="session")
def tshark_pdml(user):
    """tshark_pdml(capture, *arguments) -> the PDML document's root element."""
    return user.pdml


@pytest.fixture(scope="session")
def tshark_fields(user):
    """tshark_fields(capture, names, *arguments) -> for each packet the values of each field."""
    return user.fields


@pytest.fixture(scope="session")
def plugin(build_dir, user):
    """For tests that need the dissector plugin."""
    path = build_dir / "plugin" / "mep.so"
    if not path.exists():
        pytest.skip("the plugin was not built")
    return path


@pytest.fixture(scope="session")
def capture(user):
    """capture(frames, …) -> a file of these capture_file.Frame objects that user may read; takes
    the options of capture_file.write."""

    def make(frames, **options):
        path = user.folder() / "capture.pcapng"
        capture_file.write(path, frames, **options)
        user.own(path)
        return path

    return make


@pytest.fixture(scope="session")
def run_mepdump(mepdump):
    """run_mepdump(arguments, …) -> CompletedProcess, with text output."""

    def run(arguments, timeout=60, **options):
        options.setdefault("capture_output", True)
        options.setdefault("text", True)
        return subprocess.run([str(mepdump), *map(str, arguments)], timeout=timeout, check=False,
                              **options)

    return run
