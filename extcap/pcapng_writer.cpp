// SPDX-License-Identifier: GPL-2.0-or-later
#include "extcap/pcapng_writer.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <utility>

#include "compat/wireshark.h"
#include "extcap/problem.h"
#include "protocol/bytes.h"
#include "protocol/tap.h"

namespace mep::extcap {
namespace {

constexpr std::int64_t nanoseconds_per_second = 1'000'000'000;
constexpr std::uint8_t nanosecond_resolution = 9;  // if_tsresol
constexpr std::uint32_t statistics_block = 5;      // pcapng's number of a statistics block
constexpr std::size_t block_header_size = 8;

// Registers the file formats, once.
void start_wiretap() {
  static const bool started = [] {
    // Before anybody sets a level, Wireshark's libraries log all they do on standard error.
    ws_log_set_level(LOG_LEVEL_CRITICAL);
    wtap_init(false);
    return true;
  }();
  (void)started;
}

void add_text(wtap_block_t block, unsigned option, const std::string& text) {
  if (!text.empty()) wtap_block_add_string_option(block, option, text.data(), text.size());
}

std::string from_wsutil(void (*tell)(GString*)) {
  GString* told = g_string_new(nullptr);
  tell(told);
  std::string text(told->str, told->len);
  g_string_free(told, TRUE);
  return text;
}

wtap_block_t make_section(const Section& section) {
  wtap_block_t block = wtap_block_create(WTAP_BLOCK_SECTION);
  add_text(block, OPT_COMMENT, section.comment);
  add_text(block, OPT_SHB_HARDWARE, section.hardware);
  add_text(block, OPT_SHB_OS, section.operating_system);
  add_text(block, OPT_SHB_USERAPPL, "mepdump " MEP_VERSION);
  return block;
}

wtap_block_t make_interface(const Interface& interface) {
  wtap_block_t block = wtap_block_create(WTAP_BLOCK_IF_ID_AND_INFO);
  auto* data = static_cast<wtapng_if_descr_mandatory_t*>(wtap_block_get_mandatory_data(block));
  data->wtap_encap = WTAP_ENCAP_USER13;
  data->time_units_per_second = nanoseconds_per_second;
  data->tsprecision = WTAP_TSPREC_NSEC;
  data->snap_len = WTAP_MAX_PACKET_SIZE_STANDARD;
  add_text(block, OPT_IDB_NAME, interface.name);
  add_text(block, OPT_IDB_DESCRIPTION, interface.description);
  wtap_block_add_uint8_option(block, OPT_IDB_TSRESOL, nanosecond_resolution);
  wtap_block_add_uint64_option(block, OPT_IDB_SPEED, interface.bits_per_second);
  if (!interface.filter.empty()) {
    std::string text = interface.filter;
    if_filter_opt_t filter{};
    filter.type = if_filter_pcap;
    filter.data.filter_str = text.data();
    wtap_block_add_if_filter_option(block, OPT_IDB_FILTER, &filter);
  }
  return block;
}

wtap_block_t make_statistics(std::uint32_t number, const Interface& interface,
                             const Statistics& statistics) {
  wtap_block_t block = wtap_block_create(WTAP_BLOCK_IF_STATISTICS);
  auto* data = static_cast<wtapng_if_stats_mandatory_t*>(wtap_block_get_mandatory_data(block));
  const auto end = static_cast<std::uint64_t>(statistics.end);
  data->interface_id = number;
  data->ts_high = static_cast<std::uint32_t>(end >> 32);
  data->ts_low = static_cast<std::uint32_t>(end);
  wtap_block_add_uint64_option(block, OPT_ISB_STARTTIME,
                               static_cast<std::uint64_t>(statistics.start));
  wtap_block_add_uint64_option(block, OPT_ISB_ENDTIME, end);
  wtap_block_add_uint64_option(block, OPT_ISB_IFRECV, statistics.received);
  wtap_block_add_uint64_option(block, OPT_ISB_IFDROP, statistics.dropped);
  if (!interface.filter.empty())
    wtap_block_add_uint64_option(block, OPT_ISB_FILTERACCEPT, statistics.accepted);
  return block;
}

GArray* array_of_blocks() {
  return g_array_new(FALSE, FALSE, sizeof(wtap_block_t));
}

void append(GArray* blocks, wtap_block_t block) {
  g_array_append_vals(blocks, &block, 1);
}

// Opens a dumper on `fd`, which it then owns; on failure nullptr and an error of wiretap's.
// `statistics`, if not empty, is what it will write when it is closed.
wtap_dumper* open_dumper(int fd, const Section& section, std::span<const Interface> interfaces,
                         std::span<const Statistics> statistics, int& error) {
  start_wiretap();
  wtapng_iface_descriptions_t descriptions{array_of_blocks()};
  for (std::uint32_t i = 0; i < interfaces.size(); ++i) {
    wtap_block_t block = make_interface(interfaces[i]);
    if (i < statistics.size()) {
      auto* data = static_cast<wtapng_if_descr_mandatory_t*>(wtap_block_get_mandatory_data(block));
      data->num_stat_entries = 1;
      data->interface_statistics = array_of_blocks();
      append(data->interface_statistics, make_statistics(i, interfaces[i], statistics[i]));
    }
    append(descriptions.interface_data, block);
  }
  GArray* sections = array_of_blocks();
  append(sections, make_section(section));

  wtap_dump_params params{};
  params.encap = WTAP_ENCAP_USER13;
  params.tsprec = WTAP_TSPREC_NSEC;
  params.shb_hdrs = sections;
  params.idb_inf = &descriptions;
  char* details = nullptr;
  wtap_dumper* dumper = wtap_dump_fdopen(fd, wtap_pcapng_file_type_subtype(), WTAP_UNCOMPRESSED,
                                         &params, &error, &details);
  g_free(details);
  // The interfaces have been copied and the section has been written.
  wtap_block_array_free(descriptions.interface_data);
  wtap_block_array_free(sections);
  return dumper;
}

[[noreturn]] void fail(const std::string& path, int error) {
  if (error == EPIPE) throw ReaderGone();
  throw Problem("cannot write to " + path + ": " +
                (error > 0 ? std::strerror(error) : wtap_strerror(error)));
}

system::FileDescriptor duplicate(int fd, const std::string& path) {
  system::FileDescriptor copy(fcntl(fd, F_DUPFD_CLOEXEC, 0));
  if (!copy) fail(path, errno);
  return copy;
}

// The statistics blocks alone. A dumper takes its statistics when it is opened, when a live capture
// has none yet; so a second one writes the whole of an empty file to memory, and all but these
// blocks is left out.
std::vector<std::uint8_t> statistics_blocks(std::span<const Interface> interfaces,
                                            std::span<const Statistics> statistics,
                                            const std::string& path) {
  const system::FileDescriptor memory(memfd_create("mepdump", MFD_CLOEXEC));
  if (!memory) fail(path, errno);
  system::FileDescriptor copy = duplicate(memory.get(), path);
  int error = 0;
  char* details = nullptr;
  wtap_dumper* dumper = open_dumper(copy.get(), {}, interfaces, statistics, error);
  if (dumper == nullptr) fail(path, error);
  copy.release();
  const bool closed = wtap_dump_close(dumper, nullptr, &error, &details);
  g_free(details);
  if (!closed) fail(path, error);

  std::vector<std::uint8_t> file(static_cast<std::size_t>(lseek(memory.get(), 0, SEEK_END)));
  if (pread(memory.get(), file.data(), file.size(), 0) != static_cast<ssize_t>(file.size()))
    fail(path, errno);
  std::vector<std::uint8_t> blocks;
  std::size_t at = 0;
  while (at + block_header_size <= file.size()) {
    std::array<std::uint32_t, 2> header{};  // type and length, in this machine's byte order
    std::memcpy(header.data(), file.data() + at, block_header_size);
    if (header[1] < block_header_size || header[1] > file.size() - at) break;
    if (header[0] == statistics_block)
      blocks.insert(blocks.end(), file.begin() + static_cast<std::ptrdiff_t>(at),
                    file.begin() + static_cast<std::ptrdiff_t>(at + header[1]));
    at += header[1];
  }
  return blocks;
}

void write_all(int fd, Bytes bytes, const std::string& path) {
  while (!bytes.empty()) {
    const ssize_t written = ::write(fd, bytes.data(), bytes.size());
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) fail(path, errno);
    bytes = bytes.subspan(static_cast<std::size_t>(written));
  }
}

std::uint32_t packet_flags(Direction direction) {
  switch (direction) {
    case Direction::client_to_meter:
      return PACK_FLAGS_DIRECTION_OUTBOUND;
    case Direction::meter_to_client:
      return PACK_FLAGS_DIRECTION_INBOUND;
    default:
      return PACK_FLAGS_DIRECTION_UNKNOWN;
  }
}

}  // namespace

Section this_machine() {
  return {from_wsutil(get_cpu_info), from_wsutil(get_os_version_info), {}};
}

PcapngWriter::PcapngWriter(int fd, std::string path, const Section& section,
                           std::vector<Interface> interfaces)
    : path_(std::move(path)), interfaces_(std::move(interfaces)), fd_(duplicate(fd, path_)) {
  system::FileDescriptor dumped = duplicate(fd, path_);
  int error = 0;
  dumper_.reset(open_dumper(dumped.get(), section, interfaces_, {}, error));
  if (!dumper_) fail(path_, error);
  dumped.release();
  if (!wtap_dump_flush(dumper_.get(), &error)) fail(path_, error);
}

void PcapngWriter::write(const Record& record) {
  wtap_rec rec{};
  wtap_rec_init(&rec, record.bytes.size());
  rec.rec_type = REC_TYPE_PACKET;
  rec.presence_flags = WTAP_HAS_TS | WTAP_HAS_CAP_LEN | WTAP_HAS_INTERFACE_ID;
  rec.ts.secs = record.time / nanoseconds_per_second;
  rec.ts.nsecs = static_cast<int>(record.time % nanoseconds_per_second);
  rec.tsprec = WTAP_TSPREC_NSEC;
  rec.rec_header.packet_header.caplen = static_cast<std::uint32_t>(record.bytes.size());
  rec.rec_header.packet_header.len = static_cast<std::uint32_t>(record.bytes.size());
  rec.rec_header.packet_header.pkt_encap = WTAP_ENCAP_USER13;
  rec.rec_header.packet_header.interface_id = record.interface;
  rec.block = wtap_block_create(WTAP_BLOCK_PACKET);
  wtap_block_add_uint32_option(rec.block, OPT_PKT_FLAGS, packet_flags(record.direction));

  int error = 0;
  char* details = nullptr;
  const bool written = compat::dump_record(dumper_.get(), rec, record.bytes, &error, &details) &&
                       wtap_dump_flush(dumper_.get(), &error);
  g_free(details);
  wtap_rec_cleanup(&rec);
  if (!written) fail(path_, error);
}

void PcapngWriter::close(std::span<const Statistics> statistics) {
  const auto blocks = statistics_blocks(interfaces_, statistics, path_);
  write_all(fd_.get(), blocks, path_);
  int error = 0;
  char* details = nullptr;
  const bool closed = wtap_dump_close(dumper_.release(), nullptr, &error, &details);
  g_free(details);
  if (!closed) fail(path_, error);
}

void PcapngWriter::Close::operator()(wtap_dumper* dumper) const {
  int error = 0;
  char* details = nullptr;
  wtap_dump_close(dumper, nullptr, &error, &details);
  g_free(details);
}

}  // namespace mep::extcap
