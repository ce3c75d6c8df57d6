# mep_library(PREFIX MODULE PACKAGE WHAT): finds a library through pkg-config, as the target
# PkgConfig::PREFIX; where it is missing, says what needs it and what to install.
# SPDX-License-Identifier: GPL-2.0-or-later
find_package(PkgConfig REQUIRED)

macro(mep_library prefix module package what)
  pkg_check_modules(${prefix} IMPORTED_TARGET ${module})
  if(NOT ${prefix}_FOUND)
    message(FATAL_ERROR "${module} was not found: ${what} needs it. Install it; on Debian, Ubuntu "
      "and Raspberry Pi OS the package is ${package}.")
  endif()
endmacro()
