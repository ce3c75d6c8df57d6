// SPDX-License-Identifier: GPL-2.0-or-later
#include "simulator/scripts/scenario.h"

#include <algorithm>
#include <stdexcept>

namespace mep::simulator {
namespace {

const Script& wanted_script(const std::string& name) {
  if (const Script* script = find_script(name)) return *script;
  std::string names;
  for (const Script& script : scripts())
    names += (names.empty() ? "" : ", ") + std::string(script.name);
  throw std::invalid_argument("there is no script \"" + name + "\"; there are " + names);
}

Instant beginning(const ScenarioOptions& options, const Script& script) {
  if (script.begins_at < 0) return options.start;
  const auto day = std::chrono::floor<std::chrono::days>(options.start);
  return day + std::chrono::seconds(script.begins_at);
}

}  // namespace

std::string_view security_name(Security security) {
  switch (security) {
    case Security::rc4:
      return "rc4";
    case Security::tls:
      return "tls";
    default:
      return "plain";
  }
}

std::optional<Security> find_security(std::string_view name) {
  for (const Security security : {Security::plain, Security::rc4, Security::tls})
    if (name == security_name(security)) return security;
  return std::nullopt;
}

Scenario::Scenario(const ScenarioOptions& options, Tap::Sink sink)
    : script_(wanted_script(options.script)),
      tls_random_(options.seed),
      world_(beginning(options, script_)),
      tap_(options.frame_timeout, std::move(sink)) {
  if (options.security == Security::tls && !tls_available())
    throw std::runtime_error("this build has no TLS: install libmbedtls-dev and build again");
  meter_ = std::make_unique<Meter>(
      MeterOptions{script_.generation, options.seed, world_.now(), options.mbk, options.mak});
  PortOptions port_options;
  port_options.tls_random = &tls_random_;
  ClientOptions client_options;
  client_options.security = options.security;
  client_options.key = options.mak;
  client_options.mbk = options.mbk;
  client_options.tls_random = &tls_random_;
  client_options.tls.secret_made = options.tls_secret;
  for (const Steps steps : script_.clients) {
    const auto number = static_cast<unsigned>(clients_.size());
    port_options.last_sequence = 0x2A00 + 0x1000 * number;
    client_options.number = static_cast<std::uint16_t>(number + 1);
    ports_.push_back(std::make_unique<MeterPort>(*meter_, number, port_options));
    clients_.push_back(std::make_unique<Client>(client_options));
    clients_.back()->run([this, steps, rounds = options.steps](Client& client) {
      return steps(client, *meter_, rounds);
    });
    world_.join(*clients_.back(), *ports_.back());
  }
  if (script_.trouble) tap_.set_trouble(script_.trouble(options.seed));
  world_.tap([this](const LineByte& byte) { tap_.hear(byte); });
}

bool Scenario::finished() const {
  return std::ranges::all_of(clients_, [](const auto& client) { return client->finished(); });
}

std::optional<Instant> Scenario::next() const {
  const auto due = tap_.deadline();
  const auto event = world_.next();
  if (!due) return event;
  return event ? std::min(*due, *event) : *due;
}

void Scenario::run_until(Instant moment) {
  for (auto due = next(); due && *due <= moment; due = next()) {
    world_.run_until(*due);
    tap_.advance(*due);
  }
  world_.run_until(moment);
}

void Scenario::run_to_end(Instant limit) {
  for (auto due = next(); due && *due <= limit && !finished(); due = next()) run_until(*due);
  if (finished()) run_until(std::min(limit, now() + after_the_end));
}

}  // namespace mep::simulator
