// app's Recorder over recording::Recorder: one directory a recording, one object a part, attached to the room
// as its sink. DEKs are wrapped to the compliance key that the vault named. App thread; facts are posted to
// it.
#pragma once

#include <filesystem>
#include <map>
#include <memory>
#include <mutex>

#include "app/recorder.h"
#include "base/random.h"
#include "crypto/p256.h"
#include "media_bridge/media_bridge.h"
#include "recording/recorder.h"
#include "runtime/executor.h"

namespace parlour::capture {

struct CaptureConfig {
  std::filesystem::path directory;              // <directory>/<recording id>/NNNNNN.seg
  std::uint64_t free_bytes_min = 512ull << 20;  // watermark
  bool group_reads = false;  // the vault runs under another user and reads as the directory's group
};

class CaptureService final : public app::Recorder {
 public:
  CaptureService(CaptureConfig config, media_bridge::MediaBridge& media, runtime::Executor& executor,
                 const Clock& clock, Random& random);
  ~CaptureService() override;

  // The key that DEKs are wrapped to from now on.
  void set_compliance_key(std::string key_id, const crypto::P256Point& kem);

  bool storage_ready() override;
  void start(const app::RecordingId& recording, std::uint32_t part, app::RoomKey room,
             std::function<void(const app::CaptureFact&)> on_fact) override;
  void accept_envelope(const app::RecordingId& recording, const app::Hash& check) override;
  void append_announcement(const app::RecordingId& recording, std::string_view message) override;
  void mark_gap(const app::RecordingId& recording, std::string_view note) override;
  void stop(const app::RecordingId& recording) override;
  std::string envelopes_hash(const std::vector<app::EnvelopeRow>& envelopes) override;
  Result<app::RecoveredLog, std::string> recover(const app::RecordingId& recording) override;

 private:
  struct Running;
  struct Key {
    std::string id;
    crypto::P256Point kem{};
  };
  void on_fact(const app::RecordingId& recording, std::uint64_t run, const recording::Fact& fact);
  void on_attached(const app::RecordingId& recording, std::uint64_t run, bool good);
  std::filesystem::path directory_of(const app::RecordingId& recording) const;

  CaptureConfig config_;
  media_bridge::MediaBridge& media_;
  runtime::Executor& executor_;
  const Clock& clock_;
  Random& random_;
  std::shared_ptr<std::mutex> key_mutex_ = std::make_shared<std::mutex>();
  std::shared_ptr<std::optional<Key>> key_ = std::make_shared<std::optional<Key>>();
  std::map<app::RecordingId, std::unique_ptr<Running>> running_;
  std::map<app::RecordingId, recording::LogPosition> positions_;  // from recover(), for the next part
  std::uint64_t last_run_ = 0;
  std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);
};

}  // namespace parlour::capture
