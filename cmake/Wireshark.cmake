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
# A newer one may do. Whether it can is tried with the files that use most of what has changed before;
# without optimisation, since nobody runs them.
if(MEP_PLUGIN AND MEP_WIRESHARK_SERIES VERSION_GREATER MEP_WIRESHARK_NEWEST)
  pkg_get_variable(mep_include_dir wireshark includedir)
  if(NOT DEFINED MEP_NEWER_WIRESHARK_FITS)
    message(STATUS "Wireshark ${WIRESHARK_VERSION} is newer than any that is known: trying its headers")
    set(CMAKE_TRY_COMPILE_TARGET_TYPE STATIC_LIBRARY)
    set(CMAKE_TRY_COMPILE_CONFIGURATION Debug)
    set(mep_tried plugin conversations follow lines pieces preferences statistics tls_session user_dlt)
    list(TRANSFORM mep_tried PREPEND "${PROJECT_SOURCE_DIR}/plugin/")
    list(TRANSFORM mep_tried APPEND ".cpp")
    set(mep_definitions ${WIRESHARK_CFLAGS_OTHER} -DMEP_VERSION="${PROJECT_VERSION}" -w)
    try_compile(MEP_NEWER_WIRESHARK_FITS "${CMAKE_BINARY_DIR}/newer-wireshark" SOURCES ${mep_tried}
      CMAKE_FLAGS "-DINCLUDE_DIRECTORIES=${PROJECT_SOURCE_DIR};${WIRESHARK_INCLUDE_DIRS}"
      COMPILE_DEFINITIONS ${mep_definitions}
      CXX_STANDARD 20 CXX_STANDARD_REQUIRED ON OUTPUT_VARIABLE mep_why_not)
    unset(CMAKE_TRY_COMPILE_TARGET_TYPE)
  endif()
  if(NOT MEP_NEWER_WIRESHARK_FITS)
    string(REGEX MATCH "[^\n]*error:[^\n]*" mep_why_not "${mep_why_not}")
    unset(MEP_NEWER_WIRESHARK_FITS CACHE)
    message(FATAL_ERROR "Wireshark ${WIRESHARK_VERSION} is newer than any that MEP for Wireshark has "
      "been tried with (up to ${MEP_WIRESHARK_NEWEST}), and its plugin interface has changed: "
      "compat/wireshark.h has to learn of it. -DMEP_PLUGIN=OFF builds the capture tool alone. The first "
      "difference: ${mep_why_not}")
  endif()
  message(WARNING "Wireshark ${WIRESHARK_VERSION} is newer than any that MEP for Wireshark has been "
    "tried with (up to ${MEP_WIRESHARK_NEWEST}). It seems to fit; run the tests (./run tests) before you "
    "rely on what it shows.")
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
