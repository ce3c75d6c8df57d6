// The buffer between reading and writing, and the thread that empties it.
// SPDX-License-Identifier: GPL-2.0-or-later
#include "extcap/drain.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <functional>
#include <thread>

#include "extcap/problem.h"
#include "system/file_descriptor.h"

// Last, since it defines fail() as a macro.
#include "tests/unit/cmocka.h"

namespace mep::extcap {
namespace {

using system::FileDescriptor;

constexpr std::size_t page = 4096;

void wait_until(const std::function<bool()>& condition) {
  for (int i = 0; i < 5000 && !condition(); ++i)
    std::this_thread::sleep_for(std::chrono::milliseconds(1));
  assert_true(condition());
}

bool written(const Drain& drain) {
  return drain.waiting().blocks == 0;
}

bool told(const Drain& drain) {
  pollfd wanted = {drain.event_fd(), POLLIN, 0};
  return poll(&wanted, 1, 5000) == 1;
}

std::string failure_of(const Drain& drain) {
  try {
    drain.check();
  } catch (const Problem& problem) {
    return problem.what();
  } catch (const ReaderGone&) {
    return "reader gone";
  }
  return "";
}

// A pipe as small as it gets, which nobody reads unless told to.
struct Pipe {
  Pipe() {
    int ends[2];
    assert_int_equal(pipe2(ends, O_CLOEXEC | O_NONBLOCK), 0);
    reading = FileDescriptor(ends[0]);
    writing = FileDescriptor(ends[1]);
    fcntl(writing.get(), F_SETFL, O_WRONLY);
    fcntl(writing.get(), F_SETPIPE_SZ, page);
  }
  std::size_t read_all(BlockBytes& into) const {
    BlockBytes piece(1 << 16);
    const ssize_t size = ::read(reading.get(), piece.data(), piece.size());
    if (size > 0) into.insert(into.end(), piece.begin(), piece.begin() + size);
    return size > 0 ? static_cast<std::size_t>(size) : 0;
  }
  FileDescriptor reading;
  FileDescriptor writing;
};

void in_their_order(void**) {
  const FileDescriptor file(memfd_create("capture", MFD_CLOEXEC));
  BlockBytes expected;
  Drain drain(file.get(), "x", 1 << 20);
  drain.put({0xFF});
  expected.push_back(0xFF);
  // Before there is a thread it is written at once.
  assert_int_equal(lseek(file.get(), 0, SEEK_END), 1);
  drain.start();
  for (int number = 0; number < 2000; ++number) {
    const BlockBytes block(static_cast<std::size_t>(number % 50),
                           static_cast<std::uint8_t>(number));
    expected.insert(expected.end(), block.begin(), block.end());
    drain.put(block);
  }
  wait_until([&] { return written(drain); });
  assert_true(told(drain));
  BlockBytes content(expected.size() + 1);
  assert_int_equal(pread(file.get(), content.data(), content.size(), 0), expected.size());
  assert_memory_equal(content.data(), expected.data(), expected.size());
}

void room_while_nobody_reads(void**) {
  const Pipe pipe;
  Drain drain(pipe.writing.get(), "x", 3 * page);
  drain.start();
  assert_true(drain.has_room(100 * page));  // nothing waits
  std::size_t sent = 0;
  while (drain.has_room(1000)) {
    drain.put(BlockBytes(1000, static_cast<std::uint8_t>(sent++)));
    assert_true(sent < 100);
    // The first few go into the pipe.
    if (sent < 5) std::this_thread::sleep_for(std::chrono::milliseconds(10));
  }
  assert_true(drain.waiting().bytes <= 3 * page && drain.waiting().bytes + 1000 > 3 * page);
  assert_false(drain.has_much_room());
  drain.clear_event();
  BlockBytes seen;
  wait_until([&] { return pipe.read_all(seen) == 0 && written(drain); });
  assert_true(told(drain) && drain.has_much_room());
  while (pipe.read_all(seen) > 0) continue;
  assert_int_equal(seen.size(), sent * 1000);
  for (std::size_t i = 0; i < seen.size(); ++i)
    assert_int_equal(seen[i], static_cast<std::uint8_t>(i / 1000));
}

// It does not hang when it is given up.
void given_up_while_nobody_reads(void**) {
  const Pipe pipe;
  Drain drain(pipe.writing.get(), "x", 10);
  drain.start();
  for (int number = 0; number < 100; ++number) drain.put(BlockBytes(1000));
  std::this_thread::sleep_for(std::chrono::milliseconds(20));
  assert_true(drain.waiting().blocks > 90);
}

void reader_that_goes(void**) {
  signal(SIGPIPE, SIG_IGN);
  Pipe pipe;
  Drain drain(pipe.writing.get(), "x", 1 << 20);
  drain.start();
  for (int number = 0; number < 100; ++number) drain.put(BlockBytes(1000));
  std::this_thread::sleep_for(std::chrono::milliseconds(20));
  assert_string_equal(failure_of(drain).c_str(), "");
  pipe.reading.reset();
  assert_true(told(drain));
  wait_until([&] { return failure_of(drain) == "reader gone"; });
}

// A limit of the system's: no half block stays behind.
void file_that_may_not_grow(void**) {
  signal(SIGXFSZ, SIG_IGN);
  rlimit before{};
  getrlimit(RLIMIT_FSIZE, &before);
  const rlimit small = {2500, before.rlim_max};
  setrlimit(RLIMIT_FSIZE, &small);
  std::string name = "/tmp/mep-drain-XXXXXX";
  const FileDescriptor file(mkstemp(name.data()));
  unlink(name.c_str());
  {
    Drain drain(file.get(), "some/file", 1 << 20);
    drain.start();
    for (int number = 0; number < 5; ++number) drain.put(BlockBytes(1000));
    wait_until([&] { return !failure_of(drain).empty(); });
    assert_string_equal(failure_of(drain).c_str(), "cannot write to some/file: File too large");
    assert_int_equal(lseek(file.get(), 0, SEEK_END), 2000);
    drain.put(BlockBytes(1000));  // goes nowhere, and nowhere amiss
  }
  setrlimit(RLIMIT_FSIZE, &before);
}

int run() {
  const CMUnitTest tests[] = {
      cmocka_unit_test(in_their_order),
      cmocka_unit_test(room_while_nobody_reads),
      cmocka_unit_test(given_up_while_nobody_reads),
      cmocka_unit_test(reader_that_goes),
      cmocka_unit_test(file_that_may_not_grow),
  };
  return cmocka_run_group_tests(tests, nullptr, nullptr);
}

}  // namespace
}  // namespace mep::extcap

int main() {
  return mep::extcap::run();
}
