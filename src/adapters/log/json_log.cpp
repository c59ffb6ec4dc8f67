#include "log/json_log.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <utility>

#include "base/json.h"

namespace parlour {
namespace {

int open_for_append(const std::filesystem::path& file) {
  return ::open(file.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC | O_NOFOLLOW, 0600);
}

struct WriteValue {
  std::string& out;
  void operator()(std::int64_t value) const { out += std::to_string(value); }
  void operator()(bool value) const { out += value ? "true" : "false"; }
  void operator()(const std::string& text) const { out += json_quote(clean_for_log(text)); }
};

}  // namespace

JsonLog::JsonLog(int descriptor, std::filesystem::path file, const Clock& clock, LogLevel least)
    : descriptor_(descriptor), file_(std::move(file)), clock_(clock), least_(least) {}

JsonLog::~JsonLog() {
  if (!file_.empty()) ::close(descriptor_);
}

std::unique_ptr<JsonLog> JsonLog::to_stderr(const Clock& clock, LogLevel least) {
  return std::unique_ptr<JsonLog>(new JsonLog(STDERR_FILENO, {}, clock, least));
}

Result<std::unique_ptr<JsonLog>, std::string> JsonLog::to_file(const std::filesystem::path& file,
                                                               const Clock& clock, LogLevel least) {
  int descriptor = open_for_append(file);
  if (descriptor < 0) return fail("the log file cannot be opened: " + std::string(std::strerror(errno)));
  return std::unique_ptr<JsonLog>(new JsonLog(descriptor, file, clock, least));
}

void JsonLog::write(LogLevel level, std::string_view event, std::initializer_list<LogField> fields) {
  if (level < least_) return;
  std::string line = "{\"at\":\"" + to_rfc3339(clock_.now().utc) + "\",\"level\":\"";
  line += parlour::to_text(level);
  line += "\",\"event\":" + json_quote(clean_for_log(event));
  for (const LogField& field : fields) {
    line += ',' + json_quote(clean_for_log(field.name())) + ':';
    std::visit(WriteValue{line}, field.value());
  }
  line += "}\n";

  std::lock_guard lock(mutex_);
  std::string_view left = line;
  while (!left.empty()) {
    ssize_t written = ::write(descriptor_, left.data(), left.size());
    if (written < 0 && errno == EINTR) continue;
    if (written <= 0) {
      ++lost_lines_;
      return;
    }
    left.remove_prefix(static_cast<std::size_t>(written));
  }
}

bool JsonLog::reopen() {
  if (file_.empty()) return true;
  int fresh = open_for_append(file_);
  if (fresh < 0) return false;
  std::lock_guard lock(mutex_);
  ::close(std::exchange(descriptor_, fresh));
  return true;
}

std::uint64_t JsonLog::lost_lines() const {
  std::lock_guard lock(mutex_);
  return lost_lines_;
}

}  // namespace parlour
