// A capture made fit to be published: everything that mepshare does between reading and writing.
//
// Frames are opened with the keys that are known, cleaned table by table, and closed again under
// the keys that everybody has (protocol/types.h). What cannot be opened never passes.
//
// Captures. To be added here: what happens to a kind of record.
// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "captures/capture_reader.h"
#include "captures/cleaner.h"
#include "captures/conversation.h"
#include "captures/key_file.h"

namespace mep::captures {

struct SharingOptions {
  CleanerOptions cleaner;
  bool drop_closed = false;  // what nobody could open: left out instead of blanked
  // The records that are kept, by when they were.
  std::optional<WallTime> from;
  std::optional<WallTime> to;
};

// A record as it is written.
struct SharedRecord {
  std::size_t origin = 0;  // its number in the capture, from 0
  std::size_t interface = 0;
  Direction direction = Direction::unknown;
  WallTime time = 0;
  std::vector<std::uint8_t> bytes;
};

struct Shared {
  std::vector<ReadInterface> interfaces;
  std::vector<SharedRecord> records;
  std::vector<ReadStatistics> statistics;
  Counts replaced;  // what was replaced, blanked or made anew
  Counts dropped;   // what is not in it any more
  Counts kept;      // what to know of what is
  // What must not stand in what is written, in any form that it had: digests, keys, names, texts,
  // messages that nobody could open.
  std::vector<std::vector<std::uint8_t>> secrets;
  // What tables have told of their layout, by the tap number that is written; nothing: frames
  // without a tap.
  std::map<std::optional<std::uint32_t>, Dimensions> layouts;
};

// What the copies say of their making.
inline constexpr const char* sharing_application = "mepshare " MEP_VERSION;

// Something in a copy that must not be in it.
struct Finding {
  std::string what;                   // a sentence for people
  std::optional<std::size_t> record;  // in Shared::records; nothing: the file as a whole
  std::vector<std::size_t> bytes;     // offsets in its message, in clear; none: all of it
};

// What has to be hidden further than its kind asks for: a capture that is damaged, or made up to
// deceive, can be read in one way before it is cleaned and in another way behind.
class Distrust {
 public:
  struct Of {
    std::set<std::size_t> bytes;  // of the message: blanked
    bool sealed = false;          // all of it is made noise
    bool dropped = false;         // it does not come along
  };

  // False: there is nothing more that could be hidden, and the copy cannot be left.
  bool add(const Shared& shared, const std::vector<Finding>& found);

  // By the record's number in the capture; null: nothing was found in it.
  const Of* of(std::size_t origin) const;

 private:
  std::map<std::size_t, Of> all_;
};

// `keys`: those that the user has; the published ones are tried without being told.
// `pseudonyms` is the run's secret, and wanted by the check, too.
Shared share(const CaptureFile& capture, const std::vector<KnownKey>& keys,
             const SharingOptions& options, Pseudonyms& pseudonyms, const Distrust& distrust = {});

// Reads what was written as anybody would, with the published keys alone, and looks for what must
// not be there: each secret as bytes and as text, in the file and in what can be decrypted of it,
// and each sensitive field that holds no pseudonym. None: it is clean.
std::vector<Finding> check(Bytes file, const Shared& shared, const Pseudonyms& pseudonyms);

// Shares and checks until nothing is found any more, or nothing more can be hidden; empty where
// there is nothing to share. `written` makes a file of it and gives the file's bytes.
struct SharedClean {
  Shared shared;
  std::vector<Finding> found;  // none: it is clean
};
using Written = std::function<std::vector<std::uint8_t>(const Shared&)>;
SharedClean share_clean(const CaptureFile& capture, const std::vector<KnownKey>& keys,
                        const SharingOptions& options, Pseudonyms& pseudonyms,
                        const Written& written);

}  // namespace mep::captures
