// SPDX-License-Identifier: GPL-2.0-or-later
#include "plugin/preferences.h"

#include <epan/prefs.h>

#include "plugin/analysis.h"
#include "plugin/direction.h"
#include "plugin/keys.h"
#include "plugin/registry.h"

namespace mep::plugin {

void register_preferences() {
  module_t* module = prefs_register_protocol(proto_mep, rebuild_keys);
  register_keys(module);
  register_direction(module);
  register_analysis(module);
}

}  // namespace mep::plugin
