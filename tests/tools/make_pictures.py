"""Takes a picture of each sample in Wireshark, for samples/README.md.

Needs wireshark-qt, xvfb, xdotool and imagemagick. Pictures differ a little between versions of
Wireshark and its fonts: they are made by hand, with ./run pictures.

SPDX-License-Identifier: GPL-2.0-or-later
"""
import os
import pathlib
import shutil
import sys

TESTS = pathlib.Path(__file__).resolve().parent.parent
sys.path[:0] = [str(TESTS / "tools"), str(TESTS / "integration")]

from ordinary_user import OrdinaryUser  # noqa: E402

SAMPLES = TESTS.parent / "samples"
PICTURES = SAMPLES / "pictures"
WIDTH, HEIGHT = 1120, 740
LIST_HEIGHT = 260
COLOURS = 24

# Sample: the packet that is looked at, and how far down its tree (in turns of a mouse wheel).
VIEWS = {
    "first-contact": (24, 15),
    "daily-reading": (24, 14),
    "load-profile": (26, 15),
    "mbus": (26, 15),
    "transaction": (18, 14),
    "procedures": (24, 14),
    "alerts": (17, 14),
    "dual-client": (60, 14),
    "rc4": (12, 14),
    "tls": (10, 20),
    "tls-with-secrets": (8, 20),
    "line-trouble": (15, 14),
    "misbehaving": (36, 14),
}

GEOMETRY = f"""gui.geometry_main_x: 0
gui.geometry_main_y: 0
gui.geometry_main_width: {WIDTH}
gui.geometry_main_height: {HEIGHT}
gui.geometry_main_maximized: FALSE
gui.geometry_main_upper_pane: {LIST_HEIGHT}
"""
PREFERENCES = """gui.layout_type: 1
gui.layout_content_3: NONE
gui.update.enabled: FALSE
gui.ask_unsaved: FALSE
"""
TAKE = """wireshark -r "$1" -g "$2" >/dev/null 2>&1 &
sleep 6
xdotool mousemove 300 {tree} click 1 key ctrl+Right
sleep 1
for turn in $(seq "$3"); do xdotool click 5; done
xdotool mousemove {width} {height}
sleep 1
import -window root "$4"
kill %1
wait
""".format(tree=LIST_HEIGHT + 200, width=WIDTH - 1, height=HEIGHT - 1)


def take(user, sample, packet, turns, picture):
    """A picture of the sample with that packet chosen and its tree opened."""
    shot = user.folder() / "shot.png"
    script = user.home / "take.sh"
    script.write_text(TAKE)
    user.own(script)
    done = user.run(["xvfb-run", "-a", "-s", f"-screen 0 {WIDTH}x{HEIGHT}x24", "bash", script,
                     user.readable(sample), str(packet), str(turns), shot])
    if not shot.exists():
        raise RuntimeError(f"no picture of {sample.name}: {done.stderr}")
    user.run(["convert", shot, "-colors", str(COLOURS), f"PNG8:{shot}"])
    shutil.copyfile(shot, picture)


def main():
    wanted = sys.argv[1:] or VIEWS
    PICTURES.mkdir(exist_ok=True)
    user = OrdinaryUser(pathlib.Path(os.environ["MEP_BUILD_DIR"]))
    try:
        user.environment["XDG_RUNTIME_DIR"] = str(user.folder())
        (user.config_folder / "recent_common").write_text(GEOMETRY)
        (user.config_folder / "preferences").write_text(PREFERENCES)
        user.own(user.config_folder)
        for name in wanted:
            take(user, SAMPLES / f"{name}.pcapng", *VIEWS[name], PICTURES / f"{name}.png")
            print(f"samples/pictures/{name}.png", flush=True)
    finally:
        user.remove()


if __name__ == "__main__":
    main()
