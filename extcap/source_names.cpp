// SPDX-License-Identifier: GPL-2.0-or-later
#include "extcap/source_names.h"

#include <sys/stat.h>

#include <string>
#include <string_view>

#include "extcap/file_source.h"
#include "extcap/network_source.h"
#include "extcap/problem.h"
#include "extcap/serial_port.h"
#include "system/tcp_connection.h"

namespace mep::extcap {
namespace {

constexpr std::string_view after_scheme = "://";

std::unique_ptr<LineSource> open_url(const std::string& name, const std::string& url,
                                     const TapSettings& settings) {
  const std::size_t end = url.find(after_scheme);
  const std::string scheme = url.substr(0, end);
  const std::string rest = url.substr(end + after_scheme.size());
  if (scheme == "file") return std::make_unique<FileSource>(name, url, rest);
  if (scheme != "tcp" && scheme != "rfc2217")
    throw Problem(name + " " + url + ": there is no such kind of source; there are serial ports " +
                  "(/dev/ttyUSB0), named pipes (/tmp/pipe), tcp://host:port, rfc2217://host:port "
                  "and file:///path");
  const auto where = system::parse_host_and_port(rest);
  if (!where)
    throw Problem(name + " " + url + ": give host and port, for example " + scheme +
                  "://192.168.0.7:24078 or " + scheme + "://[2001:db8::7]:24078");
  return std::make_unique<NetworkSource>(name, url, *where, scheme == "rfc2217",
                                         settings.baud_rate);
}

}  // namespace

std::unique_ptr<LineSource> open_source(const TappedLine& line, const TapSettings& settings) {
  const std::string name = line_name(line.direction);
  const std::string& path = line.port;
  if (path.find(after_scheme) != std::string::npos) return open_url(name, path, settings);
  struct stat status {};
  if (stat(path.c_str(), &status) == 0) {
    if (S_ISFIFO(status.st_mode)) return std::make_unique<FileSource>(name, path, path);
    if (S_ISREG(status.st_mode))
      throw Problem(name + " " + path +
                    ": not a serial device; give a port such as /dev/ttyUSB0 (a file with a line's "
                    "bytes is replayed as file://" +
                    path + ")");
  } else if (system::parse_host_and_port(path)) {
    throw Problem(name + " " + path + ": no such port; a port server's is called tcp://" + path +
                  " or rfc2217://" + path);
  }
  return std::make_unique<SerialPort>(name, path, settings.baud_rate, settings.sharing);
}

}  // namespace mep::extcap
