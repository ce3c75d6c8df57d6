"""Takes the pictures of README, docs and samples in the real Wireshark, with the profile "MEP".

    make_pictures.py [NAME …]

Needs what tests/gui needs, whose mouse and keyboard it uses. Pictures differ a little between versions
of Wireshark and its fonts: they are made by hand, with ./run pictures, and looked at.

SPDX-License-Identifier: GPL-2.0-or-later
"""
import multiprocessing
import os
import pathlib
import shutil
import subprocess
import sys

TESTS = pathlib.Path(__file__).resolve().parent.parent
sys.path[:0] = [str(TESTS / "tools"), str(TESTS / "integration"), str(TESTS / "gui")]

from ordinary_user import NOBODY, OrdinaryUser, wireshark_version  # noqa: E402

ROOT = TESTS.parent
COLOURS = 255
WIDTH, HEIGHT = 1280, 960  # of the screen
LAYER = "Multipurpose Expansion Port…"
INSIDE = "Multipurpose Expansion Port, inside TLS"

# Of a sample's picture: the columns with their widths, and no bytes. The list and the tree need all the
# room.
COLUMNS = [("No.", "%m", 65), ("Time", "%t", 100), ("From", "%s", 75), ("Info", "%i", 620),
           ("Response time", "%Cus:mep.response_time:0:R", 100),
           ("Digest", "%Cus:mep.digest.status:0:R", 85)]
SIZE, LIST_HEIGHT = (1100, 740), 270

# Sample: the packet that is looked at, and how far down its tree (in turns of a mouse wheel).
VIEWS = {
    "first-contact": (24, 0),
    "daily-reading": (24, 0),
    "load-profile": (26, 0),
    "mbus": (26, 0),
    "transaction": (18, 0),
    "procedures": (24, 0),
    "alerts": (17, 0),
    "dual-client": (60, 0),
    "rc4": (12, 0),
    "tls": (10, 0),
    "tls-with-secrets": (8, 0),
    "line-trouble": (15, 0),
    "misbehaving": (36, 0),
}


class Studio:
    """A screen, a user, and where the pictures go."""

    def __init__(self, build):
        self.user = OrdinaryUser(build)
        self.user.environment["XDG_RUNTIME_DIR"] = str(self.user.folder())
        self.profile = self.user.install_profile()
        # To be put back before each picture: Wireshark keeps what was done.
        self.kept = self.user.folder()
        shutil.copytree(self.profile, self.kept / "MEP")
        for sample in (ROOT / "samples").glob("*.pcapng"):
            shutil.copy(sample, self.kept)
        self.user.own(self.kept)
        self.out = self.user.folder()

    def enter(self):
        """From here on this process is that user, as the accessibility bus wants it."""
        if self.user.switches:
            os.setgroups([])
            os.setresgid(NOBODY, NOBODY, NOBODY)
            os.setresuid(NOBODY, NOBODY, NOBODY)
            self.user.switches = False
        os.environ.clear()
        os.environ.update(self.user.environment)
        import window
        from wireshark import Wireshark
        self.desk = window.Desk(self.user.environment, self.user.home, self.out)
        self.wireshark = Wireshark(self.desk, self.user, wireshark_version())

    def open(self, capture, *arguments, size, narrow=False, upper=None):
        """Wireshark with the capture and the profile, as after the installation."""
        self.wireshark.forget()
        folder = self.profile
        shutil.copytree(self.kept / "MEP", folder)
        common = self.user.config_folder / "recent_common"
        width, height = size
        lines = {"gui.geometry_main_x": 0, "gui.geometry_main_y": 0,
                 "gui.geometry_main_width": width, "gui.geometry_main_height": height,
                 "gui.geometry_main_maximized": "FALSE"}
        common.write_text("".join(f"{name}: {value}\n" for name, value in lines.items()))
        with open(folder / "preferences", "a", encoding="utf-8") as preferences:
            preferences.write("gui.update.enabled: FALSE\ngui.ask_unsaved: FALSE\n")
            if narrow:
                preferences.write("gui.layout_type: 1\ngui.layout_content_3: NONE\n")
                named = ", ".join(f'"{title}", "{field}"' for title, field, _ in COLUMNS)
                preferences.write(f"gui.column.format: {named}\n")
        recent = folder / "recent"
        if narrow:
            widths = ", ".join(f'"{field.removesuffix(":0:R")}", {pixels}'
                               for _, field, pixels in COLUMNS)
            recent.write_text(f"column.width: {widths}\n")
        if upper:
            with open(recent, "a", encoding="utf-8") as panes:
                panes.write(f"gui.geometry_main_upper_pane: {upper}\n")
                if narrow:
                    panes.write(f"gui.geometry_main_lower_pane: {height - upper}\n")
        self.wireshark.start("-C", "MEP", "-r", capture, *arguments)
        self.wireshark.wait_for_packets(1)

    def unfold(self, turns=0):
        """The whole of the message, with the tree at its beginning, or so many turns further."""
        lines = self.desk.wait_for(self.wireshark.details, "a packet's tree")
        inside = [line for line in lines if line.startswith(INSIDE)]
        self.wireshark.unfold(inside[0] if inside else LAYER)
        box = self.wireshark.main.find("tree", "Packet details").box
        if turns:
            self.desk.click(box.x + box.width // 2, box.y + box.height // 2, 5, turns)
        # The selected row is the last one in sight, or just behind it.
        rows = self.wireshark.packet_list().box
        self.desk.click(rows.x + rows.width // 2, rows.y + rows.height // 2, 5)
        self.desk.xdotool("mousemove", WIDTH - 1, HEIGHT - 1)

    def take(self, name, box):
        """A picture of that part of the screen, with as many colours as fit, none of them mixed."""
        shot = self.desk.screenshot(name)
        path = self.out / f"{name}.png"
        subprocess.run(["convert", shot, "-crop", f"{box.width}x{box.height}+{box.x}+{box.y}",
                        "+repage", "+dither", "-colors", str(COLOURS), "-strip", f"PNG8:{path}"],
                       check=True, timeout=60)
        self.wireshark.kill()


def sample(studio, name):
    packet, turns = VIEWS[name]
    studio.open(studio.kept / f"{name}.pcapng", "-g", packet, size=SIZE, narrow=True,
                upper=LIST_HEIGHT)
    studio.unfold(turns)
    studio.take(name, studio.wireshark.main.box)


def wireshark(studio):
    """What README shows first: a reading, taken apart."""
    studio.open(studio.kept / "daily-reading.pcapng", "-g", "24", size=(1280, 780), upper=330)
    studio.unfold()
    studio.take("wireshark", studio.wireshark.main.box)


def profile(studio):
    """Rows in all their colours."""
    studio.open(studio.kept / "misbehaving.pcapng", "-g", "187", size=(1280, 780), upper=420)
    studio.unfold()
    studio.take("profile", studio.wireshark.main.box)


def power(studio):
    """A day of the house, in the graphs as the profile has them."""
    capture = studio.out / "day.pcapng"
    subprocess.run([studio.user.extcap_folder / "mepdump", "--capture", "--extcap-interface",
                    "mep-demo", "--speed-up", "0", "--seed", "2", "--start",
                    "2026-06-15T04:00:00Z", "--duration", "43200", "--fifo", capture], check=True,
                   timeout=300)
    studio.open(capture, size=(1280, 780))
    studio.wireshark.wait_for_packets(10000)
    studio.wireshark.menu("Statistics", "I/O Graph…")
    graphs = studio.desk.window("Wireshark · I/O Graph…")
    graphs.find("combo box", "1 sec").choose("1 min")
    box = graphs.box
    area = box._replace(width=box.width // 2, height=box.height // 2)
    studio.desk.wait_for(lambda: (0x20, 0x4a, 0x87) in studio.desk.colours(area), "the graphs")
    studio.desk.xdotool("sleep", "3")
    studio.take("power", box)


def live(studio):
    """The simulated meter, as it goes."""
    studio.open(studio.kept / "daily-reading.pcapng", size=(1280, 780), upper=460)
    studio.wireshark.kill()
    studio.wireshark.start("-C", "MEP", "-k", "-i", "mep-demo", "-o",
                           "extcap.mep_demo.start:2026-06-15T11:45:00Z")
    studio.wireshark.wait_for_packets(24)
    studio.desk.key("ctrl+Home")
    studio.desk.xdotool("sleep", "1")
    studio.wireshark.select("24")
    studio.wireshark.unfold(LAYER)
    studio.desk.xdotool("mousemove", WIDTH - 1, HEIGHT - 1)
    studio.take("live", studio.wireshark.main.box)


def problem(studio):
    """What the button "Unanswered" finds, and what is said of it."""
    studio.open(studio.kept / "misbehaving.pcapng", size=SIZE, narrow=True, upper=LIST_HEIGHT)
    studio.wireshark.main.find("button", "Unanswered").click()
    studio.desk.wait_for(lambda: 0 < studio.wireshark.displayed < 100, "the filter")
    studio.wireshark.select("162")
    studio.desk.wait_for(studio.wireshark.details, "a packet's tree")
    studio.wireshark.unfold(LAYER)
    studio.desk.xdotool("mousemove", WIDTH - 1, HEIGHT - 1)
    studio.take("problem", studio.wireshark.main.box)


DOCUMENTS = {"wireshark": wireshark, "profile": profile, "power": power, "live": live,
             "problem": problem}


def take_all(studio, wanted):
    studio.enter()
    try:
        for name in wanted:
            if name in DOCUMENTS:
                DOCUMENTS[name](studio)
            else:
                sample(studio, name)
    finally:
        studio.wireshark.kill()
        studio.desk.close()


def main():
    wanted = sys.argv[1:] or [*DOCUMENTS, *VIEWS]
    studio = Studio(pathlib.Path(os.environ["MEP_BUILD_DIR"]).resolve())
    # A process that has become that user does not come back: this one keeps the pictures.
    artist = multiprocessing.get_context("fork").Process(target=take_all, args=(studio, wanted))
    artist.start()
    artist.join()
    for name in wanted:
        folder = ROOT / ("docs" if name in DOCUMENTS else "samples") / "pictures"
        if (studio.out / f"{name}.png").exists():
            shutil.copyfile(studio.out / f"{name}.png", folder / f"{name}.png")
            print((folder / f"{name}.png").relative_to(ROOT))
    studio.user.remove()
    sys.exit(artist.exitcode)


if __name__ == "__main__":
    main()
