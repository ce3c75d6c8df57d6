// The same readings as a table of Wireshark's, to sort, copy and save: Statistics > MEP Readings,
// and -z mep,readings_table.
//
// Plugin, showing. To be added here: what the columns of that table are.
// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

namespace mep::plugin {

// Behind register_taps().
void register_readings_window();

}  // namespace mep::plugin
