# Finds the installed Wireshark, says which versions this source knows, and tells where its plugins
# and extcaps live. Only the plugin needs one; without, mepdump goes where Wireshark would look.
#
# Gives: with MEP_PLUGIN the target mep_wireshark; MEP_WIRESHARK_PLUGIN_DIR, MEP_WIRESHARK_DATA_DIR,
# MEP_WIRESHARK_EXTCAP_DIR, WIRESHARK_VERSION_MAJOR, WIRESHARK_VERSION_MINOR.
# SPDX-License-Identifier: GPL-2.0-or-later
set(MEP_WIRESHARK_OLDEST 4.0)
set(MEP_WIRESHARK_NEWEST 4.6)

if(MEP_PLUGIN)
  mep_library(WIRESHARK wireshark libwireshark-dev
    "the dissector plugin (-DMEP_PLUGIN=OFF builds the capture tool alone)")
else()
  pkg_check_modules(WIRESHARK QUIET wireshark)
endif()
string(REGEX MATCH "^([0-9]+)\\.([0-9]+)" MEP_WIRESHARK_SERIES "${WIRESHARK_VERSION}")
set(WIRESHARK_VERSION_MAJOR ${CMAKE_MATCH_1})
set(WIRESHARK_VERSION_MINOR ${CMAKE_MATCH_2})

if(MEP_PLUGIN AND MEP_WIRESHARK_SERIES VERSION_LESS MEP_WIRESHARK_OLDEST)
  message(FATAL_ERROR "Wireshark ${WIRESHARK_VERSION} is too old: MEP for Wireshark needs "
    "${MEP_WIRESHARK_OLDEST} or later.")
endif()
if(MEP_PLUGIN AND MEP_WIRESHARK_SERIES VERSION_GREATER MEP_WIRESHARK_NEWEST)
  message(FATAL_ERROR "Wireshark ${WIRESHARK_VERSION} is newer than any that MEP for Wireshark has "
    "been tried with (up to ${MEP_WIRESHARK_NEWEST}). Its plugin interface may have changed: look at "
    "compat/wireshark.h, raise MEP_WIRESHARK_NEWEST in cmake/Wireshark.cmake and run the tests.")
endif()

# Without Wireshark's pkg-config file: where a distribution's packages put it.
set(MEP_WIRESHARK_PREFIX /usr)
set(MEP_WIRESHARK_LIB_DIR /usr/lib/${CMAKE_LIBRARY_ARCHITECTURE})
if(WIRESHARK_FOUND)
  pkg_get_variable(MEP_WIRESHARK_PREFIX wireshark prefix)
  pkg_get_variable(MEP_WIRESHARK_LIB_DIR wireshark libdir)
  pkg_get_variable(mep_plugin_dir wireshark plugindir)
endif()

# Where Wireshark says that it looks: for its pkg-config file does not know, or says something else.
# Asked only if it is the Wireshark that this is built for, and without what a user may have set.
set(mep_folders "")
find_program(MEP_TSHARK tshark HINTS "${MEP_WIRESHARK_PREFIX}/bin")
if(MEP_TSHARK)
  set(mep_ask ${CMAKE_COMMAND} -E env --unset=WIRESHARK_PLUGIN_DIR --unset=WIRESHARK_EXTCAP_DIR
    --unset=WIRESHARK_RUN_FROM_BUILD_DIRECTORY LC_ALL=C ${MEP_TSHARK})
  execute_process(COMMAND ${mep_ask} --version OUTPUT_VARIABLE mep_tshark_version ERROR_QUIET)
  if(NOT WIRESHARK_FOUND AND mep_tshark_version MATCHES "^TShark \\(Wireshark\\) ([0-9]+\\.[0-9]+)\\.")
    set(MEP_WIRESHARK_SERIES ${CMAKE_MATCH_1})
  endif()
  string(REPLACE "." "\\." mep_series "${MEP_WIRESHARK_SERIES}")
  if(mep_series AND mep_tshark_version MATCHES "^TShark \\(Wireshark\\) ${mep_series}\\.")
    execute_process(COMMAND ${mep_ask} -G folders OUTPUT_VARIABLE mep_folders ERROR_QUIET)
  endif()
endif()

# Sets a folder from the line of tshark's answer that `line` fits, or otherwise to `fallback`. One
# that was given with -D stays; one that was found is found again, since Wireshark may have moved it.
function(mep_wireshark_folder variable line fallback what)
  set(folder "${fallback}")
  if(mep_folders MATCHES "(^|\n)${line}:[ \t]*(/[^\n]*)")
    string(STRIP "${CMAKE_MATCH_${CMAKE_MATCH_COUNT}}" folder)
  endif()
  if(NOT DEFINED CACHE{${variable}} OR "$CACHE{${variable}}" STREQUAL "$CACHE{${variable}_FOUND}")
    set(${variable} "${folder}" CACHE PATH "${what}" FORCE)
  endif()
  set(${variable}_FOUND "${folder}" CACHE INTERNAL "")
endfunction()

mep_wireshark_folder(MEP_WIRESHARK_PLUGIN_DIR "Global Plugins" "${mep_plugin_dir}"
  "Wireshark's plugin folder (the plugin goes to its subfolder epan)")
mep_wireshark_folder(MEP_WIRESHARK_DATA_DIR "Global configuration"
  "${MEP_WIRESHARK_PREFIX}/share/wireshark"
  "Wireshark's data folder (the profile goes to its subfolder profiles)")
# Without a tshark to ask: 4.6 has moved its extcaps.
if(WIRESHARK_FOUND AND MEP_WIRESHARK_SERIES VERSION_GREATER_EQUAL 4.6)
  set(mep_extcap_dir "${MEP_WIRESHARK_PREFIX}/libexec/wireshark/extcap")
else()
  set(mep_extcap_dir "${MEP_WIRESHARK_LIB_DIR}/wireshark/extcap")
endif()
mep_wireshark_folder(MEP_WIRESHARK_EXTCAP_DIR "(Global )?Extcap path" "${mep_extcap_dir}"
  "Wireshark's extcap folder, where a link to mepdump is put")
if(MEP_EXTCAP AND NOT WIRESHARK_FOUND AND NOT mep_folders)
  message(STATUS "There is no Wireshark here: a link to mepdump will be put into "
    "${MEP_WIRESHARK_EXTCAP_DIR} (-DMEP_WIRESHARK_EXTCAP_DIR=/usr/local/bin makes none)")
endif()

# Wireshark's headers are not ours to warn about.
if(MEP_PLUGIN)
  add_library(mep_wireshark INTERFACE)
  target_link_libraries(mep_wireshark INTERFACE PkgConfig::WIRESHARK)
  get_target_property(mep_wireshark_includes PkgConfig::WIRESHARK INTERFACE_INCLUDE_DIRECTORIES)
  target_include_directories(mep_wireshark SYSTEM INTERFACE ${mep_wireshark_includes})
  target_include_directories(mep_wireshark INTERFACE ${PROJECT_SOURCE_DIR})
endif()
