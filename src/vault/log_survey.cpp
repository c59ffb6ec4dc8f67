#include "vault/log_survey.h"

#include <algorithm>

#include "rtc/rtp.h"

namespace parlour::vault {
namespace {

using namespace recording;

class Surveyor {
 public:
  explicit Surveyor(LogSurvey& survey) : survey_(survey) {}

  void start_segment(std::uint32_t part, std::uint32_t index) {
    part_ = &survey_.parts[part];
    part_->part = part;
    if (part_->segments++ == 0) part_->first_segment = index;
  }

  void record(const Record& record) {
    std::visit([&](const auto& kind) { take(kind); }, record);
  }

 private:
  struct RtpClock {
    rtc::TimestampUnwrapper unwrapper;
    std::uint64_t base = 0;
    DelayTracker delays;
  };

  void take(const PacketRecord& packet) {
    SurveyedStream* stream = find(packet.stream);
    if (stream == nullptr) return;
    auto& clock = clocks_[{part_->part, packet.stream}];
    const std::uint32_t rtp_time = load_u32(packet.rtp_header.data() + 4);
    if (!stream->first_rtp_time) {
      stream->first_rtp_time = rtp_time;
      stream->first_arrival = packet.arrival;
      clock.base = clock.unwrapper.unwrap(rtp_time);
    }
    const auto ticks = static_cast<std::int64_t>(clock.unwrapper.unwrap(rtp_time) - clock.base);
    const std::int64_t delay = packet.arrival.us - ticks * 1'000'000 / stream->info.clock_rate;
    stream->least_delay_us = stream->packets == 0 ? delay : std::min(stream->least_delay_us, delay);
    stream->last_arrival = std::max(stream->last_arrival, packet.arrival);
    ++stream->packets;
    clock.delays.packet(stream->pieces, packet.arrival, ticks, delay);
  }
  void take(const SenderReportRecord& report) {
    if (SurveyedStream* stream = find(report.stream))
      stream->reports.push_back({report.rtp_time, report.ntp, report.arrival});
  }
  void take(const StreamAddedRecord& added) {
    SurveyedStream& stream = survey_.streams[{part_->part, added.stream}];
    stream.part = part_->part;
    stream.info = added;
  }
  void take(const StreamRemovedRecord&) {}
  void take(const AnnouncementRecord& announcement) {
    survey_.messages.push_back({part_->part, announcement.at, to_string(announcement.message)});
  }
  void take(const MarkRecord& mark) { survey_.marks.push_back({mark.kind, mark.utc, to_string(mark.note)}); }
  void take(const TickRecord& tick) {
    auto& present = part_->present;
    if (present.empty()) part_->utc_offset_us = tick.utc.us - tick.at.us;
    if (present.empty() || tick.at - present.back().second > kTickGapMax || tick.at < present.back().second)
      present.emplace_back(tick.at, tick.at);
    else
      present.back().second = tick.at;
  }
  void take(const UnknownRecord&) {}

  SurveyedStream* find(std::uint32_t stream) {
    auto at = survey_.streams.find({part_->part, stream});
    return at == survey_.streams.end() ? nullptr : &at->second;
  }

  LogSurvey& survey_;
  SurveyedPart* part_ = nullptr;
  std::map<std::pair<std::uint32_t, std::uint32_t>, RtpClock> clocks_;
};

// A faulty segment covers the time from its own first byte, or the end of what is known before it, to the
// next one's.
void note_damaged(LogSurvey& survey, const std::vector<std::optional<UtcTime>>& began) {
  for (const LogFault& fault : survey.faults) {
    if (fault.segment >= began.size()) continue;
    std::size_t before = fault.segment, after = fault.segment + 1;
    while (before > 0 && !began[before]) --before;
    while (after < began.size() && !began[after]) ++after;
    const UtcTime from = began[before].value_or(survey.started);
    const UtcTime to =
        after < began.size() ? *began[after] : std::max(survey.ended, from + kSegmentDurationMax);
    survey.damaged.emplace_back(from, to);
  }
}

}  // namespace

void DelayTracker::packet(std::vector<DelayPiece>& pieces, SteadyTime arrival, std::int64_t ticks,
                          std::int64_t delay_us) {
  if (!pieces.empty() && ticks <= newest_ticks_) return;
  const std::int64_t jump = pieces.empty() ? 0 : delay_us - newest_delay_us_;
  const Duration length = pieces.empty() ? DelayPiece::kLengthMax : arrival - pieces.back().from;
  const bool jumped = jump >= DelayPiece::kJumpMin || jump <= -DelayPiece::kJumpMin;
  if (length >= DelayPiece::kLengthMax || (jumped && length >= DelayPiece::kLengthMin))
    pieces.push_back({arrival, ticks, newest_ticks_, jump, delay_us});
  pieces.back().least_delay_us = std::min(pieces.back().least_delay_us, delay_us);
  newest_ticks_ = ticks;
  newest_delay_us_ = delay_us;
}

LogSurvey survey_log(const RecordingId& recording, std::uint32_t segments, const crypto::Hash256& last_hash,
                     const std::map<std::uint32_t, PartKey>& keys, const SegmentSource& source) {
  LogSurvey survey;
  Surveyor surveyor(survey);
  ChainCheck chain(recording);
  std::map<std::uint32_t, PartOpener> openers;
  // Of each part, the segments that have no final chunk: acceptable for the last one only.
  std::map<std::uint32_t, std::vector<std::uint32_t>> without_end;
  std::map<std::uint32_t, std::uint32_t> last_of_part;

  std::vector<std::optional<UtcTime>> began(segments);
  for (std::uint32_t index = 0; index < segments; ++index) {
    auto file = source(index);
    if (!file) {
      chain.missing(index);
      continue;
    }
    const crypto::Hash256 hash = crypto::sha256(*file);
    auto header = decode_header(*file);
    if (!header) {
      chain.unreadable(index, hash);
      survey.segments.push_back({index, 0, hash, file->size(), false});
      continue;
    }
    chain.add(index, *header, hash);
    survey.segments.push_back({index, header->part, hash, file->size(), false});
    began[index] = header->first_utc;
    if (survey.started.us == 0) survey.started = header->first_utc;

    auto key = keys.find(header->part);
    if (key == keys.end()) {
      survey.faults.push_back({index, 0, file->size(), "there is no key envelope for this part"});
      continue;
    }
    auto opener = openers.find(header->part);
    if (opener == openers.end())
      opener =
          openers.emplace(header->part, PartOpener(key->second.dek.clone(), recording, header->part)).first;
    surveyor.start_segment(header->part, index);
    survey.parts[header->part].key_id = key->second.key_id;
    const OpenedSegment opened =
        opener->second.open(*file, [&](const Record& record) { surveyor.record(record); });
    for (const Damage& damage : opened.damage)
      survey.faults.push_back({index, damage.offset, damage.size, damage.what});
    if (opened.recovered) {
      survey.segments.back().recovered = true;
      survey.parts[header->part].recovered = true;
    }
    if (!opened.final_seen) without_end[header->part].push_back(index);
    last_of_part[header->part] = index;
  }
  chain.finish(segments, last_hash);
  survey.chain_intact = chain.intact();
  for (const ChainFault& fault : chain.faults()) survey.faults.push_back({fault.index, 0, 0, fault.what});
  for (const auto& [part, indexes] : without_end)
    for (std::uint32_t index : indexes)
      if (index != last_of_part[part]) survey.faults.push_back({index, 0, 0, "its end is missing"});
  for (const auto& [number, part] : survey.parts)
    if (!part.present.empty()) survey.ended = std::max(survey.ended, part.utc(part.present.back().second));
  survey.ended = std::max(survey.ended, survey.started);
  note_damaged(survey, began);
  return survey;
}

}  // namespace parlour::vault
