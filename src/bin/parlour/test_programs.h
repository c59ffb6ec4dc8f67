// The two programs as an operator meets them: started, asked and stopped as processes, also under other
// users. Facts are read from what they print and leave behind.
#pragma once

#include <fcntl.h>
#include <grp.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <filesystem>
#include <fstream>
#include <functional>
#include <optional>
#include <thread>

#include "files.h"

namespace parlour::bin_test {

namespace fs = std::filesystem;
using Words = std::vector<std::string>;

// Whom a program runs as; nothing: as this test.
struct As {
  std::optional<uid_t> uid;
  gid_t gid = 0;
};

inline bool wait_until(const std::function<bool()>& fact,
                       std::chrono::seconds at_most = std::chrono::seconds(20)) {
  const auto end = std::chrono::steady_clock::now() + at_most;
  while (!fact()) {
    if (std::chrono::steady_clock::now() > end) return false;
    std::this_thread::sleep_for(std::chrono::milliseconds(20));
  }
  return true;
}

class Process {
 public:
  Process(const std::string& program, Words words, const fs::path& log, As as = {}) {
    words.insert(words.begin(), program);
    std::vector<char*> arguments;
    for (std::string& word : words) arguments.push_back(word.data());
    arguments.push_back(nullptr);
    const int out = ::open(log.c_str(), O_WRONLY | O_CREAT | O_APPEND, 0644);
    id_ = ::fork();
    if (id_ == 0) {
      ::dup2(out, 1);
      ::dup2(out, 2);
      if (as.uid && (::setgroups(0, nullptr) != 0 || ::setgid(as.gid) != 0 || ::setuid(*as.uid) != 0))
        ::_exit(126);
      ::execv(program.c_str(), arguments.data());
      ::_exit(127);
    }
    ::close(out);
  }
  ~Process() {
    if (id_ > 0) end(SIGKILL);
  }
  Process(const Process&) = delete;
  Process& operator=(const Process&) = delete;

  // Exit status; 128 + signal when it was killed.
  int wait() {
    int status = 0;
    ::waitpid(std::exchange(id_, -1), &status, 0);
    return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
  }
  int end(int signal) {
    ::kill(id_, signal);
    return wait();
  }
  bool ended() const {
    siginfo_t info{};
    return ::waitid(P_PID, static_cast<id_t>(id_), &info, WEXITED | WNOHANG | WNOWAIT) == 0 &&
           info.si_pid == id_;
  }

 private:
  pid_t id_ = -1;
};

struct Said {
  int status = -1;
  std::string text;
};

// An installation in a directory of its own: `vault` and `serve` where they run.
class Installation {
 public:
  Installation() {
    std::string pattern = (fs::temp_directory_path() / "parlour-bin-XXXXXX").string();
    EXPECT_NE(::mkdtemp(pattern.data()), nullptr);
    root = pattern;
    fs::permissions(root, fs::perms::owner_all | fs::perms::group_exec | fs::perms::others_exec);
    home = root / "home";
    vault_home = root / "vault";
    recordings = home / "recordings";
    socket = root / "vault.sock";
    // The smallest web client there is.
    fs::create_directories(root / "web" / "assets");
    for (const char* page : {"console.html", "join.html"}) write(root / "web" / page, "<!doctype html>");
    write(root / "web" / "closed.html", "<!doctype html><title>closed page</title>");
    write(root / "web" / ".copy.html", "<!doctype html>");
    fs::create_directory(home);           // as an operator prepares it
    fs::create_directory(root / "open");  // logs of programs of any user
    fs::permissions(root / "open", fs::perms::all);
  }
  ~Installation() {
    serve.reset();
    vault.reset();
    std::error_code error;
    fs::remove_all(root, error);
  }

  static void write(const fs::path& path, std::string_view text) {
    std::ofstream(path, std::ios::binary) << text;
  }
  static std::string read(const fs::path& path) { return bin::read_file(path, 16 << 20).value_or(""); }

  Said run(const std::string& program, Words words, As as = {}) const {
    const fs::path out = root / "open" / "said";
    fs::remove(out);
    Said said;
    said.status = Process(program, std::move(words), out, as).wait();
    said.text = read(out);
    return said;
  }
  Said parlour(Words words, As as = {}) const { return run(parlour_path, std::move(words), as); }
  Said vault_program(Words words, As as = {}) const { return run(vault_path, std::move(words), as); }

  // For other users: the build folder may be closed to them.
  void copy_programs() {
    fs::create_directory(root / "bin");
    for (std::string* path : {&parlour_path, &vault_path}) {
      const fs::path copy = root / "bin" / fs::path(*path).filename();
      fs::copy_file(*path, copy);
      *path = copy.string();
    }
  }

  // What follows `label` on its line.
  static std::string after(const std::string& text, const std::string& label) {
    const std::size_t at = text.find(label);
    if (at == std::string::npos) return "";
    const std::size_t begin = text.find_first_not_of(' ', at + label.size());
    return begin == std::string::npos ? "" : text.substr(begin, text.find('\n', begin) - begin);
  }

  void start_vault(Words more = {}, As as = {}) {
    Words words{"run",           "--home",       vault_home.string(), "--socket",
                socket.string(), "--recordings", recordings.string()};
    words.insert(words.end(), more.begin(), more.end());
    vault = std::make_unique<Process>(vault_path, words, root / "open" / "vault.log", as);
  }
  // Started, and not waited for.
  void launch_serve(Words more = {}, As as = {}) {
    port = free_port();
    Words words{
        "serve",         "--home",       home.string(),       "--web",  (root / "web").string(), "--vault",
        socket.string(), "--recordings", recordings.string(), "--port", std::to_string(port)};
    words.insert(words.end(), more.begin(), more.end());
    fs::remove(home / "serve.json");
    serve = std::make_unique<Process>(parlour_path, words, serve_log(), as);
  }
  bool start_serve(Words more = {}, As as = {}) {
    launch_serve(std::move(more), as);
    wait_until([&] { return serve->ended() || fs::exists(home / "serve.json"); });
    return !serve->ended();
  }
  fs::path serve_log() const { return root / "open" / "serve.log"; }

  static int free_port();

  std::string parlour_path = PARLOUR_BINARY, vault_path = PARLOUR_VAULT_BINARY;
  fs::path root, home, vault_home, recordings, socket;
  int port = 0;  // of the server started last
  std::unique_ptr<Process> vault, serve;
};

}  // namespace parlour::bin_test
