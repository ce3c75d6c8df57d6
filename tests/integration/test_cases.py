"""What people have posted, and what they need to see: tests/cases, each file standing for a kind that
other tests try with other bytes.

SPDX-License-Identifier: GPL-2.0-or-later
"""
import pathlib
import re

import pytest

CASES = pathlib.Path(__file__).resolve().parent.parent / "cases"
LOGS = CASES.parent.parent / "docs" / "logs.md"
FIELDS = ["frame.number", "_ws.col.Info", "mep.src", "mep.table", "mep.request_code",
          "mep.response_code", "mep.sequence", "mep.encrypted", "mep.digest.status", "mep.request_in",
          "mep.response_in", "mep.alert", "mep.analysis.echo", "mep.reversed", "_ws.expert.message",
          "mep.bt28.fwd_active_w_l1l2l3", "mep.bt23.fwd_active_wh_l1l2l3", "mep.reassembled.in",
          "mep.noise", "mep.key"]
KEY = ("-o", 'uat:mep_keys:"hall","MBK","k3y-from-the-grid-op","TRUE"')
UNVERIFIED, GOOD = ["2"], ["1"]

# The conversation that most of the files hold, in one form or another.
STORY = ["Read BT52 UTC Clock, 512 bytes",
         "Invalid sequence number, BT52, the meter expects 0x00005d10, 1 ahead",
         "Read BT52 UTC Clock, 512 bytes", "OK, BT52, 7 bytes: 2026-06-15 11:45:00 UTC",
         "Read BT21 Actual Register, 512 bytes", "OK, BT21, 10 bytes",
         "Read BT23 Current Register Data, 512 bytes",
         "OK, BT23, 220 bytes: [assumed ET55, BT22] import 65845.123 kWh, export 0.181 kWh",
         "Read BT28 Present Register Data, 512 bytes",
         "OK, BT28, 220 bytes: [assumed BT27] import 488 W, export 0 W, L1 230.4 V 1.03 A, L2 232.8 V 1.06 A, "
         "L3 232.2 V 0.76 A, 50.05 Hz",
         "Read BT23 Current Register Data, 512 bytes",
         "OK, BT23, 220 bytes: [assumed ET55, BT22] import 65845.124 kWh, export 0.181 kWh",
         "Read BT28 Present Register Data, 512 bytes",
         "OK, BT28, 220 bytes: [assumed BT27] import 488 W, export 0 W, L1 230.4 V 1.03 A, L2 232.8 V 1.06 A, "
         "L3 232.2 V 0.76 A, 50.05 Hz"]


@pytest.fixture(scope="module")
def frames_of(tshark_fields):
    """frames_of(file, …) -> the packets that hold MEP, without parts of frames."""

    def read(path, *options):
        shown = tshark_fields(path, FIELDS, *options)
        return [packet for packet in shown if packet["mep.src"] and not packet["mep.reassembled.in"]]

    return read


def check_story(frames, story=None):
    assert [packet["_ws.col.Info"][0] for packet in frames] == (story or STORY)
    assert [packet["mep.src"] for packet in frames] == [["Client"], ["Meter"]] * (len(frames) // 2)
    assert [packet["mep.request_in"] for packet in frames[1::2]] == \
        [packet["frame.number"] for packet in frames[::2]]
    assert all(packet["mep.encrypted"] == packet["mep.alert"] == [] for packet in frames)


def warned(frames, words):
    return [packet["frame.number"][0] for packet in frames
            if any(words in text for text in packet["_ws.expert.message"])]


@pytest.mark.parametrize("passes", [(), ("-2",)])
@pytest.mark.parametrize("case", ["clear-no-key", "beside-another-interface", "one-port",
                                  "swapped-lines"])
def test_every_frame_decoded(frames_of, case, passes):
    frames = frames_of(CASES / f"{case}.pcapng", *passes)
    check_story(frames)
    assert all(packet["mep.digest.status"] == UNVERIFIED for packet in frames)
    assert len(warned(frames, "lines are swapped")) == (case == "swapped-lines")
    with_key = frames_of(CASES / f"{case}.pcapng", *KEY)
    check_story(with_key)
    assert all(packet["mep.digest.status"] == GOOD for packet in with_key)


@pytest.mark.parametrize("passes", [(), ("-2",)])
def test_clear_after_rc4(frames_of, passes):
    frames = frames_of(CASES / "clear-after-rc4.pcapng", *passes)
    assert all(packet["mep.encrypted"] == ["1"] for packet in frames[:14])
    check_story(frames[14:], [text.replace("5d10", "6001") for text in STORY])


def test_real_shape(frames_of):
    asked, answered = frames_of(CASES / "real-shape.pcapng")
    assert asked["mep.table"] == answered["mep.table"] == ["0x001c"]
    assert answered["mep.response_code"] == ["0x0c"]
    assert answered["mep.sequence"] == ["0xceace9e2"]
    assert "expects 0xceace9e2, 1 ahead" in answered["_ws.col.Info"][0]


@pytest.mark.parametrize("case", ["cut-62", "cut-150"])
def test_frames_in_pieces(frames_of, tshark_fields, case):
    check_story(frames_of(CASES / f"{case}.pcapng", "-2"))
    assert tshark_fields(CASES / f"{case}.pcapng", FIELDS, "-Y", "mep.alert") == []


def test_dead_line(tshark_fields):
    shown = tshark_fields(CASES / "dead-line.pcapng", FIELDS)
    assert len(shown) == 60
    assert len(warned(shown, "The line holds at zero")) == 1
    assert sum(packet["mep.alert"] != [] for packet in shown) <= 1
    assert sum(packet["mep.noise"] != [] for packet in shown) >= 59


def test_echo(frames_of):
    frames = frames_of(CASES / "echo.pcapng")
    assert [packet["mep.analysis.echo"] for packet in frames] == \
        [[], ["1"], [], ["3"], [], ["5"]]
    assert all("Echo of the request" in packet["_ws.col.Info"][0] for packet in frames[1::2])
    assert len(warned(frames, "Echo: ")) == 1


# --- Logs, as docs/logs.md says --------------------------------------------------------------------


def recipes():
    """The command lines of docs/logs.md, as lists of arguments."""
    import shlex
    return [shlex.split(line) for line in LOGS.read_text().splitlines()
            if line.startswith("    text2pcap ")]


@pytest.mark.parametrize("log,word", [("esphome-uart.log", "uart.log"),
                                      ("two-columns.txt", "columns.txt"),
                                      ("serial-strace.txt", "dump.txt")])
def test_a_log_becomes_a_capture(user, frames_of, log, word):
    command = next(each for each in recipes() if word in each)
    folder = user.folder()
    made = folder / "made.pcapng"
    command[-2:] = [user.readable(CASES / log), made]
    result = user.run(command)
    assert result.returncode == 0, result.stderr
    check_story(frames_of(made, "-2"))


# --- Keys ------------------------------------------------------------------------------------------


def keys():
    wanted = None
    for line in (CASES / "keys.txt").read_text().splitlines():
        if line.startswith("# accepted"):
            wanted = True
        elif line.startswith("# refused"):
            wanted = False
        elif wanted is not None and line and not line.startswith("#"):
            yield line, wanted


@pytest.mark.parametrize("text,accepted", list(keys()))
def test_keys_as_they_are_pasted(run_tshark, user, text, accepted):
    quoted = re.sub(r'(["\\])', r"\\x22", text) if '"' in text else text
    result = run_tshark(["-r", user.readable(CASES / "clear-no-key.pcapng"), "-o",
                         f'uat:mep_keys:"hall","MBK","{quoted}","TRUE"', "-T", "fields", "-e",
                         "mep.key"])
    if accepted:
        assert result.returncode == 0, result.stderr
        assert result.stdout.split() == ["hall"] * 14
    else:
        assert result.returncode != 0
        counted = len([c for c in text if c not in " :-."]) if re.fullmatch(r"[0-9a-f]+", text) \
            else len(text)
        assert str(counted) in result.stderr.replace(text, "")
