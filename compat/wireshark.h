// The differences between the Wireshark versions that this source supports (4.0 to 4.6), all of
// them, and nothing else. Code outside this header is written for the newest version.
// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <glib.h>

extern "C" {
#include <ws_version.h>
}

#define MEP_WIRESHARK(major, minor) ((major)*100 + (minor))
#define MEP_WIRESHARK_VERSION MEP_WIRESHARK(WIRESHARK_VERSION_MAJOR, WIRESHARK_VERSION_MINOR)
