// How a plugin's symbols are exported, with Wireshark's own macro, which knows the compilers of
// every system. To be included last, and only by the file that defines them: on Windows whatever is
// declared behind it would be taken for the plugin's own. SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include "compat/wireshark.h"

#undef WS_BUILD_DLL
#define WS_BUILD_DLL
#define RESET_SYMBOL_EXPORT
extern "C" {
#include <ws_symbol_export.h>
// From 4.7 on Wireshark declares what it looks for; before, each plugin does so itself. `const`
// means internal linkage in C++, but not for what was declared before.
#if __has_include(<wsutil/plugin_exports.h>)
#include <wsutil/plugin_exports.h>
#else
WS_DLL_PUBLIC const char plugin_version[];
WS_DLL_PUBLIC const int plugin_want_major;
WS_DLL_PUBLIC const int plugin_want_minor;
WS_DLL_PUBLIC void plugin_register(void);
WS_DLL_PUBLIC std::uint32_t plugin_describe(void);
#endif
}
