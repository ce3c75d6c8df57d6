#!/usr/bin/env python3
"""What the dissector adds to reading a capture, against what Wireshark's Modbus/TCP adds to one of as
many frames of the same size: instructions a frame, counted with callgrind.

What is added is counted above a floor: the same capture with the protocol's bytes left as bytes. For
Modbus that is TCP without Modbus; since MEP has no TCP below it and does by itself what TCP does there
(who is who, what belongs to what), the second ratio has all that stands above Ethernet in its place.

SPDX-License-Identifier: GPL-2.0-or-later
"""
import argparse
import sys

import bench_paths  # noqa: F401: lets the modules below be found
import capture_file
import instructions
import traffic

# What is done with the frames: of MEP, of Modbus, and of neither, where no frame passes the filters.
WAYS = {
    "read": ("line", (), (), ()),
    "-Y table": ("filter", ("mep.table == 0x9999",), ("modbus.func_code == 99",),
                 ("frame.number == 0",)),
    "-Y field": ("filter", ("mep.bt28.rms_voltage_mv_l1 > 999999999",),
                 ("modbus.regval_uint16 > 65535",), ("frame.number == 0",)),
    "-T fields": ("fields", ("mep.table", "mep.offset"),
                  ("modbus.func_code", "modbus.reference_num"), ("frame.number", "frame.len")),
    "-V": ("details", (), (), ()),
}
WITHOUT_MEP = ("-xmep_tap", "-xmep")
WITHOUT_MODBUS = ("-dtcp.port==502,data",)
WITHOUT_ETHERNET = ("-xeth",)


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n", maxsplit=1)[0])
    parser.add_argument("--frames", type=int, default=2_000)
    parser.add_argument("--ways", nargs="+", choices=list(WAYS), default=list(WAYS))
    arguments = parser.parse_args()
    user = instructions.somebody()
    try:
        program = instructions.frame_cost(user, instructions.build_folder())
        if not program:
            sys.exit("frame_cost was not built: it is for Wireshark 4.0, and needs valgrind's headers")
        paths = {}
        for name, link in (("mep", capture_file.LINK_TAP), ("modbus", traffic.ETHERNET)):
            paths[name] = user.folder() / f"{name}.pcapng"
            capture_file.write(paths[name], getattr(traffic, name)(arguments.frames), link=link)
            user.own(paths[name])
        jobs = []
        for way in arguments.ways:
            kind, mep, modbus, neither = WAYS[way]
            for name, capture, words in (
                    ("mep", "mep", mep), ("mep's floor", "mep", neither + WITHOUT_MEP),
                    ("modbus", "modbus", modbus),
                    ("modbus' floor", "modbus", neither + WITHOUT_MODBUS),
                    ("ethernet's floor", "modbus", neither + WITHOUT_ETHERNET)):
                jobs.append(instructions.Job(f"{way}: {name}", paths[capture], kind, words))
        counts = instructions.dissected(user, program, jobs)
        for way in arguments.ways:
            each = {name: counts[f"{way}: {name}"] for name in
                    ("mep", "mep's floor", "modbus", "modbus' floor", "ethernet's floor")}
            mep = each["mep"] - each["mep's floor"]
            modbus = each["modbus"] - each["modbus' floor"]
            above_ethernet = each["modbus"] - each["ethernet's floor"]
            print(f"{way:10} MEP adds {mep:9,.0f} instructions a frame, Modbus {modbus:9,.0f}: "
                  f"ratio {mep / modbus:4.2f}; Modbus with TCP and IP {above_ethernet:9,.0f}: "
                  f"ratio {mep / above_ethernet:4.2f}", flush=True)
    finally:
        user.remove()


if __name__ == "__main__":
    main()
