// Thresholds and modes: ET09, ET23, ET46, ET55, ET80, ET97. Most are the guide's defaults.
// SPDX-License-Identifier: GPL-2.0-or-later
#include "simulator/contents/contents.h"

namespace mep::simulator {
namespace {

// ET09, page 68. Its records of what happened are live.
void set_power_quality(Values& values) {
  set_fields(values, {{"et09.long_outage_duration_threshold", 180},
                      {"et09.sag1_surge_time_threshold", 0},
                      {"et09.sag1_threshold", 10},
                      {"et09.surge_threshold", 10},
                      {"et09.over_current_threshold", 50},
                      {"et09.min_frequency", 49'846},
                      {"et09.min_freq_date_time", DateTime{2021, 1, 8, 13, 9, 12}},
                      {"et09.max_frequency", 50'121},
                      {"et09.max_freq_date_time", DateTime{2021, 7, 24, 15, 36, 0}},
                      {"et09.short_outage_count", 2},
                      {"et09.pq_configuration_id", 4},
                      {"et09.sag1_surge_threshold_seconds", 1},
                      {"et09.power_up_quality_hold_time", 5},
                      {"et09.over_current_time_threshold", 10},
                      {"et09.thd_time_threshold", 600},
                      {"et09.thd_threshold", 800},
                      {"et09.drp", 0},
                      {"et09.sag2_threshold", 255},
                      {"et09.average_current_calculation_interval", 600}});
}

// ET55, page 140
void set_meter_configuration(Values& values, const Layout& layout) {
  set_fields(values,
             {{"et55.delta_time_adjustment_increment", 1},
              {"et55.signal_strength_threshold", -84},
              {"et55.plc_active_timeout", 1440},
              {"et55.plc_failed_authentication_lockout_threshold", 5},
              {"et55.plc_failed_authentication_lockout_duration", 10},
              {"et55.optical_failed_authentication_lockout_threshold", 5},
              {"et55.optical_failed_authentication_lockout_duration", 10},
              {"et55.scheduled_lcd_message_id_fta_message_obis_code", "MSG "},
              {"et55.scheduled_lcd_message_text_remaining_fta_message_characters", "SIMULAT."},
              {"et55.disable_message_override", 1},
              {"et55.disable_scheduled_lcd_message_in_scrolling_list", 1},
              {"et55.phase_loss_threshold_seconds", 60},
              {"et55.disable_consumption_based_tariff", 1},
              {"et55.disable_step_tariff", 1},
              {"et55.over_power_threshold", 22'000},
              {"et55.over_power_time_threshold", 600},
              {"et55.over_power_threshold_tier", 3},
              {"et55.over_power_source", 1},
              {"et55.transformer_secondary_rated_current", 5},
              {"et55.clock_error_calendar_id", calendar_id},
              {"et55.over_power_calendar_id", calendar_id},
              {"et55.general_cover_removed_detection_threshold_general_crdt", 5},
              {"et55.primary_load_profile_index", 0},
              {"et55.high_frequency_noise_detection_threshold", 513},
              {"et55.high_frequency_noise_detection_time_threshold", 60},
              {"et55.broken_mv_conductor_detection_time_threshold", 600},
              {"et55.zero_fault_detection_time_threshold", 10},
              {"et55.normal_voltage_upper_limit", 115},
              {"et55.normal_voltage_lower_limit", 85},
              {"et55.low_voltage_higher_limit", 60},
              {"et55.voltage_fluctuation_limit", 5},
              {"et55.prepay_tier_5_8_rates", 1000},
              {"et55.reverse_energy_alarm_current_threshold", 0},
              {"et55.step_tariff_source", 0},
              {"et55.step_tariff_reset_day", 1},
              {"et55.number_of_mains_cycles_used_for_consecutive_rms_voltage_calculation", 10},
              {"et55.number_of_seconds_for_average_rms_voltage_calculations", 600},
              {"et55.number_of_average_rms_voltage_used_for_nlc_and_nlp_calculation", 1008},
              {"et55.delta_adsup", 23'000},
              {"et55.delta_adinf", 23'000},
              {"et55.delta_prsup", 34'500},
              {"et55.delta_prinf", 34'500},
              {"et55.momentary_voltage_disturbance_mvd_detection_time_threshold_lower_limit", 1},
              {"et55.mvd_detection_time_threshold_upper_limit", 3000},
              {"et55.mvd_interruption_sag_low_vrms_threshold", 5},
              {"et55.mvd_sag_high_vrms_threshold", 90},
              {"et55.mvd_swell_low_vrms_threshold", 110},
              {"et55.energy_register_unit", 1}});
  if (!layout.gen4()) return;
  set_fields(values, {{"et55.house_icon_control", 1},
                      {"et55.m_bus_discovery_auto_confirmation", 1},
                      {"et55.enable_optical_d_o_s_timer", 1},
                      {"et55.optical_session_timeout", 120},
                      {"et55.optical_session_hold_off", 30},
                      {"et55.vtamper12_adc_value", 2011},
                      {"et55.vtamper2_adc_value", 1360},
                      {"et55.vtamper1_adc_value", 1342},
                      {"et55.general_cover_removed_detection_threshold_general_crdt_2", 5},
                      {"et55.magnetic_tamper_duration", 10},
                      {"et55.va_power_and_engery_calculation_method", 1}});
}

}  // namespace

void set_settings(Values& values, const Layout& layout) {
  set_power_quality(values);
  set_meter_configuration(values, layout);

  set_fields(values,
             {{"et23.disconnect_internal_status", 0}, {"et23.active_calendar_id", calendar_id}});
  // Both reserved stretches have this name: 86 bytes inside, and up to about as many at the end.
  values.set("et23.reserved", std::vector<std::uint8_t>(86));

  set_fields(values, {{"et46.disconnect_control_type", 0}});
  set_fields(values, {{"et80.average_power_control_sub_interval", 300},
                      {"et80.average_power_control_interval_multiplier", 3},
                      {"et80.average_power_disconnect_threshold", 25'000}});

  set_fields(values, {{"et97.ftz_message_contents_array",
                       std::vector<std::uint8_t>{'S', 'I', 'M', 'U', 'L', 'A', 'T', 'E'}},
                      {"et97.mep_1_id_mask", std::vector<std::uint8_t>(30, 0xFF)},
                      {"et97.mep_2_id_mask", std::vector<std::uint8_t>(30, 0xFF)},
                      {"et97.heartbeat_interval", 0},
                      {"et97.maintenance_mode_entry", 1},
                      {"et97.maintenance_mode_display", 1},
                      {"et97.maintenance_mode_exit_delay", 30},
                      {"et97.security_log_interval_minutes", 60}});
}

}  // namespace mep::simulator
