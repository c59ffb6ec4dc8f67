// Opens a sealed recording: records → verified messages → frames → one clock → one WebM per participant, and
// an account of everything that is missing (design.md 9, "Sealed, then opened"; e2ee.md 10).
//
// Two passes over the log: the first surveys (log_survey.h) and verifies the messages; the second assembles,
// opens and judges frames and gives them to the muxers. What memory holds does not grow with the length of
// the call, but for the lists of what went wrong. One thread.
#pragma once

#include <filesystem>
#include <functional>
#include <map>
#include <string>
#include <vector>

#include "vault/account.h"
#include "vault/call_set.h"
#include "vault/container.h"
#include "vault/log_survey.h"
#include "vault/muxer.h"
#include "vault/webm_seconds.h"

namespace parlour::vault {

// A person of the recording: one signing key, however often the browser was reloaded.
struct Participant {
  std::string id;  // 16 hex digits of SHA-256 of `sig`; says nothing about the person
  e2ee::Role role = e2ee::Role::kGuest;
  std::vector<e2ee::EndpointId> endpoints;
};

struct TrackAccount {
  std::string participant;
  MediaKind kind = MediaKind::kAudio;
  // Both lists are bounded (kTrackListsMax): the nearest ones are joined, at most so far apart.
  std::vector<Span> intervals;
  std::vector<Gap> gaps;
  Duration intervals_within{0}, gaps_within{0};
  std::uint64_t gaps_total = 0;  // before that
  std::uint64_t attested = 0;    // frames that the sender says it sent while the recording ran
  std::uint64_t recovered = 0;   // authentic, each once
  std::uint64_t lost = 0;        // attested, and not here
  std::uint64_t skipped = 0;     // here, but undecodable without a lost one; not in the rendition
  std::uint64_t unattested = 0;  // here, beyond the last attested one
  std::uint64_t outside = 0;     // attested, but before the capture began or after it ended
};

// What should not be: named, dropped, never fatal.
struct FrameFault {
  std::string what;  // "order" | "duplicate" | "not_authentic" | "no_key" | "malformed"
  std::string participant;
  MediaKind kind = MediaKind::kAudio;
  std::uint64_t kid = 0, counter = 0;
  UtcTime at;
};

struct MessageFault {
  std::string code, type;
  UtcTime at;
};

struct OpenedFile {
  std::string name;  // "<participant>-camera.webm", "<participant>-screen.webm"
  std::string participant;
  std::string content;  // "camera" (microphone and camera) | "screen"
  // With sound the file begins at the recording's origin, so that those of several people line up; one of
  // pictures alone begins with its first. `to`: its last frame.
  UtcTime from, to;
  std::uint64_t audio_frames = 0, video_frames = 0;
  // Silence that stands in place of sound that is not there: before the first frame, and in each hole.
  std::vector<Span> filled;
  Duration filled_within{0};  // holes at most so far apart are listed as one; 0: each by itself
  std::uint64_t filled_frames = 0;
  std::uint64_t left_out_frames = 0;  // authentic sound for which a fast clock left no room
  // When there is a picture. Outside of them a player shows the last, or the first, one: to be covered.
  std::vector<Span> pictures;
  Duration pictures_within{0};
  ContainerFacts facts;
  std::vector<ByteSpan> seconds;  // where each second of it lies; empty: not known
};

struct OpenedCall {
  std::string call;  // base64url
  crypto::Hash256 policy{};
  std::string type_id;
  std::uint32_t type_version = 0;
  std::vector<std::pair<crypto::Hash256, e2ee::CallMode>> rosters;
};

struct OpenedRecording {
  recording::RecordingId recording = recording::RecordingId::from_bytes({});
  LogSurvey survey;
  std::vector<OpenedCall> calls;
  std::vector<Participant> participants;
  std::vector<TrackAccount> tracks;
  std::vector<Span> present;  // when the recorder was there and not paused
  std::vector<Span>
      missing;  // when something of anybody is not there: all gaps of all tracks, each as it was
  std::vector<Span> pauses;
  std::vector<FrameFault> frame_faults;  // the first kFaultsListed
  std::uint64_t frame_faults_total = 0;
  std::vector<MessageFault> message_faults;
  std::vector<OpenedFile> files;
  UtcTime started, ended;  // what times of the manifest are counted from, and the end
  std::int64_t coverage_permille = 1000;

  static constexpr std::size_t kFaultsListed = 1000;
  static constexpr std::size_t kSpansListed = 1000;  // of each file's silence, and of its pictures
  // Gaps and intervals of all tracks together, and of one of them at most and at least: with so many a
  // manifest stays far below kManifestBytesMax.
  static constexpr std::size_t kTrackListsMax = 20'000, kTrackListMax = 2000, kTrackListMin = 20;
};

// More than all reconnections and encoder restarts of a working day make (the media plane lets a stream begin
// anew once every 20 s at most): a log with more is refused by name, for each of them costs memory here and a
// line of the manifest.
constexpr std::size_t kStreamsMax = 10'000;

struct OpeningInput {
  recording::RecordingId recording = recording::RecordingId::from_bytes({});
  e2ee::MeetingId meeting{};  // of which this is a recording, as the log says
  std::uint32_t segments = 0;
  crypto::Hash256 last_hash{};
  std::map<std::uint32_t, PartKey> keys;  // by part
  SegmentSource source;
  std::filesystem::path output;  // directory for the renditions' containers
  ByteView rendition_dek;
  std::function<void(std::int64_t permille)> progress;
};

// Refused when the signed Rosters name another meeting than the log ("recording.other_meeting"), or were made
// by a program before this one, which named none ("recording.earlier_form").
Result<OpenedRecording, VaultRefusal> open_recording(const OpeningInput& input, const KeyStore& keys,
                                                     Muxer& muxer);

}  // namespace parlour::vault
