// SPDX-License-Identifier: GPL-2.0-or-later
#include "plugin/programs_menu.h"

#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <csignal>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <epan/funnel.h>
#include <epan/plugin_if.h>
#include <epan/uat.h>
// Where a table is kept is not said anywhere else.
#include <epan/uat-int.h>

#include "plugin/wireshark.h"

namespace mep::plugin {
namespace {

const funnel_ops_t& wireshark() {
  return *funnel_get_funnel_ops();
}

// --- What is asked, and what was answered last

struct Question {
  const char* label;
  std::string answer;
};

template <std::size_t size>
using Questions = std::array<Question, size>;

template <std::size_t size>
void ask(const char* title, Questions<size>& questions, void (*answered)()) {
  std::array<const char*, size + 1> labels{};
  std::array<const char*, size + 1> answers{};
  for (std::size_t i = 0; i < size; ++i) {
    labels[i] = questions[i].label;
    answers[i] = questions[i].answer.c_str();
  }
  struct Asked {
    Questions<size>* questions;
    void (*answered)();
  };
  wireshark().new_dialog(
      wireshark().ops_id, title, labels.data(), answers.data(),
      [](char** input, void* data) {
        const auto* asked = static_cast<const Asked*>(data);
        for (std::size_t i = 0; i < size && input[i]; ++i) {
          g_strstrip(input[i]);
          (*asked->questions)[i].answer = input[i];
        }
        g_strfreev(input);
        asked->answered();
      },
      new Asked{&questions, answered}, [](void* data) { delete static_cast<Asked*>(data); });
}

bool says_yes(std::string_view answer) {
  return !answer.empty() && (answer.front() == 'y' || answer.front() == 'Y');
}

// --- A program at work

// Lives until its window is closed and the program has ended.
struct Run {
  std::string program;
  std::string result;  // the file that it makes
  funnel_text_window_t* window = nullptr;
  GPid pid = 0;  // 0: it has ended
  int output = -1;
};

void show(const char* title, const std::string& text) {
  funnel_text_window_t* window = wireshark().new_text_window(wireshark().ops_id, title);
  wireshark().append_text(window, text.c_str());
}

// Where it was installed, if not where programs are looked for.
std::string path_of(const char* program) {
  std::string path;
  if (char* found = g_find_program_in_path(program)) {
    path = found;
    g_free(found);
    return path;
  }
  path = std::string(MEP_PROGRAM_DIR "/") + program;
  return g_file_test(path.c_str(), G_FILE_TEST_IS_EXECUTABLE) ? path : std::string();
}

std::string all_of(int fd) {
  std::string text;
  std::array<char, 4096> some{};
  for (ssize_t size = 0;
       (size = pread(fd, some.data(), some.size(), static_cast<off_t>(text.size()))) > 0;)
    text.append(some.data(), static_cast<std::size_t>(size));
  return text;
}

ws_bool open_result(funnel_text_window_t*, void* data) {
  const auto* run = static_cast<const Run*>(data);
  char* error = nullptr;
  wireshark().open_file(wireshark().ops_id, run->result.c_str(), "", &error);
  g_free(error);
  return TRUE;
}

void add_button(Run& run) {
  auto* button = g_new0(funnel_bt_t, 1);
  button->tw = run.window;
  button->func = open_result;
  button->data = &run;
  button->free_fcn = g_free;
  wireshark().add_button(run.window, button, "Open it");
}

// The user's own interest in it has ended; what it was about to write is not wanted any more.
void close_window(void* data) {
  auto* run = static_cast<Run*>(data);
  run->window = nullptr;
  if (run->pid != 0)
    kill(run->pid, SIGTERM);
  else
    delete run;
}

gboolean look_whether_done(void* data) {
  auto* run = static_cast<Run*>(data);
  int status = 0;
  const pid_t ended = waitpid(run->pid, &status, WNOHANG);
  if (ended == 0) return G_SOURCE_CONTINUE;
  run->pid = 0;
  const std::string told = all_of(run->output);
  close(run->output);
  if (!run->window) {
    delete run;
    return G_SOURCE_REMOVE;
  }
  const bool good = ended > 0 && WIFEXITED(status) && WEXITSTATUS(status) == 0;
  wireshark().clear_text(run->window);
  wireshark().append_text(run->window, told.c_str());
  if (ended > 0 && WIFSIGNALED(status))
    wireshark().append_text(run->window, (run->program + " was ended by signal " +
                                          std::to_string(WTERMSIG(status)) + ".\n")
                                             .c_str());
  if (good) add_button(*run);
  return G_SOURCE_REMOVE;
}

// `arguments`: behind the program's name.
void start(const char* program, const char* title, std::vector<std::string> arguments,
           std::string result) {
  const std::string path = path_of(program);
  if (path.empty()) {
    show(title,
         std::string(program) +
             " is not installed: ./run install, or the package mepdump, brings it. It is looked "
             "for on the PATH and in " MEP_PROGRAM_DIR ".\nOn a command line elsewhere: " +
             program + " --help\n");
    return;
  }
  arguments.insert(arguments.begin(), path);
  std::vector<char*> words;
  words.reserve(arguments.size() + 1);
  for (std::string& each : arguments) words.push_back(each.data());
  words.push_back(nullptr);

  auto* run = new Run;
  run->program = program;
  run->result = std::move(result);
  run->output = memfd_create("output", MFD_CLOEXEC);  // gone with its last user
  GError* error = nullptr;
  const bool started =
      g_spawn_async_with_fds(nullptr, words.data(), nullptr, G_SPAWN_DO_NOT_REAP_CHILD, nullptr,
                             nullptr, &run->pid, -1, run->output, run->output, &error);
  if (!started) {
    show(title, path + " could not be started: " + error->message + "\n");
    g_error_free(error);
    close(run->output);
    delete run;
    return;
  }
  run->window = wireshark().new_text_window(wireshark().ops_id, title);
  wireshark().append_text(run->window, (std::string(program) + " is at work. To close this window "
                                                               "ends it.\n")
                                           .c_str());
  wireshark().set_close_cb(run->window, close_window, run);
  constexpr unsigned often = 100;  // ms
  g_timeout_add(often, look_whether_done, run);
}

// --- Make a copy to share…

constexpr char share_title[] = "MEP: a copy to share";

// Answered last, and offered again.
enum : std::size_t { copy, shift, blur, closed, from, to, over };
Questions<7> sharing = {{{"Copy to write", ""},
                         {"Shift all times (days, as -14, or random)", ""},
                         {"Blur what was consumed (yes or no)", "no"},
                         {"Frames that no key opens (blank or drop)", "blank"},
                         {"Begin at (number of a packet, or time)", ""},
                         {"End at (number of a packet, or time)", ""},
                         {"Write over a file that is there (yes or no)", "no"}}};
std::string shared_capture;

// The file that is open, also one that was not saved yet; empty: none.
std::string open_capture() {
  ws_info_t* info = nullptr;
  plugin_if_get_ws_info(&info);
  if (!info || !info->ws_info_supported || info->cf_state == FILE_CLOSED || !info->cf_filename)
    return {};
  return info->cf_filename;
}

// Beside the capture; of one that was not saved, which is in a folder for what is temporary, in the
// user's own.
std::string name_of_copy(const std::string& capture) {
  char* folder = g_path_get_dirname(capture.c_str());
  char* name = g_path_get_basename(capture.c_str());
  std::string made;
  if (std::string_view(folder) == g_get_tmp_dir()) {
    made = std::string(g_get_home_dir()) + "/mep-shared.pcapng";
  } else {
    std::string stem = name;
    stem.resize(std::min(stem.rfind('.'), stem.size()));
    made = std::string(folder) + "/" + stem + "-shared.pcapng";
  }
  g_free(folder);
  g_free(name);
  return made;
}

// Where the keys are that can be entered in the preferences, also in a profile's. Empty: there are
// none.
std::string key_file() {
  uat_t* table = uat_get_table_by_name("MEP keys");
  char* path = table ? uat_get_actual_filename(table, FALSE) : nullptr;
  std::string made = path ? path : "";
  g_free(path);
  return made;
}

void share() {
  const auto answer = [](std::size_t which) -> const std::string& { return sharing[which].answer; };
  if (answer(copy).empty()) {
    show(share_title, "The copy needs a name.\n");
    return;
  }
  std::vector<std::string> arguments;
  if (const std::string keys = key_file(); !keys.empty()) arguments = {"--key-file", keys};
  const auto option = [&](const char* name, std::size_t which) {
    if (!answer(which).empty()) arguments.insert(arguments.end(), {name, answer(which)});
  };
  option("--shift", shift);
  option("--closed", closed);
  option("--from", from);
  option("--to", to);
  if (says_yes(answer(blur))) arguments.emplace_back("--blur");
  if (says_yes(answer(over))) arguments.emplace_back("--force");
  arguments.push_back(shared_capture);
  arguments.push_back(answer(copy));
  start("mepshare", share_title, std::move(arguments), answer(copy));
}

void ask_what_to_share(void*) {
  const std::string capture = open_capture();
  if (capture.empty()) {
    show(share_title,
         "There is no capture of which a copy could be made: open one, or end the "
         "one that begins.\n");
    return;
  }
  if (capture != shared_capture) sharing[copy].answer = name_of_copy(capture);
  shared_capture = capture;
  ask("MEP: make a copy to share", sharing, share);
}

// --- Import a log…

constexpr char import_title[] = "MEP: import a log";

enum : std::size_t { log, made_of_it, over_it };
Questions<3> importing = {{{"Log, or capture of a serial line", ""},
                           {"Capture to write (empty: beside the log)", ""},
                           {"Write over a file that is there (yes or no)", "no"}}};

void import() {
  const std::string& file = importing[log].answer;
  if (file.empty()) {
    show(import_title, "Which log? Give the name of its file.\n");
    return;
  }
  std::string result = importing[made_of_it].answer;
  if (result.empty()) result = file + ".pcapng";
  std::vector<std::string> arguments;
  if (says_yes(importing[over_it].answer)) arguments.emplace_back("--force");
  arguments.push_back(file);
  arguments.push_back(result);
  start("mepimport", import_title, std::move(arguments), result);
}

void ask_what_to_import(void*) {
  ask(import_title, importing, import);
}

}  // namespace

void register_programs_menu() {
  funnel_register_menu("MEP/Make a copy to share…", REGISTER_TOOLS_GROUP_UNSORTED,
                       ask_what_to_share, nullptr, nullptr, FALSE);
  funnel_register_menu("MEP/Import a log…", REGISTER_TOOLS_GROUP_UNSORTED, ask_what_to_import,
                       nullptr, nullptr, FALSE);
}

}  // namespace mep::plugin
