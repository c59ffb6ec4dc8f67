// Recordings after the call: the lists, playing and downloading with a logged request first.
#pragma once

#include <map>

#include "app/act.h"
#include "app/archive_ledger.h"
#include "app/played.h"
#include "app/recording_facts.h"

namespace parlour::app {

using meeting::Refusal;

// What the log says of it; of its row, what agrees with that (facts.differs names the rest).
struct RecordingView {
  RecordingRow row;  // without its manifest
  MeetingType type;
  std::map<std::string, std::pair<std::string, std::string>> people;  // participant → name, role
  RecordingFacts facts;
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

  // Order of things: rights → what the log says of it → entry in the log → signed head → the vault's grant.
  // `done` on the app thread.
  struct Track {
    int number = 0;
    std::string file, name, role, participant, sha256;
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
  // What a download sends as one file. Nothing of a playback, and nothing of a recording of an older version,
  // whose manifest lacks the checksums: its tracks are fetched one by one.
  struct Archive {
    std::string name;    // date and number of the meeting, nothing personal; without an ending
    std::string handle;  // "" once the download is closed
    struct File {
      std::string name;
      std::uint64_t size = 0;
      std::uint32_t crc32 = 0;
    };
    std::vector<File> files;  // in the order of the tracks
    std::string manifest;     // signed
    Bytes proof;              // the bundle; empty for who may not export it
    RecordingView recording;
    std::shared_ptr<ArchiveLedger> ledger;
    // How whoever sends it has laid it out, and how long that is: lives as long as the download.
    std::shared_ptr<const void> layout;
    std::uint64_t size = 0;
  };
  std::shared_ptr<Archive> archive(const meeting::Actor& actor, const PlaybackId& id);
  void archive_sent(const PlaybackId& id);  // it is being fetched
  // A response sends bytes of it (true) and has ended (false). The log's last word waits for all of them.
  void sending(const PlaybackId& id, bool begins);
  // Bytes [from, from + count) of a track were really sent.
  void sent(const PlaybackId& id, int number, std::uint64_t from, std::uint64_t count);
  bool close(const meeting::Actor& actor, const PlaybackId& id);
  // Every few seconds: what was sent is kept over a crash, and written to the log once a minute. The closings
  // below go on after one that the database refuses, throw at the end, and are tried again here.
  void keep();
  void close_stale();      // handles idle for long, and those a restart left behind
  void close_all();        // the server stops
  void close_left_open();  // at start: what a crash left behind
  void close_session(const std::string& session);
  void close_ended_sessions();  // every few seconds: who may no longer play, plays no longer

  static constexpr Duration kLogEvery = 60s;
  // Of one person at a time: each is kept over a crash every few seconds, and holds a handle of the vault.
  static constexpr std::size_t kOpenAPerson = 10;
  // Of one track; an entry has so many ranges at most, which keeps it well below audit::kEntryBytesMax.
  static constexpr std::size_t kRangesAnEntry = 400;

 private:
  // Sent, and not in the log yet.
  struct Sent {
    Seconds seconds;
    std::uint64_t bytes = 0;
  };
  struct Open {
    PlaybackRow row;
    meeting::Actor actor;
    MeetingId meeting;            // of the recording
    std::string manifest_sha256;  // as the log has it
    std::string handle;
    std::vector<Track> tracks;
    std::vector<ByteClock> clocks;  // by track
    SteadyTime last_use{};
    std::string reason;
    std::shared_ptr<Archive> archive;
    std::map<int, Sent> unlogged;
    std::vector<AuditRecord> left_behind;  // by a process that is gone
    Seconds all;                           // of the recording: of whichever track
    std::optional<SteadyTime> since;       // of the oldest unlogged byte
    std::size_t entries = 0;
    int responses = 0;     // that send
    bool changed = false;  // since the row was saved
    bool opening = false;  // the vault has not answered yet
    bool closing = false;  // no more bytes; its last entry waits for responses or for the database
    bool refused = false;  // the database refused an entry: no entry, no bytes
  };
  RecordingView view_of(RecordingRow row);
  Result<Playback, Refusal> start(const RecordingRow& row, const std::string& key,
                                  const Vault::OpenedStream& opened);
  std::shared_ptr<Archive> make_archive(const RecordingRow& row, const Open& open);
  void give_up(const std::string& key);
  void release(Open& open);
  void log(Open& open, bool last);
  void save(Open& open);
  bool finish(Open& open);
  AuditRecord entry_base(const Open& open) const;
  std::vector<AuditRecord> entries_of(const Open& open, bool last) const;
  std::vector<AuditRecord> download_entries(const Open& open) const;
  void close_where(const std::function<bool(const Open&)>& due);

  Context& context_;
  std::map<std::string, Open> open_;
};

}  // namespace parlour::app
