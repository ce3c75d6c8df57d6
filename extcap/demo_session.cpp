// SPDX-License-Identifier: GPL-2.0-or-later
#include "extcap/demo_session.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <string_view>
#include <utility>

#include "extcap/problem.h"

namespace mep::extcap {
namespace {

using simulator::ScenarioOptions;
using system::monotonic_now;

constexpr Instant never = Instant::max();
// How long the simulation may go on without looking at signals.
constexpr Instant longest_slice = std::chrono::milliseconds(20);
// A line brings a byte a millisecond; nobody needs to see each of them arrive.
constexpr Instant shortest_wait = std::chrono::milliseconds(5);
constexpr mode_t secret_file_mode = 0600;

// "line 1" where there are several.
std::string role(Direction direction, unsigned port, unsigned ports) {
  std::string name = direction == Direction::client_to_meter ? "client line" : "meter line";
  if (ports > 1) name += " " + std::to_string(port + 1);
  return name;
}

ScenarioOptions with_key_log(ScenarioOptions options, KeyLog& log) {
  options.tls_secret = [&log](const simulator::TlsSecret& secret) { log.append(secret); };
  return options;
}

}  // namespace

KeyLog::KeyLog(std::string path) : path_(std::move(path)) {
  if (path_.empty()) return;
  fd_ = system::FileDescriptor(
      ::open(path_.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, secret_file_mode));
  if (!fd_) throw Problem("cannot write to " + path_ + ": " + std::strerror(errno));
}

void KeyLog::append(const simulator::TlsSecret& secret) {
  if (!fd_) return;
  const std::string line = secret.key_log_line() + "\n";
  if (::write(fd_.get(), line.data(), line.size()) != static_cast<ssize_t>(line.size()))
    throw Problem("cannot write to " + path_ + ": " + std::strerror(errno));
}

DemoSession::DemoSession(DemoSettings settings, system::StopRequest& stop)
    : Session(settings.capture_filter, {.may_drop = false}, stop),
      origin_(monotonic_now()),
      settings_(std::move(settings)),
      key_log_(settings_.key_log),
      scenario_(with_key_log(settings_.scenario, key_log_),
                [this](const simulator::TapRecord& each) { record(each); }),
      begin_(scenario_.now()),
      last_(settings_.duration ? begin_ + *settings_.duration : never),
      timer_(system::EventSource::on_time([this] { guarded([this] { play(); }); })) {}

Section DemoSession::section() const {
  const simulator::Script& script = scenario_.script();
  return {"no hardware: a simulated meter",
          {},
          "Simulated by mep-demo. " + std::string(script.title) + ": " +
              std::string(script.summary) + " (Script " + std::string(script.name) + ", security " +
              std::string(security_name(settings_.scenario.security)) + ", seed " +
              std::to_string(settings_.scenario.seed) + "). " + std::string(what_shows_it)};
}

std::vector<RecordedLine> DemoSession::lines() const {
  std::vector<RecordedLine> lines;
  const unsigned ports = scenario_.ports();
  for (unsigned port = 0; port < ports; ++port)
    for (const Direction direction : {Direction::client_to_meter, Direction::meter_to_client}) {
      const std::string what = role(direction, port, ports);
      lines.push_back({"mep-demo " + what, what, direction, simulator::default_baud_rate,
                       settings_.tap + port});
    }
  return lines;
}

void DemoSession::record(const simulator::TapRecord& record) {
  const LineRecord& line = record.line;
  const std::size_t number =
      2 * record.port + (record.direction == Direction::meter_to_client ? 1 : 0);
  recorder().record({number, line.status, record.baud_rate, line.first.count(),
                     line.last - line.first, line.bytes});
}

WallTime DemoSession::now() {
  return scenario_.now().count();
}

void DemoSession::start() {
  timer_.wake_at(origin_);
}

void DemoSession::finish() {
  scenario_.finish();
}

Instant DemoSession::paced_now() const {
  if (settings_.speed_up <= 0) return last_;
  const double passed =
      static_cast<double>((monotonic_now() - origin_).count()) * settings_.speed_up;
  const double left = static_cast<double>((last_ - begin_).count());
  return passed < left ? begin_ + Instant(static_cast<Instant::rep>(passed)) : last_;
}

Instant DemoSession::real_time_of(Instant moment) const {
  if (settings_.speed_up <= 0) return origin_;
  const double wait = static_cast<double>((moment - begin_).count()) / settings_.speed_up;
  return origin_ + Instant(static_cast<Instant::rep>(wait));
}

void DemoSession::play() {
  if (!recorder().has_room()) {
    timer_.wake_at(monotonic_now() + shortest_wait);
    return;
  }
  const Instant slice_end = monotonic_now() + longest_slice;
  const Instant target = paced_now();
  auto due = scenario_.next();
  for (; due && *due <= std::min(target, last_); due = scenario_.next()) {
    scenario_.run_until(*due);
    if (!done_ && scenario_.finished()) {
      done_ = true;
      last_ = std::min(last_, scenario_.now() + simulator::after_the_end);
    }
    if (monotonic_now() > slice_end) {
      timer_.wake_at(monotonic_now());
      return;
    }
  }
  if (!due || target >= last_) {
    if (last_ != never) scenario_.run_until(last_);
    stop().make();
    return;
  }
  scenario_.run_until(target);
  timer_.wake_at(std::max(real_time_of(std::min(*due, last_)), monotonic_now() + shortest_wait));
}

}  // namespace mep::extcap
