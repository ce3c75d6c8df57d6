// The way out of a capture: blocks wait in memory and are written by a thread of its own, so that
// reading ports and writing the file never wait for each other.
//
// Extcap. To be added here: what happens while an output takes nothing.
// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <exception>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "protocol/types.h"
#include "system/file_descriptor.h"

namespace mep::extcap {

using BlockBytes = std::vector<std::uint8_t>;

// What an unset --buffer is: at the usual speed far more than an hour of a conversation without a
// pause.
inline constexpr std::size_t usual_buffer_size = std::size_t{16} << 20;

// Writes all of `block`, with one write(2) where the output takes that. Throws a Problem that names
// `path` if it cannot be written, and ReaderGone if a pipe has lost its reader.
void write_block(int fd, const std::string& path, Bytes block);

// Blocks are written in their order, each with one write(2) (a pipe or socket may take it in
// pieces). A disk that is full is tried again until there is room, and what it took of a block is
// cut off again: the file is readable at any time.
//
// All calls come from one thread.
class Drain {
 public:
  // `fd` stays the caller's, and open for as long as this lives. `path` is for messages. Until
  // start() is called, blocks are written at once, by the caller.
  Drain(int fd, std::string path, std::size_t capacity);
  Drain(const Drain&) = delete;
  Drain& operator=(const Drain&) = delete;
  // What has not been written by then is given up.
  ~Drain();

  void start();

  // Whether a block of that many bytes finds room. Always where nothing waits.
  bool has_room(std::size_t size) const;
  // Whether less than half of the room is taken.
  bool has_much_room() const;
  // Takes the block, room or not.
  void put(BlockBytes block);

  // Readable when one of these may have changed: everything is written, half of the room has
  // become free, the disk is full or no longer full, writing has failed.
  int event_fd() const { return event_.get(); }
  void clear_event();

  // Throws what write_block() would, if writing has failed for good.
  void check() const;
  bool disk_is_full() const;
  struct Waiting {
    std::size_t blocks = 0;
    std::size_t bytes = 0;
  };
  Waiting waiting() const;
  std::size_t capacity() const { return capacity_; }
  const std::string& path() const { return path_; }

 private:
  void run();
  void write(Bytes block);
  void write_in_pieces(Bytes block) const;
  bool wait_until_writable() const;
  void wait_for_disk();
  void tell() const;

  const int fd_;
  const std::string path_;
  const std::size_t capacity_;
  bool is_regular_ = false;
  system::FileDescriptor event_;
  system::FileDescriptor give_up_;  // readable once nothing is to be written any more

  mutable std::mutex mutex_;  // guards what follows
  std::condition_variable something_;
  std::deque<BlockBytes> blocks_;  // the first is being written
  std::size_t bytes_ = 0;
  bool disk_full_ = false;
  bool given_up_ = false;
  std::exception_ptr failure_;

  std::thread thread_;
};

}  // namespace mep::extcap
