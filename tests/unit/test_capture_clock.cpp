// A capture's times when the system's clocks are set, or stand still.
// SPDX-License-Identifier: GPL-2.0-or-later
#include "extcap/capture_clock.h"

// Last, since it defines fail() as a macro.
#include "tests/unit/cmocka.h"

namespace mep::extcap {
namespace {

using std::chrono::hours;
using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr Instant booted = seconds(1000);
constexpr Instant today = hours(24 * 365 * 56);

// Clocks that somebody sets.
struct World {
  Clocks now = {booted, booted + seconds(5), today};
  void pass(Instant time) {
    now.monotonic += time;
    now.since_boot += time;
    now.wall += time;
  }
  void sleep(Instant time) {
    now.since_boot += time;
    now.wall += time;
  }
  void set(Instant difference) { now.wall += difference; }
};

system::WallTime shown(const CaptureClock& clock, const World& world) {
  return clock.at(world.now.monotonic);
}

void as_the_wall_clock(void**) {
  World world;
  CaptureClock clock(world.now);
  assert_int_equal(shown(clock, world), Instant(today).count());
  for (int i = 0; i < 1000; ++i) {
    world.pass(hours(1));
    world.set(milliseconds(i % 2 == 0 ? 3 : -3));  // read at not quite the same moment
    assert_false(clock.follow(world.now).has_value());
  }
  assert_int_equal(shown(clock, world), Instant(today + hours(1000)).count());
}

void set_forward(void**) {
  World world;
  CaptureClock clock(world.now);
  world.set(seconds(2));
  assert_string_equal(clock.follow(world.now)->c_str(),
                      "This computer's clock was set forward by 2.000 s");
  assert_int_equal(shown(clock, world), world.now.wall.count());
  assert_false(clock.follow(world.now).has_value());
}

// Never backwards; together again once it has been set forward.
void set_back(void**) {
  World world;
  CaptureClock clock(world.now);
  const system::WallTime before = shown(clock, world);
  world.set(-seconds(3));
  assert_string_equal(
      clock.follow(world.now)->c_str(),
      "This computer's clock was set back by 3.000 s; times go on as before, 3.000 s "
      "ahead of it");
  assert_int_equal(shown(clock, world), before);
  world.pass(seconds(1));
  assert_int_equal(shown(clock, world), before + Instant(seconds(1)).count());
  world.set(seconds(1));
  assert_string_equal(clock.follow(world.now)->c_str(),
                      "This computer's clock was set forward by 1.000 s; times go on as before, "
                      "2.000 s ahead of it");
  world.set(seconds(4));
  assert_string_equal(clock.follow(world.now)->c_str(),
                      "This computer's clock was set forward by 4.000 s");
  assert_int_equal(shown(clock, world), world.now.wall.count());
}

// Small steps add up, and are followed once they matter.
void creeping_steps(void**) {
  World world;
  CaptureClock clock(world.now);
  int told = 0;
  for (int i = 0; i < 30; ++i) {
    world.set(milliseconds(2));
    told += clock.follow(world.now).has_value() ? 1 : 0;
    assert_true(std::chrono::abs(Instant(shown(clock, world)) - world.now.wall) < milliseconds(10));
  }
  assert_int_equal(told, 6);
}

void slept(void**) {
  World world;
  CaptureClock clock(world.now);
  world.sleep(hours(2));
  assert_string_equal(clock.follow(world.now)->c_str(), "This computer slept for 7200.000 s");
  assert_int_equal(shown(clock, world), world.now.wall.count());
  world.sleep(seconds(10));
  world.set(-seconds(20));
  assert_string_equal(clock.follow(world.now)->c_str(),
                      "This computer slept for 10.000 s, and its clock was set back by 20.000 s; "
                      "times go on as before, 10.000 s ahead of it");
}

void the_systems_clocks(void**) {
  CaptureClock clock(clocks_now());
  for (int i = 0; i < 1000; ++i) assert_false(clock.follow(clocks_now()).has_value());
}

int run() {
  const CMUnitTest tests[] = {
      cmocka_unit_test(as_the_wall_clock),
      cmocka_unit_test(set_forward),
      cmocka_unit_test(set_back),
      cmocka_unit_test(creeping_steps),
      cmocka_unit_test(slept),
      cmocka_unit_test(the_systems_clocks),
  };
  return cmocka_run_group_tests(tests, nullptr, nullptr);
}

}  // namespace
}  // namespace mep::extcap

int main() {
  return mep::extcap::run();
}
