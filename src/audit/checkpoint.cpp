#include "audit/format/checkpoint.h"

#include <charconv>

#include "base/encoding.h"

namespace parlour::audit {
namespace {

// The line up to the next newline, which is consumed; nothing when there is none.
std::optional<std::string_view> take_line(std::string_view& text) {
  std::size_t end = text.find('\n');
  if (end == std::string_view::npos) return std::nullopt;
  std::string_view line = text.substr(0, end);
  text.remove_prefix(end + 1);
  return line;
}

}  // namespace

std::string log_origin(std::string_view domain) {
  return std::string(domain) + "/audit";
}

std::string checkpoint_text(const Checkpoint& checkpoint) {
  return checkpoint.origin + "\n" + std::to_string(checkpoint.size) + "\n" + to_base64(checkpoint.root) +
         "\n";
}

std::optional<Checkpoint> parse_checkpoint_text(std::string_view text) {
  auto origin = take_line(text), size = take_line(text), root = take_line(text);
  if (!origin || !size || !root || origin->empty()) return std::nullopt;
  Checkpoint checkpoint;
  checkpoint.origin = *origin;
  auto [end, code] = std::from_chars(size->data(), size->data() + size->size(), checkpoint.size);
  if (code != std::errc{} || std::to_string(checkpoint.size) != *size) return std::nullopt;
  auto hash = from_base64(*root);
  if (!hash || hash->size() != checkpoint.root.size()) return std::nullopt;
  std::memcpy(checkpoint.root.data(), hash->data(), hash->size());
  if (checkpoint.size == 0 && checkpoint.root != empty_root()) return std::nullopt;
  // Extension lines, if any, are non-empty and end with a newline.
  while (!text.empty()) {
    auto extension = take_line(text);
    if (!extension || extension->empty()) return std::nullopt;
  }
  return checkpoint;
}

std::string sign_checkpoint(const Checkpoint& checkpoint, const crypto::Ed25519Key& key) {
  return sign_note(checkpoint_text(checkpoint), checkpoint.origin, key);
}

Result<Checkpoint, NoteError> open_checkpoint(std::string_view note, std::span<const VerifierKey> keys) {
  auto parsed = parse_note(note);
  if (!parsed) return fail(parsed.error());
  auto checkpoint = parse_checkpoint_text(parsed->text);
  if (!checkpoint) return fail(NoteError::kMalformed);
  auto verified = verify_note(*parsed, keys);
  if (!verified) return fail(verified.error());
  for (std::size_t i : *verified)
    if (keys[i].algorithm == NoteAlgorithm::kEd25519 && keys[i].name == checkpoint->origin)
      return *checkpoint;
  return fail(NoteError::kUnknownKey);
}

bool heads_consistent(const Checkpoint& last, const Checkpoint& next, const Proof& proof) {
  if (last.origin != next.origin) return false;
  if (last.size == 0)
    return proof.empty() && last.root == empty_root() && (next.size > 0 || next.root == empty_root());
  return verify_consistency(last.size, next.size, last.root, next.root, proof);
}

bool head_is_due(bool news, std::optional<UtcTime> last, UtcTime now) {
  constexpr Duration kHeartbeat = 1h;
  // A clock that was set back must not make it silent until it has caught up.
  return news || !last || now - *last >= kHeartbeat || *last - now >= kHeartbeat;
}

}  // namespace parlour::audit
