"""Wireshark itself: its first page, the dialog behind an interface's gear, its packet list.

SPDX-License-Identifier: GPL-2.0-or-later
"""
import pathlib
import re
import shutil
import subprocess
import time

from window import HEIGHT, TIMEOUT, WIDTH, Missing, fits

TITLE_BAR = 30  # pixels, at the most
LAYOUT = f"""gui.geometry_main_x: 0
gui.geometry_main_y: 0
gui.geometry_main_width: {WIDTH}
gui.geometry_main_height: {HEIGHT - TITLE_BAR}
gui.geometry_main_maximized: FALSE
"""
QUIET = """gui.update.enabled: FALSE
gui.ask_unsaved: FALSE
"""
SAVE_ON_START = "Save parameter"  # how that box begins
WHEEL_DOWN = 5


def count(user, path, display_filter):
    """How many packets tshark shows."""
    return len(user.tshark(["-r", path, "-Y", display_filter]).stdout.splitlines())


class Options:
    """The dialog behind an interface's gear."""

    def __init__(self, window):
        self.window = window
        self.desk = window.desk

    def _tabs(self):
        return self.window.seen("page tab")

    def _controls(self):
        """Those of the tab in front."""
        return {label: control for label, control in self.window.controls().items()
                if not label.startswith(SAVE_ON_START)}

    def control(self, label):
        """The control with this label; its tab comes to the front."""
        for tab in [None, *self._tabs()]:
            if tab is not None:
                tab.click()
            if control := self._controls().get(label):
                return control
        raise Missing(f"no {label!r} in {self.window}; see {self.desk.screenshot('missing')}")

    def values(self, picture=None):
        """What each control shows, by its label: a text, or True or False. With a picture of each
        tab where a name for it is given."""
        values = {}
        for tab in self._tabs() or [None]:
            if tab is not None:
                tab.click()
            if picture:
                self.desk.screenshot(picture if tab is None else f"{picture}-{tab.name}")
            for label, control in self._controls().items():
                values[label] = control.is_checked if control.role == "check box" else control.text
        return values

    def set(self, values):
        for label, value in values.items():
            control = self.control(label)
            if control.role == "check box":
                control.tick(value)
            elif control.role == "combo box":
                control.choose(value)
            else:
                control.type(value)

    def choose_file(self, label, path):
        """Chooses a file in the dialog behind the button beside its name, which takes no typing."""
        at = self.control(label).box
        opener = next(each for each in self.window.seen("button", "…")
                      if each.box.y <= at.y + at.height // 2 <= each.box.y + each.box.height)
        opener.click()
        chooser = self.desk.wait_for(
            lambda: next((each for each in self.desk.windows()
                          if each.seen("text", "File name:")), None), "a dialog to choose a file")
        chooser.find("text", "File name:").type(str(path))
        self.desk.screenshot("file")
        self.desk.key("Return")
        self.desk.wait_for(lambda: self.control(label).text == str(path), f"{path} to be chosen")

    def button(self, name):
        return self.window.find("button", name)

    @property
    def starter(self):
        """The button that makes use of what was entered: 4.0's dialog has none to start, and later
        ones' Save takes anything."""
        return next(iter(self.window.seen("button", "Start")), None) or self.button("Save")

    def keep(self):
        self.button("Save").click()
        self.desk.wait_until_gone(self.window.name)

    def close(self):
        self.desk.key("Escape")
        self.desk.wait_until_gone(self.window.name)


class Keys:
    """The table of keys."""

    def __init__(self, window):
        self.window = window
        self.desk = window.desk

    def _cells(self):
        return [each for each in self.window.find("tree").children if each.role == "table cell"]

    def _row(self):
        """The cells of the last row: label, kind, key, enabled."""
        return self._cells()[-4:]

    def _enter(self, column, text):
        self._row()[column].click(times=2)
        time.sleep(1)  # until the cell is an entry, which the accessibility bus does not tell
        self.desk.type(text)
        self.desk.key("Return")
        self.desk.wait_for(lambda: self._row()[column].name == text, f"the cell to have {text!r}")

    def add(self, label, key):
        """A row more, with what else it has left as it is."""
        before = len(self._cells())
        self.window.seen("button", "")[0].click()
        self.desk.wait_for(lambda: len(self._cells()) > before, "a row more")
        self.desk.screenshot("row")
        self._enter(0, label)
        self._enter(2, key)

    @property
    def is_enabled_last(self):
        """Whether the last row is ticked."""
        return self._row()[3].is_checked

    @property
    def complaint(self):
        """What the window says is wrong."""
        return "".join(each.name for each in self.window.seen("label")
                       if each.name.strip() not in ("", "mep_keys"))

    @property
    def can_be_kept(self):
        return self.window.find("button", "OK").is_enabled

    def keep(self):
        """Takes the table over, and the preferences that it was opened from."""
        for title in (self.window.name, "Wireshark · Preferences"):
            self.desk.window(title).find("button", "OK").click()
            self.desk.wait_until_gone(title)


class Wireshark:
    """A running Wireshark of the user's."""

    def __init__(self, desk, user, version):
        self.desk = desk
        self.user = user
        self.version = version
        self.process = None

    def forget(self):
        """As after the installation: nothing was chosen or kept yet."""
        for entry in self.user.config_folder.iterdir():
            if entry.is_dir() and entry != self.user.extcap_folder:
                shutil.rmtree(entry)
            elif entry.is_file():
                entry.unlink()
        (self.user.config_folder / "recent_common").write_text(LAYOUT)
        (self.user.config_folder / "preferences").write_text(QUIET)

    def remember(self, interface, values):
        """As if these values of the interface's options had been kept before: in the file where
        Wireshark keeps them, by its names for them."""
        file = "extcap.cfg" if self.version >= (4, 2) else "preferences"
        with open(self.user.config_folder / file, "a", encoding="utf-8") as kept:
            for name, value in values.items():
                kept.write(f"extcap.{interface.replace('-', '_')}.{name}: {value}\n")

    def start(self, *arguments):
        self.process = subprocess.Popen(["wireshark", *map(str, arguments)],
                                        env=self.desk.environment, cwd=self.user.home,
                                        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        # Longer than anything that it does afterwards, where other programs are at work, too.
        self.desk.wait_for(lambda: self.status("Profile: …"), "Wireshark to be ready", 3 * TIMEOUT)
        return self

    @property
    def main(self):
        return self.desk.wait_for(
            lambda: next((each for each in self.desk.windows() if each.role == "frame"), None),
            "Wireshark's window")

    def quit(self):
        """As somebody does who has done."""
        self.desk.key("ctrl+q")
        try:
            self.process.wait(TIMEOUT)
        except subprocess.TimeoutExpired as error:
            picture = self.desk.screenshot("missing")
            raise Missing(f"Wireshark did not close; see {picture}") from error
        finally:
            self.kill()

    def kill(self):
        if self.process is not None:
            self.process.kill()
            self.process.wait(TIMEOUT)
            self.process = None

    # The list of interfaces on the first page.

    def _list(self):
        return self.main.find(name="Interface list").find("tree")

    def _rows(self):
        """Of each interface the cells with its gear and its name."""
        cells = self._list().children
        return {name.name: (gear, name) for gear, name in zip(cells, cells[1:])
                if name.role == "table cell" and name.name}

    def interfaces(self):
        """Their names, once they are there."""
        return list(self.desk.wait_for(self._rows, "the list of interfaces"))

    def _row(self, interface):
        """The interface's cells, where they can be clicked."""
        ending = f": {interface}"
        tree = self._list().box

        def reached():
            rows = [row for name, row in self._rows().items() if name.endswith(ending)]
            if not rows:
                return None
            box = rows[0][1].box
            if box.y + box.height <= tree.y + tree.height:
                return rows[0]
            self.desk.click(tree.x + tree.width // 2, tree.y + 5, WHEEL_DOWN)
            return None

        return self.desk.wait_for(reached, f"the interface {interface}")

    def options_of(self, interface):
        gear, _ = self._row(interface)
        gear.click()
        return Options(self.desk.window("Wireshark · Interface Options: …"))

    # Capturing.

    def capture(self, interface):
        """Starts a capture with what is kept of the interface's options."""
        _, name = self._row(interface)
        name.click(times=2)

    def start_from(self, options, interface):
        """Starts a capture from the open dialog."""
        starter = options.starter
        only_keeps = starter.name == "Save"
        starter.click()
        self.desk.wait_until_gone(options.window.name)
        if only_keeps:
            self.capture(interface)

    def command_line(self):
        """Of the mepdump that captures now: its arguments."""
        mepdump = str(self.user.extcap_folder / "mepdump")

        def found():
            for entry in pathlib.Path("/proc").glob("[0-9]*/cmdline"):
                try:
                    words = entry.read_bytes().decode().split("\0")[:-1]
                except OSError:
                    continue
                if words and words[0] == mepdump and "--capture" in words:
                    return words
            return None

        return self.desk.wait_for(found, "mepdump to be started")

    def stop(self):
        self.main.find("button", "Stop").click()
        self.desk.wait_for(lambda: "Capturing" not in self.main.name, "the capture to end")

    def message(self):
        """What Wireshark says in a box on top of everything. The box is closed."""
        box = self.desk.wait_for(
            lambda: next((each for each in self.desk.windows() if each.role == "alert"
                          or each.role == "dialog" and each.name in ("", "Wireshark")), None),
            "a message")
        self.desk.screenshot("message")
        text = "\n".join(each.text for each in box.seen(("label", "text")))
        self.desk.key("Escape")
        self.desk.wait_for(lambda: not box.is_shown, "the message to close")
        return text

    # The packet list and the tree.

    def packet_list(self):
        return self.main.find("tree", "Packet list")

    def columns(self):
        return self.desk.wait_for(lambda: [each.name for each in self.packet_list().children
                                           if each.role == "table column header"],
                                  "the list's columns")

    def cell(self, number, column):
        """The cell of the packet with this number, which has to be on the list's first pages."""
        columns = self.columns()
        cells = [each for each in self.packet_list().children if each.role == "table cell"]
        rows = [cells[at:at + len(columns)] for at in range(0, len(cells), len(columns))]
        return next(row for row in rows if row[0].name == number)[columns.index(column)]

    def select(self, number):
        """Selects the packet with this number."""
        self.cell(number, "No.").click()

    def _details(self):
        return [each for each in self.main.find("tree", "Packet details").children
                if each.role == "table cell"]

    def details(self):
        """The lines of the selected packet's tree, as far as it is unfolded."""
        return [each.name for each in self._details()]

    def select_line(self, name):
        """Selects a line of the tree that can be seen."""
        next(each for each in self._details() if fits(each.name, name)).click()

    def unfold(self, name):
        """Unfolds a line of the tree and all below it."""
        self.select_line(name)
        before = len(self._details())
        self.desk.key("shift+Right")
        self.desk.wait_for(lambda: len(self._details()) > before, f"{name!r} to unfold")

    def choose_of_cell(self, number, column, *steps):
        """Chooses from the cell's menu, which the accessibility bus does not tell: with the keyboard.
        `steps`: how far down in the menu, in the one that opens there, and so on; entries that are
        off do not count. In the menu itself marking, ignoring, times and comments come first."""
        self.cell(number, column).click(button=3)
        time.sleep(0.5)
        for depth, step in enumerate(steps):
            if depth > 0:
                self.desk.key("Right")  # to the first entry that is on
                time.sleep(0.3)
            if step > 1 or depth == 0:
                self.desk.key(*["Down"] * (step if depth == 0 else step - 1))
        self.desk.screenshot("menu")
        self.desk.key("Return")

    def apply_as_filter(self, number, column):
        self.choose_of_cell(number, column, 6, 1)

    def colorize_bus(self, number):
        """Colorize Conversation > MEP bus > Color 1."""
        self.choose_of_cell(number, "No.", 9, 1, 1)

    def preferences_of_protocol(self, number):
        """Protocol Preferences > Multipurpose Expansion Port > Open … preferences…."""
        self.choose_of_cell(number, "No.", 13, 2, 1)
        return self.desk.window("Wireshark · Preferences")

    def find_packet(self, how, what):
        """Looks for the next packet, in one of the ways of the bar that ctrl+f opens."""
        self.desk.key("ctrl+f")
        find = self.main.find("button", "Find")
        line = find.box.y

        def of_bar(role):
            return [each for each in self.main.seen(role) if abs(each.box.y - line) < 10]

        ways = max(of_bar("combo box"), key=lambda each: each.box.x)
        if ways.text != how:
            ways.choose(how)
        of_bar("text")[-1].type(what)
        self.desk.wait_for(lambda: find.is_enabled, "what is looked for to be taken")
        self.desk.screenshot("find")
        find.click()
        of_bar("button")[-1].click()  # Cancel: the bar goes

    def selected(self):
        """The number of the packet whose details are shown."""
        found = re.match(r"Frame (\d+): ", next(iter(self.details()), ""))
        return int(found.group(1)) if found else 0

    # The status bar.

    def status(self, name):
        return next((each.name for window in self.desk.windows() if window.role == "frame"
                     for each in window.seen("label", name)), "")

    def _count(self, what):
        found = re.search(rf"{what}: (\d+)", self.status("Packets: …"))
        return int(found.group(1)) if found else 0

    @property
    def packets(self):
        return self._count("Packets")

    @property
    def displayed(self):
        return self._count("Displayed")

    def wait_for_packets(self, count):
        self.desk.wait_for(lambda: self.packets >= count, f"{count} packets")

    def filter(self, text):
        """Types a display filter and applies it."""
        self.main.find("text", "Display filter entry").type(text)
        self.desk.key("Return")

    def wait_for_displayed(self, count):
        self.desk.wait_for(lambda: self.displayed == count, f"{count} packets to be displayed")

    def menu(self, *path):
        """Clicks through the menus."""
        item = next(each for each in self.main.find("menu bar").children if each.name == path[0])
        item.click()
        for name in path[1:]:
            item = self.desk.wait_for(
                lambda: next(iter(item.children[0].seen("menu item", name)), None),
                f"{name!r} in the menu")
            item.click()

    def save(self, path):
        self.desk.key("ctrl+s")
        dialog = self.desk.window("Wireshark · Save Capture File As")
        dialog.find("text", "File name:…").type(str(path))
        self.desk.screenshot("save")
        self.desk.key("Return")
        self.desk.wait_until_gone(dialog.name)
        self.desk.wait_for(path.exists, f"the file {path}")

    def keys(self):
        """The table of keys, opened in the preferences."""
        self.desk.key("ctrl+shift+p")
        preferences = self.desk.window("Wireshark · Preferences")
        tree = preferences.find("tree")
        protocols = next(each for each in tree.children if each.name == "Protocols")
        protocols.click()
        self.desk.key("Right")
        self.desk.wait_for(lambda: any(each.name == "MEP" for each in tree.children),
                           "the list of protocols")
        self.desk.type("MEP")
        button = preferences.beside("Keys", ("button",))
        self.desk.screenshot("preferences")
        button.click()
        return Keys(self.desk.window("MEP keys"))

    def switch_profile(self, name):
        self.desk.key("ctrl+shift+a")
        profiles = self.desk.window("Wireshark · Configuration Profiles")
        next(each for each in profiles.find("tree").children if each.name == name).click()
        self.desk.screenshot("profiles")
        profiles.find("button", "OK").click()
        self.desk.wait_for(lambda: self.status(f"Profile: {name}"), f"the profile {name}")

    def import_profiles(self, archive):
        """Takes the profiles of the archive over, and closes the window of profiles."""
        self.desk.key("ctrl+shift+a")
        profiles = self.desk.window("Wireshark · Configuration Profiles")
        profiles.find("button", "Import").click()
        time.sleep(0.5)  # until its menu is there, which the accessibility bus does not tell
        self.desk.key("Down", "Return")
        chooser = self.desk.wait_for(
            lambda: next((each for each in self.desk.windows()
                          if each.seen("text", "File name:…")), None), "a dialog to choose a file")
        chooser.find("text", "File name:…").type(str(archive))
        self.desk.screenshot("file")
        self.desk.key("Return")
        self.desk.wait_until_gone(chooser.name)
        # Wireshark says how many came; a second time that they are there already.
        self.desk.screenshot("imported")
        for box in [each for each in self.desk.windows() if each.role == "alert"]:
            self.desk.key("Return")
            self.desk.wait_until_gone(box.name)
        profiles.find("button", "OK").click()
        self.desk.wait_until_gone(profiles.name)
