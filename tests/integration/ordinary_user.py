"""Runs Wireshark's tools as an ordinary user with the built plugin and extcap in a home of its own.

As root, Wireshark ignores personal plugins and extcaps; then the tools run as another user.

SPDX-License-Identifier: GPL-2.0-or-later
"""
import json
import csv
import os
import pathlib
import re
import shutil
import subprocess
import tempfile
import xml.etree.ElementTree

NOBODY = 65534
TIMEOUT = 60  # seconds, after which a tool is taken to hang


def wireshark_version():
    """The installed Wireshark's version: (4, 0)."""
    output = subprocess.run(["tshark", "--version"], capture_output=True, text=True, check=True,
                            timeout=TIMEOUT).stdout
    return tuple(int(number) for number in re.search(r"(\d+)\.(\d+)", output).groups())


def plain(value):
    """A field's value as text: Wireshark writes booleans as 1 and 0 up to 4.2, and later as True
    and False."""
    return {"True": "1", "False": "0"}.get(value, value)


def sanitizers(build):
    """What Wireshark's programs need around them where the plugin was built with sanitizers; nothing
    where it was not. What they report goes where ASAN_OPTIONS says."""
    cache = build / "CMakeCache.txt"
    if not cache.exists() or "MEP_SANITIZE:BOOL=ON" not in cache.read_text():
        return {}
    library = subprocess.run(["g++", "-print-file-name=libasan.so"], capture_output=True, text=True,
                             check=True, timeout=TIMEOUT).stdout.strip()
    # The plugin's memory from malloc, piece by piece: then every byte beyond one is noticed.
    return {"LD_PRELOAD": os.path.realpath(library), "WIRESHARK_DEBUG_WMEM_OVERRIDE": "simple"}


def profile_rows(profile, name):
    """What one of Wireshark's tables of preferences has in the profile's folder."""
    lines = (profile / name).read_text(encoding="utf-8").splitlines()
    return list(csv.reader(line for line in lines if line and not line.startswith("#")))


class OrdinaryUser:
    """A user with a home of their own, in which Wireshark finds the built files."""

    def __init__(self, build):
        self.switches = os.getuid() == 0
        self.home = pathlib.Path(tempfile.mkdtemp(prefix="mep-home-"))
        self.home.chmod(0o755)
        self.environment = dict(os.environ, HOME=str(self.home), LC_ALL="C.UTF-8")
        self.environment.update(sanitizers(build))
        for name in ("XDG_CONFIG_HOME", "XDG_DATA_HOME", "XDG_RUNTIME_DIR", "WIRESHARK_CONFIG_DIR"):
            self.environment.pop(name, None)

        major, minor = wireshark_version()
        local = self.home / ".local" / "lib" / "wireshark"
        self.config_folder = self.home / ".config" / "wireshark"
        self.plugin_folder = local / "plugins" / f"{major}.{minor}" / "epan"
        self.extcap_folder = local / "extcap" if (major, minor) >= (4, 2) else \
            self.config_folder / "extcap"
        for folder in (self.config_folder, self.plugin_folder, self.extcap_folder):
            folder.mkdir(parents=True)
        if "LD_PRELOAD" in self.environment:
            # Wireshark's own capture tools: androiddump never ends with that in front of it.
            self.environment["WIRESHARK_EXTCAP_DIR"] = str(self.extcap_folder)
        self._install(build / "plugin" / "mep.so", self.plugin_folder)
        self._install(build / "extcap" / "mepdump", self.extcap_folder)
        self.built_profile = build / "profile" / "MEP"
        self.own(self.home)

    @staticmethod
    def _install(built, folder):
        if built.exists():
            shutil.copy2(built, folder)
            (folder / built.name).chmod(0o755)

    def install_profile(self):
        """The built profile "MEP" among this user's own, as an import puts it there; its folder, or
        nothing where none was built."""
        if not self.built_profile.exists():
            return None
        profiles = self.config_folder / "profiles"
        shutil.copytree(self.built_profile, profiles / "MEP", dirs_exist_ok=True)
        self.own(profiles)
        return profiles / "MEP"

    def own(self, path):
        """Makes a file, or a folder and all that is in it, this user's."""
        if not self.switches:
            return
        for entry in [path, *path.rglob("*")]:
            os.chown(entry, NOBODY, NOBODY, follow_symlinks=False)

    def folder(self):
        """A new empty folder of this user's."""
        folder = pathlib.Path(tempfile.mkdtemp(dir=self.home))
        folder.chmod(0o755)
        self.own(folder)
        return folder

    def readable(self, path):
        """The file, or a copy of it where this user may read."""
        if not self.switches:
            return pathlib.Path(path)
        copy = self.folder() / pathlib.Path(path).name
        shutil.copyfile(path, copy)
        self.own(copy)
        return copy

    def command(self, arguments):
        arguments = [str(argument) for argument in arguments]
        if not self.switches:
            return arguments
        return ["setpriv", f"--reuid={NOBODY}", f"--regid={NOBODY}", "--clear-groups", "--",
                *arguments]

    def run(self, arguments, timeout=TIMEOUT, **options):
        options.setdefault("capture_output", True)
        options.setdefault("text", True)
        return subprocess.run(self.command(arguments), env=self.environment, cwd=self.home,
                              timeout=timeout, check=False, **options)

    def start(self, arguments, **options):
        return subprocess.Popen(self.command(arguments), env=self.environment, cwd=self.home,
                                **options)

    def tshark(self, arguments, **options):
        return self.run(["tshark", *arguments], **options)

    def _dissect(self, capture, arguments):
        result = self.tshark(["-r", self.readable(capture), *arguments])
        assert result.returncode == 0, result.stderr
        return result.stdout

    def json(self, capture, *arguments):
        """The layers of each packet, a list where a field occurs more than once."""
        output = self._dissect(capture, ["-T", "json", "--no-duplicate-keys", *arguments])
        return [packet["_source"]["layers"] for packet in json.loads(output)]

    def pdml(self, capture, *arguments):
        """The PDML document's root element."""
        root = xml.etree.ElementTree.fromstring(
            self._dissect(capture, ["-T", "pdml", *arguments]))
        for field in root.iter("field"):
            if "show" in field.attrib:
                field.set("show", plain(field.get("show")))
        return root

    def fields(self, capture, names, *arguments):
        """For each packet a dictionary of field name to its values, as text."""
        separator, aggregator = "\x1e", "\x1f"
        options = ["-T", "fields", "-E", f"separator={separator}", "-E", "occurrence=a",
                   "-E", f"aggregator={aggregator}"]
        for name in names:
            options += ["-e", name]
        packets = []
        for line in self._dissect(capture, [*options, *arguments]).split("\n")[:-1]:
            values = [[plain(each) for each in value.split(aggregator)] if value else []
                      for value in line.split(separator)]
            packets.append(dict(zip(names, values)))
        return packets

    def sharkd_trees(self, capture, clicks):
        """The tree of each packet that is clicked, in this order: sharkd is Wireshark without a face.
        Nothing where there is no sharkd."""
        if self.run(["sharkd", "--version"]).returncode != 0:
            return None
        calls = [{"method": "load", "params": {"file": str(capture)}}]
        calls += [{"method": "frame", "params": {"frame": number, "proto": True}}
                  for number in clicks]
        lines = "".join(json.dumps({"jsonrpc": "2.0", "id": number, **call}) + "\n"
                        for number, call in enumerate(calls, 1))
        result = self.run(["sharkd", "-"], input=lines)
        replies = [json.loads(line) for line in result.stdout.splitlines() if line.startswith("{")]
        assert len(replies) == len(calls), result.stderr
        return [reply["result"]["tree"] for reply in replies[1:]]

    def remove(self):
        shutil.rmtree(self.home, ignore_errors=True)
