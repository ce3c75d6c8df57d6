# mbedTLS, the library of the meters, for the simulated meter and client; and what is built on it.
# Sets up:
#   MEP::MbedTLS      its headers and libraries; no such target without it, or without MEP_TLS
#   mep_tls           one end of a TLS session; without mbedTLS a stand-in that says what to install
#   mep_made_up_time  for programs whose seeded sessions are to be the same byte for byte
# SPDX-License-Identifier: GPL-2.0-or-later
option(MEP_TLS "Build the simulated meter's TLS (needs mbedTLS)" ON)

if(MEP_TLS)
  find_path(MBEDTLS_INCLUDE_DIR mbedtls/ssl.h)
  # The archives, where there are any: Wireshark runs mepdump at each of its starts, and loading
  # three more libraries would slow that down.
  foreach(library MBEDTLS MBEDX509 MBEDCRYPTO)
    string(TOLOWER ${library} name)
    if(MEP_STATIC)
      find_library(${library}_LIBRARY NAMES lib${name}.a ${name})
    else()
      find_library(${library}_LIBRARY NAMES ${name})
    endif()
  endforeach()
  if(MBEDTLS_INCLUDE_DIR AND MBEDTLS_LIBRARY AND MBEDX509_LIBRARY AND MBEDCRYPTO_LIBRARY)
    add_library(MEP::MbedTLS INTERFACE IMPORTED)
    target_include_directories(MEP::MbedTLS INTERFACE ${MBEDTLS_INCLUDE_DIR})
    target_link_libraries(MEP::MbedTLS INTERFACE
      ${MBEDTLS_LIBRARY} ${MBEDX509_LIBRARY} ${MBEDCRYPTO_LIBRARY})
  else()
    message(STATUS "mbedTLS was not found: the simulated meter speaks no TLS, its tests are skipped")
  endif()
endif()

if(TARGET MEP::MbedTLS)
  add_library(mep_tls STATIC EXCLUDE_FROM_ALL ${PROJECT_SOURCE_DIR}/simulator/security/tls_end.cpp)
  target_link_libraries(mep_tls PRIVATE MEP::MbedTLS)
  target_compile_definitions(mep_tls PUBLIC MEP_HAVE_MBEDTLS)
else()
  add_library(mep_tls STATIC EXCLUDE_FROM_ALL ${PROJECT_SOURCE_DIR}/simulator/security/tls_end_none.cpp)
endif()
target_link_libraries(mep_tls PUBLIC mep_protocol)

# Not a static library: the linker has to take it although nothing asks for it by then.
add_library(mep_made_up_time OBJECT EXCLUDE_FROM_ALL ${PROJECT_SOURCE_DIR}/simulator/security/made_up_time.cpp)
target_link_libraries(mep_made_up_time PUBLIC mep_tls)
