// What a line's source can be called on the command line.
//
// Extcap. To be added here: the name of another kind of source.
// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <memory>

#include "extcap/line_source.h"
#include "extcap/tap_settings.h"

namespace mep::extcap {

// What a source's name must be like where it is typed: a regular expression, and in words.
inline constexpr const char* source_form = "(/|tcp://|rfc2217://|file://).+";
inline constexpr const char* source_words =
    "the port's whole path, such as /dev/ttyUSB0, or tcp://host:port, rfc2217://host:port, "
    "file:///path";

// Opens it. Throws a Problem that says what to do about it, or what else there is.
std::unique_ptr<LineSource> open_source(const TappedLine& line, const TapSettings& settings);

}  // namespace mep::extcap
