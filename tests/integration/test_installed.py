"""What `cmake --install` puts where: Wireshark has to find it there.

With MEP_TEST_INSTALLED it is put into the system and tried by an ordinary user, and taken out again:
for systems that may be thrown away (./run matrix).

SPDX-License-Identifier: GPL-2.0-or-later
"""
import os
import pathlib
import re
import shutil
import subprocess

import pytest

from conftest import TESTS
from ordinary_user import TIMEOUT, OrdinaryUser
from pcapng_blocks import Capture

SET_BY_USERS = ("WIRESHARK_PLUGIN_DIR", "WIRESHARK_EXTCAP_DIR")


def install(build_dir, **environment):
    if not (build_dir / "cmake_install.cmake").exists() or shutil.which("cmake") is None:
        pytest.skip("not a build folder to install from")
    subprocess.run(["cmake", "--install", build_dir], check=True, stdout=subprocess.DEVNULL,
                   env=dict(os.environ, **environment))
    return (build_dir / "install_manifest.txt").read_text().split("\n")


def prefix_of(build_dir):
    return pathlib.Path(re.search(r"^CMAKE_INSTALL_PREFIX:PATH=(.*)$",
                                  (build_dir / "CMakeCache.txt").read_text(), re.MULTILINE)[1])


@pytest.fixture(scope="session")
def folders(wireshark_version):
    """Where Wireshark looks, by its own names."""
    environment = {name: value for name, value in os.environ.items() if name not in SET_BY_USERS}
    output = subprocess.run(["tshark", "-G", "folders"], check=True, text=True, timeout=TIMEOUT,
                            capture_output=True, env=environment).stdout
    return {name: pathlib.Path(path)
            for name, path in re.findall(r"^([^:\n]+):[ \t]*(\S.*)$", output, re.MULTILINE)}


def test_everything_goes_where_wireshark_looks(build_dir, folders, plugin, mepdump, tmp_path):
    install(build_dir, DESTDIR=str(tmp_path))
    extcaps = folders.get("Global Extcap path") or folders["Extcap path"]
    prefix = prefix_of(build_dir)
    for file in (extcaps / "mepdump", folders["Global Plugins"] / "epan" / "mep.so",
                 prefix / "bin" / "mepdump", prefix / "share" / "man" / "man1" / "mepdump.1"):
        assert (tmp_path / file.relative_to("/")).is_file(), file
    # One program, which Wireshark finds through a link.
    link = tmp_path / (extcaps / "mepdump").relative_to("/")
    assert link.resolve() == (tmp_path / (prefix / "bin" / "mepdump").relative_to("/")).resolve()
    assert str(extcaps / "mepdump") in (build_dir / "install_manifest.txt").read_text().split("\n")
    listed = subprocess.run([link, "--extcap-interfaces"], capture_output=True, text=True,
                            timeout=TIMEOUT, check=True).stdout
    assert "interface {value=mep}" in listed
    install(build_dir, DESTDIR=str(tmp_path))  # once more: the link is no obstacle


def test_without_a_folder_for_extcaps_there_is_no_link(build_dir, tmp_path):
    """As README has it for a machine that only captures."""
    script = TESTS.parent / "cmake" / "LinkExtcap.cmake"
    program = tmp_path / "bin" / "mepdump"
    program.parent.mkdir()
    program.write_text("the program")
    for folder, is_link in ((tmp_path / "bin", False), (tmp_path / "lib" / "extcap", True)):
        subprocess.run(["cmake", f"-Dmep_program={program}", f"-Dmep_extcap_dir={folder}", "-P",
                        script], check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
                       timeout=TIMEOUT)
        assert (folder / "mepdump").is_symlink() == is_link
        assert (folder / "mepdump").read_text() == "the program"


def test_the_profile_goes_beside_wiresharks_own(build_dir, folders, plugin, tmp_path):
    install(build_dir, DESTDIR=str(tmp_path))
    profiles = folders["Global configuration"] / "profiles"
    assert (profiles / "Classic").is_dir()
    for file in ("preferences", "colorfilters", "dfilter_buttons", "io_graphs", "recent"):
        assert (tmp_path / profiles.relative_to("/") / "MEP" / file).is_file(), file


@pytest.fixture(scope="module")
def somebody(build_dir, wireshark_version, tmp_path_factory):
    """A user with nothing of their own, and the system has what was built."""
    if not os.environ.get("MEP_TEST_INSTALLED"):
        pytest.skip("not a system that may be thrown away")
    installed = install(build_dir)
    user = OrdinaryUser(tmp_path_factory.mktemp("nothing"))
    yield user
    user.remove()
    for file in map(pathlib.Path, filter(None, installed)):
        file.unlink()
        # With the folders that are there for it alone.
        for folder in file.parents:
            if "mep" not in folder.name.lower() or any(folder.iterdir()):
                break
            folder.rmdir()


def test_installed_interfaces_are_listed(somebody):
    listed = somebody.tshark(["-D"]).stdout
    for name in ("mep", "mep-demo"):
        assert re.search(rf"^\d+\. {name} \(MEP ", listed, re.MULTILINE), listed


def test_installed_mepdump_is_on_the_path(somebody):
    result = somebody.run(["mepdump", "--version"])
    assert (result.returncode, result.stdout.split()[0]) == (0, "mepdump")


def test_installed_plugin_is_loaded(somebody):
    plugins = somebody.tshark(["-G", "plugins"]).stdout
    assert re.search(r"^mep\.so\s", plugins, re.MULTILINE), plugins


def test_installed_demo_is_captured_and_decoded(somebody):
    path = somebody.folder() / "demo.pcapng"
    result = somebody.run(["tshark", "-i", "mep-demo", "-o", "extcap.mep_demo.speedup:0", "-o",
                           "extcap.mep_demo.rounds:1", "-w", path])
    assert result.returncode == 0, result.stderr
    assert len(Capture.read(path).packets) > 10
    assert len(somebody.fields(path, ["mep.table"], "-Y", "mep.table == 0x17")) >= 2


def test_installed_profile_is_there_for_everybody(somebody):
    sample = pathlib.Path(__file__).resolve().parents[2] / "samples" / "daily-reading.pcapng"
    result = somebody.tshark(["-C", "MEP", "-r", somebody.readable(sample), "-2", "-Y",
                              "frame.number == 4"])
    assert (result.returncode, result.stderr) == (0, "")
    assert re.search(r" 0\.021042652 +Good +factory default *$", result.stdout), result.stdout
