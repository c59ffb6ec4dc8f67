#include "manifest_check.h"

#include <algorithm>
#include <cstdlib>

#include "audit/format/entry.h"
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

// The log names the manifest's intervals; where those are more than an entry holds, the nearest as one. What
// it joins over is thereby called recorded, so no more may be joined than has to be, and the shortest holes
// first.
bool intervals_agree(std::string_view manifest, std::string_view verified_data) {
  auto present = pairs_of(manifest, "present"), logged = pairs_of(verified_data, "intervals");
  auto started = integer_of(manifest, "started_ms");
  if (!present || !logged || !started || present->size() % 2 != 0 || logged->size() % 2 != 0) return false;
  for (std::int64_t& time : *present) time += *started;
  const std::size_t spans = present->size() / 2, named = logged->size() / 2;
  std::int64_t joined_max = -1;  // the longest hole that had to be joined over
  if (spans > kVerifiedIntervalsMax) {
    if (named > kVerifiedIntervalsMax) return false;
    std::vector<std::int64_t> holes;
    for (std::size_t i = 1; i < spans; ++i) holes.push_back((*present)[2 * i] - (*present)[2 * i - 1]);
    auto longest = holes.begin() + static_cast<std::ptrdiff_t>(spans - kVerifiedIntervalsMax - 1);
    std::nth_element(holes.begin(), longest, holes.end());
    joined_max = *longest;
  } else if (spans != named) {
    return false;
  }
  auto same = [](std::int64_t a, std::int64_t b) { return std::abs(a - b) <= kRoundingMs; };
  std::size_t at = 0;
  for (std::size_t i = 0; i < named; ++i) {
    if (at == spans || !same((*present)[2 * at], (*logged)[2 * i])) return false;
    for (; !same((*present)[2 * at + 1], (*logged)[2 * i + 1]); ++at)
      if (at + 1 == spans || (*present)[2 * at + 2] - (*present)[2 * at + 1] > joined_max + kRoundingMs ||
          joined_max < 0)
        return false;
    ++at;
    // A moment behind a moment may end where this one does, as far as milliseconds tell.
    for (; at < spans && joined_max >= 0 && (*present)[2 * at + 1] <= (*logged)[2 * i + 1] + kRoundingMs &&
           (i + 1 == named || !same((*present)[2 * at], (*logged)[2 * i + 2]));
         ++at) {
    }
  }
  return at == spans;
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
  if (!intervals_agree(*manifest, verified_data)) out.findings.push_back(Finding::kManifestIntervals);
  if (integer_of(*manifest, "coverage_permille") != integer_of(verified_data, "coverage_permille"))
    out.findings.push_back(Finding::kManifestCoverage);
  if (holds_two(*manifest)) out.findings.push_back(Finding::kVerifiedWithoutStart);
  return out;
}

}  // namespace parlour::audit
