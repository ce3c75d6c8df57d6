// Tools > MEP: a copy of the open capture to share, and a capture out of a log, by the programs
// that do so (mepshare, mepimport), with the keys that are in use here.
//
// Plugin, showing. To be added here: another program of this project that Wireshark's users need.
// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

namespace mep::plugin {

// For Wireshark's windows alone: elsewhere nothing asks for what is registered.
void register_programs_menu();

}  // namespace mep::plugin
