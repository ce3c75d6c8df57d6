// Two programs that read one port each get half of what arrives, so a port is taken by one only.
//
// System. To be added here: another way to see that a port is taken.
// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <optional>
#include <string>
#include <vector>

namespace mep::system {

// Whether the open port is one end of a pseudo terminal: no hardware, nothing that could be lost.
bool is_pseudo_terminal(int fd);

// Who holds the UUCP lock file of a port (as cu, minicom and pppd leave them), if that process is
// alive: its name and number.
std::optional<std::string> uucp_lock_holder(const std::string& port);

// Which other processes have the port open, as far as this user may look: "minicom 1234". Most
// programs take no lock at all. Neither this process's own children nor others' are named, if their
// parents have it open, too.
std::vector<std::string> port_holders(const std::string& port);

// Takes the open port for this process, against programs that ask with flock(2) and against those
// that merely open it. False if somebody else has it. Lasts until release_port() or the end of the
// process.
bool take_port(int fd);
void release_port(int fd);

}  // namespace mep::system
