// Edit > Preferences > Protocols > MEP
// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

namespace mep::plugin {

void register_preferences();

}  // namespace mep::plugin
