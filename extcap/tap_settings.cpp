// SPDX-License-Identifier: GPL-2.0-or-later
#include "extcap/tap_settings.h"

#include <sys/stat.h>

#include <algorithm>
#include <array>
#include <optional>

#include "extcap/problem.h"
#include "protocol/tables/mbus.h"
#include "system/text.h"

namespace mep::extcap {
namespace {

std::string list_of_baud_rates() {
  std::vector<std::string> rates;
  for (const unsigned rate : baud_rates()) rates.push_back(std::to_string(rate));
  return system::listed(rates);
}

void take_baud_rate(const Options& options, TapSettings& settings) {
  const auto given = options.value("baud");
  if (!given || *given == find_out) {
    settings.baud_rates = usual_baud_rates();
    return;
  }
  const auto rate = system::parse_number<unsigned>(*given);
  if (!rate || std::ranges::find(baud_rates(), *rate) == baud_rates().end())
    throw OptionProblem("baud", *given,
                        "not a speed that is supported; there are auto, " + list_of_baud_rates());
  settings.baud_rate = *rate;
}

// That it is a number has been checked.
void take_frame_timeout(const Options& options, std::chrono::milliseconds& target) {
  const auto given = options.value("frame-timeout");
  if (const auto timeout = given ? system::parse_number<unsigned>(*given) : std::nullopt)
    target = std::chrono::milliseconds(*timeout);
}

// That it is a number with a unit, or without, has been checked.
void take_buffer_size(const Options& options, std::size_t& target) {
  constexpr std::size_t kib = 1024;
  const auto given = options.value("buffer");
  if (!given) return;
  const std::size_t digits = given->find_first_not_of("0123456789");
  const auto number = system::parse_number<std::size_t>(given->substr(0, digits));
  const bool in_kib = digits != std::string::npos && given->find("KiB") != std::string::npos;
  if (number) target = *number * (in_kib ? kib : kib * kib);
}

void take_on_unplug(const Options& options, OnUnplug& target) {
  const auto given = options.value("on-unplug");
  if (!given || *given == "wait") return;
  if (*given != "exit") throw OptionProblem("on-unplug", *given, "the choices are wait and exit");
  target = OnUnplug::exit;
}

bool finds_roles(const Options& options) {
  const auto roles = options.value("roles");
  if (!roles || *roles == find_out) return true;
  if (*roles == roles_as_wired) return false;
  throw OptionProblem("roles", *roles,
                      std::string("the choices are ") + find_out + " and " + roles_as_wired);
}

bool same_device(const std::string& a, const std::string& b) {
  if (a == b) return true;
  struct stat first {};
  struct stat second {};
  return stat(a.c_str(), &first) == 0 && stat(b.c_str(), &second) == 0 && S_ISCHR(first.st_mode) &&
         S_ISCHR(second.st_mode) && first.st_rdev == second.st_rdev;
}

// A path that was typed comes before one that was chosen from a list.
std::optional<std::string> port_from(const std::optional<std::string>& chosen,
                                     const std::optional<std::string>& typed) {
  for (const auto& port : {typed, chosen})
    if (port && *port != no_port) return port;
  return std::nullopt;
}

std::string way_to_ports(const Options& options) {
  if (options.started_by_wireshark())
    return "click the gear beside the interface MEP in Wireshark, choose a port at \"Client line\" "
           "or \"Meter line\" or both, or type one in below, and start again (tshark: -o "
           "extcap.mep.clientline:/dev/ttyUSB0 -o extcap.mep.meterline:/dev/ttyUSB1)";
  if (!options.by_hand)
    return "say which ports tap the lines, for example --client-line /dev/ttyUSB0 --meter-line "
           "/dev/ttyUSB1";
  return "say which ports tap the lines, for example -c /dev/ttyUSB0 -m /dev/ttyUSB1 (mepdump "
         "--list-ports tells which there are)";
}

// What is said of a port that others have open.
system::Sharing sharing_from(const Options& options) {
  constexpr const char* consequence = " (each program then gets a part of the bytes)";
  const std::string way = options.started_by_wireshark()
                              ? "tick \"" + std::string(share_display) + "\" in its options"
                              : "take it all the same with --share";
  return {options.value("share").has_value(), way + consequence};
}

std::vector<TappedLine> lines_from(const Options& options) {
  const auto client = port_from(options.value("client-line"), options.value("client-line-path"));
  const auto meter = port_from(options.value("meter-line"), options.value("meter-line-path"));
  if (!client && !meter) throw Problem("no port given; " + way_to_ports(options));
  if (client && meter && same_device(*client, *meter))
    throw Problem("client line and meter line are both " + *client +
                  "; each line needs a port of its own");
  std::vector<TappedLine> lines;
  if (client) lines.push_back({Direction::client_to_meter, *client});
  if (meter) lines.push_back({Direction::meter_to_client, *meter});
  return lines;
}

}  // namespace

const char* line_name(Direction direction) {
  return direction == Direction::meter_to_client ? "meter line" : "client line";
}

std::span<const unsigned> baud_rates() {
  static constexpr std::array rates = {300U,   600U,   1200U,  1800U,  2400U,  4800U,  9600U,
                                       14400U, 19200U, 28800U, 38400U, 57600U, 115200U};
  return rates;
}

std::vector<unsigned> usual_baud_rates() {
  std::vector<unsigned> rates;
  for (const unsigned rate : baud_rates())
    if (std::ranges::find(tables::line_speeds(), rate, &tables::LineSpeed::bits_per_second) !=
        tables::line_speeds().end())
      rates.push_back(rate);
  return rates;
}

TapSettings tap_settings_from(const Options& options) {
  TapSettings settings;
  take_baud_rate(options, settings);
  take_frame_timeout(options, settings.frame_timeout);
  take_buffer_size(options, settings.buffer_size);
  take_on_unplug(options, settings.on_unplug);
  settings.find_roles = finds_roles(options);
  settings.lines = lines_from(options);
  settings.sharing = sharing_from(options);
  settings.capture_filter = options.capture_filter.value_or("");
  return settings;
}

}  // namespace mep::extcap
