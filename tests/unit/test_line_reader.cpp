// The process that reads lines: what it finds, when, and that it ends with its lines and its owner.
// SPDX-License-Identifier: GPL-2.0-or-later
#include "extcap/line_reader.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <chrono>
#include <cstdlib>
#include <fstream>
#include <functional>
#include <string>
#include <thread>

#include "system/event_loop.h"

// Last, since it defines fail() as a macro.
#include "tests/unit/cmocka.h"

namespace mep::extcap {
namespace {

using system::FileDescriptor;
using system::monotonic_now;

// What is heard, and what somebody says there.
struct Line {
  Line() {
    int ends[2];
    assert_int_equal(pipe2(ends, O_CLOEXEC | O_NONBLOCK), 0);
    heard = FileDescriptor(ends[0]);
    speaker = FileDescriptor(ends[1]);
  }
  void say(const std::string& text) const {
    assert_int_equal(write(speaker.get(), text.data(), text.size()), text.size());
  }
  FileDescriptor heard;
  FileDescriptor speaker;
};

// One that is read.
struct ReadLine : Line {
  int fd = heard.get();
  LineReader reader{{&fd, 1}};
};

void wait_until(const std::function<bool()>& condition) {
  for (int i = 0; i < 5000 && !condition(); ++i)
    std::this_thread::sleep_for(std::chrono::milliseconds(1));
  assert_true(condition());
}

Look next_look(LineReader& reader) {
  pollfd readable = {reader.fd(), POLLIN, 0};
  std::optional<Look> look = reader.next();
  for (int i = 0; i < 100 && !look; ++i) {
    poll(&readable, 1, 100);
    look = reader.next();
  }
  assert_true(look.has_value());
  return *look;
}

// In bytes, what it has told and nobody has taken.
std::size_t waiting(const LineReader& reader) {
  int size = 0;
  assert_int_equal(ioctl(reader.fd(), FIONREAD, &size), 0);
  return static_cast<std::size_t>(size);
}

// Until the lines have been looked at after now.
void wait_for_look(LineReader& reader) {
  reader.ask();
  assert_true(next_look(reader).pieces.empty());
}

std::string text_of(const Look::Piece& piece) {
  return {piece.bytes.begin(), piece.bytes.end()};
}

// All that is still said of one line.
std::string rest_of(LineReader& reader) {
  std::string all;
  while (const auto look = reader.next())
    for (const Look::Piece& piece : look->pieces) all += text_of(piece);
  return all;
}

pid_t only_child() {
  std::ifstream file("/proc/self/task/" + std::to_string(getpid()) + "/children");
  pid_t child = 0;
  if (!(file >> child)) skip();
  return child;
}

void it_notes_when_though_nobody_asks(void**) {
  ReadLine line;
  LineReader& reader = line.reader;
  wait_for_look(reader);
  const Instant first = monotonic_now();
  line.say("one");
  wait_until([&] { return waiting(reader) > 0; });
  std::this_thread::sleep_for(heartbeat);  // what it says of a look comes in two pieces
  const std::size_t after_one = waiting(reader);
  const Instant second = monotonic_now();
  line.say("two");
  wait_until([&] { return waiting(reader) > after_one; });
  std::this_thread::sleep_for(heartbeat);
  const Instant third = monotonic_now();

  const Look one = next_look(reader);
  assert_int_equal(one.pieces.size(), 1);
  assert_string_equal(text_of(one.pieces[0]).c_str(), "one");
  assert_true(one.begin < one.end && one.end >= first && one.end < second);
  const Look two = next_look(reader);
  assert_string_equal(text_of(two.pieces[0]).c_str(), "two");
  assert_true(two.begin >= one.begin && two.end >= second && two.end < third);
  assert_false(reader.next().has_value());
  reader.ask();
  const Look asked = next_look(reader);
  assert_true(asked.pieces.empty() && asked.end >= third);
}

void lines_are_told_apart_and_end(void**) {
  Line first;
  Line second;
  const int fds[] = {first.heard.get(), -1, second.heard.get()};
  LineReader reader(fds);
  second.say("b");
  const Look said = next_look(reader);
  assert_int_equal(said.pieces[0].line, 2);
  first.speaker.reset();
  const Look ended = next_look(reader);
  assert_int_equal(ended.pieces.size(), 1);
  assert_int_equal(ended.pieces[0].line, 0);
  assert_int_equal(ended.pieces[0].end.value(), 0);
  second.say("c");
  assert_string_equal(text_of(next_look(reader).pieces[0]).c_str(), "c");
}

void nothing_is_lost_where_lines_change(void**) {
  ReadLine line;
  LineReader& reader = line.reader;
  std::string said;
  for (int change = 0; change < 20; ++change) {
    said += "before " + std::to_string(change) + ";";
    line.say("before " + std::to_string(change) + ";");
    reader.set_lines({&line.fd, 1});
  }
  reader.end_process();
  assert_string_equal(rest_of(reader).c_str(), said.c_str());
}

void what_came_before_the_end_is_had(void**) {
  ReadLine line;
  LineReader& reader = line.reader;
  line.say("last words");
  reader.end_process();
  assert_string_equal(rest_of(reader).c_str(), "last words");
  line.say("too late");
  assert_string_equal(rest_of(reader).c_str(), "");
}

// More than a pipe holds, and nobody takes it: it stays on the line.
void nothing_is_lost_while_nobody_takes_it(void**) {
  ReadLine line;
  LineReader& reader = line.reader;
  const std::string chunk(1000, 'x');
  std::size_t said = 0;
  for (unsigned refused = 0; refused < 50;) {
    const ssize_t size = write(line.speaker.get(), chunk.data(), chunk.size());
    if (size > 0) {
      said += static_cast<std::size_t>(size);
      refused = 0;
      continue;
    }
    ++refused;
    std::this_thread::sleep_for(std::chrono::milliseconds(2));
  }
  assert_true(said > std::size_t{1} << 16);
  line.speaker.reset();
  std::size_t heard = 0;
  for (bool ended = false; !ended;)
    for (const Look::Piece& piece : next_look(reader).pieces) {
      heard += piece.bytes.size();
      ended |= piece.end.has_value();
    }
  assert_int_equal(heard, said);
}

void a_terminals_signals_are_not_for_it(void**) {
  ReadLine line;
  LineReader& reader = line.reader;
  wait_for_look(reader);
  const pid_t child = only_child();
  for (const int signal : {SIGINT, SIGTERM, SIGHUP, SIGTSTP, SIGQUIT}) kill(child, signal);
  line.say("still there");
  assert_string_equal(text_of(next_look(reader).pieces[0]).c_str(), "still there");
}

void another_one_reads_where_it_was_ended(void**) {
  ReadLine line;
  LineReader& reader = line.reader;
  wait_for_look(reader);
  const int looks = reader.fd();
  // One that lives for less would only end again.
  std::this_thread::sleep_for(std::chrono::milliseconds(1100));
  kill(only_child(), SIGKILL);
  line.say("again");
  // Whoever waits for it waits for the same thing as before.
  pollfd readable = {looks, POLLIN, 0};
  std::string heard;
  for (int i = 0; i < 100 && heard.empty(); ++i)
    if (poll(&readable, 1, 100) == 1) heard += rest_of(reader);
  assert_int_equal(reader.fd(), looks);
  assert_string_equal(heard.c_str(), "again");
}

void it_has_nothing_open_but_its_lines(void**) {
  Line line;
  Line other;
  const int fd = line.heard.get();
  LineReader reader({&fd, 1});
  wait_for_look(reader);
  only_child();
  // It would hold the other end open.
  other.speaker.reset();
  char byte = 0;
  assert_int_equal(read(other.heard.get(), &byte, 1), 0);
}

}  // namespace
}  // namespace mep::extcap

int main() {
  using namespace mep::extcap;
  const CMUnitTest tests[] = {
      cmocka_unit_test(it_notes_when_though_nobody_asks),
      cmocka_unit_test(lines_are_told_apart_and_end),
      cmocka_unit_test(nothing_is_lost_where_lines_change),
      cmocka_unit_test(what_came_before_the_end_is_had),
      cmocka_unit_test(nothing_is_lost_while_nobody_takes_it),
      cmocka_unit_test(a_terminals_signals_are_not_for_it),
      cmocka_unit_test(another_one_reads_where_it_was_ended),
      cmocka_unit_test(it_has_nothing_open_but_its_lines),
  };
  return cmocka_run_group_tests(tests, nullptr, nullptr);
}
