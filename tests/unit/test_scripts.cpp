// The clients' scripts, each run in memory from its beginning to its end: that it ends, that what
// it is to show can be seen, that the meter says to those who misbehave what it should.
// SPDX-License-Identifier: GPL-2.0-or-later
#include <algorithm>
#include <chrono>
#include <map>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "protocol/bytes.h"
#include "protocol/names.h"
#include "protocol/tap.h"
#include "simulator/scripts/scenario.h"
#include "simulator/scripts/understood.h"
#include "tests/unit/material.h"

#include "tests/unit/cmocka.h"

namespace mep::simulator {
namespace {

using std::chrono::hours;
using std::chrono::milliseconds;
using std::chrono::seconds;
using test::Buffer;

constexpr Instant summer = std::chrono::seconds(1'781'600'000);  // 2026-06-16

struct Record {
  unsigned port;
  Direction direction;
  unsigned baud_rate;
  Instant first, last;
  std::uint8_t status;
  Buffer bytes;

  bool is_alert() const { return bytes.size() == length_field_size; }
  bool operator==(const Record&) const = default;
};

// What a run brought.
struct Run {
  std::vector<Record> records;
  std::vector<std::vector<Exchanged>> exchanges;  // by port
  Instant took{0};
  bool finished = false;

  std::size_t alerts() const {
    return static_cast<std::size_t>(
        std::ranges::count_if(records, [](const Record& record) { return record.is_alert(); }));
  }
  // The codes of the client's answers in their order; 255: no answer.
  std::vector<unsigned> codes(unsigned port = 0) const {
    std::vector<unsigned> codes;
    for (const Exchanged& exchange : exchanges[port])
      codes.push_back(exchange.answer.empty() ? 255U : exchange.answer[0]);
    return codes;
  }
  // The codes that went over the line in clear, as a tap sees them.
  std::vector<unsigned> codes_on_the_line() const {
    std::vector<unsigned> codes;
    for (const Record& record : records)
      if (record.direction == Direction::meter_to_client && !record.is_alert())
        codes.push_back(record.bytes[length_field_size]);
    return codes;
  }
};

Run run_anew(std::string_view script, Security security, unsigned rounds = 1,
             std::uint64_t seed = 1, Instant limit = hours(1)) {
  ScenarioOptions options;
  options.script = script;
  options.security = security;
  options.seed = seed;
  options.start = summer;
  options.steps.rounds = rounds;
  Run result;
  Scenario scenario(options, [&result](const TapRecord& record) {
    const Bytes bytes = record.line.bytes;
    result.records.push_back({record.port,
                              record.direction,
                              record.baud_rate,
                              record.line.first,
                              record.line.last,
                              record.line.status,
                              {bytes.begin(), bytes.end()}});
  });
  result.exchanges.resize(scenario.ports());
  for (unsigned port = 0; port < scenario.ports(); ++port)
    scenario.client(port).observe(
        [&result, port](const Exchanged& exchange) { result.exchanges[port].push_back(exchange); });
  const Instant begin = scenario.now();
  scenario.run_to_end(begin + limit);
  scenario.finish();
  result.finished = scenario.finished();
  result.took = scenario.now() - begin;
  return result;
}

// Making a meter takes longer than all that is said to it: one run serves all tests.
const Run& run(std::string_view script, Security security) {
  static std::map<std::pair<std::string_view, Security>, Run> runs;
  const auto [found, is_new] = runs.try_emplace({find_script(script)->name, security});
  if (is_new) found->second = run_anew(script, security);
  return found->second;
}

std::vector<Security> securities() {
  std::vector<Security> all = {Security::plain, Security::rc4};
  if (tls_available()) all.push_back(Security::tls);
  return all;
}

// --- Of all of them

void they_are_described(void**) {
  std::set<std::string_view> names;
  assert_true(scripts().front().name == "daily-reading");
  for (const Script& script : scripts()) {
    assert_true(names.insert(script.name).second);
    assert_false(script.title.empty());
    assert_true(script.summary.size() > 20 && script.summary.ends_with('.'));
    assert_false(script.clients.empty());
    assert_ptr_equal(find_script(script.name), &script);
  }
  assert_null(find_script("none"));
}

void they_come_to_their_end(void**) {
  for (const Script& script : scripts()) {
    for (const Security security : securities()) {
      const Run& once = run(script.name, security);
      if (!once.finished || once.took < seconds(5) || once.took > seconds(70))
        fail_msg("%s: %s after %.1f s", std::string(script.name).c_str(),
                 once.finished ? "finished" : "not finished",
                 std::chrono::duration<double>(once.took).count());
      for (const auto& exchanges : once.exchanges) assert_true(exchanges.size() >= 4);
    }
  }
}

void they_go_on_for_as_many_rounds_as_wanted(void**) {
  for (const std::string_view name :
       {"daily-reading", "dual-client", "transaction", "slow-bytes"}) {
    const Run twice = run_anew(name, Security::plain, 2);
    assert_true(twice.finished);
    assert_true(twice.took > run(name, Security::plain).took + seconds(5));
  }
  constexpr Instant a_while = seconds(100);
  for (const Script& script : scripts()) {
    const Run for_ever = run_anew(script.name, Security::plain, 0, 1, a_while);
    assert_false(for_ever.finished);
    const Instant end = for_ever.records.back().last;
    assert_true(end > for_ever.records.front().first + a_while - seconds(30));
    // And its beginning is the same, to the bit and the nanosecond.
    const std::vector<Record>& once = run(script.name, Security::plain).records;
    assert_true(for_ever.records.size() > once.size());
    assert_true(std::equal(once.begin(), once.end(), for_ever.records.begin()));
  }
}

void the_same_seed_gives_the_same_run(void**) {
  // TLS begins with the time of day unless made_up_time.cpp is linked, which it is here.
  for (const Security security : securities()) {
    const Run again = run_anew("misbehaving", security);
    assert_true(again.records == run("misbehaving", security).records);
  }
}

// Those who do nothing wrong get no other codes than these; 0x0C once for each client.
void the_well_behaved_are_answered(void**) {
  const std::map<std::string_view, std::set<unsigned>> expected = {
      {"daily-reading", {0}}, {"first-contact", {0}}, {"load-profile", {0}},
      {"alerts", {0}},        {"mbus", {0}},          {"transaction", {0}},
      {"procedures", {0, 4}}, {"registration", {0}},  {"dual-client", {0, 4}},
      {"baud-change", {0}},   {"writing", {0, 3, 5}}, {"line-trouble", {0}}};
  for (const auto& [name, codes] : expected) {
    for (const Security security : securities()) {
      const Run& once = run(name, security);
      std::set<unsigned> seen;
      for (unsigned port = 0; port < once.exchanges.size(); ++port) {
        const auto answers = once.codes(port);
        assert_int_equal(std::ranges::count(answers, 0x0CU), security == Security::tls ? 0 : 1);
        seen.insert(answers.begin(), answers.end());
      }
      seen.erase(0x0C);
      if (seen != codes) fail_msg("%s: other codes", std::string(name).c_str());
    }
  }
}

// --- What single ones are to show

// The exchanges with a table.
std::vector<Exchanged> about(const Run& run, std::uint16_t table, unsigned port = 0) {
  std::vector<Exchanged> found;
  for (const Exchanged& exchange : run.exchanges[port])
    if (parse_request(exchange.request, Trailer::absent).table == table) found.push_back(exchange);
  return found;
}

Buffer data_of(const Exchanged& exchange) {
  const Response response = parse_response(exchange.answer, Answers::read, Trailer::absent);
  const Bytes data = response.data.of(exchange.answer);
  return {data.begin(), data.end()};
}

bool is_read(const Exchanged& exchange) {
  return mep::is_read(static_cast<RequestCode>(exchange.request[0]));
}

// The result codes of the procedure's calls, from where they are read.
std::vector<unsigned> results(const Run& run, std::uint16_t table, std::uint16_t procedure,
                              unsigned port = 0) {
  std::vector<unsigned> codes;
  for (const Exchanged& exchange : about(run, table, port)) {
    const Buffer data = data_of(exchange);
    if (data.size() >= 4 && read_le(data, 0, 2) == procedure) codes.push_back(data[3]);
  }
  return codes;
}

void daily_reading_is_interesting_early(void**) {
  const Run once = run_anew("daily-reading", Security::plain, 3);
  std::set<std::uint16_t> tables;
  std::size_t frames = 0;
  const Instant begin = once.records.front().first;
  for (const Record& record : once.records) frames += record.first < begin + seconds(20);
  for (const Exchanged& exchange : once.exchanges[0])
    if (exchange.asked_at < begin + seconds(20))
      tables.insert(*parse_request(exchange.request, Trailer::absent).table);
  assert_true(frames >= 36);
  for (const std::uint16_t table :
       {BT(1), BT(21), BT(23), BT(26), BT(28), BT(52), BT(55), ET(11), ET(13)})
    assert_true(tables.contains(table));
  assert_int_equal(about(once, BT(28)).size(), 3);
}

void load_profile_follows_the_formulas(void**) {
  const Run& once = run("load-profile", Security::rc4);
  // A whole block of data set 1 (15 minutes, 8 channels), in pieces one behind the other.
  std::uint32_t begin = 0, end = 0;
  for (const Exchanged& exchange : about(once, BT(64))) {
    const Request request = parse_request(exchange.request, Trailer::absent);
    if (request.count <= 37) continue;  // a header, an interval
    if (end == 0) begin = request.offset;
    assert_true(end == 0 || request.offset == end);
    end = request.offset + *request.count;
  }
  constexpr std::uint32_t block_size = 17 + 96 * 37;
  assert_int_equal(begin % block_size, 0);
  assert_int_equal(end - begin, block_size);
  // The interval that ended meanwhile: its place is one behind the one before.
  std::vector<std::uint32_t> intervals;
  for (const Exchanged& exchange : about(once, BT(64))) {
    const Request request = parse_request(exchange.request, Trailer::absent);
    if (request.count == 37) intervals.push_back(request.offset);
  }
  assert_int_equal(intervals.size(), 2);
  assert_int_equal(intervals[1] - intervals[0], 37);
  assert_int_equal(about(once, BT(65)).size(), 3);
}

void alerts_are_served(void**) {
  const Run& once = run("alerts", Security::plain);
  std::set<unsigned> flags;
  for (const Exchanged& exchange : about(once, ET(13))) flags.insert(data_of(exchange).at(0));
  for (const unsigned flag : {1U, 2U, 8U, 16U}) assert_true(flags.contains(flag));
  // Nothing is left in the end.
  assert_int_equal(data_of(about(once, ET(13)).back()).at(0), 0);
  assert_true(once.alerts() >= 6);
  for (const unsigned code : results(once, ET(59), EP(39))) assert_int_equal(code, 0);
  // The voltage changes more than once.
  std::size_t delta_alerts = 0;
  for (const Exchanged& exchange : about(once, ET(13)))
    delta_alerts += data_of(exchange).at(0) >> 4;
  assert_int_equal(delta_alerts, 3);
  // The on-demand request is there, then done.
  const auto queue = about(once, ET(15));
  assert_int_equal(queue.size(), 2);
  const Understood before(ET(15), 0, data_of(queue[0]), {}),
      after(ET(15), 0, data_of(queue[1]), {});
  assert_int_equal(*before.number("et15.result"), 0);
  assert_int_equal(*after.number("et15.result"), 1);
}

void mbus_devices_answer(void**) {
  const Run& once = run("mbus", Security::plain);
  const auto queue = about(once, ET(15));
  assert_true(queue.size() >= 2);
  const Understood last(ET(15), 0, data_of(queue.back()), {});
  assert_int_equal(*last.number("et15.transaction_nbr"), 0x0400);
  assert_int_equal(*last.number("et15.result"), 1);
  for (const std::uint16_t table : {ET(16), ET(34), ET(36), ET(45), ET(57), ET(58), ET(66)})
    assert_false(about(once, table).empty());
  assert_true(once.alerts() >= 1);
  // The read on demand is newer than the one before.
  const auto reads = about(once, ET(16));
  assert_int_equal(reads.size(), 3);
  assert_true(data_of(reads[0]) != data_of(reads[2]));
}

void transactions_are_executed_once(void**) {
  const Run& once = run("transaction", Security::rc4);
  // The answers of each: five bytes, then all.
  std::vector<Buffer> answers;
  for (const Exchanged& exchange : about(once, ET(53))) {
    const Request request = parse_request(exchange.request, Trailer::absent);
    const Buffer data = data_of(exchange);
    if (request.offset == 0 && request.count == 5)
      answers.emplace_back();
    else
      answers.back().insert(answers.back().end(), data.begin(), data.end());
  }
  assert_int_equal(answers.size(), 6);
  for (const Buffer& answer : answers) assert_int_equal(answer.size(), read_le(answer, 0, 2));
  assert_true(answers[0] == answers[1]);
  // Number 2 is: everything but the number and the time is the same.
  assert_true(answers[1] != answers[2]);
  assert_int_equal(answers[1].size(), answers[2].size());
  assert_int_equal(answers[3].size(), 7 + 55 * 9);
  assert_int_equal(answers[4][2], 1);
  assert_int_equal(answers[5][2], 2);  // some of the answers
  // The procedure inside, its result, the write that is not allowed.
  const Buffer expected = test::hex("0100 00  0700 00 0004 27080500  0100 03");
  assert_memory_equal(answers[4].data() + 5, expected.data(), expected.size());
  // One took two writes.
  assert_int_equal(about(once, ET(52)).size(), 7);
}

void procedures_have_their_results(void**) {
  for (const Security security : securities()) {
    const Run& once = run("procedures", security);
    const std::vector<unsigned> removals = {3, 2, 3, 3, 3, 3, 3};
    assert_true(results(once, ET(59), EP(17)) == removals);
    const std::vector<unsigned> on_demand = {0, 3, 2, 5};
    assert_true(results(once, ET(59), EP(19)) == on_demand);
    assert_true(results(once, ET(59), EP(61)) == std::vector<unsigned>{6});
    const std::vector<unsigned> in_bt08 = {0, 3};
    assert_true(results(once, BT(8), EP(39)) == in_bt08);
    assert_true(results(once, BT(8), EP(17)) == std::vector<unsigned>{0});
    // The number repeated, and those out of range.
    const auto codes = once.codes();
    assert_int_equal(std::ranges::count(codes, 4U), 3);
  }
}

bool contains(const Buffer& bytes, std::string_view text) {
  return std::search(bytes.begin(), bytes.end(), text.begin(), text.end()) != bytes.end();
}

void clients_register_themselves(void**) {
  const Run& first = run("first-contact", Security::plain);
  assert_int_equal(first.codes()[0], 0x0C);
  const auto occupied = about(first, ET(14));
  assert_false(data_of(occupied.front()).at(0) & 0x10);
  const std::string box = "BOX-20041";
  const Buffer inbound = data_of(about(first, ET(50)).back());
  assert_true(contains(inbound, box));

  const Run& second = run("registration", Security::plain);
  const std::string another = "BOX-30999";
  bool found = false;
  for (const Exchanged& exchange : about(second, ET(50)))
    found = found || contains(exchange.answer, another);
  assert_true(found);
  assert_true(results(second, ET(59), EP(17)) == std::vector<unsigned>{0});
}

void two_clients_share_the_transactions(void**) {
  for (const Security security : securities()) {
    const Run& once = run("dual-client", security);
    assert_int_equal(once.exchanges.size(), 2);
    for (unsigned port = 0; port < 2; ++port)
      assert_int_equal(data_of(about(once, ET(70), port).back()).at(0), port + 1);
    const std::vector<unsigned> first = {0, 0, 0};
    assert_true(results(once, ET(59), EP(61), 0) == first);
    const auto second = results(once, ET(85), EP(61), 1);
    // Refused until ten seconds are over, page 247; then lock and unlock.
    assert_true(second.size() >= 4);
    assert_int_equal(second.front(), 3);
    assert_int_equal(second[second.size() - 2], 0);
    assert_int_equal(second.back(), 0);
    assert_int_equal(std::ranges::count(once.codes(1), 4U), 1);
    Instant locked{0}, freed{0};
    for (const Exchanged& exchange : about(once, ET(59), 0))
      if (locked == Instant(0) && read_le(data_of(exchange), 0, 2) == EP(61))
        locked = exchange.asked_at;
    for (const Exchanged& exchange : about(once, ET(85), 1))
      if (freed == Instant(0) && data_of(exchange).at(3) == 0) freed = exchange.asked_at;
    assert_true(freed > locked + milliseconds(9900) && freed < locked + seconds(14));
    // Entries of their own.
    for (unsigned port = 0; port < 2; ++port)
      for (const Exchanged& exchange : about(once, ET(50), port))
        assert_int_equal(parse_request(exchange.request, Trailer::absent).offset >= 71, port);
  }
}

void the_speed_changes(void**) {
  for (const Security security : securities()) {
    const Run& once = run("baud-change", security);
    std::vector<unsigned> speeds;
    for (const Record& record : once.records) {
      assert_int_equal(record.status, 0);
      if (speeds.empty() || speeds.back() != record.baud_rate) speeds.push_back(record.baud_rate);
    }
    const std::vector<unsigned> expected = {9600, 4800, 9600};
    assert_true(speeds == expected);
  }
}

void writes_need_permission(void**) {
  const Run& once = run("writing", Security::rc4);
  std::map<std::uint16_t, std::vector<unsigned>> codes;
  for (const Exchanged& exchange : once.exchanges[0])
    if (!is_read(exchange))
      codes[*parse_request(exchange.request, Trailer::absent).table].push_back(exchange.answer[0]);
  const std::vector<unsigned> advanced_only = {0, 0, 3};
  const std::vector<unsigned> for_both = {0, 0, 0, 0};
  const std::vector<unsigned> for_both_and_too_far = {0, 0, 5, 0, 0};
  for (const std::uint16_t table : {ET(13), BT(54)}) assert_true(codes[table] == advanced_only);
  assert_true(codes[ET(50)] == for_both);
  assert_true(codes[ET(51)] == for_both_and_too_far);
  for (const std::uint16_t table : {BT(1), BT(21), BT(52), ET(11), ET(42)})
    assert_true(codes[table] == std::vector<unsigned>{3});
}

// --- Trouble

void the_tap_suffers(void**) {
  std::set<std::vector<std::uint8_t>> kinds_of_seeds;
  for (std::uint64_t seed = 1; seed <= 4; ++seed) {
    const Run once = run_anew("line-trouble", Security::plain, 1, seed);
    std::uint8_t seen = 0;
    std::size_t troubled = 0;
    std::vector<std::uint8_t> statuses;
    for (const Record& record : once.records) {
      seen |= record.status;
      troubled += record.status != 0;
      statuses.push_back(record.status);
    }
    kinds_of_seeds.insert(statuses);
    for (const auto kind :
         {tap::truncated, tap::noise, tap::framing_error, tap::break_seen, tap::lost})
      assert_true(seen & kind);
    assert_true(troubled >= 5 && troubled * 4 < once.records.size());
    // The client notices nothing of what happens at the tap.
    const auto codes = once.codes();
    assert_int_equal(std::ranges::count(codes, 0U), codes.size() - 1);
  }
  assert_true(kinds_of_seeds.size() > 2);
}

void the_misbehaving_are_told(void**) {
  const std::map<std::string_view, std::vector<unsigned>> expected = {
      {"sequence-stuck", {12, 0, 0, 0, 12, 0, 12, 0, 12, 0, 12, 0, 0, 0}},
      {"sequence-ahead", {12, 0, 0, 0, 0, 12, 0, 12, 0, 0, 0}},
      {"wrong-key", {12, 0, 0, 0, 11, 11, 11, 11, 0, 0}},
      {"read-too-long", {12, 0, 0, 0, 0, 5, 5, 0, 0, 0}},
      {"unknown-table", {12, 0, 0, 0, 5, 5, 5, 5, 5, 0, 0}},
      {"garbage-request", {12, 0, 0, 0, 1, 1, 1, 1, 0, 0}},
      {"alert-ignored", {12, 0, 0, 0, 0, 0, 0, 0, 0, 0}}};
  for (const auto& [name, codes] : expected) {
    const Run& clear = run(name, Security::plain);
    if (clear.codes_on_the_line() != codes) fail_msg("%s", std::string(name).c_str());
    assert_true(clear.codes() == codes);
    assert_true(run(name, Security::rc4).codes() == codes);
  }
}

void a_storm_is_answered_as_far_as_it_gets(void**) {
  const Run& once = run("retry-storm", Security::plain);
  const auto on_the_line = once.codes_on_the_line();
  // More than the client waits for: the first of the storm, then that its number is used.
  assert_true(on_the_line.size() > once.codes().size() + 2);
  const std::vector<unsigned> beginning = {12, 0, 0, 0, 0, 0, 12, 12};
  assert_true(std::equal(beginning.begin(), beginning.end(), on_the_line.begin()));
  assert_int_equal(once.codes().back(), 0);
}

void slow_frames_get_no_answer(void**) {
  const Run& once = run("slow-bytes", Security::plain);
  std::size_t answers = 0;
  for (const Record& record : once.records)
    answers += record.direction == Direction::meter_to_client;
  // Of four slow ones, which the client does not wait for, two are within the bounds.
  assert_int_equal(answers, once.exchanges[0].size() + 2);
  // The tap has more patience than the meter: one of the others looks whole to it.
  std::size_t cut = 0;
  for (const Record& record : once.records) cut += record.status == tap::truncated;
  assert_int_equal(cut, 2);
}

void an_ignored_alert_comes_every_second(void**) {
  const Run& once = run("alert-ignored", Security::plain);
  std::vector<Instant> moments;
  for (const Record& record : once.records)
    if (record.is_alert()) moments.push_back(record.first);
  assert_true(moments.size() >= 10);
  std::size_t a_second_apart = 0;
  for (std::size_t i = 1; i < moments.size(); ++i)
    a_second_apart += moments[i] - moments[i - 1] == seconds(1);
  assert_true(a_second_apart >= moments.size() - 4);
}

void under_tls_a_wrong_key_opens_no_session(void**) {
  if (!tls_available()) skip();
  const Run& once = run("wrong-key", Security::tls);
  const auto on_the_line = once.codes_on_the_line();
  assert_int_equal(std::ranges::count(on_the_line, 1U), 4);
  for (const unsigned code : once.codes()) assert_int_equal(code, 0);
}

int run_all() {
  const CMUnitTest tests[] = {
      cmocka_unit_test(they_are_described),
      cmocka_unit_test(they_come_to_their_end),
      cmocka_unit_test(they_go_on_for_as_many_rounds_as_wanted),
      cmocka_unit_test(the_same_seed_gives_the_same_run),
      cmocka_unit_test(the_well_behaved_are_answered),
      cmocka_unit_test(daily_reading_is_interesting_early),
      cmocka_unit_test(load_profile_follows_the_formulas),
      cmocka_unit_test(alerts_are_served),
      cmocka_unit_test(mbus_devices_answer),
      cmocka_unit_test(transactions_are_executed_once),
      cmocka_unit_test(procedures_have_their_results),
      cmocka_unit_test(clients_register_themselves),
      cmocka_unit_test(two_clients_share_the_transactions),
      cmocka_unit_test(the_speed_changes),
      cmocka_unit_test(writes_need_permission),
      cmocka_unit_test(the_tap_suffers),
      cmocka_unit_test(the_misbehaving_are_told),
      cmocka_unit_test(a_storm_is_answered_as_far_as_it_gets),
      cmocka_unit_test(slow_frames_get_no_answer),
      cmocka_unit_test(an_ignored_alert_comes_every_second),
      cmocka_unit_test(under_tls_a_wrong_key_opens_no_session),
  };
  return cmocka_run_group_tests(tests, nullptr, nullptr);
}

}  // namespace
}  // namespace mep::simulator

int main() {
  return mep::simulator::run_all();
}
