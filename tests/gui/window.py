"""Wireshark's windows, as somebody at the screen sees and moves them.

What is on the screen is read from the accessibility bus; everything is done with the X server's
mouse and keyboard, at the places where things are shown.

SPDX-License-Identifier: GPL-2.0-or-later
"""
import collections
import contextlib
import functools
import os
import struct
import subprocess
import time

import gi

gi.require_version("Atspi", "2.0")
from gi.repository import Atspi, GLib  # noqa: E402

TIMEOUT = 30  # seconds, after which something is taken never to come
WIDTH, HEIGHT = 1280, 960
INPUTS = ("text", "combo box", "check box", "spin button")
# What may hold thousands of things, none of which is a control.
CLOSED = ("menu bar", "tree", "tree table", "table", "list")

# What Qt 5 and Qt 6 call the same thing.
SAME_ROLE = {"push button": "button", "push button menu": "button"}

Box = collections.namedtuple("Box", "x y width height")


class Missing(AssertionError):
    """Something that was awaited never came."""


def _alive(call, otherwise):
    """What the call tells, or `otherwise` where the widget has gone in the meantime."""
    try:
        return call()
    except GLib.Error:
        return otherwise


class Widget:
    """Something on the screen."""

    def __init__(self, desk, node):
        self.desk = desk
        self.node = node

    def __repr__(self):
        return f"{self.role} {self.name!r}"

    @property
    def name(self):
        return _alive(self.node.get_name, "") or ""

    @property
    def role(self):
        role = _alive(self.node.get_role_name, "")
        return SAME_ROLE.get(role, role)

    @property
    def box(self):
        extents = _alive(lambda: self.node.get_extents(Atspi.CoordType.SCREEN), None)
        if extents is None:
            return Box(0, 0, 0, 0)
        return Box(extents.x, extents.y, extents.width, extents.height)

    def has(self, state):
        states = _alive(self.node.get_state_set, None)
        return states is not None and states.contains(state)

    @property
    def is_shown(self):
        return self.has(Atspi.StateType.SHOWING) and self.box.width > 0

    @property
    def is_enabled(self):
        return self.has(Atspi.StateType.ENABLED)

    @property
    def is_checked(self):
        return self.has(Atspi.StateType.CHECKED)

    @property
    def text(self):
        """What is written in it: an entry's text, the entry that a list shows, or its name."""
        if self.role == "combo box":
            return self.name
        if "Text" not in _alive(self.node.get_interfaces, []):
            return self.name
        return _alive(lambda: Atspi.Text.get_text(self.node, 0, -1), "")

    @property
    def children(self):
        count = max(_alive(self.node.get_child_count, 0), 0)
        nodes = [_alive(lambda n=number: self.node.get_child_at_index(n), None)
                 for number in range(count)]
        return [Widget(self.desk, node) for node in nodes if node is not None]

    def walk(self):
        """Everything in it that is shown, itself first. What may hold thousands of things is not
        gone into, unless the walk begins there."""
        yield self
        for child in self.children:
            if not child.is_shown:
                continue
            if child.role in CLOSED:
                yield child
            else:
                yield from child.walk()

    def seen(self, role=None, name=None):
        """All that is shown in it, of this role and with this name; a name that ends with an
        ellipsis may go on."""
        return [each for each in self.walk()
                if (role is None or each.role in (role if isinstance(role, tuple) else (role,)))
                and (name is None or fits(each.name, name))]

    def find(self, role=None, name=None, timeout=TIMEOUT):
        """The first of those, once there is one."""
        return self.desk.wait_for(lambda: next(iter(self.seen(role, name)), None),
                                  f"{role or 'anything'} {name or ''} in {self}", timeout)

    def controls(self, roles=INPUTS):
        """The controls that are shown in it, by their labels: a control is to the right of its
        label, in the same line; a box to tick has its own."""
        shown = [each for each in self.walk() if each.role in roles or each.role == "label"]
        boxes = {each: each.box for each in shown}
        found = {}
        for label in shown:
            if label.role == "check box":
                found[label.name] = label
            if label.role != "label":
                continue
            at = boxes[label]
            middle = at.y + at.height / 2
            right = [each for each in shown if each.role not in ("label", "check box")
                     and boxes[each].x >= at.x + at.width - 1
                     and boxes[each].y <= middle <= boxes[each].y + boxes[each].height]
            if right:
                found[label.name] = min(right, key=lambda each: boxes[each].x)
        return found

    def beside(self, label, roles=INPUTS):
        return self.desk.wait_for(lambda: self.controls(roles).get(label),
                                  f"a control beside {label!r}")

    @property
    def background(self):
        """The colour on which its text stands, as (red, green, blue)."""
        box = self.box
        return self.desk.colours(Box(box.x + box.width - 8, box.y + 4, 1, 1)).pop()

    def click(self, button=1, times=1):
        """Clicks it, once it stays where it is: a window that opens is arranged a few times."""
        seen = []

        def still():
            seen.append(self.box)
            return seen[-1] if seen[-1:] == seen[-2:-1] else None

        box = self.desk.wait_for(still, f"{self} to stay where it is")
        # Of a cell only the left end is sure to be in sight.
        right = min(box.width // 2, 14) if self.role == "table cell" else box.width // 2
        self.desk.click(box.x + right, box.y + box.height // 2, button, times)

    def strike(self, text):
        """Types the text in the place of what is written in an entry, which may refuse some of
        it."""
        self.click()
        self.desk.key("ctrl+a", "BackSpace")
        if text:
            self.desk.type(text)

    def type(self, text):
        """As strike, and the entry must then have that text. Qt completes paths while they are typed, and
        now and then loses what came before: who sees that types once more."""
        for _ in range(2):
            self.strike(text)
            if self.desk.soon(lambda: self.text == text, 10):
                return
        self.strike(text)
        self.desk.wait_for(lambda: self.text == text, f"the entry to have {text!r}")

    def tick(self, wanted):
        """Sets a check box."""
        if self.is_checked != wanted:
            self.click()
        self.desk.wait_for(lambda: self.is_checked == wanted, f"{self} to be {wanted}")

    def choose(self, name):
        """Chooses from a list, with the keyboard: by the beginning of what an entry is called."""
        self.click()
        self.desk.type(name)
        self.desk.key("Return")
        self.desk.wait_for(lambda: fits(self.text, name + "…"),
                           f"the list to show {name!r}")


@functools.cache
def is_line(shown, colour):
    """Whether a pixel is of a line of that colour on white. Where a line lies between two rows, neither has
    it whole."""
    if any(whole == 255 and part < 250 for part, whole in zip(shown, colour)):
        return False
    white = [(part - whole) / (255 - whole) for part, whole in zip(shown, colour) if whole < 255]
    return 0 <= min(white) and max(white) < 0.6 and max(white) - min(white) < 0.05


def fits(name, wanted):
    if wanted.endswith("…"):
        return name.startswith(wanted[:-1])
    return name == wanted


class Desk:
    """A screen with a mouse, a keyboard and a session bus of its own."""

    def __init__(self, environment, folder, pictures):
        self.environment = environment
        self.folder = folder
        self.pictures = pictures
        self.moment = 0
        self._running = contextlib.ExitStack()
        readable, writable = os.pipe()
        self._start(["Xvfb", "-displayfd", str(writable), "-screen", "0",
                     f"{WIDTH}x{HEIGHT}x24", "-nolisten", "tcp", "-noreset",
                     "-fbdir", str(folder)],
                    pass_fds=[writable])
        os.close(writable)
        with os.fdopen(readable) as pipe:
            number = pipe.readline().strip()
        if not number:
            raise Missing("Xvfb did not start")
        self._set(DISPLAY=f":{number}")
        bus = self._start(["dbus-daemon", "--session", "--nofork", "--print-address"],
                          stdout=subprocess.PIPE, text=True)
        self._set(DBUS_SESSION_BUS_ADDRESS=bus.stdout.readline().strip(),
                  QT_LINUX_ACCESSIBILITY_ALWAYS_ON="1", QT_ACCESSIBILITY="1")
        self._start(["openbox"])
        # With AltGr this keyboard has umlauts, too: a key that xdotool would have to make at the
        # moment may come too late.
        subprocess.run(["setxkbmap", "us", "altgr-intl"], env=self.environment, check=True,
                       timeout=TIMEOUT)
        Atspi.init()
        self._desktop = Widget(self, Atspi.get_desktop(0))
        self._desktop.node.set_cache_mask(Atspi.Cache.NONE)

    def _set(self, **variables):
        """For those that are started, and for the accessibility bus, which is looked for here."""
        self.environment.update(variables)
        os.environ.update(variables)

    def _start(self, arguments, **options):
        options.setdefault("stdout", subprocess.DEVNULL)
        process = subprocess.Popen(arguments, env=self.environment, cwd=self.folder,
                                   stderr=subprocess.DEVNULL, **options)
        self._running.callback(process.wait, TIMEOUT)
        self._running.callback(process.terminate)
        return process

    def close(self):
        self._running.close()

    def wait_for(self, condition, what, timeout=TIMEOUT):
        """What the condition tells, once it is something; `what` is said where it never is."""
        until = time.monotonic() + timeout
        while True:
            told = condition()
            if told:
                return told
            if time.monotonic() > until:
                raise Missing(f"waited {timeout} s for {what}; see {self.screenshot('missing')}")
            time.sleep(0.1)

    @staticmethod
    def soon(condition, timeout=3):
        """Whether something comes true soon."""
        until = time.monotonic() + timeout
        while not condition():
            if time.monotonic() > until:
                return False
            time.sleep(0.05)
        return True

    def windows(self):
        """The windows of all programs, the newest last."""
        return [window for program in self._desktop.children for window in program.children
                if window.is_shown]

    def window(self, title, timeout=TIMEOUT):
        """The window with this title, once it is there; a title that ends with an ellipsis may go
        on."""
        return self.wait_for(
            lambda: next((each for each in self.windows() if fits(each.name, title)), None),
            f"the window {title!r}", timeout)

    def wait_until_gone(self, title):
        self.wait_for(lambda: not any(fits(each.name, title) for each in self.windows()),
                      f"the window {title!r} to close")

    def xdotool(self, *arguments):
        subprocess.run(["xdotool", *map(str, arguments)], env=self.environment, check=True,
                       timeout=TIMEOUT)

    def click(self, x, y, button=1, times=1):
        self.xdotool("mousemove", int(x), int(y), "sleep", 0.1, "click", "--repeat",
                     times, "--delay", 60, button)
        time.sleep(0.2)

    def key(self, *keys):
        self.xdotool("key", "--delay", 40, *keys)
        time.sleep(0.1)

    def type(self, text):
        self.xdotool("type", "--delay", 20, "--", text)

    def screenshot(self, name):
        """A picture of the whole screen; its path."""
        self.moment += 1
        path = self.pictures / f"{self.moment:02d}-{name}.png"
        subprocess.run(["import", "-window", "root", "-quality", "10", str(path)],
                       env=self.environment, check=True, timeout=TIMEOUT)
        return path

    def _rows(self, box):
        """What is shown there, row by row, each pixel as (red, green, blue): from Xvfb's frame buffer,
        which is a file in the format of xwd. Its numbers are big-endian, its pixels are not."""
        with open(self.folder / "Xvfb_screen0", "rb") as screen:
            header = struct.unpack(">25I", screen.read(100))
            header_size, pixel, line_size, map_entries = (header[0], header[11] // 8, header[12],
                                                          header[19])
            map_entry = 12  # bytes, as all the sizes
            for y in range(max(box.y, 0), min(box.y + box.height, HEIGHT)):
                screen.seek(header_size + map_entries * map_entry + y * line_size + box.x * pixel)
                line = screen.read(box.width * pixel)
                yield zip(line[2::pixel], line[1::pixel], line[0::pixel])

    def colours(self, box):
        """All colours that are shown there, each as (red, green, blue)."""
        return set().union(*self._rows(box))

    def has_curve(self, window, colour):
        """Whether a graph in the upper half of the window has a line of that colour, on white. To the right
        may be the names of the graphs, with a short line of their colours; an empty graph has a dot."""
        box = window.box
        box = box._replace(width=box.width // 2, height=box.height // 2)
        columns = {x for row in self._rows(box) for x, shown in enumerate(row) if is_line(shown, colour)}
        return len(columns) > box.width // 4
