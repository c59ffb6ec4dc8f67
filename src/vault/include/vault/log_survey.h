// The first pass over a sealed log: is it the one that was sealed, what streams, clocks, messages and marks
// does it hold, and when was the recorder there. Payloads are looked at in the second pass only, so memory
// does not grow with them. One thread.
#pragma once

#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "crypto/secret.h"
#include "recording/format/chain.h"
#include "recording/format/opener.h"

namespace parlour::vault {

// A segment's bytes by its index; nothing when it is not there.
using SegmentSource = std::function<std::optional<Bytes>(std::uint32_t index)>;

struct SurveyedReport {
  std::uint32_t rtp_time = 0;
  std::uint64_t ntp = 0;
  SteadyTime arrival;
};

// How late a stream's newest packets came, piece by piece: enough to see where its RTP clock stood still, and
// little enough to be kept for hours. A piece ends after kLengthMax, and before a packet that came kJumpMin
// later, or earlier, after the one before it than its RTP time says.
struct DelayPiece {
  SteadyTime from;                  // arrival of its first packet
  std::int64_t first_ticks = 0;     // RTP time since the anchor, of the same
  std::int64_t ticks_before = 0;    // of the packet before that
  std::int64_t jump_us = 0;         // how much later it came than that one lets expect
  std::int64_t least_delay_us = 0;  // least arrival − RTP time of the piece

  static constexpr Duration kLengthMax = std::chrono::milliseconds(500);
  static constexpr std::int64_t kJumpMin = 40'000;
  // Of one that a jump ends: so many a second that a hostile sender's are no burden.
  static constexpr Duration kLengthMin = std::chrono::milliseconds(15);
};

class DelayTracker {
 public:
  // Only packets with a newer RTP time count: what comes late or again says nothing about the sender's clock.
  void packet(std::vector<DelayPiece>& pieces, SteadyTime arrival, std::int64_t ticks, std::int64_t delay_us);

 private:
  std::int64_t newest_ticks_ = 0, newest_delay_us_ = 0;
};

struct SurveyedStream {
  std::uint32_t part = 1;
  recording::StreamAddedRecord info;
  std::uint64_t packets = 0;
  std::optional<std::uint32_t> first_rtp_time;  // the anchor from which RTP time is extended
  SteadyTime first_arrival, last_arrival;
  // The smallest of arrival − RTP time (µs, from the anchor): the packet that was delayed least.
  std::int64_t least_delay_us = 0;
  std::vector<SurveyedReport> reports;
  std::vector<DelayPiece> pieces;  // in order of arrival, and of RTP time
};

struct SurveyedMessage {
  std::uint32_t part = 1;
  SteadyTime at;
  std::string text;
};

struct SurveyedPart {
  std::uint32_t part = 1;
  std::uint32_t first_segment = 0;
  std::uint32_t segments = 0;
  bool recovered = false;
  std::string key_id;
  // UTC − steady of the node while it wrote this part.
  std::int64_t utc_offset_us = 0;
  // When the recorder was there: ticks no further apart than kTickGapMax. Steady.
  std::vector<std::pair<SteadyTime, SteadyTime>> present;

  UtcTime utc(SteadyTime time) const { return {time.us + utc_offset_us}; }
};
constexpr Duration kTickGapMax = std::chrono::milliseconds(2000);

struct SurveyedMark {
  recording::MarkKind kind;
  UtcTime at;
  std::string note;
};

// What is wrong with the log itself, by place.
struct LogFault {
  std::uint32_t segment = 0;
  std::size_t offset = 0;
  std::size_t size = 0;
  std::string what;
};

struct LogSurvey {
  std::vector<recording::SegmentFact> segments;
  std::map<std::uint32_t, SurveyedPart> parts;
  std::map<std::pair<std::uint32_t, std::uint32_t>, SurveyedStream> streams;  // by part and stream
  std::vector<SurveyedMessage> messages;
  std::vector<SurveyedMark> marks;
  std::vector<LogFault> faults;
  // When what is damaged or missing was written, as near as whole segments tell.
  std::vector<std::pair<UtcTime, UtcTime>> damaged;
  bool chain_intact = false;
  UtcTime started, ended;
};

struct PartKey {
  crypto::Secret dek;
  std::string key_id;
};

// `keys`: by part; a part without a key is named as a fault and its segments are only hashed.
LogSurvey survey_log(const recording::RecordingId& recording, std::uint32_t segments,
                     const crypto::Hash256& last_hash, const std::map<std::uint32_t, PartKey>& keys,
                     const SegmentSource& source);

}  // namespace parlour::vault
