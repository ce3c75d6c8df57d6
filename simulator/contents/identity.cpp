// Who the meter is and what it is made of: BT01, BT30, BT33, ET03, ET04, ET29.
// SPDX-License-Identifier: GPL-2.0-or-later
#include <string>

#include "simulator/contents/contents.h"

namespace mep::simulator {
namespace {

using Buffer = std::vector<std::uint8_t>;

constexpr std::int64_t display_list_items = 30;

// x.yy.zz in 16 bits, page 199.
struct Firmware {
  unsigned major, minor, build;
};
Firmware firmware_of(Generation generation) {
  return generation == Generation::gen4 ? Firmware{4, 30, 8} : Firmware{3, 82, 5};
}

Buffer text_bytes(const std::string& text) {
  return {text.begin(), text.end()};
}

// ET04, page 56
void set_system(Values& values, const Layout& layout) {
  const Firmware firmware = firmware_of(layout.generation);
  const auto major = static_cast<std::uint8_t>(firmware.major);
  const auto minor = static_cast<std::uint8_t>(firmware.minor);
  const auto build = static_cast<std::uint8_t>(firmware.build);
  set_fields(values, {{"et04.sequence_number", 0x0001'2C4F},
                      {"et04.transceiver_id", Buffer{0x05, 0x00, 0x1A, 0x7C, 0x33, 0x90}},
                      {"et04.subnet_id", 3},
                      {"et04.node_id", 41},
                      {"et04.explicit_message_received", 1},
                      {"et04.neuron_phase", 1},
                      {"et04.rated_frequency", 50},
                      {"et04.program_id_firmware_version_id",
                       Buffer{0x9F, 0xFF, 0x45, 0x4D, 0x33, major, minor, build}},
                      {"et04.self_identification", text_bytes("SIMULATED METER")},
                      {"et04.max_power_outages_recorded", number(power_outage_records)},
                      {"et04.unused", Buffer{4}},
                      {"et04.max_nbr_of_te_registers", 4},
                      {"et04.registration_current", 16},
                      {"et04.max_current", 100},
                      {"et04.rated_voltage", 230},
                      {"et04.dst_off_time_delta", daylight_saving_minutes},
                      {"et04.stop_mode_config", layout.gen4() ? 0 : 7},
                      {"et04.lp_use_skipped", 1},
                      {"et04.neuron_state", 4},
                      {"et04.plc_comm_inactive_time_threshold", 1440},
                      {"et04.broadcast_receipt", DateTime{2022, 1, 17, 3, 12, 44}},
                      {"et04.broadcast_base", 0x0000'51A7},
                      {"et04.broadcast_delta", 64},
                      {"et04.reverse_energy_alarm_current_threshould", 0},
                      {"et04.plc_signal_qualty_status", 4},
                      {"et04.auto_discovery_ta", 330},
                      {"et04.auto_discovery_to", 50},
                      {"et04.auto_discovery_disable", 0},
                      {"et04.amplifier_gain_detect_sensitivity", -84},
                      {"et04.events_outage_threshold", 0xFFFF},
                      {"et04.nvm_size", layout.gen4() ? 256 : 128},
                      {"et04.mep_seq_nbr", layout.gen4() ? 0 : 0x4711},
                      {"et04.premise_power_generation", 1},
                      {"et04.power_outage_detection_threshold", layout.gen4() ? 0 : 60},
                      {"et04.phase_loss_threshold", 35},
                      {"et04.idt_version", 6},
                      {"et04.tilt_timer", 10},
                      {"et04.minimum_registration_current", 12},
                      {"et04.maximum_key_usage_count", 1'000'000},
                      {"et04.fcm_message_count", 3},
                      {"et04.mep_sequence_numbers", 0x4711},
                      {"et04.reverse_energy_alarm_time_threshold_seconds", 10}});
}

// ET29, page 100
void set_hardware(Values& values, const Layout& layout) {
  set_fields(values, {{"et29.so_kyz_output", 1},
                      {"et29.disconnect_buzzer", 1},
                      {"et29.control_relay_1_dry", 1},
                      {"et29.m_bus_module", 1},
                      {"et29.cover_tamper", 1},
                      {"et29.mep_client_1_port", 1},
                      {"et29.disconnect_sensor", 1},
                      {"et29.magnetic_tamper", 1},
                      {"et29.high_frequency_noise_detection", 1},
                      {"et29.mep_client_2_port", layout.clients() > 1},
                      {"et29.polyphase", 1},
                      {"et29.backliight_lcd_present", 1},
                      {"et29.battery_type", 1},
                      {"et29.line", 1}});
  struct Port {
    std::int64_t board, port, number;
  };
  constexpr std::int64_t wireless = 1, wired = 2, plc = 3;
  constexpr std::int64_t mep = 1, plc_port = 3;
  constexpr Port ports[] = {{wired, mep, 1}, {wireless, mep, 2}, {plc, plc_port, 0}};
  std::uint32_t i = 0;
  for (const Port& port : ports)
    set_fields(values,
               {{"et29.board", port.board},
                {"et29.port", port.port},
                {"et29.sequence_number", port.number}},
               {i++});
}

}  // namespace

void set_identity(Values& values, const Layout& layout) {
  const Firmware firmware = firmware_of(layout.generation);
  set_fields(values, {{"bt01.manufacturer", "NES"},
                      {"bt01.model", layout.gen4() ? "83334-3I" : "83332-3I"},
                      {"bt01.major_version", firmware.major},
                      {"bt01.minor_version_upper_4_bits", firmware.minor >> 3},
                      {"bt01.minor_version_lower_3_bits", firmware.minor & 7},
                      {"bt01.build", firmware.build}});

  set_fields(values, {{"bt30.on_time", 1},
                      {"bt30.number_of_display_sources", 962},
                      {"bt30.width_display_sources", 2},
                      {"bt30.number_of_primary_list_items", display_list_items},
                      {"bt30.number_of_primary_lists", 1}});
  constexpr std::uint16_t displayed[] = {0x2000, 0x2001, 0x0000};
  set_fields(values, {{"bt33.on_time", 6},
                      {"bt33.default_list", 1},
                      {"bt33.number_list_items", number(std::size(displayed))}});
  set_each(values, "bt33.display_sources", displayed);

  set_fields(values, {{"et03.utility_serial_number", "SIM-0001734882"},
                      {"et03.image_crc", layout.gen4() ? 0x6E1D : 0x93B2}});
  set_system(values, layout);
  set_hardware(values, layout);
}

}  // namespace mep::simulator
