// SPDX-License-Identifier: GPL-2.0-or-later
#include "simulator/program/serve.h"

#include <algorithm>
#include <exception>
#include <utility>
#include <vector>

#include "system/problem.h"

namespace mep::simulator {
namespace {

// Bytes that leave within such a time leave together.
constexpr Instant shortest_wait = std::chrono::milliseconds(4);

}  // namespace

RealClock::RealClock()
    : offset_(std::chrono::system_clock::now().time_since_epoch() - system::monotonic_now()) {}

Service::Service(Station& station, Channel& channel, const RealClock& clock, bool paced,
                 system::StopRequest& stop, std::function<void()> step_done)
    : station_(station),
      channel_(channel),
      clock_(clock),
      paced_(paced && !channel.has_speed()),
      holds_back_(!paced),
      stop_(stop),
      step_done_(std::move(step_done)),
      baud_rate_(station.baud_rate()),
      timer_(system::EventSource::on_time([this] { guarded([this] { go_on(); }); })) {
  station_.connect([this](Bytes bytes, unsigned baud_rate) { send(bytes, baud_rate); });
}

void Service::guarded(const std::function<void()>& step) noexcept {
  try {
    step();
  } catch (...) {
    if (!failure_) failure_ = std::current_exception();
    stop_.make();
  }
}

void Service::run() {
  channel_.listen(
      [this](Bytes bytes) { guarded([&] { receive(bytes); }); },
      [this](const std::string& reason) { guarded([&] { throw system::Problem(reason); }); });
  guarded([this] { go_on(); });
  stop_.wait();
  if (failure_) std::rethrow_exception(failure_);
}

void Service::receive(Bytes bytes) {
  received_ += bytes.size();
  held_back_.insert(held_back_.end(), bytes.begin(), bytes.end());
  go_on();
}

void Service::pass_on() {
  if (held_back_.empty() || (holds_back_ && clock_.now() < free_at_)) return;
  const std::vector<std::uint8_t> bytes = std::exchange(held_back_, {});
  station_.receive(bytes, clock_.now());
}

void Service::send(Bytes bytes, unsigned baud_rate) {
  Instant leaves = std::max(clock_.now(), free_at_);
  for (const std::uint8_t byte : bytes) {
    leaves += byte_time(baud_rate);
    if (paced_) outgoing_.push_back({byte, leaves});
  }
  free_at_ = leaves;
  if (!paced_) channel_.send(bytes);
}

void Service::send_due() {
  const Instant now = clock_.now();
  std::vector<std::uint8_t> bytes;
  for (; !outgoing_.empty() && outgoing_.front().due <= now; outgoing_.pop_front())
    bytes.push_back(outgoing_.front().value);
  if (!bytes.empty()) channel_.send(bytes);
}

void Service::go_on() {
  const Instant now = clock_.now();
  if (const auto due = station_.deadline(); due && *due <= now) station_.advance(now);
  pass_on();
  send_due();
  // A new speed holds for what comes: the station says so when the old bytes have left.
  if (const unsigned baud_rate = station_.baud_rate(); baud_rate != baud_rate_) {
    baud_rate_ = baud_rate;
    if (channel_.has_speed()) channel_.set_speed(baud_rate);
  }
  if (step_done_) step_done_();

  auto next = station_.deadline();
  const auto consider = [&next](Instant moment) { next = next ? std::min(*next, moment) : moment; };
  if (!outgoing_.empty()) consider(std::max(outgoing_.front().due, clock_.now() + shortest_wait));
  if (!held_back_.empty()) consider(free_at_);
  timer_.wake_at(next ? std::optional(clock_.on_monotonic_clock(*next)) : std::nullopt);
}

}  // namespace mep::simulator
