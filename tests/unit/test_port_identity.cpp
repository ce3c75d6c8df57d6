// Adapters that are unplugged and plugged in again, in a sysfs of our own that looks as the
// kernel's. SPDX-License-Identifier: GPL-2.0-or-later
#include "system/port_identity.h"

#include <stdlib.h>

#include <filesystem>
#include <fstream>

// Last, since it defines fail() as a macro.
#include "tests/unit/cmocka.h"

namespace mep::system {
namespace {

namespace fs = std::filesystem;

class Sysfs {
 public:
  Sysfs() {
    std::string name = fs::temp_directory_path() / "mep-sysfs-XXXXXX";
    root_ = mkdtemp(name.data());
    fs::create_directories(root_ / "class/tty");
    fs::create_directories(root_ / "dev");
  }
  Sysfs(const Sysfs&) = delete;
  Sysfs& operator=(const Sysfs&) = delete;
  ~Sysfs() { fs::remove_all(root_); }

  std::string root() const { return root_; }
  // Stands for /dev/NAME: only its name counts.
  std::string node(const std::string& terminal) const { return root_ / "dev" / terminal; }

  // An adapter at a USB port such as "1-1.2"; `interface` is which of its ports.
  void plug_in(const std::string& terminal, const std::string& usb_port, const std::string& serial,
               const std::string& interface = "00") {
    const fs::path usb = root_ / "devices/pci0/usb1" / usb_port;
    const fs::path below = usb / (usb_port + ":1." + interface) / terminal;
    fs::create_directories(below / "tty" / terminal);
    write(usb / "idVendor", "0403");
    write(usb / "idProduct", "6001");
    if (!serial.empty()) write(usb / "serial", serial);
    write(below.parent_path() / "bInterfaceNumber", interface);
    write(below / "port_number", "0");
    add(terminal, below);
  }
  // A port of the mainboard's.
  void build_in(const std::string& terminal) {
    const fs::path device = root_ / "devices/platform/serial8250";
    fs::create_directories(device);
    add(terminal, device);
  }
  void unplug(const std::string& terminal) {
    fs::remove_all(root_ / "class/tty" / terminal);
    fs::remove(node(terminal));
  }

 private:
  static void write(const fs::path& path, const std::string& text) {
    std::ofstream(path) << text << "\n";
  }
  void add(const std::string& terminal, const fs::path& device) {
    fs::create_directories(root_ / "class/tty" / terminal);
    fs::create_symlink(device, root_ / "class/tty" / terminal / "device");
    write(node(terminal), "");
  }

  fs::path root_;
};

void assert_found(const Sysfs& sysfs, const PortIdentity& identity, const char* path) {
  const auto found = find_port(identity, sysfs.root());
  if (path == nullptr) {
    assert_false(found.has_value());
    return;
  }
  assert_true(found.has_value());
  assert_string_equal(found->c_str(), path);
}

void by_its_serial_number(void**) {
  Sysfs sysfs;
  sysfs.plug_in("ttyUSB0", "1-1", "A1");
  sysfs.plug_in("ttyUSB1", "1-2", "B2");
  const PortIdentity identity = identify_port(sysfs.node("ttyUSB0"), sysfs.root());
  assert_found(sysfs, identity, "/dev/ttyUSB0");
  sysfs.unplug("ttyUSB0");
  assert_found(sysfs, identity, nullptr);
  // Another adapter under its name, at its place.
  sysfs.plug_in("ttyUSB0", "1-1", "C3");
  assert_found(sysfs, identity, nullptr);
  sysfs.plug_in("ttyUSB7", "1-4", "A1");
  assert_found(sysfs, identity, "/dev/ttyUSB7");
}

void by_its_place(void**) {
  Sysfs sysfs;
  sysfs.plug_in("ttyUSB0", "1-1", "");
  const PortIdentity identity = identify_port(sysfs.node("ttyUSB0"), sysfs.root());
  sysfs.unplug("ttyUSB0");
  sysfs.plug_in("ttyUSB0", "1-3", "");
  assert_found(sysfs, identity, nullptr);
  sysfs.plug_in("ttyUSB1", "1-1", "");
  assert_found(sysfs, identity, "/dev/ttyUSB1");
}

// As cheap ones have it: both lines' adapters with the same number.
void a_serial_number_that_others_have_too(void**) {
  Sysfs sysfs;
  sysfs.plug_in("ttyUSB0", "1-1", "0001");
  sysfs.plug_in("ttyUSB1", "1-2", "0001");
  const PortIdentity first = identify_port(sysfs.node("ttyUSB0"), sysfs.root());
  const PortIdentity second = identify_port(sysfs.node("ttyUSB1"), sysfs.root());
  sysfs.unplug("ttyUSB0");
  sysfs.unplug("ttyUSB1");
  sysfs.plug_in("ttyUSB0", "1-2", "0001");
  assert_found(sysfs, first, nullptr);
  assert_found(sysfs, second, "/dev/ttyUSB0");
  sysfs.plug_in("ttyUSB1", "1-1", "0001");
  assert_found(sysfs, first, "/dev/ttyUSB1");
}

void which_of_an_adapters_ports(void**) {
  Sysfs sysfs;
  sysfs.plug_in("ttyUSB0", "1-1", "F4", "00");
  sysfs.plug_in("ttyUSB1", "1-1", "F4", "01");
  const PortIdentity identity = identify_port(sysfs.node("ttyUSB1"), sysfs.root());
  sysfs.unplug("ttyUSB0");
  sysfs.unplug("ttyUSB1");
  sysfs.plug_in("ttyUSB5", "1-1", "F4", "00");
  assert_found(sysfs, identity, nullptr);
  sysfs.plug_in("ttyUSB6", "1-1", "F4", "01");
  assert_found(sysfs, identity, "/dev/ttyUSB6");
}

void no_usb_adapter(void**) {
  Sysfs sysfs;
  sysfs.build_in("ttyS0");
  const PortIdentity identity = identify_port(sysfs.node("ttyS0"), sysfs.root());
  assert_true(identity.usb_port.empty());
  assert_found(sysfs, identity, sysfs.node("ttyS0").c_str());
  sysfs.unplug("ttyS0");
  assert_found(sysfs, identity, nullptr);
}

void a_pseudo_terminals_number(void**) {
  const PortIdentity identity = identify_port("/dev/pts/0");
  assert_true(identity.by_number);
  assert_false(find_port(identity).has_value());
}

int run() {
  const CMUnitTest tests[] = {
      cmocka_unit_test(by_its_serial_number),
      cmocka_unit_test(by_its_place),
      cmocka_unit_test(a_serial_number_that_others_have_too),
      cmocka_unit_test(which_of_an_adapters_ports),
      cmocka_unit_test(no_usb_adapter),
      cmocka_unit_test(a_pseudo_terminals_number),
  };
  return cmocka_run_group_tests(tests, nullptr, nullptr);
}

}  // namespace
}  // namespace mep::system

int main() {
  return mep::system::run();
}
