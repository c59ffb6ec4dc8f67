#include "audit/format/note.h"

#include <charconv>

#include "base/encoding.h"
#include "crypto/hash.h"

namespace parlour::audit {
namespace {

constexpr std::size_t kNoteBytesMax = 64 * 1024;
constexpr std::size_t kSignaturesMax = 64;
constexpr std::size_t kNameBytesMax = 255;
constexpr std::string_view kLineStart = "\xE2\x80\x94 ";  // em dash, space
constexpr std::size_t kEd25519SignatureSize = 64;
constexpr std::size_t kTimestampSize = 8;

// C2SP signed-note: SHA-256(name ‖ 0x0A ‖ algorithm ‖ key), the first four bytes.
std::uint32_t key_id(std::string_view name, NoteAlgorithm algorithm, const ByteArray<32>& public_key) {
  const ByteArray<2> between{0x0A, static_cast<std::uint8_t>(algorithm)};
  crypto::Hash256 hash = crypto::sha256({as_bytes(name), between, public_key});
  return load_u32(hash.data());
}

bool verifies(const VerifierKey& key, std::string_view text, ByteView signature) {
  switch (key.algorithm) {
    case NoteAlgorithm::kEd25519:
      return signature.size() == kEd25519SignatureSize &&
             crypto::ed25519_verify(key.public_key, as_bytes(text), signature);
    case NoteAlgorithm::kCosignatureV1: {
      // C2SP tlog-cosignature: the witness signs the moment too.
      if (signature.size() != kTimestampSize + kEd25519SignatureSize) return false;
      std::uint64_t time = Reader(signature).u64();
      std::string message = "cosignature/v1\ntime " + std::to_string(time) + "\n" + std::string(text);
      return crypto::ed25519_verify(key.public_key, as_bytes(message), signature.subspan(kTimestampSize));
    }
  }
  return false;
}

std::string hex_u32(std::uint32_t value) {
  ByteArray<4> bytes;
  store_u32(bytes.data(), value);
  return to_hex(bytes);
}

}  // namespace

std::string_view to_text(NoteError error) {
  switch (error) {
    case NoteError::kMalformed:
      return "not a signed note of the expected form";
    case NoteError::kUnknownKey:
      return "not signed by the pinned key";
    case NoteError::kBadSignature:
      return "the signature is wrong";
  }
  return "";
}

bool is_key_name(std::string_view name) {
  if (name.empty() || name.size() > kNameBytesMax) return false;
  // Names are domain and path; white space beyond ASCII cannot occur because nothing beyond ASCII may.
  for (char c : name)
    if (c <= ' ' || c >= 0x7F || c == '+') return false;
  return true;
}

VerifierKey make_verifier_key(std::string_view name, const ByteArray<32>& public_key,
                              NoteAlgorithm algorithm) {
  return {std::string(name), key_id(name, algorithm, public_key), algorithm, public_key};
}

std::string VerifierKey::id_text() const {
  return hex_u32(id);
}

std::string VerifierKey::text() const {
  Bytes key{static_cast<std::uint8_t>(algorithm)};
  append(key, public_key);
  return name + "+" + id_text() + "+" + to_base64(key);
}

std::optional<VerifierKey> parse_verifier_key(std::string_view text) {
  std::size_t first = text.find('+');
  if (first == std::string_view::npos) return std::nullopt;
  std::size_t second = text.find('+', first + 1);
  if (second == std::string_view::npos) return std::nullopt;
  std::string_view name = text.substr(0, first), id = text.substr(first + 1, second - first - 1);
  auto bytes = from_base64(text.substr(second + 1));
  if (!is_key_name(name) || !bytes || bytes->size() != 33) return std::nullopt;
  auto algorithm = static_cast<NoteAlgorithm>((*bytes)[0]);
  if (algorithm != NoteAlgorithm::kEd25519 && algorithm != NoteAlgorithm::kCosignatureV1) return std::nullopt;
  ByteArray<32> public_key;
  std::memcpy(public_key.data(), bytes->data() + 1, public_key.size());
  VerifierKey key = make_verifier_key(name, public_key, algorithm);
  if (id != key.id_text()) return std::nullopt;
  return key;
}

Result<Note, NoteError> parse_note(std::string_view note) {
  if (note.size() > kNoteBytesMax || !is_utf8(note)) return fail(NoteError::kMalformed);
  for (char c : note)
    if ((c >= 0 && c < ' ' && c != '\n') || c == 0x7F) return fail(NoteError::kMalformed);
  // The last empty line parts text and signatures; the text keeps its own final newline.
  std::size_t gap = note.rfind("\n\n");
  if (gap == std::string_view::npos) return fail(NoteError::kMalformed);
  Note parsed;
  parsed.text = note.substr(0, gap + 1);
  std::string_view rest = note.substr(gap + 2);
  while (!rest.empty()) {
    std::size_t end = rest.find('\n');
    if (end == std::string_view::npos || parsed.signatures.size() == kSignaturesMax)
      return fail(NoteError::kMalformed);
    std::string_view line = rest.substr(0, end);
    rest.remove_prefix(end + 1);
    if (line.substr(0, kLineStart.size()) != kLineStart) return fail(NoteError::kMalformed);
    line.remove_prefix(kLineStart.size());
    std::size_t space = line.find(' ');
    if (space == std::string_view::npos) return fail(NoteError::kMalformed);
    auto bytes = from_base64(line.substr(space + 1));
    if (!is_key_name(line.substr(0, space)) || !bytes || bytes->size() < 5)
      return fail(NoteError::kMalformed);
    parsed.signatures.push_back({std::string(line.substr(0, space)), load_u32(bytes->data()),
                                 Bytes(bytes->begin() + 4, bytes->end())});
  }
  if (parsed.signatures.empty()) return fail(NoteError::kMalformed);
  return parsed;
}

Result<std::vector<std::size_t>, NoteError> verify_note(const Note& note, std::span<const VerifierKey> keys) {
  std::vector<std::size_t> verified;
  for (const NoteSignature& signature : note.signatures) {
    for (std::size_t i = 0; i < keys.size(); ++i) {
      if (keys[i].name != signature.name || keys[i].id != signature.key_id) continue;
      if (!verifies(keys[i], note.text, signature.signature)) return fail(NoteError::kBadSignature);
      verified.push_back(i);
    }
  }
  if (verified.empty()) return fail(NoteError::kUnknownKey);
  return verified;
}

std::string sign_note(std::string_view text, std::string_view name, const crypto::Ed25519Key& key) {
  VerifierKey verifier = make_verifier_key(name, key.public_key());
  Bytes line(4);
  store_u32(line.data(), verifier.id);
  append(line, key.sign(as_bytes(text)));
  std::string note(text);
  note.append("\n").append(kLineStart).append(name).append(" ").append(to_base64(line)).append("\n");
  return note;
}

}  // namespace parlour::audit
