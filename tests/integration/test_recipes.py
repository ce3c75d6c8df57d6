"""docs/recipes.md: what is told there works, with the simulated meter instead of two lines.

SPDX-License-Identifier: GPL-2.0-or-later
"""
import getpass
import os
import pathlib
import pwd
import re
import shlex
import shutil
import signal
import socket
import subprocess
import time

import pytest

from conftest import TESTS
from ordinary_user import NOBODY
from tapping import TIMEOUT

pytestmark = pytest.mark.real_time

RECIPES = TESTS.parent / "docs" / "recipes.md"
UNIT = TESTS.parent / "docs" / "mepdump.service"
LINES = "-c /dev/ttyUSB0 -m /dev/ttyUSB1"
DEMO = "-i mep-demo --speed-up 0"


def recipe(beginning):
    """The command of the page that begins like that."""
    commands = re.findall(r"^    (\S.*)$", RECIPES.read_text(encoding="utf-8"), re.MULTILINE)
    found = [each for each in commands if each.startswith(beginning)]
    assert len(found) == 1, commands
    return found[0]


@pytest.fixture
def with_mepdump(user, mepdump):
    """A user's environment in which mepdump is on the PATH."""
    return dict(user.environment,
                PATH=f"{user.extcap_folder}:{user.environment['PATH']}")


def run_shell(user, environment, command, folder):
    return subprocess.run(user.command(["sh", "-c", command]), env=environment, cwd=folder,
                          capture_output=True, text=True, timeout=TIMEOUT, check=False)


def check_ring(user, folder, most):
    """Whole files, in which the packets are named and decoded."""
    files = sorted(folder.glob("hall_*.pcapng"))
    assert 1 < len(files) <= most
    tables = set()
    for file in files:
        packets = user.fields(file, ["frame.interface_description", "mep.table"])
        assert packets
        assert {each["frame.interface_description"][0].split(" (")[0] for each in packets} <= \
            {"client line", "meter line"}
        tables.update(table for each in packets for table in each["mep.table"])
    assert len(tables) > 2
    return files


def test_files_that_follow_each_other(user, plugin, with_mepdump):
    folder = user.folder()
    command = recipe("mepdump -q -c /dev/ttyUSB0 -m /dev/ttyUSB1 -w - | dumpcap") \
        .replace(LINES, f"{DEMO} --rounds 30").replace("duration:3600", "packets:100") \
        .replace("files:24", "files:4")
    result = run_shell(user, with_mepdump, command, folder)
    assert result.returncode == 0, result.stderr
    files = check_ring(user, folder, 4)
    merged = recipe("mergecap")
    assert run_shell(user, with_mepdump, merged, folder).returncode == 0
    together = user.fields(folder / "day.pcapng", ["mep.table"])
    assert len(together) == sum(len(user.fields(file, ["mep.table"])) for file in files)


def test_files_that_follow_each_other_of_tsharks(user, plugin, with_mepdump):
    folder = user.folder()
    command = recipe("tshark -i mep ") \
        .replace("-i mep -o extcap.mep.clientline:/dev/ttyUSB0 -o extcap.mep.meterline:/dev/ttyUSB1",
                 "-i mep-demo -o extcap.mep_demo.speedup:0 -o extcap.mep_demo.rounds:30") \
        .replace("duration:3600", "packets:100").replace("files:24", "files:4")
    assert "mep-demo" in command
    result = run_shell(user, with_mepdump, command, folder)
    assert result.returncode == 0, result.stderr
    check_ring(user, folder, 4)


# Over ssh


@pytest.fixture
def ssh_server(user, with_mepdump, plugin):
    """A real sshd of the ordinary user's, who may log in there with a key: its port and the key."""
    sshd = shutil.which("sshd", path="/usr/sbin:/usr/bin")
    if sshd is None:
        pytest.skip("openssh-server is not installed")
    wrapper = next(iter(sorted(map(str, pathlib.Path("/usr/lib").glob(
        "*/libnss_wrapper.so")))), None)
    if user.switches and wrapper is None:
        pytest.skip("libnss-wrapper is not installed: this user has no shell to log in to")
    folder = user.folder()
    for name in ("host", "key"):
        subprocess.run(user.command(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f",
                                     folder / name]), check=True, timeout=TIMEOUT)
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    configuration = folder / "sshd_config"
    configuration.write_text(f"""Port {port}
ListenAddress 127.0.0.1
HostKey {folder}/host
PidFile none
AuthorizedKeysFile {folder}/key.pub
PasswordAuthentication no
StrictModes no
UsePAM no
SetEnv PATH={with_mepdump["PATH"]}
""")
    environment = dict(with_mepdump)
    if user.switches:
        account = pwd.getpwuid(NOBODY)
        (folder / "passwd").write_text(
            f"{account.pw_name}:x:{NOBODY}:{NOBODY}::{user.home}:/bin/sh\n")
        (folder / "group").write_text(f"nogroup:x:{NOBODY}:\n")
        environment.update(LD_PRELOAD=wrapper, NSS_WRAPPER_PASSWD=str(folder / "passwd"),
                           NSS_WRAPPER_GROUP=str(folder / "group"))
        name = account.pw_name
    else:
        name = getpass.getuser()
    hosts = user.home / ".ssh"
    hosts.mkdir(exist_ok=True)
    kind, key, *_ = (folder / "host.pub").read_text().split()
    (hosts / "known_hosts").write_text(f"[127.0.0.1]:{port} {kind} {key}\n")
    user.own(hosts)
    log = open(folder / "log", "wb")
    server = subprocess.Popen(user.command([sshd, "-D", "-e", "-f", configuration]),
                              env=environment, stderr=log, cwd="/")
    until = time.monotonic() + TIMEOUT
    while True:
        try:
            socket.create_connection(("127.0.0.1", port)).close()
            break
        except ConnectionRefusedError:
            assert server.poll() is None and time.monotonic() < until, \
                (folder / "log").read_text()
            time.sleep(0.05)
    yield port, name, folder / "key", folder / "log"
    server.terminate()
    server.wait(TIMEOUT)
    log.close()


def test_over_ssh_with_wiresharks_own_means(user, ssh_server):
    port, name, key, log = ssh_server
    if "sshdump" not in user.tshark(["-D"]).stdout:
        pytest.skip("sshdump is not installed")
    command = recipe("tshark -i sshdump").replace("meter-pi", "127.0.0.1") \
        .replace("remoteusername:pi", f"remoteusername:{name}") \
        .replace("/home/me/.ssh/id_ed25519", str(key)).replace(LINES, "-i mep-demo --speed-up 60")
    process = user.start([*shlex.split(command), "-o", f"extcap.sshdump.remoteport:{port}", "-c",
                          "20", "-T", "fields", "-e", "mep.table"],
                         stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    try:
        output, errors = process.communicate(timeout=3 * TIMEOUT)
    finally:
        process.kill()
    assert process.returncode == 0, errors + log.read_text()
    assert len(output.splitlines()) == 20 and "0x" in output
    # Nobody reads it any more: it has ended.
    until = time.monotonic() + TIMEOUT
    while (there := running_mepdumps(user)) and time.monotonic() < until:
        time.sleep(0.1)
    assert not there


def running_mepdumps(user):
    found = []
    for entry in os.listdir("/proc"):
        try:
            with open(f"/proc/{entry}/cmdline", "rb") as file:
                words = file.read().split(b"\0")
            with open(f"/proc/{entry}/environ", "rb") as file:
                ours = os.fsencode(user.home) in file.read()
        except OSError:
            continue
        if words[0] == b"mepdump" and ours:
            found.append(int(entry))
    return found


def test_over_ssh_alone(user, ssh_server):
    port, name, key, log = ssh_server
    if shutil.which("ssh") is None:
        pytest.skip("openssh-client is not installed")
    words = shlex.split(recipe("ssh pi@meter-pi").split(" | ")[0].replace(LINES, DEMO) +
                        " --rounds 2")
    words[1] = f"{name}@127.0.0.1"
    # ssh asks the system who it runs for.
    hosts = user.home / ".ssh" / "known_hosts"
    result = subprocess.run(user.command(
        [words[0], "-p", port, "-i", key, "-o", f"UserKnownHostsFile={hosts}", *words[1:]]),
        env=user.environment, capture_output=True, timeout=TIMEOUT, check=False)
    assert result.returncode == 0, result.stderr.decode() + log.read_text()
    capture = user.folder() / "over-ssh.pcapng"
    capture.write_bytes(result.stdout)
    user.own(capture)
    assert len(user.fields(capture, ["mep.table"])) > 20


# With systemd


def test_the_unit_is_well_formed(tmp_path):
    if shutil.which("systemd-analyze") is None:
        pytest.skip("systemd is not installed")
    result = subprocess.run(["systemd-analyze", "verify", "--man=no", UNIT], capture_output=True,
                            text=True, timeout=TIMEOUT, check=False,
                            env=dict(os.environ, SYSTEMD_LOG_TARGET="console"))
    ours = [line for line in result.stderr.splitlines() if UNIT.name in line]
    assert (result.returncode, ours) == (0, []), result.stderr


def test_what_the_unit_runs(user, plugin, with_mepdump):
    """Its command, with its variables, as systemd would run it: until it is stopped."""
    line = re.search(r"^ExecStart=(.*)$", UNIT.read_text(), re.MULTILINE)[1]
    line = line.replace("-b duration:86400", "-b packets:100") \
        .replace('-c "$CLIENT_LINE" -m "$METER_LINE"', "$CLIENT_LINE $METER_LINE")
    folder = user.folder()
    environment = dict(with_mepdump, CLIENT_LINE="-i", METER_LINE="mep-demo",
                       OPTIONS="--speed-up 600", STATE_DIRECTORY=str(folder))
    process = subprocess.Popen(user.command(shlex.split(line)), env=environment, cwd="/",
                               start_new_session=True, stderr=subprocess.PIPE)
    until = time.monotonic() + TIMEOUT
    while len(list(folder.glob("tap_*.pcapng"))) < 3:
        assert time.monotonic() < until and process.poll() is None
        time.sleep(0.1)
    os.killpg(process.pid, signal.SIGTERM)  # as systemd does, to all of them
    process.communicate(timeout=TIMEOUT)
    for file in folder.glob("tap_*.pcapng"):
        assert user.tshark(["-r", file]).returncode == 0
