// SPDX-License-Identifier: GPL-2.0-or-later
#include "extcap/line_reader.h"

#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <sys/eventfd.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <string>
#include <utility>

#include "extcap/problem.h"
#include "system/event_loop.h"

namespace mep::extcap {

namespace {

constexpr std::size_t read_size = 4096;  // what a terminal driver holds at most
// More than ever waits, unless somebody writes faster than any line is.
constexpr unsigned reads_at_once = 16;
// More than this between two reads means that something came between.
constexpr Instant at_once = std::chrono::milliseconds(5);
constexpr unsigned looks_at_once = 5;
// Half a minute of two lines at 9600, byte by byte.
constexpr int pipe_size = 1 << 20;
// While lines are in use, pauses are known more exactly than to a heartbeat, and that for as long
// as one within a frame may last.
constexpr Instant quick_heartbeat = std::chrono::milliseconds(10);
constexpr Instant in_use = std::chrono::milliseconds(300);
// A process that does not end by then is ended.
constexpr int patience_ms = 500;
// One that ends sooner will end again.
constexpr Instant shortest_life = std::chrono::seconds(1);

// What it is called with, to look, and to look and end: an eventfd sums up.
constexpr std::uint64_t call_to_look = 1;
constexpr std::uint64_t call_to_end = std::uint64_t{1} << 32;

// What goes through the pipe: pieces, each with its bytes behind, and what look they are of.
struct Message {
  enum class Kind : std::uint32_t { piece, end, look };
  Kind kind;
  std::uint32_t line;
  std::uint32_t size;
  std::int32_t error;
  Instant::rep begin;
  Instant::rep end;
};

// --- In the process that reads. Others were running when it was made, and may have held any lock:
// here are system calls and nothing else.

// Everything else is other people's: a FIFO that Wireshark waits for the end of, a terminal.
void keep_only(std::span<int> kept) {
  std::ranges::sort(kept);
  const auto close_between = [](int from, int to) {
    if (from > to || close_range(static_cast<unsigned>(from), static_cast<unsigned>(to), 0) == 0)
      return;
    rlimit limit{};
    const int highest = getrlimit(RLIMIT_NOFILE, &limit) == 0 && limit.rlim_cur < 65536
                            ? static_cast<int>(limit.rlim_cur)
                            : 65536;
    for (int fd = from; fd <= std::min(to, highest); ++fd) ::close(fd);
  };
  int next = STDERR_FILENO + 1;
  for (const int fd : kept) {
    close_between(next, fd - 1);
    next = std::max(next, fd + 1);
  }
  close_between(next, INT32_MAX);
  const int nothing = open("/dev/null", O_RDWR);
  for (const int fd : {STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO})
    if (std::ranges::find(kept, fd) == kept.end()) dup2(nothing, fd);
  if (nothing > STDERR_FILENO) ::close(nothing);
}

// Before others, where that is allowed: it does next to nothing, but that at once.
void come_first() {
  constexpr sched_param lowest_of_those = {1};
  constexpr int before_others = -10;
  if (sched_setscheduler(0, SCHED_RR, &lowest_of_those) != 0)
    setpriority(PRIO_PROCESS, 0, before_others);
}

class Reading {
 public:
  // `polled`: a place for each line, for what calls, and for whom it is done.
  Reading(std::span<pollfd> polled, int looks) : polled_(polled), looks_(looks) {}

  [[noreturn]] void run() {
    Instant before = system::monotonic_now();
    while (true) {
      const Instant wait = before - found_ < in_use ? quick_heartbeat : heartbeat;
      poll(polled_.data(), polled_.size(),
           static_cast<int>(std::chrono::duration_cast<std::chrono::milliseconds>(wait).count()));
      const pollfd& call = polled_[polled_.size() - 2];
      const pollfd& reader = polled_[polled_.size() - 1];
      if (reader.revents != 0) _exit(0);
      const bool asked = call.revents != 0;
      std::uint64_t count = 0;
      if (asked && ::read(call.fd, &count, sizeof count) < 0) continue;
      before = look(before, asked);
      if (count >= call_to_end) _exit(0);
    }
  }

 private:
  // Until all lines have been found empty at one moment. Who was held up between two of them, or
  // since, cannot say so.
  Instant look(Instant before, bool asked) {
    Instant begin{0};
    Instant end{0};
    bool found = asked;
    for (unsigned looks = 0; looks < looks_at_once && (looks == 0 || end - begin > at_once);
         ++looks) {
      begin = system::monotonic_now();
      for (std::uint32_t line = 0; line + 2 < polled_.size(); ++line) found |= read(line);
      end = system::monotonic_now();
    }
    if (found) send({Message::Kind::look, 0, 0, 0, before.count(), end.count()}, {});
    if (found && !asked) found_ = end;
    return begin;
  }

  bool read(std::uint32_t line) {
    int& fd = polled_[line].fd;
    bool found = false;
    for (unsigned reads = 0; fd >= 0 && reads < reads_at_once; ++reads) {
      const ssize_t size = ::read(fd, buffer_.data(), buffer_.size());
      if (size < 0 && (errno == EAGAIN || errno == EINTR)) break;
      found = true;
      if (size > 0) {
        send({Message::Kind::piece, line, static_cast<std::uint32_t>(size), 0, 0, 0},
             std::span(buffer_).first(static_cast<std::size_t>(size)));
        continue;
      }
      const int error = size == 0 ? 0 : errno;
      // The kernel gives its name to somebody else only then.
      ::close(std::exchange(fd, -1));
      send({Message::Kind::end, line, 0, error, 0, 0}, {});
    }
    return found;
  }

  void send(const Message& message, Bytes bytes) {
    send({reinterpret_cast<const std::uint8_t*>(&message), sizeof message});
    send(bytes);
  }

  void send(Bytes bytes) {
    while (!bytes.empty()) {
      const ssize_t written = ::write(looks_, bytes.data(), bytes.size());
      if (written > 0)
        bytes = bytes.subspan(static_cast<std::size_t>(written));
      else if (errno != EINTR)
        _exit(0);  // nobody wants to know
    }
  }

  std::span<pollfd> polled_;
  int looks_;
  Instant found_{0};  // when something was, last
  std::array<std::uint8_t, read_size> buffer_;
};

}  // namespace

LineReader::LineReader(std::span<const int> lines) : lines_(lines.begin(), lines.end()) {
  start();
}

LineReader::~LineReader() {
  if (process_ < 0) return;
  kill(process_, SIGKILL);
  waitpid(process_, nullptr, 0);
}

void LineReader::start() {
  const auto fail = [](int error) {
    throw Problem(std::string("cannot start the process that reads the lines: ") +
                  std::strerror(error));
  };
  std::array<int, 2> ends{};
  if (pipe2(ends.data(), O_CLOEXEC) != 0) fail(errno);
  system::FileDescriptor reading(ends[0]);
  const system::FileDescriptor writing(ends[1]);
  // Under the same number as the one before: somebody waits for that.
  if (!looks_)
    looks_ = std::move(reading);
  else if (dup3(reading.get(), looks_.get(), O_CLOEXEC) < 0)
    fail(errno);
  received_.clear();
  unfinished_ = {};
  fcntl(looks_.get(), F_SETFL, O_NONBLOCK);
  fcntl(writing.get(), F_SETPIPE_SZ, pipe_size);
  call_ = system::FileDescriptor(eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK));
  if (!call_) fail(errno);

  std::vector<pollfd> polled;
  std::vector<int> kept = {writing.get(), call_.get()};
  for (const int fd : lines_) {
    polled.push_back({fd, POLLIN, 0});
    if (fd >= 0) kept.push_back(fd);
  }
  polled.push_back({call_.get(), POLLIN, 0});
  polled.push_back({writing.get(), 0, 0});  // an error when nobody reads any more

  // No signal is for it, a terminal's least of all: it ends with the one that started it.
  sigset_t all;
  sigset_t before;
  sigfillset(&all);
  sigprocmask(SIG_SETMASK, &all, &before);
  const pid_t parent = getpid();
  process_ = fork();
  if (process_ == 0) {
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (getppid() != parent) _exit(0);
    keep_only(kept);
    come_first();
    Reading(polled, writing.get()).run();
  }
  const int error = errno;
  sigprocmask(SIG_SETMASK, &before, nullptr);
  if (process_ < 0) fail(error);
  started_ = system::monotonic_now();
}

void LineReader::end_process() {
  if (process_ < 0) return;
  call(call_to_end);
  receive(true);
  kill(process_, SIGKILL);
  waitpid(std::exchange(process_, -1), nullptr, 0);
}

void LineReader::set_lines(std::span<const int> lines) {
  end_process();
  lines_.assign(lines.begin(), lines.end());
  start();
}

// Somebody has ended it: whoever looks for memory, for instance.
void LineReader::start_again() {
  waitpid(std::exchange(process_, -1), nullptr, 0);
  if (system::monotonic_now() - started_ < shortest_life)
    throw Problem("the process that reads the lines ends again and again");
  notice(
      "The process that reads the lines was ended by somebody, and another one goes on: bytes "
      "may be missing");
  start();
}

void LineReader::ask() {
  call(call_to_look);
}

void LineReader::call(std::uint64_t what) const {
  [[maybe_unused]] const ssize_t written = ::write(call_.get(), &what, sizeof what);
}

std::optional<Look> LineReader::next() {
  if (finished_.empty() && process_ >= 0) receive(false);
  if (finished_.empty()) return std::nullopt;
  Look look = std::move(finished_.front());
  finished_.pop_front();
  return look;
}

// `wait`: until the process has ended.
void LineReader::receive(bool wait) {
  std::array<std::uint8_t, 65536> buffer;
  while (true) {
    const ssize_t size = ::read(looks_.get(), buffer.data(), buffer.size());
    if (size > 0) {
      received_.insert(received_.end(), buffer.begin(), buffer.begin() + size);
      take_messages();
      // What is there can be worked on.
      if (!wait && !finished_.empty()) return;
      continue;
    }
    if (size < 0 && errno == EINTR) continue;
    if (size == 0 || errno != EAGAIN) {
      if (wait) return;
      start_again();
      return;
    }
    pollfd readable = {looks_.get(), POLLIN, 0};
    if (!wait || poll(&readable, 1, patience_ms) == 0) return;
  }
}

void LineReader::take_messages() {
  std::size_t at = 0;
  Message message;
  while (received_.size() - at >= sizeof message) {
    std::memcpy(&message, received_.data() + at, sizeof message);
    const std::size_t size = sizeof message + message.size;
    if (received_.size() - at < size) break;
    const auto bytes = received_.begin() + static_cast<std::ptrdiff_t>(at + sizeof message);
    switch (message.kind) {
      case Message::Kind::piece:
        unfinished_.pieces.push_back({message.line, {bytes, bytes + message.size}, {}});
        break;
      case Message::Kind::end:
        unfinished_.pieces.push_back({message.line, {}, message.error});
        lines_[message.line] = -1;
        break;
      case Message::Kind::look:
        unfinished_.begin = Instant(message.begin);
        unfinished_.end = Instant(message.end);
        finished_.push_back(std::exchange(unfinished_, {}));
        break;
    }
    at += size;
  }
  received_.erase(received_.begin(), received_.begin() + static_cast<std::ptrdiff_t>(at));
}

}  // namespace mep::extcap
