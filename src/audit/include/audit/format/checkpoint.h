// C2SP checkpoints: the signed head of the log, "<origin>\n<size>\n<base64 root>\n". Our origin is
// "<domain>/audit" and is also the name of the log's key. We write no extension lines and accept them in
// others' heads. Any thread.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "audit/format/merkle.h"
#include "audit/format/note.h"
#include "audit/format/proof.h"
#include "base/result.h"
#include "base/time.h"

namespace parlour::audit {

struct Checkpoint {
  std::string origin;
  std::uint64_t size = 0;
  Hash256 root{};
  friend bool operator==(const Checkpoint&, const Checkpoint&) = default;
};

std::string log_origin(std::string_view domain);  // "<domain>/audit"

// The text that is signed.
std::string checkpoint_text(const Checkpoint& checkpoint);
// Reads that text. Nothing for: an empty origin, a size with a sign or leading zeros, a root of another
// length, size 0 with another root than the empty tree's.
std::optional<Checkpoint> parse_checkpoint_text(std::string_view text);

// The signed note of a head; the key's name is the origin.
std::string sign_checkpoint(const Checkpoint& checkpoint, const crypto::Ed25519Key& key);
// Reads a signed head that one of the keys (Ed25519, named like the origin) signed.
Result<Checkpoint, NoteError> open_checkpoint(std::string_view note, std::span<const VerifierKey> keys);

// What a signer asks before it signs `next` after `last`, and a witness too: same origin, and the proof shows
// that nothing was changed. An empty `last` is consistent with everything and takes an empty proof.
[[nodiscard]] bool heads_consistent(const Checkpoint& last, const Checkpoint& next, const Proof& proof);

// Asked each minute: with news a head is due at once, without any once an hour, so that silence can be told
// from a log that was cut. `last`: when the newest one was signed.
bool head_is_due(bool news, std::optional<UtcTime> last, UtcTime now);

}  // namespace parlour::audit
