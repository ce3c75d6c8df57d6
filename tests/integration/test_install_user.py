"""./run install --user and ./run uninstall: for one user, in the folders that their Wireshark names, and
gone without a trace.

SPDX-License-Identifier: GPL-2.0-or-later
"""
import os
import pathlib
import re
import shutil
import subprocess

import pytest

from ordinary_user import OrdinaryUser

ROOT = pathlib.Path(__file__).resolve().parents[2]
PACKAGING = ROOT / "packaging"


@pytest.fixture
def newcomer(tmp_path, plugin, mepdump, build_dir):
    """A user with an empty home, who may read the source and the build folder."""
    if not (build_dir / "cmake_install.cmake").exists() or shutil.which("cmake") is None:
        pytest.skip("not a build folder to install from")
    user = OrdinaryUser(tmp_path)
    shutil.rmtree(user.home)
    user.home.mkdir()
    user.own(user.home)
    result = user.run(["test", "-r", build_dir / "CMakeCache.txt", "-a", "-r", PACKAGING / "install"])
    if result.returncode:
        pytest.skip("an ordinary user cannot read the build folder")
    staged = user.home.parent / f"{user.home.name}-staged"
    subprocess.run(["cmake", "--install", build_dir], check=True, stdout=subprocess.DEVNULL, timeout=60,
                   env=dict(os.environ, DESTDIR=str(staged)))
    user.built = ["--staged", staged, build_dir]
    yield user
    user.remove()
    shutil.rmtree(staged)


def call(user, name, *arguments):
    return user.run(["bash", PACKAGING / name, *arguments], timeout=120)


def install(user):
    result = call(user, "install", "--user", *user.built)
    assert result.returncode == 0, result.stderr + result.stdout
    return result.stdout


def files(user):
    return sorted(str(path.relative_to(user.home)) for path in user.home.rglob("*"))


def test_one_user_has_it_and_nothing_is_left(newcomer):
    assert "mepdump and the others by their names: PATH=" in install(newcomer)
    assert re.search(r"^mep\.so\s", newcomer.tshark(["-G", "plugins"]).stdout, re.MULTILINE)
    listed = newcomer.tshark(["-D"]).stdout
    for name in ("mep", "mep-demo"):
        assert re.search(rf"^\d+\. {name} \(MEP ", listed, re.MULTILINE), listed
    sample = newcomer.readable(ROOT / "samples" / "daily-reading.pcapng")
    shown = newcomer.tshark(["-C", "MEP", "-r", sample, "-2", "-Y", "frame.number == 4"])
    assert (shown.returncode, shown.stderr) == (0, "")
    assert "factory default" in shown.stdout
    shutil.rmtree(sample.parent, ignore_errors=True)
    for program in ("mepdump", "mepshare", "mepimport", "mep-sim"):
        assert newcomer.run([newcomer.home / ".local" / "bin" / program, "--version"]).returncode == 0
        assert (newcomer.home / ".local" / "share" / "man" / "man1" / f"{program}.1").is_file()
    result = call(newcomer, "uninstall", "--user")
    assert (result.returncode, result.stderr) == (0, "")
    assert files(newcomer) == []


def test_what_somebody_has_changed_is_not_lost(newcomer):
    install(newcomer)
    profile = newcomer.home / ".config" / "wireshark" / "profiles" / "MEP"
    with (profile / "colorfilters").open("a") as out:
        out.write("# mine\n")
    (profile / "mep_keys").write_text("")
    assert "kept: " in install(newcomer)
    assert (profile / "colorfilters.old").read_text().endswith("# mine\n")
    assert not (profile / "colorfilters").read_text().endswith("# mine\n")
    with (profile / "preferences").open("a") as out:
        out.write("# mine, too\n")
    result = call(newcomer, "uninstall", "--user")
    assert f"changed by somebody, left: {profile / 'preferences'}" in result.stdout
    assert f"not empty, left: {profile}" in result.stdout
    assert sorted(path.name for path in profile.iterdir()) == ["colorfilters.old", "mep_keys", "preferences"]
    assert not (newcomer.home / ".local").exists()


def test_nothing_to_uninstall_is_said(newcomer):
    result = call(newcomer, "uninstall", "--user")
    assert (result.returncode, result.stdout) == (1, "")
    assert result.stderr.startswith("uninstall: nothing was installed for you alone")


@pytest.mark.skipif(os.getuid() != 0, reason="only root is refused")
def test_root_is_told_why_not(build_dir, plugin):
    result = subprocess.run(["bash", PACKAGING / "install", "--user", build_dir], capture_output=True, text=True,
                            check=False, timeout=60)
    assert (result.returncode, result.stdout) == (1, "")
    assert result.stderr.startswith("install: as root Wireshark ignores personal plugins")


@pytest.fixture
def prefix(tmp_path, build_dir):
    """For everybody, below a folder of the test's own. Where Wireshark's folders are the system's, that is
    for systems that may be thrown away."""
    if not os.environ.get("MEP_TEST_INSTALLED"):
        pytest.skip("not a system that may be thrown away")
    return pathlib.Path(re.search(r"^CMAKE_INSTALL_PREFIX:PATH=(.*)$",
                                  (build_dir / "CMakeCache.txt").read_text(), re.MULTILINE)[1])


def test_the_system_is_as_it_was(prefix, build_dir):
    def everything():
        return subprocess.run(["find", "/usr", "/etc", "-xdev", "-printf", r"%y %m %p %l\n"], check=True, text=True,
                              capture_output=True, timeout=300).stdout.splitlines()

    before = set(everything())
    subprocess.run(["bash", PACKAGING / "install", build_dir], check=True, timeout=120)
    installed = set(everything())
    assert any(line.endswith("epan/mep.so ") for line in installed - before)
    subprocess.run(["bash", PACKAGING / "uninstall", "--prefix", prefix], check=True, timeout=120)
    assert set(everything()) == before
