// Bytes that waited while nobody looked: whose came first, and when. Expectations by hand.
// SPDX-License-Identifier: GPL-2.0-or-later
#include "extcap/backlog.h"

#include <algorithm>
#include <utility>

// Last, since it defines fail() as a macro.
#include "tests/unit/cmocka.h"

namespace mep::extcap {
namespace {

using std::chrono::milliseconds;

constexpr Instant byte_time = milliseconds(1);
constexpr Instant begin = milliseconds(10000);
constexpr BacklogPart alert = {2, false, true};

struct Lines {
  std::vector<BacklogPart> client;
  std::vector<BacklogPart> meter;
};

using Arrivals = std::vector<std::vector<Instant>>;

Arrivals arrivals(const Lines& parts, Instant span, bool ends_now = false,
                  std::optional<Direction> awaited = std::nullopt) {
  const BacklogLine lines[] = {{Direction::client_to_meter, byte_time, parts.client},
                               {Direction::meter_to_client, byte_time, parts.meter}};
  return arrivals_in_backlog(lines, {begin, begin + span, ends_now}, awaited);
}

// "c10 m30 c10": in which order the lines' bytes come, and how many in a row.
std::string in_words(const Arrivals& arrivals) {
  std::vector<std::pair<Instant, char>> bytes;
  for (const Instant at : arrivals[0]) bytes.emplace_back(at, 'c');
  for (const Instant at : arrivals[1]) bytes.emplace_back(at, 'm');
  std::ranges::sort(bytes);
  std::string words;
  for (std::size_t i = 0; i < bytes.size();) {
    const std::size_t from = i;
    while (i < bytes.size() && bytes[i].second == bytes[from].second) ++i;
    words +=
        (words.empty() ? "" : " ") + std::string(1, bytes[from].second) + std::to_string(i - from);
  }
  return words;
}

void assert_order(const Arrivals& arrivals, const char* words) {
  assert_string_equal(in_words(arrivals).c_str(), words);
}

void they_speak_in_turn(void**) {
  assert_order(arrivals({{{20}, {21}}, {{30}, {31}}}, milliseconds(1000)), "c20 m30 c21 m31");
  assert_order(arrivals({{{20}, {21}}, {{30}, {31}}}, milliseconds(1000), true), "c20 m30 c21 m31");
  assert_order(
      arrivals({{{20}}, {{30}, {31}}}, milliseconds(1000), false, Direction::meter_to_client),
      "m30 c20 m31");
  // A frame that had begun, whoever's turn it was.
  assert_order(
      arrivals({{{5, true}, {21}}, {{30}}}, milliseconds(1000), false, Direction::meter_to_client),
      "c5 m30 c21");
  assert_order(arrivals({{{20}}, {{7, true}}}, milliseconds(1000)), "m7 c20");
  // Requests that nobody answered.
  assert_order(arrivals({{{20}, {20}, {20}}, {{30}}}, milliseconds(1000)), "c20 m30 c40");
}

void an_alert_is_nobodys_turn(void**) {
  assert_order(arrivals({{{20}}, {alert, {30}}}, milliseconds(1000)), "m2 c20 m30");
  assert_order(arrivals({{{20}, {20}}, {{30}, alert, {31}}}, milliseconds(1000)),
               "c20 m32 c20 m31");
}

// A frame that goes on behind the backlog: it is the last, and has no pause behind it.
void what_is_still_coming(void**) {
  constexpr BacklogPart coming = {7, false, false, true};
  for (const bool ends_now : {false, true}) {
    const Arrivals found =
        arrivals({{{10}}, {coming}}, milliseconds(100), ends_now, Direction::meter_to_client);
    assert_order(found, "c10 m7");
    assert_true(found[1].back() == begin + milliseconds(100));
    assert_true(found[1].front() == begin + milliseconds(94));
    assert_order(arrivals({{coming}, {alert, {30}}}, milliseconds(100), ends_now), "m32 c7");
  }
  // It had begun before, too.
  const Arrivals found = arrivals({{{7, true, false, true}}, {}}, milliseconds(100));
  assert_true(found[0].back() == begin + milliseconds(100));
  assert_true(found[0].front() == begin + milliseconds(94));
}

void one_line_alone(void**) {
  const BacklogLine lines[] = {{Direction::meter_to_client, byte_time, {{4}, {4}}}};
  const auto found = arrivals_in_backlog(lines, {begin, begin + milliseconds(100), true}, {});
  assert_int_equal(found.size(), 1);
  assert_int_equal(found[0].size(), 8);
  assert_true(found[0].back() == begin + milliseconds(100));
  assert_true(found[0][4] - found[0][3] == milliseconds(21));  // a byte and a usual gap
}

// Times grow from byte to byte and stay within what is known.
void within_the_time(void**) {
  for (const int span : {1, 30, 80, 300, 5000})
    for (const bool ends_now : {false, true}) {
      const Arrivals found = arrivals({{{20}, {21}}, {{30}, {31}}}, milliseconds(span), ends_now);
      std::vector<Instant> all = found[0];
      all.insert(all.end(), found[1].begin(), found[1].end());
      std::ranges::sort(all);
      assert_int_equal(all.size(), 102);
      assert_true(std::ranges::adjacent_find(all) == all.end());
      assert_true(all.front() > begin && all.back() <= begin + milliseconds(span));
      if (ends_now) assert_true(begin + milliseconds(span) - all.back() < milliseconds(1));
      assert_order(found, "c20 m30 c21 m31");
    }
  // What fits has its bytes at the line's speed, and the rest of the time between its parts.
  const Arrivals found = arrivals({{{10}}, {{20}}}, milliseconds(330));
  assert_true(found[0][0] == begin + milliseconds(101));
  assert_true(found[0][9] == begin + milliseconds(110));
  assert_true(found[1][0] == begin + milliseconds(211));
  assert_true(found[1][19] == begin + milliseconds(230));
  // What had begun goes on at once.
  const Arrivals going_on = arrivals({{{10, true}}, {{20}}}, milliseconds(330));
  assert_true(going_on[0][0] == begin + milliseconds(1));
}

void no_time_at_all(void**) {
  const Arrivals found = arrivals({{{2}}, {{3}}}, Instant(0));
  assert_order(found, "c2 m3");
  assert_true(arrivals({}, milliseconds(5))[0].empty());
}

int run() {
  const CMUnitTest tests[] = {
      cmocka_unit_test(they_speak_in_turn),   cmocka_unit_test(an_alert_is_nobodys_turn),
      cmocka_unit_test(one_line_alone),       cmocka_unit_test(within_the_time),
      cmocka_unit_test(what_is_still_coming), cmocka_unit_test(no_time_at_all),
  };
  return cmocka_run_group_tests(tests, nullptr, nullptr);
}

}  // namespace
}  // namespace mep::extcap

int main() {
  return mep::extcap::run();
}
