// What mepdump writes, byte for byte, against blocks written out by hand from the pcapng
// specification (draft-ietf-opsawg-pcapng, section 4).
// SPDX-License-Identifier: GPL-2.0-or-later
#include "system/pcapng_writer.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include <bit>
#include <csignal>
#include <sstream>
#include <string_view>

#include "extcap/drain.h"
#include "extcap/machine.h"
#include "extcap/problem.h"
#include "protocol/tap.h"
#include "system/file_descriptor.h"

// Last, since it defines fail() as a macro.
#include "tests/unit/cmocka.h"

namespace mep::extcap {
namespace {

using system::FileDescriptor;
using system::Interface;
using system::PcapngWriter;
using system::Section;
using system::Statistics;
using system::WallTime;

// The bytes of "4D 3C 'MEP' 2B": hexadecimal digits, and texts between apostrophes.
std::string bytes_of(std::string_view text) {
  std::string bytes;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == ' ') continue;
    if (text[i] == '\'') {
      while (text[++i] != '\'') bytes += text[i];
    } else {
      bytes += static_cast<char>(std::stoi(std::string(text.substr(i++, 2)), nullptr, 16));
    }
  }
  return bytes;
}

// A file in memory that a writer writes to.
class File {
 public:
  int fd() const { return fd_.get(); }
  std::string content() const {
    std::string content(static_cast<std::size_t>(lseek(fd(), 0, SEEK_END)), '\0');
    assert_int_equal(pread(fd(), content.data(), content.size(), 0), content.size());
    return content;
  }
  // What has been added since the last call.
  std::string added() {
    std::string bytes = content().substr(seen_);
    seen_ += bytes.size();
    return bytes;
  }

 private:
  FileDescriptor fd_{memfd_create("capture", MFD_CLOEXEC)};
  std::size_t seen_ = 0;
};

PcapngWriter::Sink into(int fd, const std::string& path = "x") {
  return [fd, path](const std::vector<std::uint8_t>& block) { write_block(fd, path, block); };
}

void assert_bytes(const std::string& bytes, const std::string& expected) {
  assert_int_equal(bytes.size(), expected.size());
  assert_memory_equal(bytes.data(), expected.data(), expected.size());
}

// 4.1: of the section header alone, with every option; "5A" is a comment of one byte, 4 bytes long
// with its padding.
constexpr const char* section_with_all =
    "0A0D0D0A 4C000000"         // block type, total length: 76
    "4D3C2B1A 0100 0000"        // byte-order magic, version 1.0
    "FFFFFFFFFFFFFFFF"          // section length: not known
    "0100 0100 'Z' 000000"      // opt_comment
    "0200 0600 'Pi 4 B' 0000"   // shb_hardware
    "0300 0500 'Linux' 000000"  // shb_os
    "0400 0800 'mepdump '"      // shb_userappl
    "0000 0000 4C000000";       // opt_endofopt, total length

constexpr const char* section_with_nothing =
    "0A0D0D0A 20000000 4D3C2B1A 0100 0000 FFFFFFFFFFFFFFFF"
    "0000 0000 20000000";

// 4.2: link type 160, snapshot length 262144.
constexpr const char* client_interface =
    "01000000 44000000 A000 0000 00000400"
    "0200 0A00 '/dev/ttyS1' 0000"  // if_name
    "0300 0400 'line'"             // if_description
    "0900 0100 09 000000"          // if_tsresol: nanoseconds
    "0800 0800 8025000000000000"   // if_speed: 9600
    "0000 0000 44000000";

// Without a name and a description.
constexpr const char* bare_interface =
    "01000000 2C000000 A000 0000 00000400"
    "0900 0100 09 000000"
    "0800 0800 00C2010000000000"  // 115200
    "0000 0000 2C000000";

// The filter's first byte says that it is libpcap's language.
constexpr const char* filtering_interface =
    "01000000 3C000000 A000 0000 00000400"
    "0900 0100 09 000000"
    "0800 0800 8025000000000000"
    "0B00 0900 00 'less 100' 000000"  // if_filter
    "0000 0000 3C000000";

const Interface client = {"/dev/ttyS1", "line", "", 9600};
const Interface bare = {"", "", "", 115200};
const Interface filtering = {"", "", "less 100", 9600};
const Section nothing = {{}, {}, {}, {}};

// 0x1122334455667788 nanoseconds after 1970: the high half comes first, each in its byte order.
constexpr WallTime moment = 0x1122334455667788;

void section_header(void**) {
  File file;
  const PcapngWriter full(into(file.fd()), {"Pi 4 B", "Linux", "Z", "mepdump "}, {});
  assert_bytes(file.added(), bytes_of(section_with_all));
  const PcapngWriter empty(into(file.fd()), nothing, {});
  assert_bytes(file.added(), bytes_of(section_with_nothing));
}

void interfaces(void**) {
  File file;
  const PcapngWriter two(into(file.fd()), nothing, {client, bare});
  assert_bytes(file.added(), bytes_of(section_with_nothing) + bytes_of(client_interface) +
                                 bytes_of(bare_interface));
  const PcapngWriter one(into(file.fd()), nothing, {filtering});
  assert_bytes(file.added(), bytes_of(section_with_nothing) + bytes_of(filtering_interface));
}

// 4.3, with every size modulo 4 and every direction.
void packets(void**) {
  File file;
  PcapngWriter writer(into(file.fd()), nothing, {client, bare});
  file.added();
  const std::uint8_t bytes[] = {0xA1, 0xA2, 0xA3, 0xA4, 0xA5};
  const auto write = [&](std::size_t size, std::uint32_t interface, Direction direction) {
    writer.write({interface, direction, moment, Bytes(bytes).first(size)});
    return file.added();
  };
  assert_bytes(write(5, 1, Direction::client_to_meter),
               bytes_of("06000000 34000000 01000000"           // interface 1
                        "44332211 88776655 05000000 05000000"  // time, captured, on the line
                        "A1A2A3A4 A5000000"
                        "0200 0400 02000000"  // epb_flags: outbound
                        "0000 0000 34000000"));
  assert_bytes(write(4, 0, Direction::meter_to_client),
               bytes_of("06000000 30000000 00000000 44332211 88776655 04000000 04000000"
                        "A1A2A3A4 0200 0400 01000000 0000 0000 30000000"));  // inbound
  assert_bytes(write(3, 0, Direction::unknown),
               bytes_of("06000000 30000000 00000000 44332211 88776655 03000000 03000000"
                        "A1A2A300 0200 0400 00000000 0000 0000 30000000"));
  assert_bytes(write(2, 0, Direction::unknown),
               bytes_of("06000000 30000000 00000000 44332211 88776655 02000000 02000000"
                        "A1A20000 0200 0400 00000000 0000 0000 30000000"));
  assert_bytes(write(0, 0, Direction::unknown),
               bytes_of("06000000 2C000000 00000000 44332211 88776655 00000000 00000000"
                        "0200 0400 00000000 0000 0000 2C000000"));
}

// What the link layer saw is in the highest bits of epb_flags, a loss in epb_dropcount.
void packets_with_trouble(void**) {
  File file;
  PcapngWriter writer(into(file.fd()), nothing, {client});
  file.added();
  const std::uint8_t bytes[] = {0xA1, 0xA2, 0xA3, 0xA4};
  const auto flags = [&](std::uint8_t status) {
    writer.write({0, Direction::meter_to_client, moment, bytes, {}, status});
    return file.added().substr(32 + 4, 4);
  };
  assert_bytes(flags(tap::framing_error), bytes_of("01000080"));  // 31: symbol error
  assert_bytes(flags(tap::break_seen), bytes_of("01000080"));
  assert_bytes(flags(tap::parity_error), bytes_of("01000001"));  // 24: CRC error
  assert_bytes(flags(tap::truncated), bytes_of("01000004"));     // 26: packet too short
  assert_bytes(flags(tap::noise), bytes_of("01000000"));
  assert_bytes(flags(tap::lost), bytes_of("01000000"));
  writer.write({0, Direction::meter_to_client, moment, bytes, {"gap", "ZZ"}, tap::lost, 0x102});
  assert_bytes(file.added(),
               bytes_of("06000000 4C000000 00000000 44332211 88776655 04000000 04000000"
                        "A1A2A3A4"
                        "0100 0300 'gap' 00"          // opt_comment
                        "0100 0200 'ZZ' 0000"         // and another
                        "0200 0400 01000000"          // epb_flags
                        "0400 0800 0201000000000000"  // epb_dropcount
                        "0000 0000 4C000000"));
}

// 4.6. Only where a filter is are there records that it accepts; only at the end is there an end.
void statistics(void**) {
  File file;
  PcapngWriter writer(into(file.fd()), nothing, {client, filtering});
  file.added();
  const Statistics so_far = {.start = 1, .now = moment, .received = 7, .dropped = 1, .accepted = 5};
  Statistics at_the_end = so_far;
  at_the_end.ended = true;
  const Statistics both[] = {so_far, at_the_end};
  writer.write(both);
  assert_bytes(file.added(),
               bytes_of("05000000 40000000 00000000 44332211 88776655"
                        "0200 0800 00000000 01000000"  // isb_starttime
                        "0400 0800 0700000000000000"   // isb_ifrecv
                        "0500 0800 0100000000000000"   // isb_ifdrop
                        "0000 0000 40000000"
                        "05000000 58000000 01000000 44332211 88776655"
                        "0200 0800 00000000 01000000"
                        "0300 0800 44332211 88776655"  // isb_endtime
                        "0400 0800 0700000000000000"
                        "0500 0800 0100000000000000"
                        "0600 0800 0500000000000000"  // isb_filteraccept
                        "0000 0000 58000000"));
}

// The first option of a section that has only a comment.
std::string comment_written(const std::string& comment) {
  File file;
  const PcapngWriter writer(into(file.fd()), {{}, {}, comment, {}}, {});
  const std::string content = file.content();
  assert_int_equal(content.size() % 4, 0);
  assert_int_equal(content[24], 1);
  const std::size_t size = static_cast<std::uint8_t>(content[26]) +
                           (std::size_t{static_cast<std::uint8_t>(content[27])} << 8);
  // Padded, the end of the options, the total length again.
  assert_int_equal(content.size(), 28 + (size + 3) / 4 * 4 + 8);
  assert_bytes(content.substr(content.size() - 4), content.substr(4, 4));
  return content.substr(28, size);
}

void text_that_is_no_utf8(void**) {
  assert_bytes(comment_written("a\xFFz"), "a\xEF\xBF\xBDz");
  assert_bytes(comment_written("\xC3"), "\xEF\xBF\xBD");
  assert_bytes(comment_written("Z\xC3\xA4hler"), "Z\xC3\xA4hler");
}

void text_that_is_too_long(void**) {
  assert_bytes(comment_written(std::string(70000, 'a')), std::string(65535, 'a'));
  // No half characters: 65535 is three times 21845, and not twice anything.
  std::string euros;
  std::string umlauts;
  for (int i = 0; i < 40000; ++i) {
    euros += "\xE2\x82\xAC";
    umlauts += "\xC3\xA4";
  }
  assert_bytes(comment_written(euros), euros.substr(0, 65535));
  assert_bytes(comment_written(umlauts), umlauts.substr(0, 65534));

  File file;
  const PcapngWriter writer(into(file.fd()), nothing, {{"", "", std::string(70000, 'f'), 1}});
  // The byte before the filter counts, too.
  assert_bytes(file.content().substr(32 + 16 + 8 + 12, 6), bytes_of("0B00 FFFF 00 'f'"));
}

void reader_that_has_gone(void**) {
  signal(SIGPIPE, SIG_IGN);
  int ends[2];
  assert_int_equal(pipe2(ends, O_CLOEXEC), 0);
  FileDescriptor reading(ends[0]);
  const FileDescriptor writing(ends[1]);
  PcapngWriter writer(into(writing.get()), nothing, {client});
  reading.reset();
  bool gone = false;
  try {
    writer.write({0, Direction::unknown, 0, {}});
  } catch (const ReaderGone&) {
    gone = true;
  }
  assert_true(gone);
}

void disk_that_is_full(void**) {
  const FileDescriptor full(open("/dev/full", O_WRONLY | O_CLOEXEC));
  std::string complaint;
  try {
    const PcapngWriter writer(into(full.get(), "some/file"), nothing, {});
  } catch (const Problem& problem) {
    complaint = problem.what();
  }
  assert_string_equal(complaint.c_str(), "cannot write to some/file: No space left on device");
}

std::string hardware_in(const char* text) {
  std::istringstream cpuinfo(text);
  return hardware_name(cpuinfo);
}

// From such machines.
void hardware(void**) {
  assert_string_equal(hardware_in("processor\t: 0\nmodel\t\t: 142\n"
                                  "model name\t: Intel(R) Core(TM) i5-8250U CPU @ 1.60GHz\n")
                          .c_str(),
                      "Intel(R) Core(TM) i5-8250U CPU @ 1.60GHz");
  assert_string_equal(hardware_in("processor\t: 0\nBogoMIPS\t: 108.00\nCPU part\t: 0xd08\n\n"
                                  "Hardware\t: BCM2835\nRevision\t: c03114\n"
                                  "Model\t\t: Raspberry Pi 4 Model B Rev 1.4\n")
                          .c_str(),
                      "Raspberry Pi 4 Model B Rev 1.4");
  assert_string_equal(hardware_in("").c_str(), "");
  assert_string_equal(hardware_in("no colon\n: no name\n").c_str(), "");
  assert_true(operating_system_name().starts_with("Linux "));
}

int run() {
  if constexpr (std::endian::native != std::endian::little) return 0;  // as the bytes above are
  const CMUnitTest tests[] = {
      cmocka_unit_test(section_header),
      cmocka_unit_test(interfaces),
      cmocka_unit_test(packets),
      cmocka_unit_test(packets_with_trouble),
      cmocka_unit_test(statistics),
      cmocka_unit_test(text_that_is_no_utf8),
      cmocka_unit_test(text_that_is_too_long),
      cmocka_unit_test(reader_that_has_gone),
      cmocka_unit_test(disk_that_is_full),
      cmocka_unit_test(hardware),
  };
  return cmocka_run_group_tests(tests, nullptr, nullptr);
}

}  // namespace
}  // namespace mep::extcap

int main() {
  return mep::extcap::run();
}
