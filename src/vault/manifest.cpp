#include "vault/manifest.h"

#include <algorithm>

#include "base/encoding.h"
#include "base/json.h"

namespace parlour::vault {
namespace {

constexpr std::string_view kLabel = "Parlour/1 manifest";

std::int64_t ms(UtcTime time) {
  return time.us / 1000;
}
std::int64_t ms(Duration duration) {
  return duration.count() / 1000;
}
// How far apart what was joined lay at most.
std::int64_t ms_up(Duration duration) {
  return (duration.count() + 999) / 1000;
}

std::string_view to_text(e2ee::Role role) {
  switch (role) {
    case e2ee::Role::kAgent:
      return "agent";
    case e2ee::Role::kCustomer:
      return "customer";
    case e2ee::Role::kGuest:
      return "guest";
  }
  return "unknown";
}
std::string_view to_text(e2ee::CallMode mode) {
  switch (mode) {
    case e2ee::CallMode::kRecorded:
      return "recorded";
    case e2ee::CallMode::kPaused:
      return "paused";
    case e2ee::CallMode::kOff:
      return "off";
  }
  return "unknown";
}
std::string_view to_text(recording::MarkKind kind) {
  switch (kind) {
    case recording::MarkKind::kPause:
      return "pause";
    case recording::MarkKind::kResume:
      return "resume";
    case recording::MarkKind::kConsent:
      return "consent";
    case recording::MarkKind::kGap:
      return "gap";
    case recording::MarkKind::kChapter:
      return "chapter";
  }
  return "unknown";
}

class ManifestMaker {
 public:
  ManifestMaker(const OpenedRecording& opened, const ManifestContext& context, const KeyStore& keys)
      : opened_(opened), context_(context), keys_(keys) {}

  Json make() const {
    const LogSurvey& survey = opened_.survey;
    return JsonObject{{"format", "parlour-recording-manifest/2"},
                      {"recording", opened_.recording.text()},
                      {"meeting", context_.sealed.meeting},
                      {"software", context_.software},
                      {"made", to_rfc3339(context_.made)},
                      {"sealed", JsonObject{{"seq", context_.sealed.seq},
                                            {"leaf", to_hex(context_.sealed.leaf)},
                                            {"segments", context_.sealed.data.integer_or("segments")},
                                            {"last_hash", context_.sealed.data.string_or("last_hash")},
                                            {"chain_intact", survey.chain_intact}}},
                      {"started", to_rfc3339(opened_.started)},
                      {"started_ms", ms(opened_.started)},
                      {"duration_ms", ms(opened_.ended - opened_.started)},
                      {"coverage_permille", opened_.coverage_permille},
                      {"keys", JsonObject{{"recorder", KeyStore::key_id(keys_.recorder().public_key())},
                                          {"compliance", key_ids()}}},
                      {"parts", parts()},
                      {"segments", segments()},
                      {"calls", calls()},
                      {"participants", participants()},
                      {"streams", streams()},
                      {"tracks", tracks()},
                      {"present", spans(opened_.present)},
                      {"pauses", spans(opened_.pauses)},
                      {"marks", marks()},
                      {"faults", faults()},
                      {"renditions", renditions()}};
  }

 private:
  std::int64_t at(UtcTime time) const { return ms(time - opened_.started); }
  Json span(const Span& value) const { return JsonArray{at(value.from), at(value.to)}; }
  Json spans(const std::vector<Span>& values) const {
    JsonArray out;
    for (const Span& value : values) out.push_back(span(value));
    return out;
  }

  Json key_ids() const {
    JsonArray ids;
    for (const auto& [number, part] : opened_.survey.parts)
      if (std::find(ids.begin(), ids.end(), Json(part.key_id)) == ids.end()) ids.push_back(part.key_id);
    return ids;
  }
  Json parts() const {
    JsonArray out;
    for (const auto& [number, part] : opened_.survey.parts) {
      JsonArray present;
      for (const auto& [from, to] : part.present) present.push_back(span({part.utc(from), part.utc(to)}));
      out.push_back(JsonObject{{"part", number},
                               {"first_segment", part.first_segment},
                               {"segments", part.segments},
                               {"recovered", part.recovered},
                               {"key_id", part.key_id},
                               {"present", std::move(present)}});
    }
    return out;
  }
  Json segments() const {
    JsonArray out;
    for (const recording::SegmentFact& segment : opened_.survey.segments)
      out.push_back(JsonObject{{"index", segment.index},
                               {"part", segment.part},
                               {"sha256", to_hex(segment.sha256)},
                               {"bytes", segment.bytes},
                               {"recovered", segment.recovered}});
    return out;
  }
  Json calls() const {
    JsonArray out;
    for (const OpenedCall& call : opened_.calls) {
      JsonArray rosters;
      for (const auto& [hash, mode] : call.rosters)
        rosters.push_back(JsonObject{{"sha256", to_hex(hash)}, {"mode", to_text(mode)}});
      out.push_back(JsonObject{{"call", call.call},
                               {"policy_sha256", to_hex(call.policy)},
                               {"type_id", call.type_id},
                               {"type_version", call.type_version},
                               {"rosters", std::move(rosters)}});
    }
    return out;
  }
  Json participants() const {
    JsonArray out;
    for (const Participant& participant : opened_.participants) {
      JsonArray endpoints;
      for (const e2ee::EndpointId& endpoint : participant.endpoints)
        endpoints.push_back(to_base64url(endpoint));
      out.push_back(JsonObject{
          {"id", participant.id}, {"role", to_text(participant.role)}, {"endpoints", std::move(endpoints)}});
    }
    return out;
  }
  Json streams() const {
    JsonArray out;
    for (const auto& [key, stream] : opened_.survey.streams)
      out.push_back(JsonObject{{"part", stream.part},
                               {"stream", stream.info.stream},
                               {"idx", stream.info.sender_index},
                               {"slot", static_cast<int>(stream.info.slot)},
                               {"codec", stream.info.codec == recording::StreamCodec::kOpus ? "opus" : "vp8"},
                               {"ssrc", stream.info.ssrc},
                               {"packets", stream.packets},
                               {"sender_reports", stream.reports.size()}});
    return out;
  }
  Json tracks() const {
    JsonArray out;
    for (const TrackAccount& track : opened_.tracks) {
      JsonArray gaps;
      for (const Gap& gap : track.gaps)
        gaps.push_back(JsonObject{{"from_ms", at(gap.span.from)},
                                  {"to_ms", at(gap.span.to)},
                                  {"cause", to_text(gap.cause)},
                                  {"missing", gap.missing},
                                  {"skipped", gap.skipped}});
      out.push_back(JsonObject{{"participant", track.participant},
                               {"kind", to_text(track.kind)},
                               {"intervals", spans(track.intervals)},
                               {"intervals_joined_ms", ms_up(track.intervals_within)},
                               {"gaps", std::move(gaps)},
                               {"gaps_joined_ms", ms_up(track.gaps_within)},
                               {"gaps_total", track.gaps_total},
                               {"frames", JsonObject{{"attested", track.attested},
                                                     {"recovered", track.recovered},
                                                     {"lost", track.lost},
                                                     {"skipped", track.skipped},
                                                     {"unattested", track.unattested},
                                                     {"outside", track.outside}}}});
    }
    return out;
  }
  Json marks() const {
    JsonArray out;
    for (const SurveyedMark& mark : opened_.survey.marks)
      out.push_back(JsonObject{{"kind", to_text(mark.kind)}, {"at_ms", at(mark.at)}, {"note", mark.note}});
    return out;
  }
  Json faults() const {
    JsonArray log, frames, messages;
    for (const LogFault& fault : opened_.survey.faults) {
      if (log.size() >= OpenedRecording::kFaultsListed) break;
      log.push_back(JsonObject{
          {"segment", fault.segment}, {"offset", fault.offset}, {"size", fault.size}, {"what", fault.what}});
    }
    for (const FrameFault& fault : opened_.frame_faults)
      frames.push_back(JsonObject{{"what", fault.what},
                                  {"participant", fault.participant},
                                  {"kind", to_text(fault.kind)},
                                  // A hostile header may hold any 64-bit number; JSON's integers end at 2^53.
                                  {"kid", std::to_string(fault.kid)},
                                  {"counter", std::to_string(fault.counter)},
                                  {"at_ms", at(fault.at)}});
    for (const MessageFault& fault : opened_.message_faults) {
      if (messages.size() >= OpenedRecording::kFaultsListed) break;
      messages.push_back(JsonObject{{"code", fault.code}, {"type", fault.type}, {"at_ms", at(fault.at)}});
    }
    return JsonObject{{"log", std::move(log)},
                      {"frames", std::move(frames)},
                      {"frames_total", opened_.frame_faults_total},
                      {"messages", std::move(messages)}};
  }
  Json sound(const OpenedFile& file) const {
    if (file.audio_frames == 0) return nullptr;
    return JsonObject{{"filled", spans(file.filled)},
                      {"filled_frames", file.filled_frames},
                      {"joined_ms", ms_up(file.filled_within)},
                      {"left_out_frames", file.left_out_frames}};
  }
  Json pictures(const OpenedFile& file) const {
    if (file.video_frames == 0) return nullptr;
    return JsonObject{{"shown", spans(file.pictures)}, {"joined_ms", ms_up(file.pictures_within)}};
  }
  // [bytes in front, bytes of the second, …]: from the end of the second before, which may overlap.
  static Json seconds(const std::vector<ByteSpan>& spans) {
    JsonArray out;
    std::int64_t end = 0;
    for (const ByteSpan& span : spans) {
      const auto from = static_cast<std::int64_t>(span.from), to = static_cast<std::int64_t>(span.to);
      out.emplace_back(to == 0 ? 0 : from - end);
      out.emplace_back(to - from);
      if (to != 0) end = to;
    }
    return out;
  }
  Json renditions() const {
    JsonArray out;
    for (const OpenedFile& file : opened_.files)
      out.push_back(JsonObject{{"rendition", "av"},
                               {"name", file.name},
                               {"participant", file.participant},
                               {"content", file.content},
                               {"type", "video/webm"},
                               {"offset_ms", at(file.from)},
                               {"duration_ms", ms(file.to - file.from)},
                               {"audio_frames", file.audio_frames},
                               {"video_frames", file.video_frames},
                               {"sound", sound(file)},
                               {"pictures", pictures(file)},
                               {"bytes", file.facts.bytes},
                               {"sha256", to_hex(file.facts.sha256)},
                               {"crc32", file.facts.crc32},
                               {"stored_bytes", file.facts.stored_bytes},
                               {"stored_sha256", to_hex(file.facts.stored_sha256)},
                               {"seconds", seconds(file.seconds)}});
    return out;
  }

  const OpenedRecording& opened_;
  const ManifestContext& context_;
  const KeyStore& keys_;
};

Bytes signed_bytes(std::string_view manifest) {
  Bytes bytes;
  Writer(bytes).text(kLabel).u8(0).text(manifest);
  return bytes;
}

}  // namespace

std::string make_manifest(const OpenedRecording& opened, const ManifestContext& context,
                          const KeyStore& keys) {
  const Json manifest = ManifestMaker(opened, context, keys).make();
  const crypto::P256Signature signature = keys.recorder().sign(signed_bytes(write_json_canonical(manifest)));
  return write_json_canonical(JsonObject{{"manifest", manifest},
                                         {"key_id", KeyStore::key_id(keys.recorder().public_key())},
                                         {"signature", to_base64url(signature)}});
}

bool verify_manifest(std::string_view text, const crypto::P256Point& recorder) {
  auto whole = parse_json(text, {.bytes = 64 * 1024 * 1024, .depth = 32, .values = 4'000'000});
  if (!whole || write_json_canonical(*whole) != text) return false;
  const Json* manifest = whole->find("manifest");
  auto signature = from_base64url(whole->string_or("signature"));
  return manifest != nullptr && signature &&
         crypto::p256_verify(recorder, signed_bytes(write_json_canonical(*manifest)), *signature);
}

Json make_summary(const OpenedRecording& opened) {
  auto pairs = [](const std::vector<Span>& spans) {
    JsonArray out;
    for (const Span& span : spans) out.push_back(JsonArray{ms(span.from), ms(span.to)});
    return out;
  };
  std::uint64_t gaps_total = 0, attested = 0, recovered = 0, lost = 0, skipped = 0, unattested = 0;
  for (const TrackAccount& track : opened.tracks) {
    attested += track.attested;
    recovered += track.recovered;
    lost += track.lost;
    skipped += track.skipped;
    unattested += track.unattested;
    gaps_total += track.gaps_total;
  }
  Duration present_within(0), missing_within(0);
  const std::vector<Span> present = join_to_fit(opened.present, kSummaryIntervals, present_within);
  const std::vector<Span> missing = join_to_fit(opened.missing, kSummaryGaps, missing_within);
  return JsonObject{
      {"started_ms", ms(opened.started)},
      {"duration_ms", ms(opened.ended - opened.started)},
      {"coverage_permille", opened.coverage_permille},
      {"chain_intact", opened.survey.chain_intact},
      {"participants", opened.participants.size()},
      {"parts", opened.survey.parts.size()},
      {"intervals", pairs(present)},
      {"intervals_joined_ms", ms_up(present_within)},
      {"gaps", pairs(missing)},
      {"gaps_joined_ms", ms_up(missing_within)},
      {"gaps_total", gaps_total},
      {"faults", opened.survey.faults.size() + opened.message_faults.size() + opened.frame_faults_total},
      {"frames", JsonObject{{"attested", attested},
                            {"recovered", recovered},
                            {"lost", lost},
                            {"skipped", skipped},
                            {"unattested", unattested}}}};
}

}  // namespace parlour::vault
