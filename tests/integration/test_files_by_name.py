"""Options that name a file or a port, of mepdump and of mep-sim: any name that the system takes, in any
locale; and a sentence where there is nothing of use.

SPDX-License-Identifier: GPL-2.0-or-later
"""
import os
import pathlib
import signal
import subprocess
import time

import pytest

from pcapng_blocks import Capture
from tapping import TIMEOUT
from test_toolbar import Toolbar

pytestmark = pytest.mark.real_time

LOCALES = ("C", "POSIX", "C.UTF-8")
# UTF-8, and bytes that are none.
NAMES = ("jörg Zähler 電力".encode(), b"Z\xe4hler")
KEY = b"MAK 02020202020202020202020202020202\nMBK 03030303030303030303030303030303\n"


@pytest.fixture(params=LOCALES)
def environment(request):
    return dict(os.environ, LC_ALL=request.param)


@pytest.fixture(params=NAMES, ids=["utf-8", "bytes"])
def name(request):
    return request.param


@pytest.fixture
def folder(tmp_path, name):
    path = os.path.join(os.fsencode(tmp_path), name)
    os.mkdir(path)
    return path


@pytest.fixture(scope="session")
def mep_sim(build_dir):
    path = build_dir / "simulator" / "mep-sim"
    if not path.exists():
        pytest.skip("mep-sim was not built")
    return path


def run(program, arguments, **options):
    return subprocess.run([program, *arguments], capture_output=True, timeout=TIMEOUT, check=False,
                          **options)


def complaint(result, *words):
    assert result.returncode == 1, result
    assert result.stderr.count(b"\n") == 1, result.stderr
    for word in words:
        assert word in result.stderr


DEMO = ["-q", "-i", "mep-demo", "--speed-up", "0", "--rounds", "1"]


@pytest.mark.parametrize("option", ["-w", "--fifo"])
def test_where_a_capture_goes(mepdump, environment, folder, name, option):
    path = os.path.join(folder, name)
    result = run(mepdump, [*DEMO, option, path], env=environment)
    assert (result.returncode, result.stderr) == (0, b"")
    assert len(Capture.read(path).packets) > 10
    # And what is told of it is what was typed.
    complaint(run(mepdump, [*DEMO, option, path], env=environment), path, b"--force")
    told = run(mepdump, [*DEMO[1:], "--force", option, path], env=environment).stderr.decode()
    assert "records written to " in told


def test_where_the_toolbars_messages_go(mepdump, environment, folder, monkeypatch):
    """Wireshark makes its FIFOs in TMPDIR."""
    monkeypatch.setenv("LC_ALL", environment["LC_ALL"])
    bar = Toolbar(mepdump, pathlib.Path(os.fsdecode(folder)), DEMO[1:])
    try:
        assert bar.wait() == (0, "")
        assert len(bar.captured.packets) > 10 and "9600 bit/s" in bar.log
    finally:
        bar.close()


def test_where_secrets_go(mepdump, environment, folder, name):
    log = os.path.join(folder, name)
    result = run(mepdump, [*DEMO, "--security", "tls", "--key-log", log, "-w", "/dev/null"],
                 env=environment)
    if b"TLS" in result.stderr:
        pytest.skip("this build has no TLS")
    assert (result.returncode, result.stderr) == (0, b"")
    with open(log, "rb") as file:
        assert file.read().startswith(b"CLIENT_RANDOM ")


@pytest.mark.parametrize("option", ["-c", "--client-line", "-m", "--meter-line-path"])
def test_a_port_that_is_not_there(mepdump, environment, folder, name, option):
    port = os.path.join(folder, name)
    complaint(run(mepdump, [option, port, "-w", "x.pcapng"], env=environment, cwd=folder),
              port, b"no such port")
    assert os.listdir(folder) == []


def test_the_simulators_files(mep_sim, environment, folder, name):
    keys, link, tables = (os.path.join(folder, name + each) for each in (b"1", b"2", b"3"))
    with open(keys, "wb") as file:
        file.write(KEY)
    with open(tables, "wb") as file:
        file.write(run(mep_sim, ["--dump"], env=environment).stdout)
    process = subprocess.Popen([mep_sim, "--key-file", keys, "--load", tables, "--link", link],
                               env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    address = process.stdout.readline()
    assert os.readlink(link) == address.strip()
    # The port under that name, and its key: a client gets its readings.
    client = run(mep_sim, ["--client", "daily-reading", "--device", link, "--key-file", keys],
                 env=environment)
    assert (client.returncode, client.stderr) == (0, b"")
    process.send_signal(signal.SIGINT)
    assert process.communicate(timeout=TIMEOUT) == (b"", b"")
    assert process.returncode == 0 and not os.path.lexists(link)


@pytest.mark.parametrize("option", ["--key-file", "--load", "--device"])
def test_a_file_of_the_simulators_that_is_not_there(mep_sim, environment, folder, name, option):
    path = os.path.join(folder, name)
    complaint(run(mep_sim, [option, path], env=environment), path)


# Nothing of use


@pytest.mark.parametrize("content, access, words", [
    (b"", [], [b"there is no key in it"]),
    (b"\n# MBK 01010101010101010101010101010101\n", [], [b"there is no key in it"]),
    (b"MBK 01010101010101010101010101010101\n", ["--client", "daily-reading"],
     [b"no key in it for advanced access", b"--access basic"]),
    (b"MAK 01010101010101010101010101010101\n",
     ["--client", "daily-reading", "--access", "basic"],
     [b"no key in it for basic access", b"--access advanced"]),
])
def test_a_key_file_without_the_key(mep_sim, tmp_path, content, access, words):
    """The factory default must not stand in for a key that was meant to be there."""
    path = tmp_path / "keys"
    path.write_bytes(content)
    complaint(run(mep_sim, ["--tcp", "0", "--key-file", path, *access]), bytes(path), *words)


@pytest.mark.parametrize("content", [b"MBK 01010101010101010101010101010101\n",
                                     b"MAK 01010101010101010101010101010101\n"])
def test_one_key_is_enough_for_a_meter(mep_sim, tmp_path, content):
    path = tmp_path / "keys"
    path.write_bytes(content)
    process = subprocess.Popen([mep_sim, "--key-file", path], stdout=subprocess.PIPE)
    assert process.stdout.readline().startswith(b"/dev/pts/")
    process.terminate()
    assert process.wait(TIMEOUT) == 0
    process.stdout.close()


@pytest.mark.parametrize("option", ["--key-file", "--load", "--device", "--link"])
def test_a_folder_is_no_file_of_the_simulators(mep_sim, tmp_path, option):
    began = time.monotonic()
    complaint(run(mep_sim, [option, tmp_path]), bytes(tmp_path))
    assert time.monotonic() - began < 5


@pytest.mark.parametrize("option", ["--key-file", "--load", "--device", "--link", "--tcp"])
def test_no_name_at_all(mep_sim, option):
    complaint(run(mep_sim, [option, ""]), option.encode())


@pytest.mark.parametrize("arguments", [["-w", "{}"], ["-w", "/dev/null", "--security", "tls",
                                                      "--key-log", "{}"]])
def test_a_folder_is_no_file_of_mepdumps(mepdump, tmp_path, arguments):
    complaint(run(mepdump, [*DEMO, *(each.format(tmp_path) for each in arguments)]),
              bytes(tmp_path), b"Is a directory")


@pytest.mark.parametrize("option", ["-w", "-c"])
def test_no_name_for_mepdump(mepdump, option):
    complaint(run(mepdump, [option, "", *(["-w", "x.pcapng"] if option == "-c" else [])]))
