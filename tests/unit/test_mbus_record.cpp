// M-Bus records. The frames are those that libmbus publishes for its tests (bytes and the values
// that they stand for) and examples of wmbusmeters; what has no source was put together by hand
// from EN 13757-3.
// SPDX-License-Identifier: GPL-2.0-or-later
#include "protocol/mbus_record.h"

#include <cstdio>
#include <string>
#include <vector>

#include "tests/unit/material.h"

#include "tests/unit/cmocka.h"

namespace mep::mbus {
namespace {

using test::Buffer;
using test::hex;

std::vector<Record> records_in(Bytes data, Order order = Order::least_first) {
  std::vector<Record> found;
  Records records(data, order);
  while (auto record = records.next()) found.push_back(*record);
  return found;
}

void assert_lines(std::string_view data, const std::vector<std::string>& expected,
                  Order order = Order::least_first) {
  const Buffer bytes = hex(data);
  const std::vector<Record> found = records_in(bytes, order);
  for (std::size_t i = 0; i < std::min(found.size(), expected.size()); ++i)
    assert_string_equal(line_of(found[i]).c_str(), expected[i].c_str());
  assert_int_equal(found.size(), expected.size());
}

void assert_line(std::string_view data, const char* expected) {
  assert_lines(data, {expected});
}

// --- Whole telegrams of real devices

void heat_meter(void**) {  // Kamstrup Multical 601
  assert_lines(
      "0C 78 17 58 85 06 04 06 E7 91 00 00 04 14 2C DB 00 00 04 22 D9 03 00 00 04 59 B9 27 00 00"
      "04 5D 08 12 00 00 04 61 B1 15 00 00 04 2D 5B 01 00 00 14 2D C0 01 00 00 04 3B 1F 02 00 00"
      "84 10 06 00 00 00 00 84 80 40 14 00 00 00 00 84 C0 40 06 00 00 00 00 04 6D 1A 2F 65 11"
      "44 06 51 82 00 00 54 2D 26 02 00 00 C4 80 40 14 00 00 00 00 42 6C 5F 1C 0F 00 E7 E4",
      {"Fabrication number: 06855817", "Energy: 37351 kWh", "Volume: 561.08 m³", "On time: 985 h",
       "Flow temperature: 101.69 °C", "Return temperature: 46.16 °C",
       "Temperature difference: 55.53 K", "Power: 34700 W", "Power: 44800 W (maximum)",
       "Volume flow: 0.543 m³/h", "Energy: 0 kWh (tariff 1)", "Volume: 0.00 m³ (subunit 2)",
       "Energy: 0 kWh (subunit 3)", "Date and time: 2011-01-05 15:26",
       "Energy: 33361 kWh (storage 1)", "Power: 55000 W (maximum, storage 1)",
       "Volume: 0.00 m³ (storage 1, subunit 2)", "Date: 2010-12-31 (storage 1)",
       "Manufacturer's data, 3 bytes"});
}

void gas_meter(void**) {  // Landis+Gyr G350
  assert_lines(
      "2F 2F 4C 13 92 40 83 10 46 6D 00 00 08 16 27 00"
      "0D 78 11 34 31 38 35 30 32 38 30 32 31 39 35 37 31 30 30 47 89 40 FD 1A 01 01 FD 17 00",
      {"Filler, 2 bytes", "Volume: 10834.092 m³ (storage 1)",
       "Date and time: 2016-07-22 08:00:00 (storage 1)", "Fabrication number: G0017591208205814",
       "Digital output: 01 (subunit 1)", "Error flags: 0x00"});
}

constexpr const char* no_more_here =
    "More records follow in the next telegram; manufacturer's data, 0 bytes";

void room_sensor(void**) {  // Elvaco CMa11: units in plain text, decimal places in VIFEs
  assert_lines(
      "01 FD 1B 00 02 FC 03 48 52 25 74 D4 11 22 FC 03 48 52 25 74 C8 11"
      "12 FC 03 48 52 25 74 B4 16 02 65 D0 08 22 65 70 08 01 72 18 42 65 E4 08 82 01 65 DD 08"
      "0C 78 34 08 00 54 03 FD 0F 00 00 04 1F",
      {"Digital input: 0x00", "%RH: 45.64", "%RH: 45.52 (minimum)", "%RH: 58.12 (maximum)",
       "External temperature: 22.56 °C", "External temperature: 21.60 °C (minimum)",
       "Averaging duration: 24 h", "External temperature: 22.76 °C (storage 1)",
       "External temperature: 22.69 °C (storage 2)", "Fabrication number: 54000834",
       "Software version: 262144", no_more_here});
}

void electricity_meters(void**) {
  // Saia-Burgess ALE3: phases in the maker's own VIFEs
  assert_lines(
      "8C 20 04 33 44 77 01 02 FD C9 FF 01 ED 00 02 FD DB FF 01 20 00 02 AC FF 01 4F 00"
      "82 40 AC FF 01 EE FF 02 FF 68 00 00",
      {"Energy: 17744.33 kWh (tariff 2)", "Voltage, manufacturer specific 01: 237 V",
       "Current, manufacturer specific 01: 3.2 A", "Power, manufacturer specific 01: 790 W",
       "Power, manufacturer specific 01: -180 W (subunit 1)", "Manufacturer specific: 00 00"});
  // GMC EMMOD 206
  assert_lines(
      "82 40 FD 48 60 03 82 C0 40 FD 59 7E 04 82 40 2B 36 FF 84 E0 40 04 C8 AF 00 00"
      "82 44 2B CA 00",
      {"Voltage: 86.4 V (subunit 1)", "Current: 1.150 A (subunit 3)", "Power: -202 W (subunit 1)",
       "Energy: 450.00 kWh (tariff 2, subunit 3)", "Power: 202 W (storage 8, subunit 1)"});
}

void sensus_pollustat(void**) {  // floats, corrections that are the maker's, errors
  assert_lines(
      "04 6D 3B 0E E7 14 34 6D 00 00 01 01 34 FD 17 00 00 00 04 04 24 A4 1A E7 00"
      "04 86 3B 97 9B 00 00 04 13 BE 09 5E 00 05 2E B1 D1 2E BE 05 3E F5 B8 4E 40"
      "05 5B B8 2D F9 41 02 7F 10 B5",
      {"Date and time: 2015-04-07 14:59", "Date and time: 2000-01-01 00:00 (during an error)",
       "Error flags: 0x04000000 (during an error)", "Operating time: 15145636 s",
       "Energy, positive contributions only: 39831 kWh", "Volume: 6162.878 m³",
       "Power: -170.72178 W", "Volume flow: 3.230039 m³/h", "Flow temperature: 31.147324 °C",
       "Manufacturer specific: 10 b5"});
}

void small_meters(void**) {
  // Relay PadPuls 2: a time that is marked as invalid, and the date to come
  assert_lines("0C 14 81 60 87 02 04 6D A1 15 E9 17 42 6C DF 1C 42 EC 7E FF 1C",
               {"Volume: 28760.81 m³", "Date and time: 2015-07-09 21:33 (marked invalid)",
                "Date: 2014-12-31 (storage 1)", "Date, future value: 2015-12-31 (storage 1)"});
  // OMS: gas and water
  assert_lines("0C 14 27 04 85 02 04 6D 32 37 1F 15 02 FD 17 00 00",
               {"Volume: 28504.27 m³", "Date and time: 2008-05-31 23:50", "Error flags: 0x0000"});
  assert_lines("0C 13 27 04 85 02 0B 3B 27 01 00 4C 13 19 54 44 01 42 6C FF 0C",
               {"Volume: 2850.427 m³", "Volume flow: 0.127 m³/h", "Volume: 1445.419 m³ (storage 1)",
                "Date: 2007-12-31 (storage 1)"});
  // The standard's own example, a water meter with a second subunit
  assert_lines("03 13 15 31 00 DA 02 3B 13 01 8B 60 04 37 18 02",
               {"Volume: 12.565 m³", "Volume flow: 0.113 m³/h (maximum, storage 5)",
                "Energy: 218.37 kWh (tariff 2, subunit 1)"});
  // Inmetro: 16 bytes of binary number, and the quantity "PW"
  assert_line("0D 7C 02 57 50 F0 96 07 5B 2A 27 A6 93 01 3D B5 1A B3 DC D1 3E 17",
              "PW: 96 07 5b 2a 27 a6 93 01 3d b5 1a b3 dc d1 3e 17");
  // Gavazzi EM24: reactive energy behind 0xFB, with decimal places in VIFEs
  assert_lines("04 FB 82 75 3F 00 00 00 04 FB 82 F5 3C CA 01 00 00 01 FD 17 22",
               {"Reactive energy: 6.3 kvarh",
                "Reactive energy, negative contributions only: 45.8 kvarh", "Error flags: 0x22"});
}

// --- Codings

void integers_of_all_sizes(void**) {
  assert_line("01 13 FF", "Volume: -0.001 m³");
  assert_line("02 13 FE FF", "Volume: -0.002 m³");
  assert_line("03 13 FD FF FF", "Volume: -0.003 m³");
  assert_line("04 13 40 E2 01 00", "Volume: 123.456 m³");
  assert_line("06 13 00 00 00 00 01 00", "Volume: 4294967.296 m³");
  assert_line("07 13 FF FF FF FF FF FF FF 7F", "Volume: 9223372036854775.807 m³");
  assert_line("02 13 00 80", "Volume: invalid");
  assert_line("00 13", "Volume: no value");
  assert_line("08 13", "Volume: no value");
}

void bcd_of_all_sizes(void**) {
  assert_line("09 13 12", "Volume: 0.012 m³");
  assert_line("0A 13 34 12", "Volume: 1.234 m³");
  assert_line("0B 13 56 34 12", "Volume: 123.456 m³");
  assert_line("0C 13 06 81 31 02", "Volume: 2318.106 m³");
  assert_line("0E 13 12 90 78 56 34 12", "Volume: 123456789.012 m³");
  // A minus sign in the highest digit, and what is no digit at all
  assert_line("0B 13 56 34 F2", "Volume: -23.456 m³");
  assert_line("0A 5A 23 F1", "Flow temperature: -12.3 °C");
  assert_line("0A 13 3B 12", "Volume: no number: 123B");
  assert_line("0A 13 EE EE", "Volume: no number: EEEE");
}

void variable_lengths(void**) {
  assert_line("0D FD 11 03 63 62 61", "Customer: abc");
  assert_line("0D FD 11 02 FC 4D", "Customer: Mü");
  assert_line("0D FD 11 03 07 1B 41", "Customer: A..");
  assert_line("0D 13 C3 56 34 12", "Volume: 123.456 m³");
  assert_line("0D 13 D3 56 34 12", "Volume: -123.456 m³");
  assert_line("0D 13 E3 40 E2 01", "Volume: 123.456 m³");
  assert_line("0D 13 E0", "Volume: no value");
  assert_line("0D 13 E9 01 02 03 04 05 06 07 08 09", "Volume: 01 02 03 04 05 06 07 08 09");
  assert_line("0D 13 CF 00", "Not a whole record: the length of its value is reserved");
  assert_line("0D 13 F7 00", "Not a whole record: the length of its value is reserved");
  assert_line("0D 13 05 41", "Not a whole record: the data end in its value");
  assert_line("0D 13", "Not a whole record: the data end in its value");
}

void reals(void**) {
  assert_line("05 5B 22 F3 26 42", "Flow temperature: 41.737434 °C");  // 41.737434 in libmbus
  assert_line("05 13 00 00 80 3F", "Volume: 0.001 m³");
  assert_line("05 28 00 00 C0 BF", "Power: -0.0015 W");
  assert_line("05 5B 00 00 C0 7F", "Flow temperature: not a number");
  assert_line("05 5B 00 00 80 7F", "Flow temperature: infinite");
  // The largest: 2^128 - 2^104
  const Buffer largest = hex("05 5B FF FF 7F 7F");
  const std::vector<Record> found = records_in(largest);
  assert_true(found[0].value.number == 3.4028234663852886e38);
}

void numbers_are_exact(void**) {
  // 0.1 + 0.2 and their kind: no double is near these, the text is
  const Buffer bytes = hex("0E 13 99 99 99 99 99 99 02 10 0A 00");
  const std::vector<Record> found = records_in(bytes);
  assert_string_equal(found[0].value.text.c_str(), "999999999.999");
  assert_true(found[0].value.number == 999999999.999);
  assert_string_equal(found[1].value.text.c_str(), "0.000010");
  assert_true(found[1].value.number == 0.000010);
}

void moments(void**) {
  assert_line("02 6C 21 16", "Date: 2009-06-01");  // 0x1621: day 1, year 1 + 8, month 6
  assert_line("02 6C FF FF", "Date: not set");
  assert_line("02 6C 00 00", "Date: not set");
  assert_line("02 6C FF 2C", "Date: 2023-12-31");
  assert_line("02 6C A1 AC", "Date: 1985-12-01");                       // 85: the last century
  assert_line("02 6C E1 FF", "Date: ****-**-01");                       // the first of every month
  assert_line("02 6C 21 1D", "Date: no date and time: 21 1d");          // month 13
  assert_line("04 6D 00 28 21 16", "Date and time: 2009-06-01 08:00");  // hundreds: 1
  assert_line("04 6D 3C 08 21 16", "Date and time: no date and time: 3c 08 21 16");
  assert_line("03 6D 1E 2D 17", "Date and time: 23:45:30");
  assert_line("03 6D 00 00 00", "Date and time: 00:00:00");
  assert_line("06 6D 1E 2D 17 21 16 00", "Date and time: 2009-06-01 23:45:30");
  assert_line("06 6D 1E AD 17 21 16 00", "Date and time: 2009-06-01 23:45:30 (marked invalid)");
  assert_line("02 FD 70 21 16", "Battery change: 2009-06-01");
}

void order_of_bytes(void**) {
  assert_lines("04 13 00 01 E2 40 0C 13 02 31 81 06 0D FD 11 03 61 62 63",
               {"Volume: 123.456 m³", "Volume: 2318.106 m³", "Customer: abc"}, Order::most_first);
}

// --- Quantities

// Of each row of the standard's tables its first and its last code.
void quantities_of_the_primary_table(void**) {
  assert_line("02 00 05 00", "Energy: 0.000005 kWh");
  assert_line("02 03 05 00", "Energy: 0.005 kWh");
  assert_line("02 07 05 00", "Energy: 50 kWh");
  assert_line("02 08 05 00", "Energy: 0.000005 MJ");
  assert_line("02 0F 05 00", "Energy: 50 MJ");
  assert_line("02 10 05 00", "Volume: 0.000005 m³");
  assert_line("02 17 05 00", "Volume: 50 m³");
  assert_line("02 18 05 00", "Mass: 0.005 kg");
  assert_line("02 1F 05 00", "Mass: 50000 kg");
  assert_line("02 20 05 00", "On time: 5 s");
  assert_line("02 23 05 00", "On time: 5 d");
  assert_line("02 25 05 00", "Operating time: 5 min");
  assert_line("02 28 05 00", "Power: 0.005 W");
  assert_line("02 2F 05 00", "Power: 50000 W");
  assert_line("02 30 05 00", "Power: 0.000005 MJ/h");
  assert_line("02 37 05 00", "Power: 50 MJ/h");
  assert_line("02 38 05 00", "Volume flow: 0.000005 m³/h");
  assert_line("02 40 05 00", "Volume flow: 0.0000005 m³/min");
  assert_line("02 4F 05 00", "Volume flow: 0.05 m³/s");
  assert_line("02 50 05 00", "Mass flow: 0.005 kg/h");
  assert_line("02 57 05 00", "Mass flow: 50000 kg/h");
  assert_line("02 58 05 00", "Flow temperature: 0.005 °C");
  assert_line("02 5F 05 00", "Return temperature: 5 °C");
  assert_line("02 60 05 00", "Temperature difference: 0.005 K");
  assert_line("02 67 05 00", "External temperature: 5 °C");
  assert_line("02 68 05 00", "Pressure: 0.005 bar");
  assert_line("02 6E 05 00", "Heat cost allocator units: 5");
  assert_line("02 76 05 00", "Actuality duration: 5 h");
  assert_line("0C 79 05 00 00 00", "Enhanced identification: 00000005");
  assert_line("01 7A 05", "Address: 5");
  assert_line("02 6F 05 00", "Unknown quantity (VIF 6f): 05 00");
}

void quantities_of_the_extensions(void**) {
  assert_line("02 FB 00 05 00", "Energy: 500 kWh");
  assert_line("02 FB 09 05 00", "Energy: 5000 MJ");
  assert_line("02 FB 0D 05 00", "Energy: 5 Mcal");
  assert_line("02 FB 10 05 00", "Volume: 500 m³");
  assert_line("02 FB 18 05 00", "Mass: 500000 kg");
  assert_line("02 FB 1A 05 00", "Relative humidity: 0.5 %");
  assert_line("02 FB 28 05 00", "Power: 500000 W");
  assert_line("02 FB 2E 05 00", "Frequency: 0.5 Hz");
  assert_line("02 FB 7F 05 00", "Cumulated maximum of power: 50000 W");
  assert_line("02 FB 7E 05 00", "Cumulated maximum of power: 5000 W");
  assert_line("02 FB 3F 05 00", "Unknown quantity (VIF fb 3f): 05 00");
  assert_line("02 FD 03 05 00", "Credit: 5 units of local currency");
  assert_line("02 FD 0E 05 00", "Firmware version: 5");
  assert_line("02 FD 40 05 00", "Voltage: 0.000000005 V");
  assert_line("02 FD 4F 05 00", "Voltage: 5000000 V");
  assert_line("02 FD 50 05 00", "Current: 0.000000000005 A");
  assert_line("02 FD 5F 05 00", "Current: 5000 A");
  assert_line("02 FD 26 05 00", "Storage interval: 5 h");
  assert_line("02 FD 31 05 00", "Duration of tariff: 5 min");
  assert_line("02 FD 33 05 00", "Duration of tariff: 5 d");
  assert_line("02 FD 6E 05 00", "Operating time of battery: 5 months");
  assert_line("02 FD 3A 05 00", "Dimensionless: 5");
  assert_line("02 FD 5F 00 80", "Current: invalid");
  assert_line("02 FD 7F 05 00", "Unknown quantity (VIF fd 7f): 05 00");
  assert_line("02 EF 05 05 00", "Unknown quantity (VIF ef 05): 05 00");
}

void modified_quantities(void**) {
  assert_line("0C 93 3A 06 81 31 02", "Volume, uncorrected: 2318.106 m³");  // guide, page 34
  assert_line("02 93 23 05 00", "Volume: 0.005 m³/d");
  assert_line("02 86 2D 05 00", "Energy: 5 kWh/m³");
  assert_line("02 93 28 05 00", "Volume, per input pulse: 0.005 m³");
  assert_line("02 FD C9 36 05 00", "Voltage: 5 V·s");
  assert_line("02 93 70 05 00", "Volume: 0.000000005 m³");
  assert_line("02 93 77 05 00", "Volume: 0.05 m³");
  assert_line("02 93 7D 05 00", "Volume: 5 m³");
  assert_line("02 93 39 21 16", "Volume, start: 2009-06-01");
  assert_line("02 AB 40 05 00", "Power, lower limit: 5 W");
  assert_line("02 AB 48 05 00", "Power, upper limit: 5 W");
  assert_line("02 AB 49 05 00", "Power, times beyond the upper limit: 5");
  assert_line("02 AB 47 21 16", "Power, end of the last time beyond the lower limit: 2009-06-01");
  assert_line("02 AB 5A 05 00", "Power, duration of the first time beyond the upper limit: 5 h");
  assert_line("02 AB 61 05 00", "Power, duration of the first: 5 min");
  assert_line("04 AB 6E 00 28 21 16", "Power, begin of the last: 2009-06-01 08:00");
  assert_line("02 AB 69 05 00", "Power, at the first time beyond the upper limit: 5 W");
  assert_line("02 AB FC 03 05 00", "Power, phase L3: 5 W");
  assert_line("02 AB FC 0C 05 00", "Power, import minus export: 5 W");
  assert_line("02 AB 7C 05 00", "Power, VIFE 7c: 05 00");
  assert_line("02 AB 79 05 00", "Power, without an additive correction of 10^-2: 5 W");
  assert_line("02 93 1E 05 00", "Volume, compact profile with registers: 05 00");
  // In a row: uncorrected, times a thousand, per day
  assert_line("02 93 BA FD 23 05 00", "Volume, uncorrected: 5 m³/d");
}

void devices_tell_of_errors(void**) {
  const Buffer bytes = hex("02 93 15 00 00 02 93 18 00 00 02 13 05 00 02 93 08 00 00");
  const std::vector<Record> found = records_in(bytes);
  assert_string_equal(line_of(found[0]).c_str(), "Volume: no data available");
  assert_string_equal(line_of(found[1]).c_str(), "Volume: data error");
  assert_string_equal(line_of(found[3]).c_str(), "Volume: reserved error code");
  assert_false(is_main_reading(found[0]));
  assert_true(is_main_reading(found[2]));
}

void parts_of_the_header(void**) {
  // Storage 1 + 2·5 + 2·16·9, tariff 2 + 4·1, subunit 1 + 2·1
  const Buffer bytes = hex("C4 E5 59 13 00 00 00 00");
  const auto header = parse_record_header(bytes, Order::least_first);
  assert_true(header.has_value());
  assert_int_equal(header->storage, 1 + 2 * 5 + 32 * 9);
  assert_int_equal(header->tariff, 2 + 4 * 1);
  assert_int_equal(header->subunit, 1 + 2 * 1);
  assert_int_equal(header->size, 4);
  assert_int_equal(header->vif_offset, 3);
  // The most that there can be: 41 bits of storage
  const Buffer most = hex("C4 8F 8F 8F 8F 8F 8F 8F 8F 8F 0F 13");
  assert_true(parse_record_header(most, Order::least_first)->storage == (1ULL << 41) - 1);
  const Buffer more = hex("C4 8F 8F 8F 8F 8F 8F 8F 8F 8F 8F 0F 13");
  assert_false(parse_record_header(more, Order::least_first).has_value());
}

void broken_ones_say_why(void**) {
  assert_line("04", "Not a whole record: the data end in its header");
  assert_line("84", "Not a whole record: the data end in its header");
  assert_line("84 80", "Not a whole record: the data end in its header");
  assert_line("04 93", "Not a whole record: the data end in its header");
  assert_line("04 FD", "Not a whole record: the data end in its header");
  assert_line("04 FC 05 41", "Not a whole record: the data end in its header");
  assert_line("04 13 01 02 03", "Not a whole record: the data end in its value");
  assert_line("84 80 80 80 80 80 80 80 80 80 80 00 13 00 00 00 00",
              "Not a whole record: it has more extensions than are allowed");
  assert_line("04 93 A0 A0 A0 A0 A0 A0 A0 A0 A0 A0 20 00 00 00 00",
              "Not a whole record: it has more extensions than are allowed");
  assert_lines("02 13 05 00 3F 13 05 00",
               {"Volume: 0.005 m³", "Not a whole record: its DIF is reserved"});
  assert_lines("7F 02 13 05 00", {"Request for everything (global readout)", "Volume: 0.005 m³"});
}

void first_digits_as_they_are(void**) {
  const Buffer bytes = hex("0C 13 06 81 31 02");
  const auto header = parse_record_header(bytes, Order::least_first);
  const Bytes value = Bytes(bytes).subspan(2);
  assert_string_equal(digits_of(*header, value, Order::least_first).c_str(), "02318106");
  const Buffer binary = hex("04 13");
  assert_string_equal(
      digits_of(*parse_record_header(binary, Order::least_first), value, Order::least_first)
          .c_str(),
      "");
}

// --- The header of a telegram

void long_headers(void**) {
  const Buffer bytes = hex("17 58 85 06 2D 2C 08 04 04 00 00 00");
  const auto header = parse_long_header(bytes);
  assert_true(header.has_value());
  assert_string_equal(header->identification.c_str(), "06855817");
  assert_string_equal(header->manufacturer.c_str(), "KAM");
  assert_int_equal(header->version, 8);
  assert_int_equal(header->medium, 4);
  assert_string_equal(std::string(medium_name(header->medium)).c_str(), "Heat");
  assert_int_equal(header->access_number, 4);
  assert_false(parse_long_header(Bytes(bytes).first(11)).has_value());
  // Saia-Burgess: a letter among the digits, as it came
  const Buffer odd = hex("3E 02 00 05 43 4C 12 02 13 80 27 B6");
  assert_string_equal(parse_long_header(odd)->identification.c_str(), "0500023E");
  assert_string_equal(parse_long_header(odd)->manufacturer.c_str(), "SBC");
  assert_int_equal(parse_long_header(odd)->status, 0x80);
  assert_int_equal(parse_long_header(odd)->signature, 0xB627);
}

void encrypted_telegrams(void**) {
  const Buffer scrambled(40, 0x5A);
  Buffer decrypted = scrambled;
  decrypted[0] = decrypted[1] = 0x2F;
  assert_int_equal(encryption_mode(0x0000), 0);
  assert_int_equal(encryption_mode(0x2520), 5);
  assert_int_equal(encryption_mode(0xB627), 0);             // Diehl's, of an old and open device
  assert_int_equal(encrypted_size(0x2520, scrambled), 32);  // two blocks
  assert_int_equal(encrypted_size(0x25F0, scrambled), 40);  // more than there are
  assert_int_equal(encrypted_size(0x2500, scrambled), 0);
  assert_int_equal(encrypted_size(0x2520, decrypted), 0);
  assert_int_equal(encrypted_size(0x0700, scrambled), 40);
  assert_int_equal(encrypted_size(0x2520, {}), 0);
}

// --- Anything

// Whatever the bytes are, the walk ends, its records follow each other without a gap, and what it
// says of them does not hang on what stands behind the data.
void any_bytes(void**) {
  test::Random random(13757);
  for (unsigned round = 0; round < 40'000; ++round) {
    const std::size_t size = random.below(60);
    Buffer bytes = random.bytes(size);
    // Bytes that mean something come more often than they would.
    for (auto& byte : bytes) {
      constexpr std::uint8_t telling[] = {0x0D, 0x7C, 0xFC, 0xFD, 0xFB, 0x13, 0x04, 0x84, 0x6D,
                                          0x2F, 0xFF, 0x0E, 0x05, 0x80, 0xC9, 0xE8, 0xF4, 0x00};
      if (random.once_in(2)) byte = telling[random.below(sizeof telling)];
    }
    const Order order = random.once_in(2) ? Order::least_first : Order::most_first;
    // On the heap with nothing behind, where a sanitizer sees every step too far.
    const Buffer alone(bytes);
    std::size_t at = 0;
    for (const Record& record : records_in(alone, order)) {
      assert_int_equal(record.offset, at);
      assert_true(record.size > 0);
      at += record.size;
      assert_true(at <= size);
      const std::string line = line_of(record);
      assert_true(!line.empty() && line.size() < 700);
      if (record.kind == Record::Kind::value) {
        assert_true(record.value_offset <= record.size);
        assert_true(record.header.value.quantity.exponent > -100 &&
                    record.header.value.quantity.exponent < 100);
        (void)digits_of(record.header,
                        Bytes(alone).subspan(record.offset + record.value_offset,
                                             record.size - record.value_offset),
                        order);
      }
    }
    assert_int_equal(at, size);
    (void)parse_long_header(alone);
  }
}

// A telegram that is cut is whole up to the cut.
void any_length(void**) {
  const Buffer bytes = hex(
      "0C 78 17 58 85 06 02 FC 03 48 52 25 74 D4 11 84 C0 40 06 00 00 00 00 0D FD 11 03 63 62 61"
      "05 5B 22 F3 26 42 0E 13 12 90 78 56 34 12 06 6D 1E 2D 17 21 16 00");
  const std::vector<Record> all = records_in(bytes);
  for (std::size_t size = 0; size < bytes.size(); ++size) {
    const std::vector<Record> found = records_in(Bytes(bytes).first(size));
    for (std::size_t i = 0; i < found.size(); ++i) {
      if (found[i].kind == Record::Kind::malformed) {
        assert_true(found[i].cut && i + 1 == found.size());
      } else {
        assert_string_equal(line_of(found[i]).c_str(), line_of(all[i]).c_str());
      }
    }
  }
}

}  // namespace
}  // namespace mep::mbus

int main() {
  using namespace mep::mbus;
  const CMUnitTest tests[] = {
      cmocka_unit_test(heat_meter),
      cmocka_unit_test(gas_meter),
      cmocka_unit_test(room_sensor),
      cmocka_unit_test(electricity_meters),
      cmocka_unit_test(sensus_pollustat),
      cmocka_unit_test(small_meters),
      cmocka_unit_test(integers_of_all_sizes),
      cmocka_unit_test(bcd_of_all_sizes),
      cmocka_unit_test(variable_lengths),
      cmocka_unit_test(reals),
      cmocka_unit_test(numbers_are_exact),
      cmocka_unit_test(moments),
      cmocka_unit_test(order_of_bytes),
      cmocka_unit_test(quantities_of_the_primary_table),
      cmocka_unit_test(quantities_of_the_extensions),
      cmocka_unit_test(modified_quantities),
      cmocka_unit_test(devices_tell_of_errors),
      cmocka_unit_test(parts_of_the_header),
      cmocka_unit_test(broken_ones_say_why),
      cmocka_unit_test(first_digits_as_they_are),
      cmocka_unit_test(long_headers),
      cmocka_unit_test(encrypted_telegrams),
      cmocka_unit_test(any_bytes),
      cmocka_unit_test(any_length),
  };
  return cmocka_run_group_tests_name("mbus_record", tests, nullptr, nullptr);
}
