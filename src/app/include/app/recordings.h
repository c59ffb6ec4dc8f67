// Recordings after the call: the vault's job, the lists, playing and downloading with a logged request first.
#pragma once

#include <map>

#include "app/act.h"

namespace parlour::app {

using meeting::Refusal;

// Effects that follow a sealed recording: the vault opens it, and what it found goes into the log (outbox
// "vault.job").
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
  void again(std::int64_t outbox);
  void step(std::int64_t outbox, const std::function<void()>& run);

  Context& context_;
  std::map<std::int64_t, bool> running_;
};

struct RecordingView {
  RecordingRow row;
  MeetingType type;
  std::map<std::string, std::pair<std::string, std::string>> people;  // participant → name, role
  std::vector<PlaybackRow> playbacks;
  std::map<std::string, std::string> users;  // id → name
};

class Recordings {
 public:
  explicit Recordings(Context& context) : context_(context) {}

  Result<std::vector<RecordingView>, Refusal> of_meeting(const meeting::Actor& actor,
                                                         const MeetingId& meeting);
  struct Page {
    std::vector<RecordingView> items;
    std::string next;
  };
  Page list(const meeting::Actor& actor, const std::string& cursor, std::size_t limit);

  // Order of things: rights → entry in the log → signed head → the vault's grant. `done` on the app thread.
  struct Track {
    int number = 0;
    std::string file, name, role, participant;
    bool screen = false;
    std::uint64_t size = 0;
    std::int64_t offset_ms = 0, duration_ms = 0;
    // [[from, to], …] in ms of the recording: silence that was put in, and when there is a picture; null
    // where that is not known, or there is no such track.
    Json filled, pictures;
  };
  struct Playback {
    PlaybackId id;
    std::int64_t duration_ms = 0;
    std::vector<Track> tracks;
  };
  void play(const meeting::Actor& actor, const RecordingId& recording, const std::string& purpose,
            bool download, const std::string& typed_reason,
            std::function<void(Result<Playback, Refusal>)> done);
  // What a track's bytes come from; nothing unless this session asked for it.
  struct OpenTrack {
    std::string handle, file;
    std::uint64_t size = 0;
  };
  std::optional<OpenTrack> track(const meeting::Actor& actor, const PlaybackId& id, int number);
  // Bytes [from, from + count) of a track were really sent.
  void sent(const PlaybackId& id, int number, std::uint64_t from, std::uint64_t count);
  bool close(const meeting::Actor& actor, const PlaybackId& id);
  void close_stale();      // handles idle for long, and those a restart left behind
  void close_all();        // the server stops
  void close_left_open();  // at start: what a crash left behind
  void close_session(const std::string& session);
  void close_ended_sessions();  // every few seconds: who may no longer play, plays no longer

 private:
  struct Open {
    PlaybackRow row;
    std::string handle;
    std::vector<Track> tracks;
    std::map<int, std::vector<std::pair<std::uint64_t, std::uint64_t>>> sent;  // per track, merged [from, to)
    SteadyTime last_use{};
    std::string reason;
  };
  RecordingView view_of(RecordingRow row);
  void finish(Open& open);
  std::vector<AuditRecord> entries_of(const Open& open, const RecordingRow& recording) const;
  void close_where(const std::function<bool(const Open&)>& due);

  Context& context_;
  std::map<std::string, Open> open_;
};

}  // namespace parlour::app
