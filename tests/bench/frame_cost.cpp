// What it costs to dissect frames, for callgrind: of each line of its input the frames of a capture
// are dissected, as tshark does it, and counted by themselves, without the start of Wireshark and
// without reading the file.
//
//   valgrind --tool=callgrind --instr-atstart=no frame_cost <JOBS
//
// A line's parts are separated by tabs: a name, a capture, a way, and words for it:
//   line                 the columns, as tshark alone
//   filter EXPRESSION    the same of what passes it
//   fields NAME …        as tshark -T fields
//   details              as tshark -V
// and behind those, beginning with "-", as tshark's options: "-oNAME:VALUE", which stays as it is,
// "-dTABLE==NUMBER,PROTOCOL", "-xPROTOCOL" (--disable-protocol), and "-2" for a second pass, which
// is counted in place of the first. callgrind's counts are in the dumps that it leaves under the
// names; printed are name and number of frames. SPDX-License-Identifier: GPL-2.0-or-later
#include <cstdio>
#include <cstdlib>
#include <iostream>
#include <string>
#include <vector>

#include "tests/tools/dissection.h"

#include <epan/column.h>
#include <epan/dfilter/dfilter.h>
#include <epan/prefs.h>
#include <epan/print.h>
#include <valgrind/callgrind.h>

namespace {

using mep::tools::Capture;
using mep::tools::Frame;

struct Job {
  std::string name;
  std::string path;
  std::string way;
  std::vector<std::string> words;
  std::vector<std::string> decode_as;
  std::vector<std::string> disabled;
  bool second_pass = false;
};

[[noreturn]] void stop(const std::string& why) {
  std::fprintf(stderr, "frame_cost: %s\n", why.c_str());
  std::_Exit(1);
}

void set_preference(std::string text) {
  char* error = nullptr;
  if (prefs_set_pref(text.data(), &error) != PREFS_SET_OK) stop(text);
  prefs_apply_all();
}

Job parse(const std::string& line) {
  std::vector<std::string> parts;
  for (std::size_t at = 0; at <= line.size();) {
    const std::size_t end = std::min(line.find('\t', at), line.size());
    parts.push_back(line.substr(at, end - at));
    at = end + 1;
  }
  if (parts.size() < 3) stop(line);
  Job job{parts[0], parts[1], parts[2], {}, {}, {}};
  for (std::size_t i = 3; i < parts.size(); ++i) {
    const std::string& part = parts[i];
    const std::string rest = part.size() > 2 ? part.substr(2) : "";
    if (part.starts_with("-o")) {
      set_preference(rest);
    } else if (part.starts_with("-d")) {
      job.decode_as.push_back(rest);
    } else if (part.starts_with("-x")) {
      job.disabled.push_back(rest);
    } else if (part == "-2") {
      job.second_pass = true;
    } else {
      job.words.push_back(part);
    }
  }
  return job;
}

// "tcp.port==502,data", until it is undone.
void decode_as(const std::string& rule, bool undo) {
  const std::size_t equals = rule.find("==");
  const std::size_t comma = rule.find(',');
  if (equals == std::string::npos || comma == std::string::npos) stop(rule);
  const std::string table = rule.substr(0, equals);
  const auto number =
      static_cast<guint32>(std::strtoul(rule.substr(equals + 2).c_str(), nullptr, 10));
  if (undo) {
    dissector_reset_uint(table.c_str(), number);
    return;
  }
  dissector_handle_t handle = find_dissector(rule.substr(comma + 1).c_str());
  if (!handle) stop(rule);
  dissector_change_uint(table.c_str(), number, handle);
}

void set_up(const Job& job, bool undo) {
  for (const std::string& rule : job.decode_as) decode_as(rule, undo);
  for (const std::string& protocol : job.disabled) {
    const int id = proto_get_id_by_filter_name(protocol.c_str());
    if (id < 0) stop(protocol);
    proto_set_decoding(id, undo);
  }
}

// What a way does with each frame.
class Reader {
 public:
  explicit Reader(const Job& job) : details_(job.way == "details") {
    if (!details_ && job.way != "fields") {
      build_column_format_array(&columns_, prefs.num_cols, TRUE);
      wanted_ = &columns_;
    }
    if (job.way == "filter" && !dfilter_compile(job.words.at(0).c_str(), &filter_, nullptr))
      stop(job.words[0]);
    if (job.way == "fields") {
      fields_ = output_fields_new();
      for (const std::string& word : job.words) output_fields_add(fields_, word.c_str());
      if (GSList* invalid = output_fields_valid(fields_)) stop(static_cast<char*>(invalid->data));
      write_fields_preamble(fields_, out_);
    }
    if (details_) stream_ = print_stream_text_stdio_new(out_);
  }
  ~Reader() {
    if (wanted_) col_cleanup(wanted_);
    if (filter_) dfilter_free(filter_);
    if (fields_) output_fields_free(fields_);
    std::fclose(out_);
  }
  Reader(const Reader&) = delete;
  Reader& operator=(const Reader&) = delete;

  void take(Capture& capture, Frame& frame) const {
    // So does tshark 4.0: for fields, too, everything is shown.
    const bool visible = fields_ || details_;
    epan_dissect_t* dissection = epan_dissect_new(capture.session(), filter_ || visible, visible);
    if (filter_) epan_dissect_prime_with_dfilter(dissection, filter_);
    capture.dissect(frame, dissection, wanted_);
    const bool passes = !filter_ || dfilter_apply_edt(filter_, dissection);
    if (passes && wanted_) epan_dissect_fill_in_columns(dissection, FALSE, TRUE);
    if (passes && fields_) write_fields_proto_tree(fields_, dissection, nullptr, out_);
    if (passes && details_)
      proto_tree_print(print_dissections_expanded, FALSE, dissection, nullptr, stream_);
    epan_dissect_free(dissection);
  }

 private:
  bool details_;
  FILE* out_ = std::fopen("/dev/null", "w");
  column_info columns_{};
  column_info* wanted_ = nullptr;
  dfilter_t* filter_ = nullptr;
  output_fields_t* fields_ = nullptr;
  print_stream_t* stream_ = nullptr;
};

void take_all(Capture& capture, const Reader& reader) {
  for (const auto& frame : capture.frames()) reader.take(capture, *frame);
}

void read_all(Capture& capture) {
  while (capture.read()) {
  }
}

std::size_t run(const Job& job) {
  const Reader reader(job);
  {
    // What is made once and kept is not counted, whichever job comes first.
    Capture before(job.path.c_str());
    read_all(before);
    take_all(before, reader);
  }
  Capture capture(job.path.c_str());
  read_all(capture);
  if (capture.frames().empty()) stop(job.path + " has no frames");
  if (job.second_pass) take_all(capture, reader);
  CALLGRIND_START_INSTRUMENTATION;
  CALLGRIND_ZERO_STATS;
  take_all(capture, reader);
  CALLGRIND_DUMP_STATS_AT(job.name.c_str());
  CALLGRIND_STOP_INSTRUMENTATION;
  return capture.frames().size();
}

}  // namespace

int main(int, char** argv) {
  if (!mep::tools::start_wireshark(argv[0])) stop("Wireshark does not start");
  std::string line;
  while (std::getline(std::cin, line)) {
    const Job job = parse(line);
    set_up(job, false);
    const std::size_t frames = run(job);
    set_up(job, true);
    std::printf("%s\t%zu\n", job.name.c_str(), frames);
  }
  std::fflush(stdout);
  std::_Exit(0);
}
