// SPDX-License-Identifier: GPL-2.0-or-later
#include "extcap/drain.h"

#include <poll.h>
#include <signal.h>
#include <sys/eventfd.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <climits>
#include <cstring>
#include <utility>

#include "extcap/problem.h"

namespace mep::extcap {
namespace {

constexpr int try_disk_again_ms = 500;

[[noreturn]] void fail(const std::string& path, int error) {
  if (error == EPIPE) throw ReaderGone();
  throw Problem("cannot write to " + path + ": " + std::strerror(error));
}

bool means_full(int error) {
  return error == ENOSPC || error == EDQUOT;
}

void signal_event(int fd) {
  const std::uint64_t one = 1;
  [[maybe_unused]] const ssize_t written = ::write(fd, &one, sizeof one);
}

// No signal is for this thread: the main one waits for them.
class AllSignalsBlocked {
 public:
  AllSignalsBlocked() {
    sigset_t all;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before_);
  }
  AllSignalsBlocked(const AllSignalsBlocked&) = delete;
  AllSignalsBlocked& operator=(const AllSignalsBlocked&) = delete;
  ~AllSignalsBlocked() { pthread_sigmask(SIG_SETMASK, &before_, nullptr); }

 private:
  sigset_t before_{};
};

}  // namespace

void write_block(int fd, const std::string& path, Bytes block) {
  while (!block.empty()) {
    const ssize_t written = ::write(fd, block.data(), block.size());
    if (written >= 0)
      block = block.subspan(static_cast<std::size_t>(written));
    else if (errno != EINTR)
      fail(path, errno);
  }
}

Drain::Drain(int fd, std::string path, std::size_t capacity)
    : fd_(fd),
      path_(std::move(path)),
      capacity_(capacity),
      event_(eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)),
      give_up_(eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)) {
  struct stat status {};
  is_regular_ = fstat(fd_, &status) == 0 && S_ISREG(status.st_mode);
}

Drain::~Drain() {
  if (!thread_.joinable()) return;
  {
    const std::lock_guard lock(mutex_);
    given_up_ = true;
  }
  signal_event(give_up_.get());
  something_.notify_one();
  thread_.join();
}

void Drain::start() {
  const AllSignalsBlocked blocked;
  thread_ = std::thread([this] { run(); });
}

bool Drain::has_room(std::size_t size) const {
  const std::lock_guard lock(mutex_);
  return blocks_.empty() || bytes_ + size <= capacity_;
}

bool Drain::has_much_room() const {
  const std::lock_guard lock(mutex_);
  return bytes_ <= capacity_ / 2;
}

void Drain::put(BlockBytes block) {
  if (!thread_.joinable()) {
    write_block(fd_, path_, block);
    return;
  }
  {
    const std::lock_guard lock(mutex_);
    if (failure_) return;
    bytes_ += block.size();
    blocks_.push_back(std::move(block));
  }
  something_.notify_one();
}

void Drain::clear_event() {
  std::uint64_t count = 0;
  [[maybe_unused]] const ssize_t size = ::read(event_.get(), &count, sizeof count);
}

void Drain::check() const {
  const std::lock_guard lock(mutex_);
  if (failure_) std::rethrow_exception(failure_);
}

bool Drain::disk_is_full() const {
  const std::lock_guard lock(mutex_);
  return disk_full_;
}

Drain::Waiting Drain::waiting() const {
  const std::lock_guard lock(mutex_);
  return {blocks_.size(), bytes_};
}

void Drain::tell() const {
  signal_event(event_.get());
}

void Drain::run() {
  std::unique_lock lock(mutex_);
  while (true) {
    something_.wait(lock, [this] { return given_up_ || !blocks_.empty(); });
    if (given_up_) return;
    // Others only add behind it, which leaves it where it is.
    const BlockBytes& block = blocks_.front();
    lock.unlock();
    std::exception_ptr failure;
    try {
      write(block);
    } catch (...) {
      failure = std::current_exception();
    }
    lock.lock();
    if (failure) {
      failure_ = failure;
      tell();
      return;
    }
    if (given_up_) return;
    const bool was_crowded = bytes_ > capacity_ / 2;
    bytes_ -= block.size();
    blocks_.pop_front();
    if (blocks_.empty() || (was_crowded && bytes_ <= capacity_ / 2)) tell();
  }
}

// To what may keep its writer waiting.
void Drain::write_in_pieces(Bytes block) const {
  while (!block.empty() && wait_until_writable()) {
    // A pipe that is writable has room for PIPE_BUF bytes.
    const ssize_t written =
        ::write(fd_, block.data(), std::min<std::size_t>(block.size(), PIPE_BUF));
    if (written >= 0)
      block = block.subspan(static_cast<std::size_t>(written));
    else if (errno != EINTR && errno != EAGAIN)
      fail(path_, errno);
  }
}

void Drain::write(Bytes block) {
  if (!is_regular_) {
    write_in_pieces(block);
    return;
  }
  const off_t begin = lseek(fd_, 0, SEEK_CUR);
  Bytes left = block;
  while (!left.empty()) {
    const ssize_t written = ::write(fd_, left.data(), left.size());
    if (written > 0) {
      left = left.subspan(static_cast<std::size_t>(written));
      continue;
    }
    if (written < 0 && errno == EINTR) continue;
    const int error = written == 0 ? ENOSPC : errno;
    // No half blocks: the file is to be read.
    if (left.size() < block.size() && begin >= 0 && ftruncate(fd_, begin) == 0) {
      lseek(fd_, begin, SEEK_SET);
      left = block;
    }
    if (!means_full(error)) fail(path_, error);
    wait_for_disk();
    const std::lock_guard lock(mutex_);
    if (given_up_) return;
  }
  const std::lock_guard lock(mutex_);
  if (std::exchange(disk_full_, false)) tell();
}

// Returns false where nothing is to be written any more.
bool Drain::wait_until_writable() const {
  std::array<pollfd, 2> wanted = {{{fd_, POLLOUT, 0}, {give_up_.get(), POLLIN, 0}}};
  while (poll(wanted.data(), wanted.size(), -1) < 0 && errno == EINTR) continue;
  return wanted[1].revents == 0;
}

void Drain::wait_for_disk() {
  {
    const std::lock_guard lock(mutex_);
    if (!std::exchange(disk_full_, true)) tell();
  }
  pollfd wanted = {give_up_.get(), POLLIN, 0};
  poll(&wanted, 1, try_disk_again_ms);
}

}  // namespace mep::extcap
