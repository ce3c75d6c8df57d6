// Who speaks on which line, in the simulated meter's conversations: under every security, with the
// faults that stories have.
// SPDX-License-Identifier: GPL-2.0-or-later
#include <algorithm>
#include <chrono>
#include <cstdio>
#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "extcap/role_finder.h"
#include "protocol/tap.h"
#include "simulator/scripts/scenario.h"
#include "simulator/security/tls_end.h"

// Last, since it defines fail() as a macro.
#include "tests/unit/cmocka.h"

namespace mep::extcap {
namespace {

using simulator::Security;

constexpr Instant summer = std::chrono::seconds(1'781'600'000);  // 2026-06-16

struct Spoken {
  LineEvent event;
  Direction direction;
};

// What a story's first client and the meter say, in the order in which it ended.
std::vector<Spoken> tell(std::string_view name, Security security) {
  simulator::ScenarioOptions options;
  options.script = name;
  options.security = security;
  options.start = summer;
  options.steps.rounds = 2;
  std::vector<Spoken> all;
  simulator::Scenario scenario(options, [&all](const simulator::TapRecord& record) {
    if (record.port != 0) return;
    const LineRecord& line = record.line;
    all.push_back({{0,
                    line.status,
                    record.baud_rate,
                    line.first,
                    line.last,
                    {line.bytes.begin(), line.bytes.end()}},
                   record.direction});
  });
  scenario.run_to_end(scenario.now() + std::chrono::minutes(30));
  scenario.finish();
  std::ranges::stable_sort(all, {}, [](const Spoken& each) { return each.event.last; });
  return all;
}

// Making a meter takes longer than all that is said to it: one run serves all wirings.
const std::vector<Spoken>& story(std::string_view name, Security security) {
  static std::map<std::pair<std::string_view, Security>, std::vector<Spoken>> told;
  const auto [found, is_new] = told.try_emplace({name, security});
  if (is_new) found->second = tell(name, security);
  return found->second;
}

struct Wiring {
  const char* name;
  std::vector<Direction> wired;
  std::vector<std::size_t> client_on;
  std::vector<std::size_t> meter_on;
  // Labels in a thousand that may be wrong: as wired is all there is until something speaks.
  unsigned wrong_when_encrypted;
};

constexpr auto from_client = Direction::client_to_meter;
constexpr auto from_meter = Direction::meter_to_client;

const std::vector<Wiring> wirings = {
    {"as wired", {from_client, from_meter}, {0}, {1}, 0},
    {"crossed", {from_client, from_meter}, {1}, {0}, 0},
    {"client alone, as meter", {from_meter}, {0}, {}, 70},
    {"meter alone, as client", {from_client}, {}, {0}, 20},
    {"both on one", {from_client}, {0}, {0}, 30},
    {"echo", {from_client, from_meter}, {0, 1}, {1}, 0},
    {"crossed, echo", {from_client, from_meter}, {0, 1}, {0}, 0},
};

// Where the client is heard on both lines, its echo is labelled as what else is heard there.
Direction echoed(const Wiring& wiring, std::size_t line) {
  return line == wiring.meter_on[0] ? from_meter : from_client;
}

struct Figures {
  unsigned frames = 0;
  unsigned wrong = 0;
  unsigned late = 0;  // held back for longer than they may
};

void listen(const std::vector<Spoken>& spoken, const Wiring& wiring, Figures& figures) {
  Instant now{0};
  std::vector<Direction> right;
  std::size_t handed_on = 0;
  RoleFinder finder(wiring.wired, true, [&](const LineEvent& event, Direction direction) {
    const bool whole = (event.status & (tap::noise | tap::truncated)) == 0;
    if (whole) ++figures.frames;
    if (whole && direction != right[handed_on]) ++figures.wrong;
    if (now - event.last > RoleFinder::longest_wait) ++figures.late;
    ++handed_on;
  });
  for (const Spoken& each : spoken) {
    while (finder.deadline() && *finder.deadline() <= each.event.last) {
      now = *finder.deadline();
      finder.advance(now);
    }
    now = each.event.last;
    for (const std::size_t line :
         each.direction == from_client ? wiring.client_on : wiring.meter_on) {
      LineEvent event = each.event;
      event.line = line;
      right.push_back(wiring.client_on.size() > 1 ? echoed(wiring, line) : each.direction);
      finder.take(std::move(event));
    }
  }
  now = Instant(0);
  finder.finish();
  assert_int_equal(handed_on, right.size());
}

void stories_are_labelled_as_they_went(Security security) {
  for (const Wiring& wiring : wirings) {
    Figures all;
    for (const simulator::Script& script : simulator::scripts()) {
      Figures figures;
      listen(story(script.name, security), wiring, figures);
      if (figures.wrong > 0)
        std::printf("  %s: %u of %u wrong\n", std::string(script.name).c_str(), figures.wrong,
                    figures.frames);
      all.frames += figures.frames;
      all.wrong += figures.wrong;
      all.late += figures.late;
    }
    std::printf("%s, %s: %u of %u labels wrong\n", wiring.name,
                std::string(security_name(security)).c_str(), all.wrong, all.frames);
    assert_int_equal(all.late, 0);
    const unsigned may_be_wrong = security == Security::rc4 ? wiring.wrong_when_encrypted : 0;
    assert_true(all.wrong * 1000 <= all.frames * may_be_wrong);
  }
}

void clear_stories(void**) {
  stories_are_labelled_as_they_went(Security::plain);
}

void encrypted_stories(void**) {
  stories_are_labelled_as_they_went(Security::rc4);
}

void stories_under_tls(void**) {
  if (!simulator::tls_available()) skip();
  stories_are_labelled_as_they_went(Security::tls);
}

}  // namespace
}  // namespace mep::extcap

int main() {
  using namespace mep::extcap;
  const CMUnitTest tests[] = {
      cmocka_unit_test(clear_stories),
      cmocka_unit_test(encrypted_stories),
      cmocka_unit_test(stories_under_tls),
  };
  return cmocka_run_group_tests(tests, nullptr, nullptr);
}
