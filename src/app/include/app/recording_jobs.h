// After the seal: the vault opens a recording, and what it found goes into the log.
#pragma once

#include <functional>
#include <set>
#include <string>

#include "app/context.h"

namespace parlour::app {

// Effects that follow a sealed recording: the vault opens it, and what it found goes into the log (outbox
// "vault.job"); once that is stored, the vault gives up what it kept for it ("vault.acknowledge").
class RecordingJobs {
 public:
  explicit RecordingJobs(Context& context) : context_(context) {}
  void run_pending();  // at start, when the vault comes up, and after each seal
  std::function<void(const MeetingId&)> on_changed;

 private:
  void start(const OutboxRow& row, const RecordingId& recording);
  void poll(std::int64_t outbox, const RecordingId& recording);
  void finish(std::int64_t outbox, const RecordingId& recording, const VaultJob& job);
  void take_status(std::int64_t outbox, const RecordingId& recording, const VaultJob& job);
  void verified(std::int64_t outbox, const RecordingId& recording, const VaultJob& job,
                const std::string& manifest);
  void failed(std::int64_t outbox, const RecordingId& recording, const std::string& reason);
  void note_failed(std::int64_t outbox, const RecordingId& recording, const std::string& reason);
  void acknowledge(std::int64_t outbox, const RecordingId& recording);
  void again(std::int64_t outbox);
  void done(std::int64_t outbox);
  void step(std::int64_t outbox, const std::function<void()>& run);

  Context& context_;
  std::set<std::int64_t> running_;  // outbox rows that are being carried out, or wait for another try
};

}  // namespace parlour::app
