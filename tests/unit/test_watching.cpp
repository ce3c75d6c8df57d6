// What somebody who watches a capture is told: counts, the line on a terminal, the list of ports.
// SPDX-License-Identifier: GPL-2.0-or-later
#include <sstream>
#include <string>
#include <vector>

#include "extcap/line_book.h"
#include "extcap/port_list.h"
#include "extcap/terminal.h"
#include "protocol/tap.h"
#include "system/text.h"

// Last, since it defines fail() as a macro.
#include "tests/unit/cmocka.h"

namespace mep::extcap {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

void assert_text(const std::string& text, const char* expected) {
  assert_string_equal(text.c_str(), expected);
}

LineBook book_of_two() {
  LineBook book;
  book.begin(seconds(100));
  book.add_line("/dev/ttyUSB0", "client line", 9600);
  book.add_line("/dev/ttyUSB1", "meter line", 9600);
  return book;
}

void what_a_line_brings_is_counted(void**) {
  LineBook book = book_of_two();
  book.hear(0, 0, 9600, seconds(101));
  book.hear(0, tap::truncated, 9600, seconds(102));
  book.hear(0, tap::noise | tap::framing_error, 19200, milliseconds(102500));
  const std::vector<LineStatus> status = book.status(seconds(104));
  assert_int_equal(status.size(), 2);
  assert_int_equal(status[0].frames, 2);
  assert_int_equal(status[0].errors, 2);
  assert_int_equal(status[0].baud, 19200);
  assert_true(status[0].last_heard_s == 2.5);
  assert_true(status[0].frames_per_s == 0.5);
  assert_int_equal(status[1].frames, 0);
  assert_true(status[1].last_heard_s < 0);
}

void the_rate_is_that_of_the_last_seconds(void**) {
  LineBook book = book_of_two();
  for (int second = 101; second <= 130; ++second) {
    for (int i = 0; i < 4; ++i) book.hear(0, 0, 9600, seconds(second));
    assert_true(book.status(seconds(second))[0].frames_per_s == 4);
  }
  for (int second = 131; second <= 134; ++second)
    assert_true(book.status(seconds(second))[0].frames_per_s > 0);
  assert_true(book.status(seconds(135))[0].frames_per_s == 0);
}

const LineStatus busy = {"/dev/ttyUSB0", "client line", 9600, 1234, 1, 59.6, 12.34};
const LineStatus silent = {"/dev/ttyUSB1", "meter line", 9600, 0, 0, -1, 0};
const std::vector<LineStatus> both = {busy, silent};

void the_narrower_the_less_of_each(void**) {
  const std::string all =
      "client line /dev/ttyUSB0: 1234 frames, 1 error, 0.4 s ago, 12/s | "
      "meter line /dev/ttyUSB1: nothing heard";
  const std::string counts = "client: 1234 frames, 1 error, 0.4 s ago | meter: nothing heard";
  const std::string least = "client 1234/1 | meter 0/0";
  assert_text(display_text(both, 60, all.size()), all.c_str());
  assert_text(display_text(both, 60, all.size() - 1), counts.c_str());
  assert_text(display_text(both, 60, counts.size() - 1), least.c_str());
  for (std::size_t width = 0; width < least.size(); ++width)
    assert_text(display_text(both, 60, width), least.substr(0, width).c_str());
}

void columns_are_counted_not_bytes(void**) {
  assert_int_equal(system::columns("Zähler"), 6);
  assert_int_equal(system::columns("電力"), 4);
  assert_int_equal(system::columns("a\xCC\x88"), 1);
  assert_text(system::first_columns("Zähler", 2), "Zä");
  assert_text(system::first_columns("電力", 3), "電");
  const LineStatus line = {"/dev/Zähler", "client line", 9600, 0, 0, -1, 0};
  const std::string all = "client line /dev/Zähler: nothing heard";
  assert_text(display_text(std::vector{line}, 1, 38), all.c_str());
  assert_text(display_text(std::vector{line}, 1, 37), "client: nothing heard");
}

void nothing_happens_to_the_terminal(void**) {
  const LineStatus line = {"/dev/\x1b[2Jx\n\xFF", "client line", 9600, 0, 0, -1, 0};
  assert_text(display_text(std::vector{line}, 1, 99),
              "client line /dev/ [2Jx \xEF\xBF\xBD: nothing heard");
}

void the_summary_tells_what_came_of_it(void**) {
  assert_text(summary_text({both, 60, 1235, 1235}, "hall.pcapng"),
              "mepdump: 60 s captured, 1235 records written to hall.pcapng\n"
              "  client line /dev/ttyUSB0, 9600 bit/s: 1234 frames, 1 error, last heard 0.4 s ago\n"
              "  meter line /dev/ttyUSB1, 9600 bit/s: nothing heard\n");
  assert_text(summary_text({{}, 1.5, 3, 1}, "-"),
              "mepdump: 1.5 s captured, 1 record written to standard output (2 others did not "
              "match the capture filter)\n");
}

std::string printed(const std::vector<PortFacts>& ports) {
  std::ostringstream out;
  print_ports(out, ports);
  return out.str();
}

void ports_are_told_with_all_that_is_known(void**) {
  assert_text(printed({{"/dev/ttyUSB0",
                        "FT232R USB UART",
                        "USB 0403:6001, FTDI, serial number A50285BI",
                        {"/dev/serial/by-id/usb-FTDI-if00-port0", "/dev/serial/by-path/pci-0"},
                        "",
                        {"minicom 1234", "cat 5"}},
                       {"/dev/ttyS0", "", "", {}, "run \"sudo usermod -aG dialout $USER\"", {}}}),
              "/dev/ttyUSB0  FT232R USB UART\n"
              "    USB 0403:6001, FTDI, serial number A50285BI\n"
              "    /dev/serial/by-id/usb-FTDI-if00-port0\n"
              "    /dev/serial/by-path/pci-0\n"
              "    you may read it\n"
              "    in use by minicom 1234 and cat 5\n"
              "/dev/ttyS0\n"
              "    you may not read it: run \"sudo usermod -aG dialout $USER\"\n");
}

void what_adapters_call_themselves_is_made_harmless(void**) {
  const std::string text = printed({{"/dev/ttyUSB0", "\x1b]0;x\x07\xFF\n", "USB\r", {}, "", {}}});
  assert_true(text.find_first_of("\x1b\x07\r\xFF") == std::string::npos);
  assert_text(text, "/dev/ttyUSB0   ]0;x \xEF\xBF\xBD \n    USB \n    you may read it\n");
}

void where_there_is_no_port_that_is_said(void**) {
  assert_text(printed({}), "No serial port was found; is the adapter plugged in?\n");
}

}  // namespace
}  // namespace mep::extcap

int main() {
  using namespace mep::extcap;
  const CMUnitTest tests[] = {
      cmocka_unit_test(what_a_line_brings_is_counted),
      cmocka_unit_test(the_rate_is_that_of_the_last_seconds),
      cmocka_unit_test(the_narrower_the_less_of_each),
      cmocka_unit_test(columns_are_counted_not_bytes),
      cmocka_unit_test(nothing_happens_to_the_terminal),
      cmocka_unit_test(the_summary_tells_what_came_of_it),
      cmocka_unit_test(ports_are_told_with_all_that_is_known),
      cmocka_unit_test(what_adapters_call_themselves_is_made_harmless),
      cmocka_unit_test(where_there_is_no_port_that_is_said),
  };
  return cmocka_run_group_tests(tests, nullptr, nullptr);
}
