// Recorder: an endpoint that only receives. It takes packets on the shard's thread, and writes the sealed log
// of ONE part on a thread of its own. Commands go down, facts come up.
//
//   Recorder(...)            checks free space, makes the DEK, seals it            → EnvelopeReady |
//   CaptureStopped accept_envelope(check)   the vault's answer is compared, the header is written →
//   CaptureStarted | CaptureStopped on_packet(...), …        written in chunks; durable at least twice a
//   second    → FirstPacket, DurableUpTo, … stop(reason)             final chunk, footer, durable →
//   SegmentSealed, CaptureStopped
//
// CaptureStopped is the last fact and comes exactly once. After WriteFailed the part is over: run recover()
// on the directory and start a new part. A stalled disk blocks only the writer thread: it shows as missing
// DurableUpTo. Packets before CaptureStarted are not taken (the gate keeps them away anyway) and counted as
// dropped.
//
// Threads: the Sink calls come from one shard thread; append_announcement, mark, accept_envelope and stop
// from any; facts are given on the writer thread, which must not destroy the Recorder. The destructor stops
// and joins.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <variant>

#include "base/random.h"
#include "media/endpoint.h"
#include "recording/format/chain.h"
#include "recording/format/envelope.h"
#include "recording/format/records.h"
#include "recording/log_writer.h"
#include "recording/store.h"

namespace parlour::recording {

enum class StopReason {
  kRequested,        // stop()
  kNoSpace,          // below the watermark at the start
  kEnvelopeFailed,   // the DEK could not be sealed
  kEnvelopeRefused,  // the vault's answer does not match: what would be written could not be opened
  kWriteFailed,
};
std::string_view to_text(StopReason reason);

// The part's envelope, to be stored in its own row and checked by the vault before anything is written.
struct EnvelopeReady {
  PartEnvelope envelope;
};
// The vault opens this part's envelope, and the header is durable.
struct CaptureStarted {
  std::uint32_t part;
};
struct FirstPacket {
  media::StreamInfo stream;
  SteadyTime at;
};
// Everything handed over until then survives loss of power. Twice a second; its absence is the alarm.
struct DurableUpTo {
  SteadyTime time;
};
struct SegmentSealed {
  SegmentFact segment;
};
// The queue to the writer was full: packets of this span are missing, and the log holds a gap mark that says
// so.
struct Overflow {
  SteadyTime from, to;
  std::uint64_t packets;
};
struct WriteFailed {
  StoreError reason;
};
// On each crossing of the watermark.
struct StorageLow {
  bool low;
  std::uint64_t free_bytes;
};
struct CaptureStopped {
  StopReason reason;
  LogPosition next;  // where a following part goes on; meaningless after kWriteFailed (recover() tells)
  std::uint64_t dropped_packets;
};
using Fact = std::variant<EnvelopeReady, CaptureStarted, FirstPacket, DurableUpTo, SegmentSealed, Overflow,
                          WriteFailed, StorageLow, CaptureStopped>;

struct RecorderConfig {
  RecordingId recording = RecordingId::from_bytes({});
  LogPosition position;  // of a new recording: default; otherwise recover()'s or the last CaptureStopped's
                         // `next`, with the part's number
  std::uint64_t free_bytes_min = 512ull << 20;  // watermark
  std::size_t queue_bytes_max = 8u << 20;       // between the two threads: several seconds of a call
  Duration tick = std::chrono::milliseconds(500);
};

class Recorder final : public media::Sink {
 public:
  using OnFact = std::function<void(const Fact&)>;

  // store, clock and random outlive the recorder.
  Recorder(const RecorderConfig& config, SegmentStore& store, const Clock& clock, Random& random,
           DekSealer seal_dek, OnFact on_fact);
  ~Recorder() override;
  Recorder(const Recorder&) = delete;
  Recorder& operator=(const Recorder&) = delete;

  // The vault's dek_check answer. A wrong one ends the capture before a byte is written.
  void accept_envelope(const crypto::Hash256& check);
  // A signed message as it was sent ({t,k,b,s}). Those given before CaptureStarted are kept and written
  // first.
  void append_announcement(std::string_view message, SteadyTime at);
  // Durable before anything else is written. `note`: a reason code, ASCII.
  void mark(MarkKind kind, std::string_view note, Now at);
  void stop();

  void on_stream_added(const media::StreamInfo& stream, SteadyTime now) override;
  void on_stream_removed(std::uint32_t stream, SteadyTime now) override;
  void on_packet(std::uint32_t stream, std::uint64_t sequence, SteadyTime arrival, ByteView rtp_header,
                 ByteView payload) override;
  void on_sender_report(std::uint32_t stream, std::uint32_t rtp_time, std::uint64_t ntp,
                        SteadyTime arrival) override;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace parlour::recording
