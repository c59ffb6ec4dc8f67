// What stands on the other side of app's ports in a scenario. Each does what its real counterpart promises in
// the port's header, at the pace of the virtual clock, and can be told to fail in the ways that the real one
// can.
#pragma once

#include <map>
#include <set>

#include "app/media_plane.h"
#include "app/recorder.h"
#include "app/vault.h"
#include "crypto/p256.h"
#include "e2ee/call_chain.h"
#include "virtual_time.h"

namespace parlour::scenario {

// Keeps the gate's settings as the media plane would apply them.
class MediaBook final : public app::MediaPlane {
 public:
  explicit MediaBook(VirtualTime& time) : time_(time) {}

  void on_fact(std::function<void(app::RoomKey, const app::MediaFact&)> receiver) override {
    receiver_ = std::move(receiver);
  }
  void open_room(app::RoomKey room, bool leased) override { rooms_[room] = Room{leased, {}}; }
  void close_room(app::RoomKey room) override;
  void add_endpoint(app::EndpointKey endpoint, app::RoomKey room) override {
    endpoints_[endpoint].room = room;
  }
  void remove_endpoint(app::EndpointKey endpoint) override;
  void make_offer(app::EndpointKey endpoint, bool restart,
                  std::function<void(app::MediaOffer)> done) override;
  void accept_answer(app::EndpointKey endpoint, std::uint32_t generation, std::string sdp,
                     std::function<void(Result<void, std::string>)> done) override;
  void set_identity(app::EndpointKey endpoint, std::uint8_t idx, std::uint16_t newest_epoch) override;
  void set_activated(app::EndpointKey endpoint, std::uint16_t epoch) override;
  void set_route(app::EndpointKey from, app::EndpointKey to, bool allowed) override;
  void set_recorder_route(app::EndpointKey from, bool allowed) override;
  void set_epochs(app::EndpointKey from, std::set<std::uint16_t> allowed) override;
  void set_lease(app::RoomKey room, SteadyTime until) override { rooms_[room].lease = until; }

  // What the ports' user may ask: do media of this endpoint reach that one, and the recorder, now?
  bool flows(app::EndpointKey from, app::EndpointKey to) const;
  bool recorded(app::EndpointKey from) const;
  bool anything_flows() const;
  std::size_t endpoints() const { return endpoints_.size(); }
  app::EndpointKey newest_endpoint() const { return newest_; }
  // Which endpoints' UDP arrives here; nobody's does while this says so.
  std::function<bool(app::EndpointKey)> lets_through = [](app::EndpointKey) { return true; };
  // The guard stopped a stream; the client's network is measured.
  void report(app::EndpointKey endpoint, const app::MediaFact& fact);

 private:
  struct Room {
    bool leased = false;
    SteadyTime lease{};
  };
  struct Endpoint {
    app::RoomKey room = 0;
    std::set<app::EndpointKey> routes;
    std::set<std::uint16_t> epochs;
    bool to_recorder = false;
    std::uint32_t generation = 0;
  };
  bool open(const Endpoint& endpoint) const;

  VirtualTime& time_;
  std::function<void(app::RoomKey, const app::MediaFact&)> receiver_;
  std::map<app::RoomKey, Room> rooms_;
  std::map<app::EndpointKey, Endpoint> endpoints_;
  app::EndpointKey newest_ = 0;
};

// Writes nothing and counts: envelope, start, a durable tick twice a second, the end.
class TickingRecorder final : public app::Recorder {
 public:
  explicit TickingRecorder(VirtualTime& time) : time_(time) {}

  bool storage_ready() override { return has_space; }
  void start(const app::RecordingId& recording, std::uint32_t part, app::RoomKey room,
             std::function<void(const app::CaptureFact&)> on_fact) override;
  void accept_envelope(const app::RecordingId& recording, const app::Hash& check) override;
  void append_announcement(const app::RecordingId& recording, std::string_view message) override;
  void mark_gap(const app::RecordingId&, std::string_view) override {}
  void stop(const app::RecordingId& recording) override;
  std::string envelopes_hash(const std::vector<app::EnvelopeRow>& envelopes) override;
  Result<app::RecoveredLog, std::string> recover(const app::RecordingId& recording) override;

  // The first packet of a stream; a queue that ran over; a disk that failed.
  void first_packet(app::EndpointKey endpoint, int slot);
  void overflow(std::int64_t gap_ms);
  void fail(const std::string& reason);
  void crash() { running_.clear(); }  // with the process; what is durable stays

  bool running() const { return !running_.empty(); }
  std::size_t announcements() const { return announcements_; }
  // Signed messages in the log, by part, in order. One recording a world is assumed.
  const std::map<std::uint32_t, std::vector<std::string>>& written() const { return written_; }
  Json intervals(const app::RecordingId& recording) const;  // UTC ms, as the vault finds them

  bool has_space = true;
  bool stalled = false;      // the disk takes nothing
  bool attaches = true;      // the media plane takes the sink
  bool starts = true;        // its header becomes durable
  Duration attach_delay{0};  // and says so
  bool log_readable = true;

 private:
  struct Running {
    std::uint64_t run = 0;
    std::uint32_t part = 0;
    std::function<void(const app::CaptureFact&)> on_fact;
    std::optional<std::int64_t> since_ms;
    bool sink = false;
  };
  struct Log {
    std::uint32_t segments = 0, parts = 0;
    std::int64_t durable_ms = 0;
    std::vector<std::pair<std::int64_t, std::int64_t>> intervals;
  };
  void tick(const app::RecordingId& recording, std::uint64_t run);
  void tell(const app::RecordingId& recording, std::uint64_t run, app::CaptureFact fact);
  void stopped(const app::RecordingId& recording, const std::string& reason, bool failed);

  VirtualTime& time_;
  std::uint64_t last_run_ = 0;
  std::size_t announcements_ = 0;
  std::map<std::uint32_t, std::vector<std::string>> written_;
  std::map<app::RecordingId, Running> running_;
  std::map<app::RecordingId, Log> logs_;
};

// Acknowledges keys with a real chain and a real key; opens recordings at once.
class TestVault final : public app::Vault {
 public:
  TestVault(VirtualTime& time, TickingRecorder& recorder) : time_(time), recorder_(recorder) {}

  bool up() const override { return up_; }
  void on_up_changed(std::function<void(bool)> receiver) override { receiver_ = std::move(receiver); }
  void announce(const std::string& call, std::string message,
                app::VaultReply<std::vector<std::string>> reply) override;
  void close_call(const std::string& call) override { chains_.erase(call); }
  void dek_check(const app::EnvelopeRow& envelope, std::uint32_t part,
                 app::VaultReply<app::Hash> reply) override;
  void start_job(const app::RecordingId& recording, std::uint64_t proven_by,
                 std::vector<app::EnvelopeRow> envelopes, app::VaultReply<app::VaultJob> reply) override;
  void job_status(const app::RecordingId& recording, app::VaultReply<app::VaultJob> reply) override;
  void acknowledge_job(const app::RecordingId& recording, const std::string& manifest_sha256,
                       app::VaultReply<void> reply) override;
  void manifest(const app::RecordingId& recording, app::VaultReply<std::string> reply) override;
  void grant(const app::RecordingId& recording, const app::EnvelopeRow& rendition, const std::string& session,
             std::uint64_t proven_by, app::VaultReply<OpenedStream> reply) override;
  void range(const std::string& handle, const std::string& file, std::uint64_t offset, std::uint32_t length,
             app::VaultReply<Bytes> reply) override;
  void release(const std::string& handle) override { handles_.erase(handle); }
  void sign_policy(std::vector<ProvenType> types, app::VaultReply<std::string> reply) override;

  void set_up(bool up);
  crypto::P256Point root() const { return root_.public_key(); }
  crypto::P256Point recorder_kem() const { return kem_.public_key(); }
  crypto::P256Point recorder_sig() const { return sig_.public_key(); }
  std::size_t open_handles() const { return handles_.size(); }

  bool acknowledges = true;  // keys of the call
  std::string job_failure;   // the code with which jobs fail; empty: they succeed
  int jobs_acknowledged = 0, jobs_started = 0, loses_acknowledgements = 0;
  JsonArray tracks;  // of the manifest
  // Names of people as the manifest has them: the endpoints of the calls that were announced.
  static constexpr std::uint64_t kTrackBytes = 1'000'000;
  // `seconds` of the manifest's two tracks (contracts/recording-manifest.schema.json): 60 and 59 of 16,000
  // bytes, behind a head of 1,000.
  std::vector<std::pair<std::int64_t, std::int64_t>> seconds[2] = {layout(60), layout(59)};
  bool checksums = true;  // of the renditions; manifests of before lack them
  static std::vector<std::pair<std::int64_t, std::int64_t>> layout(std::size_t seconds) {
    std::vector<std::pair<std::int64_t, std::int64_t>> out(seconds, {0, 16'000});
    out.front().first = 1000;
    return out;
  }

 private:
  template <class T>
  void answer(app::VaultReply<T> reply, Result<T, app::VaultFault> value);
  app::VaultJob job_of(const app::RecordingId& recording) const;
  std::string manifest_text(const app::RecordingId& recording) const;
  int times_opened(const app::RecordingId& recording) const;

  VirtualTime& time_;
  TickingRecorder& recorder_;
  bool up_ = true;
  std::function<void(bool)> receiver_;
  crypto::P256Key root_ = crypto::P256Key::generate();
  crypto::P256Key kem_ = crypto::P256Key::generate();
  crypto::P256Key sig_ = crypto::P256Key::generate();
  std::map<std::string, e2ee::CallChain> chains_;
  std::vector<e2ee::PolicyType> types_;
  std::int64_t policy_version_ = 0;
  std::set<std::string> handles_;
  std::set<app::RecordingId> given_up_;
  std::map<app::RecordingId, int> opened_again_;
  std::uint64_t last_handle_ = 0;
};

class PlainPasswords final : public app::Passwords {
 public:
  explicit PlainPasswords(VirtualTime& time) : time_(time) {}
  void verify(std::string password, std::optional<std::string> stored,
              std::function<void(Verdict)> done) override {
    Verdict verdict = busy                                       ? Verdict::kBusy
                      : stored && *stored == "plain:" + password ? Verdict::kMatch
                                                                 : Verdict::kMismatch;
    ++verified;
    time_.post([done, verdict] { done(verdict); });
  }
  std::optional<std::string> hash_now(std::string password) override { return "plain:" + password; }
  bool busy = false;
  int verified = 0;

 private:
  VirtualTime& time_;
};

}  // namespace parlour::scenario
