// SPDX-License-Identifier: GPL-2.0-or-later
#include "extcap/capture_filter.h"

#include <pcap/pcap.h>

#include "extcap/problem.h"
#include "protocol/tap.h"

namespace mep::extcap {
namespace {

constexpr int snapshot_length = tap::header_size + max_frame_size;

}  // namespace

CaptureFilter::CaptureFilter(const std::string& text) {
  const std::unique_ptr<pcap_t, decltype(&pcap_close)> pcap(
      pcap_open_dead(tap::link_type, snapshot_length), pcap_close);
  auto program = std::make_unique<bpf_program>();
  if (!pcap || pcap_compile(pcap.get(), program.get(), text.c_str(), 1, PCAP_NETMASK_UNKNOWN) != 0)
    throw Problem("capture filter \"" + text +
                  "\": " + (pcap ? pcap_geterr(pcap.get()) : "libpcap does not start"));
  program_.reset(program.release());
}

bool CaptureFilter::accepts(Bytes record) const {
  pcap_pkthdr header{};
  header.caplen = static_cast<bpf_u_int32>(record.size());
  header.len = header.caplen;
  return pcap_offline_filter(program_.get(), &header, record.data()) != 0;
}

void CaptureFilter::Free::operator()(bpf_program* program) const {
  pcap_freecode(program);
  delete program;
}

}  // namespace mep::extcap
