"""A Wireshark that nobody has tried yet: the plugin is built where its headers still fit, with a warning;
where they do not, a sentence says so, and not the compiler alone.

SPDX-License-Identifier: GPL-2.0-or-later
"""
import os
import pathlib
import re
import shutil
import subprocess

import pytest

ROOT = pathlib.Path(__file__).resolve().parents[2]


@pytest.fixture(scope="module")
def pretended(tmp_path_factory, build_dir, wireshark_version):
    """pretended(changed_header) -> what CMake says of a Wireshark 99.1, and its exit status."""
    if shutil.which("cmake") is None or subprocess.run(["pkg-config", "--exists", "wireshark"], check=False).returncode:
        pytest.skip("no headers of Wireshark")

    def variable(name):
        return subprocess.run(["pkg-config", f"--variable={name}", "wireshark"], check=True, capture_output=True,
                              text=True).stdout.strip()

    def configure(changed_header):
        folder = tmp_path_factory.mktemp("newer")
        real = (pathlib.Path(variable("pcfiledir")) / "wireshark.pc").read_text()
        flags = f"-I{folder} -I" + variable("includedir") if changed_header else "-I" + variable("includedir")
        pc = re.sub(r"^Version:.*$", "Version: 99.1.0", real, flags=re.MULTILINE)
        pc = re.sub(r"^Cflags:.*$", f"Cflags: {flags}/wireshark", pc, flags=re.MULTILINE)
        (folder / "wireshark.pc").write_text(pc)
        if changed_header:
            (folder / "epan").mkdir()
            (folder / "epan" / "follow.h").write_text(
                "#include_next <epan/follow.h>\n#define register_follow_stream(...) no_longer_there(__VA_ARGS__)\n")
        result = subprocess.run(
            ["cmake", "-S", ROOT, "-B", folder / "build", "-G", "Ninja", "-DMEP_SIMULATOR=OFF", "-DMEP_EXTCAP=OFF",
             "-DMEP_CAPTURES=OFF", "-DMEP_TESTS=OFF"],
            env=dict(os.environ, PKG_CONFIG_PATH=str(folder)), capture_output=True, text=True, check=False, timeout=300)
        return result.returncode, re.sub(r"\s+", " ", result.stdout + result.stderr)

    return configure


def test_one_that_fits_is_built_with_a_warning(pretended):
    status, said = pretended(changed_header=False)
    assert status == 0, said
    assert "CMake Warning" in said
    assert "Wireshark 99.1.0 is newer than any that MEP for Wireshark has been tried with (up to" in said
    assert "run the tests (./run tests) before you rely on what it shows" in said


def test_one_that_does_not_stops_with_a_sentence(pretended):
    status, said = pretended(changed_header=True)
    assert status != 0
    assert "its plugin interface has changed: compat/wireshark.h has to learn of it" in said
    assert "-DMEP_PLUGIN=OFF builds the capture tool alone" in said
    assert re.search(r"The first difference: .*no_longer_there", said), said
