// What the meter tells of its own interface: BT00, BT03, BT70, BT71, ET36, ET42, ET54, ET70, ET89,
// ET90. SPDX-License-Identifier: GPL-2.0-or-later
#include <string>

#include "protocol/access.h"
#include "protocol/names.h"
#include "simulator/contents/contents.h"

namespace mep::simulator {
namespace {

using Buffer = std::vector<std::uint8_t>;

// --- BT00, page 196

// Bits for the numbers of tables or procedures, those of the meter's manufacturer or the others.
class NumberSet {
 public:
  explicit NumberSet(std::size_t size) : bits_(size) {}
  void add(std::uint16_t number) {
    number &= number_mask;
    if (number / 8U < bits_.size())
      bits_[number / 8U] |= static_cast<std::uint8_t>(1 << (number % 8U));
  }
  const Buffer& bits() const { return bits_; }

 private:
  Buffer bits_;
};

// Sizes of the sets: BT00.13 to .16.
struct SetSizes {
  std::size_t basic_tables = 10;
  std::size_t extended_tables;
  std::size_t basic_procedures = 2;
  std::size_t extended_procedures = 12;
};

// Which tables and procedures there are, and which tables can be written: what follows the fields
// that the guide describes, in the order of ANSI C12.19.
Buffer used_numbers(const Layout& layout, const SetSizes& sizes) {
  NumberSet basic(sizes.basic_tables), extended(sizes.extended_tables);
  NumberSet basic_written(sizes.basic_tables), extended_written(sizes.extended_tables);
  for (const std::uint16_t table : tables_of(layout.generation)) {
    const bool manufacturers = (table & manufacturer_flag) != 0;
    (manufacturers ? extended : basic).add(table);
    if (may_write(AccessLevel::advanced, table) == Permission::granted)
      (manufacturers ? extended_written : basic_written).add(table);
  }
  NumberSet procedures(sizes.extended_procedures);
  for (const std::uint16_t procedure : {EP(17), EP(19), EP(39)}) procedures.add(procedure);
  if (layout.gen4()) procedures.add(EP(61));
  Buffer all;
  for (const Buffer& part : {basic.bits(), extended.bits(), Buffer(sizes.basic_procedures),
                             procedures.bits(), basic_written.bits(), extended_written.bits()})
    all.insert(all.end(), part.begin(), part.end());
  return all;
}

void set_general_configuration(Values& values, const Layout& layout) {
  SetSizes sizes;
  sizes.extended_tables = layout.gen4() ? 20 : 13;
  set_fields(values, {{"bt00.char_format", 1},
                      {"bt00.time_format", 2},
                      {"bt00.data_access_method", 1},
                      {"bt00.identification_format", 1},
                      {"bt00.non_integer_format_1", 8},
                      {"bt00.non_integer_format_2", 8},
                      {"bt00.manufacturer", "NES"},
                      {"bt00.nameplate_type", 2},
                      {"bt00.procedure_parameter_length", 255},
                      {"bt00.response_data_length", number(response_data_length)},
                      {"bt00.standard_version", 1},
                      {"bt00.dim_basic_tables_used", number(sizes.basic_tables)},
                      {"bt00.dim_extended_tables_used", number(sizes.extended_tables)},
                      {"bt00.dim_basic_procedures_used", number(sizes.basic_procedures)},
                      {"bt00.dim_extended_procedures_used", number(sizes.extended_procedures)},
                      {"bt00.manufacturer_status_length", 9},
                      {"bt00.number_of_pending_tables", layout.gen4() ? 4 : 3},
                      {"bt00.reserved", used_numbers(layout, sizes)},
                      {"bt07.parameters", Buffer(255)}});
}

// --- BT03, BT70 and BT71, pages 45, 50 and 51 of the Optical Port Programmer's Guide

void set_mode_and_log(Values& values, const Layout& layout) {
  // A log that is read now and then has entries which nobody has read.
  set_fields(values, {{"bt03.metering_mode", 1},
                      {"bt03.self_read_occurred", 1},
                      {"bt03.event_log_unread_entries", 1},
                      {"bt03.load_profile_1_unread_entries_exist", 1}});
  constexpr std::int64_t standard_events = 64, own_events = 152, bits_of_byte = 8;
  for (const std::string table : {"bt70.", "bt71."})
    set_fields(values, {{table + "history_date_time", 1},
                        {table + "history_sequence_number", 1},
                        {table + "history_data_length", number(log_argument_size)},
                        {table + "event_data_length", number(log_argument_size)}});
  set_fields(values, {{"bt70.number_of_standard_events", standard_events},
                      {"bt70.number_of_manufacturer_events", own_events},
                      {"bt70.number_of_history_entries", 200},
                      {"bt71.number_of_standard_event_bytes", standard_events / bits_of_byte},
                      {"bt71.number_of_manufacturer_event_bytes", own_events / bits_of_byte},
                      {"bt71.number_of_history_entries", layout.history_entries}});
}

// --- ET36, page 108

void set_logs(Values& values, const Layout& layout) {
  values.set("et36.count", number(layout.logs.size()));
  for (std::uint32_t i = 0; i < layout.logs.size(); ++i) {
    const Log& log = layout.logs[i];
    set_fields(values,
               {{"et36.table", log.table},
                {"et36.entry_size", log.entry_size},
                {"et36.max_entries", log.most_entries},
                {"et36.current_entries", log.entries},
                {"et36.length_included", log.length_included}},
               {i});
  }
}

// --- ET42, page 111: what BT21, BT22, BT61, BT62, ET36, ET57 and others say

constexpr std::size_t fixed_section_size = 41;
constexpr std::size_t required_section_size = 8;
constexpr std::size_t data_set_size = 14;  // without its sources, page 117
constexpr std::size_t data_type_size = 4;

std::size_t interface_size(const Layout& layout) {
  std::size_t size = fixed_section_size + layout.logs.size() * 3 + layout.demands.size() +
                     layout.coincidents.size() + layout.load_profiles[0].sources.size() * 2 + 1 +
                     mbus_values.size() * data_type_size + 1 + required_section_size;
  for (std::size_t set = 1; set < layout.load_profiles.size(); ++set)
    if (layout.load_profiles[set].blocks != 0)
      size += data_set_size + layout.load_profiles[set].sources.size() * 2;
  return size;
}

// Extended source IDs in place of those that ET66 maps.
std::vector<std::uint16_t> extended_sources(const Layout& layout, std::size_t set) {
  std::vector<std::uint16_t> extended;
  for (const std::uint8_t source : layout.load_profiles[set].sources) {
    const std::size_t mapped = source - std::size_t{first_mapped_source};
    const bool is_mapped = source >= first_mapped_source && mapped < layout.mapped_sources.size();
    extended.push_back(is_mapped ? layout.mapped_sources[mapped] : source);
  }
  return extended;
}

void set_interface_data_set(Values& values, const Layout& layout, std::size_t set) {
  const LoadProfileConfig& config = layout.load_profiles[set];
  if (config.blocks == 0) return;
  const LoadProfileLog log(config);
  const std::string prefix =
      set == 0 ? "et42." : "et42.data_set_configuration_" + std::to_string(set + 1) + ".";
  values.set(prefix + "block_size", number(log.block_size()));
  values.set(prefix + "number_of_blocks", config.blocks);
  values.set(prefix + "number_of_channels", number(config.sources.size()));
  values.set(prefix + "interval_duration", config.interval_time);
  values.set(prefix + "interval_size", number(log.interval_size()));
  values.set(prefix + "intervals_per_block", config.intervals_per_block);
  // The sources of set 1 have a name of their own, and so have those of set 2.
  const std::string sources = set == 0   ? "et42.load_profile_extended_sources_chans"
                              : set == 1 ? "et42.load_profile_extended_sources"
                                         : prefix + "load_profile_extended_sources";
  set_each(values, sources, extended_sources(layout, set));
  constexpr std::array<std::string_view, load_profile_sets> active = {
      "", "et42.data_set_2_active", "et42.data_set_3_active", "et42.data_set_4_active"};
  if (set != 0) values.set(active[set], 1);
}

void set_interface_definition(Values& values, const Layout& layout) {
  const bool has_demand = !layout.demands.empty();
  set_fields(values, {{"et42.table_length", number(interface_size(layout))},
                      {"et42.fixed_section_length_fsl", number(fixed_section_size)},
                      {"et42.log_list_size_lls", number(layout.logs.size())},
                      {"et42.ics_blg_lp_format_2", 1},
                      {"et42.multiple_load_profile_data_set_support", 1},
                      {"et42.billing_interface_definition_number_bidn", billing_definition},
                      {"et42.demand_reset_counter", has_demand},
                      {"et42.cumulative_demand", has_demand},
                      {"et42.demand_configured", has_demand},
                      {"et42.unread_log_entries_bitmap_enabled", 1},
                      {"et42.number_of_self_reads", layout.self_reads},
                      {"et42.number_of_summations", number(layout.summations.size())},
                      {"et42.number_of_demands", number(layout.demands.size())},
                      {"et42.number_of_coincident_values", number(layout.coincidents.size())},
                      {"et42.number_of_occurrences", 1},
                      {"et42.number_of_tiers", number(tier_count)},
                      {"et42.number_of_present_demands", number(layout.present_demands.size())},
                      {"et42.number_of_present_values", number(layout.present_values.size())},
                      {"et42.demand_sub_interval", has_demand ? 15 : 0},
                      {"et42.demand_multiplier", has_demand},
                      {"et42.tier_size", number(layout.tier_size())},
                      {"et42.event_number", 1},
                      {"et42.date_time", 1},
                      {"et42.sequence_nbr", 1},
                      {"et42.history_log_count", layout.history_entries},
                      {"et42.history_log_entry_size", number(log_argument_size)},
                      {"et42.mdtt_current_entries", number(mbus_values.size())},
                      {"et42.length", number(required_section_size)},
                      {"et42.et74_entry_count", layout.extended_read_entries},
                      {"et42.et79_entry_count", layout.alternate_entries},
                      {"et42.energy_register_unit", 1},
                      {"et42.accumulator_rollover_digit", 9}});
  for (std::size_t set = 0; set < layout.load_profiles.size(); ++set)
    set_interface_data_set(values, layout, set);

  constexpr std::array<std::string_view, log_count> logs = {
      "otr",       "m_bus_otr",   "config_id", "demand_reset", "m_bus_recurring",
      "lp_change", "power_outage"};
  for (std::size_t i = 0; i < logs.size(); ++i) {
    const std::string log = "et42." + std::string(logs[i]);
    // "Log" is part of the entry's name in these.
    const bool has_long_name = i == channel_changes || i == power_outages;
    values.set(log + "_log_count", layout.logs[i].entries);
    values.set(log + (has_long_name ? "_log_entry_size" : "_entry_size"),
               layout.logs[i].entry_size);
  }
  set_each(values, "et42.demand_sources_dmdscrcs", layout.demands);
  set_each(values, "et42.coincident_sources_coinsrcs", layout.coincidents);
  for (std::uint32_t i = 0; i < mbus_values.size(); ++i)
    set_fields(values,
               {{"et42.entry_type", 1},
                {"et42.mdt", static_cast<std::int64_t>(mbus_values[i])},
                {"et42.drh", data_record_header(mbus_values[i])}},
               {i});
}

// --- ET54, page 133

void set_status(Values& values, const Layout& layout) {
  set_fields(values, {{"et54.multiple_load_profile_data_set_support", 1},
                      {"et54.energy_unit_change", 1},
                      {"et54.lcd_value_id_code_5_digit_support", layout.gen4()},
                      {"et54.multiple_mep_clients", layout.clients() > 1},
                      {"et54.et74_entry_count", layout.extended_read_entries},
                      {"et54.et79_entry_count", layout.alternate_entries},
                      {"et54.year", 22},
                      {"et54.month", 3},
                      {"et54.day", 1},
                      {"et54.unicast_key_usage_count", 5128},
                      {"et54.broadcast_key_usage_count", 311},
                      {"et54.rc4", 1},
                      {"et54.osgp_aes_128_psk", 1},
                      {"et54.external_tamper_input_raw_adc", 1987}});
}

// ET70, ET89 and ET90, pages 174, 187 and 191
void set_extensions(Values& values, const Layout& layout) {
  set_fields(values, {{"et89.mep_1_re_register_allowed", 1},
                      {"et89.mep_2_re_register_allowed", 1},
                      {"et89.current_op_mode", 2},
                      {"et89.remote_no_expire", 1},
                      {"et89.remote_state", 1},
                      {"et89.image_validation_key_ids", 0x0101},
                      {"et89.last_image_length", 417'792},
                      {"et89.signature_length", 72},
                      {"et89.signature", Buffer{0x30, 0x45, 0x02, 0x20, 0x51, 0xC7, 0x0D, 0x9A}}});
  // Which of two clients asks is not for a table to know: whoever answers puts it here.
  if (layout.gen4()) values.set("et70.current_comm_channel_index", 1);
  set_fields(values, {{"et90.ip_address_length", 40},
                      {"et90.urgent_alarm_bitmask_length", 16},
                      {"et90.connection_reason_bitmap_length", 4},
                      {"et90.modem_apn_length", 64},
                      {"et90.modem_apn_user_length", 32},
                      {"et90.modem_apn_password_length", 32},
                      {"et90.modem_sim_pin_length", 8},
                      {"et90.modem_manufacturer_length", 16},
                      {"et90.modem_model_length", 16},
                      {"et90.modem_revision_length", 32},
                      {"et90.modem_imei_length", 16},
                      {"et90.modem_sim_phone_number_length", 20},
                      {"et90.modem_current_mobile_operator_name_length", 32},
                      {"et90.modem_socket_maximum_connections", 4},
                      {"et90.modem_maximum_connection_services", 6},
                      {"et90.number_of_ftz_messages", 3},
                      {"et90.modem_at_command_reply_length", 256},
                      {"et90.modem_sim_iccd_length", 20},
                      {"et90.number_of_pending_security_events", 1},
                      {"et90.pending_security_event_size", 8}});
}

}  // namespace

void set_interface(Values& values, const Layout& layout) {
  set_general_configuration(values, layout);
  set_mode_and_log(values, layout);
  set_logs(values, layout);
  set_interface_definition(values, layout);
  set_status(values, layout);
  set_extensions(values, layout);
}

}  // namespace mep::simulator
