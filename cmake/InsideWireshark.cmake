# In place of Wireshark.cmake where Wireshark's own build has taken this folder in (CUSTOM_PLUGIN_SRC_DIR):
# the plugin alone, with that build's library, headers and folders.
#
# Gives: the target mep_wireshark, MEP_WIRESHARK_SERIES, WIRESHARK_VERSION_MAJOR, WIRESHARK_VERSION_MINOR.
# SPDX-License-Identifier: GPL-2.0-or-later
foreach(part EXTCAP SIMULATOR CAPTURES TESTS)
  set(MEP_${part} OFF)
endforeach()
set(MEP_PLUGIN ON)

set(WIRESHARK_VERSION_MAJOR ${Wireshark_VERSION_MAJOR})
set(WIRESHARK_VERSION_MINOR ${Wireshark_VERSION_MINOR})
set(MEP_WIRESHARK_SERIES "${WIRESHARK_VERSION_MAJOR}.${WIRESHARK_VERSION_MINOR}")
set(MEP_WIRESHARK_DATA_DIR "${CMAKE_INSTALL_FULL_DATADIR}/wireshark")

add_library(mep_wireshark INTERFACE)
target_link_libraries(mep_wireshark INTERFACE epan)
target_include_directories(mep_wireshark INTERFACE ${PROJECT_SOURCE_DIR})
