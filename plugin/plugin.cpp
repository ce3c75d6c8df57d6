// What Wireshark looks for in a plugin.
// SPDX-License-Identifier: GPL-2.0-or-later
#include "plugin/buses.h"
#include "plugin/conversations.h"
#include "plugin/dissector.h"
#include "plugin/export_pdus.h"
#include "plugin/follow.h"
#include "plugin/layout_cache.h"
#include "plugin/meter_summary.h"
#include "plugin/preferences.h"
#include "plugin/programs_menu.h"
#include "plugin/reading_fields.h"
#include "plugin/readings.h"
#include "plugin/readings_window.h"
#include "plugin/registry.h"
#include "plugin/statistics.h"
#include "plugin/table_fields.h"
#include "plugin/tapped.h"
#include "plugin/tls_session.h"
#include "plugin/wireshark.h"

// The last one.
#include "compat/plugin_symbols.h"

namespace {

void register_protocol() {
  mep::plugin::make_reading_fields();
  mep::plugin::register_all();
  mep::plugin::register_table_fields();
  mep::plugin::register_tls();
  mep::plugin::register_preferences();
  mep::plugin::register_buses();
  mep::plugin::register_layout_cache();
  mep::plugin::register_taps();
  mep::plugin::register_conversations();
  mep::plugin::register_statistics();
  mep::plugin::register_readings();
  mep::plugin::register_readings_window();
  mep::plugin::register_meter_summary();
  mep::plugin::register_follow();
  mep::plugin::register_export();
  mep::plugin::register_programs_menu();
  mep::plugin::register_dissectors();
}

void hand_off() {
  mep::plugin::hand_off_dissectors();
  mep::plugin::hand_off_tls();
}

}  // namespace

// Declared, and so exported, by plugin_symbols.h.
extern "C" {

const char plugin_version[] = MEP_VERSION;
const int plugin_want_major = WIRESHARK_VERSION_MAJOR;
const int plugin_want_minor = WIRESHARK_VERSION_MINOR;

void plugin_register() {
  static proto_plugin plugin;
  plugin.register_protoinfo = register_protocol;
  plugin.register_handoff = hand_off;
  proto_register_plugin(&plugin);
}

// From 4.4 on Wireshark asks what kind of plugin this is; earlier versions do not look for it.
std::uint32_t plugin_describe() {
  return MEP_PLUGIN_KIND;
}

}  // extern "C"
