"""What the tests of Wireshark's windows share: one screen, and on it a Wireshark for each test that
nobody has used before, with the built plugin and mepdump.

MEP_BUILD_DIR names the build folder. Pictures of what was on the screen go to out/gui/VERSION; a
folder for each test.

SPDX-License-Identifier: GPL-2.0-or-later
"""
import os
import pathlib
import shutil
import sys

import pytest

TESTS = pathlib.Path(__file__).resolve().parent.parent
sys.path[:0] = [str(TESTS / "tools"), str(TESTS / "integration"), str(TESTS / "gui")]

from ordinary_user import NOBODY, OrdinaryUser, wireshark_version as installed_version  # noqa: E402

PICTURES = TESTS.parent / "out" / "gui"
PROGRAMS = ("wireshark", "tshark", "Xvfb", "openbox", "xdotool", "import", "dbus-daemon")


def become(user):
    """This process goes on as that user: accessibility buses talk to their own user only."""
    os.setgroups([])
    os.setresgid(user, user, user)
    os.setresuid(user, user, user)


@pytest.fixture(scope="session")
def wireshark_version():
    missing = [program for program in PROGRAMS if shutil.which(program) is None]
    if missing:
        pytest.skip(f"not installed: {', '.join(missing)}")
    return installed_version()


@pytest.fixture(scope="session")
def pictures(wireshark_version):
    folder = PICTURES / ".".join(map(str, wireshark_version))
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    return folder


@pytest.fixture(scope="session")
def user(pictures):
    """The user that this process is from now on; as root, Wireshark ignores what is the user's."""
    build = os.environ.get("MEP_BUILD_DIR")
    if not build:
        pytest.skip("MEP_BUILD_DIR does not name a build folder")
    somebody = OrdinaryUser(pathlib.Path(build).resolve())
    somebody.environment["XDG_RUNTIME_DIR"] = str(somebody.folder())
    if somebody.switches:
        somebody.own(pictures)
        become(NOBODY)
        somebody.switches = False
    os.environ.clear()
    os.environ.update(somebody.environment)
    yield somebody
    somebody.remove()


@pytest.fixture(scope="session")
def desk(user, pictures):
    pytest.importorskip("gi", reason="python3-gi is not installed")
    try:
        import window
    except ValueError as error:
        pytest.skip(f"gir1.2-atspi-2.0 is not installed: {error}")
    screen = window.Desk(user.environment, user.home, pictures)
    yield screen
    screen.close()


@pytest.fixture
def wireshark(desk, user, wireshark_version, pictures, request):
    """A Wireshark that nobody has used; the test starts it."""
    from wireshark import Wireshark
    desk.pictures = pictures / request.node.name
    desk.pictures.mkdir()
    desk.moment = 0
    program = Wireshark(desk, user, wireshark_version)
    program.forget()
    yield program
    desk.screenshot("end")
    program.kill()
