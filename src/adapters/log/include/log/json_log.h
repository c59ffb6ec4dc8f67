// The Log that writes JSON lines to a file or to standard error. Any thread; each line is one write call, so
// lines of several threads never mix.
#pragma once

#include <filesystem>
#include <memory>
#include <mutex>
#include <string>

#include "base/result.h"
#include "base/time.h"
#include "log/log.h"

namespace parlour {

class JsonLog final : public Log {
 public:
  // The clock outlives the log.
  static std::unique_ptr<JsonLog> to_stderr(const Clock& clock, LogLevel least);
  // Appends; the file is made with mode 0600. The error is for the operator.
  static Result<std::unique_ptr<JsonLog>, std::string> to_file(const std::filesystem::path& file,
                                                               const Clock& clock, LogLevel least);
  ~JsonLog() override;

  void write(LogLevel level, std::string_view event, std::initializer_list<LogField> fields) override;
  using Log::write;

  // After the file was moved away by a log rotation: opens it anew. False when that fails; the old one stays
  // in use.
  bool reopen();
  // Lines that could not be written (disk full); the program goes on.
  std::uint64_t lost_lines() const;

 private:
  JsonLog(int descriptor, std::filesystem::path file, const Clock& clock, LogLevel least);

  mutable std::mutex mutex_;
  int descriptor_;
  std::filesystem::path file_;  // empty: standard error, not ours to close
  const Clock& clock_;
  LogLevel least_;
  std::uint64_t lost_lines_ = 0;
};

}  // namespace parlour
