# The graphs of the profile, each once: mep_graph(PLOT SHOWN NAME UNIT FIELD COLOUR [FILTER filter]
# [STYLE style]).
#
# PLOT is the number of the plot that it is drawn in (Wireshark 4.6 and later), 0 for none. SHOWN says
# whether the I/O graph draws it at once, which has one axis for all.
# SPDX-License-Identifier: GPL-2.0-or-later

# Power: in total and by phase.
mep_graph(1 ON "Import" W mep.reading.power.import "#a40000")
mep_graph(1 ON "Import L1" W mep.reading.power.import.l1 "#ef2929")
mep_graph(1 ON "Import L2" W mep.reading.power.import.l2 "#f57900")
mep_graph(1 ON "Import L3" W mep.reading.power.import.l3 "#c4a000")
mep_graph(1 ON "Export" W mep.reading.power.export "#204a87")
mep_graph(1 ON "Export L1" W mep.reading.power.export.l1 "#3465a4")
mep_graph(1 ON "Export L2" W mep.reading.power.export.l2 "#06989a")
mep_graph(1 ON "Export L3" W mep.reading.power.export.l3 "#4e9a06")

mep_graph(2 OFF "Voltage L1" V mep.reading.voltage.l1 "#ef2929")
mep_graph(2 OFF "Voltage L2" V mep.reading.voltage.l2 "#f57900")
mep_graph(2 OFF "Voltage L3" V mep.reading.voltage.l3 "#c4a000")

mep_graph(3 OFF "Current L1" A mep.reading.current.l1 "#ef2929")
mep_graph(3 OFF "Current L2" A mep.reading.current.l2 "#f57900")
mep_graph(3 OFF "Current L3" A mep.reading.current.l3 "#c4a000")

mep_graph(4 OFF "Energy imported" Wh mep.reading.energy.import "#a40000")
mep_graph(4 OFF "Energy exported" Wh mep.reading.energy.export "#204a87")

mep_graph(5 OFF "Response time" s mep.response_time "#75507b")

# How often, of what has no value.
mep_graph(0 OFF "Findings" "" "" "#cc0000" FILTER "mep.analysis" STYLE Bar)
mep_graph(0 OFF "Errors" "" "" "#a40000" FILTER "mep and _ws.expert.severity >= 0x600000" STYLE Bar)
