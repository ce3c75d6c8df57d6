// What a capture tells of each meter, in one page: -z mep,meter[,FILTER],
// and Statistics > MEP Meters.
//
// Plugin, showing. To be added here: what belongs on that page.
// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

namespace mep::plugin {

// Behind register_taps().
void register_meter_summary();

}  // namespace mep::plugin
