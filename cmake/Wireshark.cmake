# Finds the installed Wireshark, says which versions this source knows, and tells where its plugins
# and extcaps live.
#
# Gives: the targets mep_wireshark and mep_wiretap, MEP_WIRESHARK_PLUGIN_DIR,
# MEP_WIRESHARK_EXTCAP_DIR, WIRESHARK_VERSION_MAJOR, WIRESHARK_VERSION_MINOR.
# SPDX-License-Identifier: GPL-2.0-or-later
set(MEP_WIRESHARK_OLDEST 4.0)
set(MEP_WIRESHARK_NEWEST 4.6)

pkg_check_modules(WIRESHARK REQUIRED IMPORTED_TARGET wireshark)
string(REGEX MATCH "^([0-9]+)\\.([0-9]+)" MEP_WIRESHARK_SERIES "${WIRESHARK_VERSION}")
set(WIRESHARK_VERSION_MAJOR ${CMAKE_MATCH_1})
set(WIRESHARK_VERSION_MINOR ${CMAKE_MATCH_2})

if(MEP_WIRESHARK_SERIES VERSION_LESS MEP_WIRESHARK_OLDEST)
  message(FATAL_ERROR "Wireshark ${WIRESHARK_VERSION} is too old: MEP for Wireshark needs "
    "${MEP_WIRESHARK_OLDEST} or later.")
endif()
if(MEP_WIRESHARK_SERIES VERSION_GREATER MEP_WIRESHARK_NEWEST)
  message(FATAL_ERROR "Wireshark ${WIRESHARK_VERSION} is newer than any that MEP for Wireshark has "
    "been tried with (up to ${MEP_WIRESHARK_NEWEST}). Its plugin interface may have changed: look at "
    "compat/wireshark.h, raise MEP_WIRESHARK_NEWEST in cmake/Wireshark.cmake and run the tests.")
endif()

pkg_get_variable(MEP_WIRESHARK_PLUGIN_DIR wireshark plugindir)
set(MEP_WIRESHARK_PLUGIN_DIR "${MEP_WIRESHARK_PLUGIN_DIR}" CACHE PATH
  "Wireshark's plugin folder (the plugin goes to its subfolder epan)")
pkg_get_variable(MEP_WIRESHARK_LIB_DIR wireshark libdir)
set(MEP_WIRESHARK_EXTCAP_DIR "${MEP_WIRESHARK_LIB_DIR}/wireshark/extcap" CACHE PATH
  "Wireshark's extcap folder")

# libwiretap has no pkg-config file; it lives beside libwireshark, which mepdump does not need.
find_library(WIRETAP_LIBRARY wiretap HINTS ${WIRESHARK_LIBRARY_DIRS} ${MEP_WIRESHARK_LIB_DIR} REQUIRED)
find_library(WSUTIL_LIBRARY wsutil HINTS ${WIRESHARK_LIBRARY_DIRS} ${MEP_WIRESHARK_LIB_DIR} REQUIRED)
add_library(mep_wiretap INTERFACE)
target_link_libraries(mep_wiretap INTERFACE ${WIRETAP_LIBRARY} ${WSUTIL_LIBRARY})
add_library(mep_wireshark INTERFACE)
target_link_libraries(mep_wireshark INTERFACE PkgConfig::WIRESHARK)

# Wireshark's headers are not ours to warn about.
get_target_property(mep_wireshark_includes PkgConfig::WIRESHARK INTERFACE_INCLUDE_DIRECTORIES)
foreach(target mep_wireshark mep_wiretap)
  target_include_directories(${target} SYSTEM INTERFACE ${mep_wireshark_includes})
  target_include_directories(${target} INTERFACE ${PROJECT_SOURCE_DIR})
endforeach()
