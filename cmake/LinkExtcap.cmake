# Run when it is installed: a link to mep_program in mep_extcap_dir, relative, so that both may be put
# under DESTDIR. Without one where the program itself is there.
# SPDX-License-Identifier: GPL-2.0-or-later
cmake_path(GET mep_program PARENT_PATH mep_program_dir)
file(REAL_PATH "${mep_program_dir}" mep_program_dir)
file(REAL_PATH "${mep_extcap_dir}" mep_extcap_dir_real)
if(NOT mep_program_dir STREQUAL mep_extcap_dir_real)
  set(mep_link "${mep_extcap_dir}/mepdump")
  file(RELATIVE_PATH mep_target "${mep_extcap_dir_real}" "${mep_program_dir}/mepdump")
  message(STATUS "Installing: $ENV{DESTDIR}${mep_link} -> ${mep_target}")
  file(MAKE_DIRECTORY "$ENV{DESTDIR}${mep_extcap_dir}")
  file(REMOVE "$ENV{DESTDIR}${mep_link}")
  file(CREATE_LINK "${mep_target}" "$ENV{DESTDIR}${mep_link}" SYMBOLIC)
  list(APPEND CMAKE_INSTALL_MANIFEST_FILES "${mep_link}")
endif()
