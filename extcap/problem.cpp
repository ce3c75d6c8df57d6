// SPDX-License-Identifier: GPL-2.0-or-later
#include "extcap/problem.h"

#include <cstdio>
#include <vector>

namespace mep::extcap {
namespace {

std::vector<NoticeListener*>& listeners() {
  static std::vector<NoticeListener*> all;
  return all;
}

}  // namespace

NoticeListener::NoticeListener() {
  listeners().push_back(this);
}

NoticeListener::~NoticeListener() {
  std::erase(listeners(), this);
}

void notice(const std::string& text) {
  for (NoticeListener* listener : listeners()) listener->before_notice(text);
  std::fprintf(stderr, "mepdump: %s\n", text.c_str());
}

}  // namespace mep::extcap
