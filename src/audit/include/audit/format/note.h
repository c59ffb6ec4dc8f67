// C2SP signed notes: a text, an empty line, and signature lines "— <name> <base64(key id ‖ signature)>".
//
// Signature types: Ed25519 (0x01), what our log signs with, and cosignature/v1 (0x04), what a witness adds. A
// note that carries a line under a known key that does not verify is refused as a whole; lines under unknown
// keys are kept and ignored. Any thread.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/bytes.h"
#include "base/result.h"
#include "crypto/p256.h"

namespace parlour::audit {

enum class NoteError {
  kMalformed,     // not a note, or its text is not what was expected
  kUnknownKey,    // no signature line under a key that is pinned
  kBadSignature,  // a line under a pinned key does not verify
};
std::string_view to_text(NoteError error);

enum class NoteAlgorithm : std::uint8_t { kEd25519 = 0x01, kCosignatureV1 = 0x04 };

// The public half of a note key; its text form is "<name>+<8 hex digits of the key id>+<base64(algorithm ‖
// key)>".
struct VerifierKey {
  std::string name;
  std::uint32_t id = 0;
  NoteAlgorithm algorithm = NoteAlgorithm::kEd25519;
  ByteArray<32> public_key{};

  std::string text() const;
  std::string id_text() const;  // the 8 hex digits, as audit entries name the key
  friend bool operator==(const VerifierKey&, const VerifierKey&) = default;
};
bool is_key_name(std::string_view name);  // non-empty, no white space, no plus sign
VerifierKey make_verifier_key(std::string_view name, const ByteArray<32>& public_key,
                              NoteAlgorithm algorithm = NoteAlgorithm::kEd25519);
// Refuses a text whose key id does not belong to its name and key.
std::optional<VerifierKey> parse_verifier_key(std::string_view text);

struct NoteSignature {
  std::string name;
  std::uint32_t key_id = 0;
  Bytes signature;  // without the key id
};

struct Note {
  std::string text;  // signed; ends with a newline
  std::vector<NoteSignature> signatures;
};

// Reads the form only. At most 64 KiB and 64 signature lines.
Result<Note, NoteError> parse_note(std::string_view note);
// The keys (indices into `keys`) under which a signature verified; at least one.
Result<std::vector<std::size_t>, NoteError> verify_note(const Note& note, std::span<const VerifierKey> keys);

// The signed note over `text`, which must end with a newline and hold no other control character than
// newlines.
std::string sign_note(std::string_view text, std::string_view name, const crypto::Ed25519Key& key);

}  // namespace parlour::audit
