# The graphs of the profile, each once: mep_graph(PLOT SHOWN NAME UNIT FIELD COLOUR [thousandth]
# [FILTER filter] [STYLE style]).
#
# PLOT is the number of the plot that it is drawn in (Wireshark 4.6 and later), 0 for none. SHOWN says
# whether the I/O graph draws it at once, which has one axis for all. A field in thousandths of the unit
# is drawn in the unit where Wireshark can divide, and in thousandths where it cannot.
# SPDX-License-Identifier: GPL-2.0-or-later

# Power: in total and by phase.
mep_graph(1 ON "Import" W mep.bt28.fwd_active_w_l1l2l3 "#a40000")
mep_graph(1 ON "Import L1" W mep.bt28.fwd_active_w_l1 "#ef2929")
mep_graph(1 ON "Import L2" W mep.bt28.fwd_active_w_l2 "#f57900")
mep_graph(1 ON "Import L3" W mep.bt28.fwd_active_w_l3 "#c4a000")
mep_graph(1 ON "Export" W mep.bt28.rev_active_w_l1l2l3 "#204a87")
mep_graph(1 ON "Export L1" W mep.bt28.rev_active_w_l1 "#3465a4")
mep_graph(1 ON "Export L2" W mep.bt28.rev_active_w_l2 "#06989a")
mep_graph(1 ON "Export L3" W mep.bt28.rev_active_w_l3 "#4e9a06")

mep_graph(2 OFF "Voltage L1" V mep.bt28.rms_voltage_mv_l1 "#ef2929" thousandth)
mep_graph(2 OFF "Voltage L2" V mep.bt28.rms_voltage_mv_l2 "#f57900" thousandth)
mep_graph(2 OFF "Voltage L3" V mep.bt28.rms_voltage_mv_l3 "#c4a000" thousandth)

mep_graph(3 OFF "Energy imported" Wh mep.bt23.fwd_active_wh_l1l2l3 "#a40000")
mep_graph(3 OFF "Energy exported" Wh mep.bt23.rev_active_wh_l1l2l3 "#204a87")

mep_graph(4 OFF "Response time" s mep.response_time "#75507b")

# How often, of what has no value.
mep_graph(0 OFF "Findings" "" "" "#cc0000" FILTER "mep.analysis" STYLE Bar)
mep_graph(0 OFF "Errors" "" "" "#a40000" FILTER "mep and _ws.expert.severity >= 0x600000" STYLE Bar)
