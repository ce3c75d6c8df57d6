// Edit > Preferences > Protocols > MEP
//
// Plugin, all of it. To be added here: the order in which the files' own preferences stand.
// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

namespace mep::plugin {

void register_preferences();

}  // namespace mep::plugin
