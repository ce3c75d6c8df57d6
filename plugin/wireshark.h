// Wireshark's headers, as every file of the plugin needs them.
// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include "compat/wireshark.h"

#include <epan/column-utils.h>
#include <epan/expert.h>
#include <epan/packet.h>
#include <epan/proto_data.h>
