#include "manifest_check.h"

#include <cstdlib>

#include "base/encoding.h"
#include "entry_values.h"

namespace parlour::audit {
namespace {

// Times are rounded to milliseconds on both sides.
constexpr std::int64_t kRoundingMs = 2;

// Pairs of integers; nothing when it is anything else.
std::optional<std::vector<std::int64_t>> pairs_of(std::string_view object, std::string_view name) {
  auto raw = find_member(object, name);
  std::vector<std::int64_t> out;
  const bool read = raw && each_item(*raw, [&](std::string_view pair) {
                      return each_item(pair, [&](std::string_view number) {
                        auto value = plain_integer(number);
                        if (value) out.push_back(*value);
                        return value.has_value();
                      });
                    });
  return read ? std::optional(std::move(out)) : std::nullopt;
}

bool is_signed(std::string_view manifest, std::string_view key_id, std::string_view signature,
               const crypto::P256Point& recorder) {
  if (key_id != to_hex(crypto::sha256(recorder)).substr(0, 16)) return false;
  auto bytes = from_base64url(signature);
  Bytes message;
  Writer(message).text("Parlour/1 manifest").u8(0).text(manifest);
  return bytes && crypto::p256_verify(recorder, message, *bytes);
}

bool names(std::string_view manifest, const SealedEntry& sealed) {
  const std::string_view said = find_member(manifest, "sealed").value_or("{}");
  return integer_of(said, "seq") == static_cast<std::int64_t>(sealed.seq) &&
         string_of(said, "leaf") == to_hex(sealed.leaf) &&
         string_of(said, "last_hash") == string_of(sealed.data, "last_hash") &&
         integer_of(said, "segments") == integer_of(sealed.data, "segments");
}

bool same_intervals(std::string_view manifest, std::string_view verified_data) {
  auto present = pairs_of(manifest, "present"), logged = pairs_of(verified_data, "intervals");
  auto started = integer_of(manifest, "started_ms");
  if (!present || !logged || !started || present->size() != logged->size()) return false;
  for (std::size_t i = 0; i < present->size(); ++i)
    if (std::abs((*present)[i] + *started - (*logged)[i]) > kRoundingMs) return false;
  return true;
}

// Whether media of two people are in it.
bool holds_two(std::string_view manifest) {
  std::string_view first;
  bool two = false;
  each_item(find_member(manifest, "tracks").value_or("[]"), [&](std::string_view track) {
    const std::string_view who = string_of(track, "participant");
    if (find_member(track, "intervals").value_or("[]") == "[]") return true;
    if (first.empty()) first = who;
    two = two || who != first;
    return !two;
  });
  return two;
}

}  // namespace

ManifestVerdict check_manifest_text(std::string_view text, std::string_view recording,
                                    std::string_view meeting, const std::optional<SealedEntry>& sealed,
                                    std::string_view verified_data,
                                    const std::optional<crypto::P256Point>& recorder) {
  ManifestVerdict out;
  auto fault = [&](std::string_view what, std::string_view code) {
    out.fault = what;
    out.fault_code = code;
    return out;
  };
  if (text.size() > kManifestBytesMax)
    return fault("it is larger than a manifest may be", "manifest.malformed");
  if (!is_canonical(text)) return fault("it is not canonical JSON", "manifest.malformed");
  const auto manifest = find_member(text, "manifest");
  if (!manifest || manifest->substr(0, 1) != "{")
    return fault("it is no signed manifest", "manifest.malformed");
  if (recorder && !is_signed(*manifest, string_of(text, "key_id"), string_of(text, "signature"), *recorder))
    return fault("it is not signed by the recorder's key that this log names", "manifest.signature");
  if (string_of(*manifest, "recording") != recording) out.findings.push_back(Finding::kManifestRecording);
  if (string_of(*manifest, "meeting") != meeting) out.findings.push_back(Finding::kManifestMeeting);
  if (sealed && !names(*manifest, *sealed)) out.findings.push_back(Finding::kManifestSealed);
  if (!same_intervals(*manifest, verified_data)) out.findings.push_back(Finding::kManifestIntervals);
  if (integer_of(*manifest, "coverage_permille") != integer_of(verified_data, "coverage_permille"))
    out.findings.push_back(Finding::kManifestCoverage);
  if (holds_two(*manifest)) out.findings.push_back(Finding::kVerifiedWithoutStart);
  return out;
}

}  // namespace parlour::audit
