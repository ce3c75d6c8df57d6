"""Everything is found out on the first pass, in the order of the frames, and only looked up later:
whatever is dissected again, in whatever order, changes nothing; and what was not there on the first
pass is shown as far as it tells by itself.

SPDX-License-Identifier: GPL-2.0-or-later
"""
import random
import re
import xml.etree.ElementTree

import pytest

from capture_file import CLIENT_TO_METER, METER_TO_CLIENT, Frame, load_frames
from oma_digest import read, read_answer
from test_plugin_tcp import DECODE_AS, Connection, pcap  # noqa: F401 (a fixture)

pytestmark = pytest.mark.usefixtures("plugin")

FIELDS = ["frame.number", "mep.stream", "mep.table", "mep.request_in", "mep.response_in",
          "mep.digest.status", "mep.encrypted", "mep.tls.session", "mep.assumed",
          "mep.analysis.retransmission", "_ws.expert.message", "_ws.col.Info"]
SAMPLES = ["dual-client", "line-trouble", "load-profile", "misbehaving", "procedures", "rc4", "tls",
           "transaction"]

# Without the rest of the session.
UNREADABLE = {"tls"}

# In place of the link type's own dissector: gives it all frames but some. Those it gets `often`
# times on the second pass, and never on the first.
SOME_LATER = """
local tap = Dissector.get("mep.tap")
local later = Proto("mep_later", "MEP, some of it later")
local kept_back = {%s}
local often = %d
function later.dissector(tvb, pinfo, tree)
  if not kept_back[pinfo.number] then
    tap:call(tvb, pinfo, tree)
  elseif pinfo.visited then
    for i = 1, often do tap:call(tvb, pinfo, tree) end
  end
end
DissectorTable.get("wtap_encap"):set((wtap_encaps or wtap).USER13, later)
"""


@pytest.fixture(scope="module")
def some_later(user, run_tshark):
    """some_later(numbers, often) -> the arguments for tshark."""
    # "with Lua 5.2.4" before 4.6, "+Lua 5.4.9" from then on
    if not re.search(r"(with |\+)Lua", run_tshark(["--version"]).stdout):
        pytest.skip("this Wireshark has no Lua")

    def make(numbers, often):
        path = user.folder() / "later.lua"
        numbers = ", ".join(f"[{number}] = true" for number in sorted(numbers))
        path.write_text(SOME_LATER % (numbers, often))
        user.own(path)
        return "-2", "-X", f"lua_script:{path}"

    return make


@pytest.mark.parametrize("sample", SAMPLES)
def test_what_comes_on_the_second_pass_only_changes_nothing(data_dir, some_later, tshark_fields,
                                                            sample):
    path = data_dir / f"{sample}.pcapng"
    count = len(tshark_fields(path, ["frame.number"]))
    later = set(random.Random(sample).sample(range(1, count + 1), max(count // 5, 6)))
    without, once, twice = (tshark_fields(path, FIELDS, *some_later(later, often))
                            for often in (0, 1, 2))
    shown = 0
    for number, (never, after, again) in enumerate(zip(without, once, twice), 1):
        if number not in later:
            assert never == after == again
        else:
            shown += bool(after["mep.table"])
    assert shown or sample in UNREADABLE


class TestWithoutFacts:
    """A frame that the first pass did not see tells what stands in it, and no more."""

    REQUEST = read(0x17, 44, sequence=0x1234)
    ANSWER = read_answer(REQUEST, bytes(44))
    FRAMES = [Frame(REQUEST, CLIENT_TO_METER), Frame(ANSWER, METER_TO_CLIENT, 20_000)]

    def shown(self, capture, some_later, tshark_fields, later):
        return tshark_fields(capture(self.FRAMES), FIELDS, *some_later(later, 1))

    def test_request(self, capture, some_later, tshark_fields):
        request, answer = self.shown(capture, some_later, tshark_fields, {1})
        assert request["mep.table"] == ["0x0017"]
        assert request["mep.digest.status"] == ["1"]
        assert request["_ws.col.Info"][0].startswith("Read BT23")
        assert not request["mep.response_in"]
        # The first pass saw an answer to nothing.
        assert "not in the capture" in " ".join(answer["_ws.expert.message"])

    def test_answer(self, capture, some_later, tshark_fields):
        request, answer = self.shown(capture, some_later, tshark_fields, {2})
        assert not request["mep.response_in"] and not answer["mep.request_in"]
        assert answer["_ws.col.Info"] == ["OK, 44 bytes"]
        assert answer["mep.digest.status"] == ["2"]
        assert "not in the capture" not in " ".join(answer["_ws.expert.message"])
        assert request["mep.stream"] and not answer["mep.stream"]  # of its line nothing is known

    def test_all(self, capture, some_later, tshark_fields):
        for packet in self.shown(capture, some_later, tshark_fields, {1, 2}):
            assert not packet["mep.stream"]
            assert packet["_ws.col.Info"]


@pytest.mark.parametrize("sample", SAMPLES)
class TestFilteredPass:
    """What a filter leaves over says the same as among all the others."""

    def test_display_filter(self, data_dir, tshark_pdml, sample):
        path = data_dir / f"{sample}.pcapng"

        def trees(*arguments):
            found = {}
            for packet in tshark_pdml(path, "-2", *arguments):
                layers = [layer for layer in packet if layer.get("name") == "mep"]
                number = packet.find(".//field[@name='num']").get("show")
                found[number] = [xml.etree.ElementTree.tostring(layer) for layer in layers]
            return found

        everything = trees()
        some = random.Random(sample).sample(sorted(everything), 12)
        shown = trees("-Y", " or ".join(f"frame.number == {number}" for number in some))
        assert sorted(shown) == sorted(some)
        for number, tree in shown.items():
            assert tree == everything[number]

    def test_read_filter(self, data_dir, tshark_fields, sample):
        """It counts frames anew, so numbers of others are not compared."""
        path = data_dir / f"{sample}.pcapng"
        names = ["mep.request_code", "mep.table", "mep.digest.status", "mep.encrypted",
                 "mep.sequence", "mep.stream"]
        everything = tshark_fields(path, names, "-2")
        shown = tshark_fields(path, names, "-2", "-R", "mep.request_code")
        assert shown == [packet for packet in everything if packet["mep.request_code"]]


@pytest.mark.parametrize("sample", SAMPLES)
def test_clicks_while_the_file_is_read(build_dir, data_dir, user, sample):
    """Whatever is looked at before the last frame has been read, afterwards everything is as if
    nothing had been."""
    program = build_dir / "tests" / "click_while_reading"
    if not program.exists():
        pytest.skip("click_while_reading is for Wireshark 4.0")
    path = user.readable(data_dir / f"{sample}.pcapng")
    count = len(user.fields(path, ["frame.number"]))
    dice = random.Random(sample)

    def afterwards(clicks):
        """`clicks` of frames that have been read, after each that is read; in the end all."""
        order = []
        for number in range(1, count + 1):
            order.append(number)
            order += [dice.randint(1, number) for _ in range(clicks)]
        result = user.run([program, path, *order, *range(1, count + 1)])
        assert result.returncode == 0, result.stderr
        trees = result.stdout.split("== ")[1:]
        assert len(trees) == count * (1 + clicks)
        return trees[-count:]

    undisturbed = afterwards(0)
    assert afterwards(3) == undisturbed
    assert sum("[Request in: " in tree for tree in undisturbed) > 2


def test_a_damaged_hello_leaves_nothing_behind(pcap, data_dir, tshark_fields):  # noqa: F811
    """Wireshark's TLS dissector may give up on a handshake by an exception. What follows in the same
    segment has its columns, ports and words nevertheless."""
    dice = random.Random(10)
    frames = load_frames(data_dir / "guide-frames.jsonl", "tls")
    hello = next(frame.data for frame in frames if frame.data[2] == 0x58)
    # Behind the length and code: a record's header of five bytes, a handshake's of four.
    first_inside = 2 + 1 + 5 + 4
    connection = Connection()
    count = 60
    for number in range(count):
        damaged = bytearray(hello)
        for _ in range(dice.randrange(1, 4)):
            damaged[dice.randrange(first_inside, len(damaged))] = dice.randrange(256)
        connection.client(bytes(damaged) + read(0x17, 44, sequence=number))
    shown = tshark_fields(pcap(connection.records), ["_ws.col.Info", "_ws.malformed", "tcp.srcport"],
                          *DECODE_AS)[3:]
    assert len(shown) == count
    assert sum(bool(packet["_ws.malformed"]) for packet in shown) >= 5
    for packet in shown:
        assert "Read BT23 Current Register Data, 44 bytes" in packet["_ws.col.Info"][0]
        assert packet["tcp.srcport"] == ["50000"]
