// The recorder as app commands it: a capture is one part of one recording. Facts come on the app thread.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <variant>

#include "app/media_plane.h"
#include "app/stores.h"

namespace parlour::app {

namespace capture_fact {
// Whether the media plane hands its packets to this capture. Without it a log grows and holds nothing.
struct Attached {
  bool good;
};
struct EnvelopeReady {
  EnvelopeRow envelope;
  std::uint32_t part;
};  // store it, have the vault check it
struct Started {
  std::uint32_t part;
};  // header durable, envelope opens
struct FirstPacket {
  EndpointKey endpoint;
  int slot;
};
struct DurableUpTo {
  SteadyTime time;
};
struct Overflow {
  std::int64_t gap_ms;
};
struct StorageLow {
  bool low;
};
// The last fact of a capture.
struct Stopped {
  std::string reason;
  std::uint32_t segments;
  std::string last_hash;
  bool failed;
};
}  // namespace capture_fact
using CaptureFact = std::variant<capture_fact::Attached, capture_fact::EnvelopeReady, capture_fact::Started,
                                 capture_fact::FirstPacket, capture_fact::DurableUpTo, capture_fact::Overflow,
                                 capture_fact::StorageLow, capture_fact::Stopped>;

struct RecoveredLog {
  std::uint32_t segments = 0;
  std::string last_hash;  // hex
  std::uint32_t last_part = 0;
  bool cut = false;
  UtcTime last_write;
  std::vector<std::string> faults;
};

class Recorder {
 public:
  virtual ~Recorder() = default;
  virtual bool storage_ready() = 0;  // free space above the watermark
  // Starts `part` (1, 2, …; after a crash recover() has been called) and attaches it to the room.
  virtual void start(const RecordingId& recording, std::uint32_t part, RoomKey room,
                     std::function<void(const CaptureFact&)> on_fact) = 0;
  virtual void accept_envelope(const RecordingId& recording, const Hash& check) = 0;
  virtual void append_announcement(const RecordingId& recording, std::string_view message) = 0;
  virtual void mark_gap(const RecordingId& recording, std::string_view note) = 0;
  virtual void stop(const RecordingId& recording) = 0;
  // Of the parts' envelopes, hex: recording.sealed fixes it, so that no envelope can be swapped before the
  // vault's job.
  virtual std::string envelopes_hash(const std::vector<EnvelopeRow>& envelopes) = 0;
  // Finishes what a crash left behind. Blocks briefly; at start only, or before a new part.
  virtual Result<RecoveredLog, std::string> recover(const RecordingId& recording) = 0;
};

}  // namespace parlour::app
