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

struct SurveyedStream {
  std::uint32_t part = 1;
  recording::StreamAddedRecord info;
  std::uint64_t packets = 0;
  std::optional<std::uint32_t> first_rtp_time;  // the anchor from which RTP time is extended
  SteadyTime first_arrival, last_arrival;
  // The smallest of arrival − RTP time (µs, from the anchor): the packet that was delayed least.
  std::int64_t least_delay_us = 0;
  std::vector<SurveyedReport> reports;
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
