// Wireshark's headers, as every file of the plugin needs them.
//
// Plugin, all of it. To be added here: headers that every file needs; differences of versions go
// into compat/.
// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include "compat/wireshark.h"

#include <epan/column-utils.h>
#include <epan/expert.h>
#include <epan/packet.h>
#include <epan/proto_data.h>
