// The signed messages of "Parlour/1": Policy, Hello, Roster, SenderKey, KeyAck, Activated, Progress,
// LinkProof.
//
// A message is {t, k, b, s}: type, signer, the JSON bytes and the signature over "Parlour/1 "‖t‖0x00‖b. The
// bytes b are signed, hashed and kept as they came; they are read strictly: exactly the members of the type,
// in any order, integers only, and b must be what JSON.stringify(JSON.parse(b)) gives back.
// docs/features/e2ee-encodings.md has the table of members and limits.
//
// These functions know the form of messages; whether a message may follow another is call_chain.h's. Any
// thread.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/bytes.h"
#include "base/json.h"
#include "base/redacted.h"
#include "base/result.h"
#include "crypto/hash.h"
#include "crypto/p256.h"
#include "e2ee/kid.h"

namespace parlour::e2ee {

using CallId = ByteArray<16>;
using EndpointId = ByteArray<16>;
using MeetingId = ByteArray<16>;  // the meeting's UUID
using crypto::Hash256;
using crypto::P256Point;

constexpr std::size_t kBodySizeMax = 48'000;  // base64url of it fits a signalling message of 64 KiB

enum class MessageType : std::uint8_t {
  kPolicy,
  kHello,
  kRoster,
  kSenderKey,
  kKeyAck,
  kActivated,
  kProgress,
  kLinkProof
};
std::string_view to_text(MessageType type);  // the wire's `t`
std::optional<MessageType> message_type_from_text(std::string_view text);

enum class MessageFault : std::uint8_t {
  kForm,          // not {t, k, b, s} with base64url and a 64-byte signature
  kUnknownType,   // `t` is none of ours
  kTooLong,       // b is beyond kBodySizeMax
  kNotCanonical,  // b is not what JSON.stringify gives: white space, duplicate members, fractions, …
  kMissingMember,
  kUnknownMember,
  kBadValue,  // of a wrong kind, length or range, or not in the demanded order
};
struct MessageError {
  MessageFault fault;
  std::string_view member;  // a name of the specification, or empty; lives for ever
};
std::string_view to_text(MessageFault fault);

struct SignedMessage {
  MessageType type = MessageType::kPolicy;
  std::string signer;  // "root", "rec", or base64url of the signer's endpoint id
  Bytes body;
  crypto::P256Signature signature{};

  Hash256 hash() const { return crypto::sha256(body); }
};
Result<SignedMessage, MessageError> signed_message_from_json(const Json& json);
Result<SignedMessage, MessageError> parse_signed_message(std::string_view text);
Json to_json(const SignedMessage& message);

bool verify_signature(const SignedMessage& message, ByteView public_key);
SignedMessage sign_message(MessageType type, std::string signer, Bytes body, const crypto::P256Key& key);

constexpr std::string_view kSignerRoot = "root";
constexpr std::string_view kSignerRecorder = "rec";
std::string signer_of(const EndpointId& endpoint);

// ---- Bodies
// -------------------------------------------------------------------------------------------------------

enum class RecordRule : std::uint8_t { kRequired, kOptional, kNever };
enum class CallMode : std::uint8_t { kRecorded, kPaused, kOff };
enum class Role : std::uint8_t { kAgent = 1, kCustomer = 2, kGuest = 3 };

// Kind 3 (data, "d") is defined and refused until something uses it (e2ee-encodings.md).
struct Kinds {
  bool audio = false;
  bool pictures = false;
  bool has(Kind kind) const { return kind == Kind::kAudio ? audio : pictures; }
  friend bool operator==(const Kinds&, const Kinds&) = default;
};

struct PolicyType {
  std::string type_id;  // UUID text: hashed as its 36 ASCII bytes
  std::uint32_t version = 0;
  RecordRule record = RecordRule::kNever;
  Kinds kinds;  // empty exactly for kNever
  std::uint32_t pause_max_s = 0;
  friend bool operator==(const PolicyType&, const PolicyType&) = default;
};
struct PolicyRecorder {
  std::string id;
  P256Point kem{};
  P256Point sig{};
  std::int64_t not_before_s = 0;  // UTC
  std::int64_t expires_s = 0;
  friend bool operator==(const PolicyRecorder&, const PolicyRecorder&) = default;
};
struct Policy {
  std::string org;
  std::int64_t version = 0;
  std::vector<PolicyType> types;
  PolicyRecorder rec;
  // Keys that sign what is said about staff (e2ee.md 5a) are refused until that is built: `staff` is an empty
  // list. The organisation key that follows this one. Whoever remembers this key accepts the next for this
  // word only.
  std::optional<P256Point> next_root = std::nullopt;

  const PolicyType* find_type(std::string_view type_id, std::uint32_t type_version) const;
  friend bool operator==(const Policy&, const Policy&) = default;
};

enum class CredentialKind : std::uint8_t { kPasskey, kOidc, kLink, kServer };
struct Credential {
  CredentialKind kind = CredentialKind::kServer;
  std::string proof;  // empty where there is none
  friend bool operator==(const Credential&, const Credential&) = default;
};
struct Hello {
  CallId call{};
  EndpointId ep{};
  Role role = Role::kGuest;
  Redacted<std::string> name;
  P256Point sig{};
  P256Point kem{};
  ByteArray<16> nonce{};
  std::int64_t issued_at_ms = 0;  // UTC
  std::vector<std::string> caps;
  std::optional<EndpointId> renews;
  Credential cred;

  // SHA-256("Parlour/1 bind"‖0x00‖call‖ep‖sig‖kem): what credentials and link proofs are bound to.
  Hash256 bind() const;
  friend bool operator==(const Hello&, const Hello&) = default;
};

struct RosterMember {
  std::uint8_t idx = 0;
  EndpointId ep{};
  Role role = Role::kGuest;
  P256Point sig{};
  P256Point kem{};
  Hash256 hello{};
  Kinds kinds{true, true};  // of base keys that others wrap to it
  friend bool operator==(const RosterMember&, const RosterMember&) = default;
};
struct RosterRecorder {
  P256Point kem{};
  P256Point sig{};
  friend bool operator==(const RosterRecorder&, const RosterRecorder&) = default;
};
struct Roster {
  CallId call{};
  MeetingId meeting{};
  std::uint16_t epoch = 0;
  Hash256 prev{};
  std::string type_id;
  std::uint32_t type_version = 0;
  Hash256 policy{};
  std::uint8_t steward = 0;
  std::vector<RosterMember> members;  // by rising idx
  CallMode mode = CallMode::kOff;
  std::optional<RosterRecorder> rec;
  std::string reason;
  std::int64_t time_ms = 0;  // UTC

  const RosterMember* find(std::uint8_t idx) const;
  friend bool operator==(const Roster&, const Roster&) = default;
};
// What `prev` of epoch 1 is: SHA-256("Parlour/1 start"‖0x00‖call‖policy hash‖type_id‖version u32).
Hash256 start_hash(const CallId& call, const Hash256& policy, std::string_view type_id,
                   std::uint32_t type_version);

struct KeyWrap {
  std::uint8_t to = 0;
  Kind kind = Kind::kAudio;
  P256Point enc{};
  ByteArray<48> ciphertext{};
  friend bool operator==(const KeyWrap&, const KeyWrap&) = default;
};
struct SenderKey {
  CallId call{};
  std::uint16_t epoch = 0;
  Hash256 roster{};
  std::uint8_t from = 0;
  Hash256 commit_audio{};
  Hash256 commit_pictures{};
  std::vector<KeyWrap> wraps;  // by rising (to, kind)

  const Hash256& commit(Kind kind) const { return kind == Kind::kAudio ? commit_audio : commit_pictures; }
  const KeyWrap* find(std::uint8_t to, Kind kind) const;
  friend bool operator==(const SenderKey&, const SenderKey&) = default;
};

struct KeyHave {
  std::uint8_t idx = 0;
  Kind kind = Kind::kAudio;
  Hash256 commit{};
  friend bool operator==(const KeyHave&, const KeyHave&) = default;
};
struct KeyAck {
  CallId call{};
  std::uint16_t epoch = 0;
  Hash256 roster{};
  std::uint8_t from = 0;
  std::vector<KeyHave> have;  // by rising (idx, kind)
  friend bool operator==(const KeyAck&, const KeyAck&) = default;
};

struct CounterLast {
  Kid kid;
  std::uint32_t counter = 0;  // the last that was used
  friend bool operator==(const CounterLast&, const CounterLast&) = default;
};
struct Activated {
  CallId call{};
  std::uint16_t epoch = 0;
  Hash256 roster{};
  std::uint8_t from = 0;
  std::vector<Kid> slots;         // rising, of this epoch and sender
  std::vector<CounterLast> last;  // rising, of an epoch before
  friend bool operator==(const Activated&, const Activated&) = default;
};
struct Progress {
  CallId call{};
  std::uint16_t epoch = 0;
  Hash256 roster{};
  std::uint8_t from = 0;
  std::vector<CounterLast> last;  // rising, of this epoch and sender
  bool final = false;
  friend bool operator==(const Progress&, const Progress&) = default;
};

// The steward's word to one customer that both hold the secret of his link (e2ee.md 5). Only they can judge
// `mac`; everybody else sees who said it, of which Roster, to whom.
struct LinkProof {
  CallId call{};
  Hash256 roster{};
  std::uint8_t to = 0;
  ByteArray<32> mac{};
  friend bool operator==(const LinkProof&, const LinkProof&) = default;
};

Result<Policy, MessageError> parse_policy(ByteView body);
Result<Hello, MessageError> parse_hello(ByteView body);
Result<Roster, MessageError> parse_roster(ByteView body);
Result<SenderKey, MessageError> parse_sender_key(ByteView body);
Result<KeyAck, MessageError> parse_key_ack(ByteView body);
Result<Activated, MessageError> parse_activated(ByteView body);
Result<Progress, MessageError> parse_progress(ByteView body);
Result<LinkProof, MessageError> parse_link_proof(ByteView body);

// Body bytes in the specification's member order. The caller keeps to the limits; parse_… is the judge.
Bytes encode(const Policy& policy);
Bytes encode(const Hello& hello);
Bytes encode(const Roster& roster);
Bytes encode(const SenderKey& sender_key);
Bytes encode(const KeyAck& ack);
Bytes encode(const Activated& activated);
Bytes encode(const Progress& progress);
Bytes encode(const LinkProof& proof);

SignedMessage sign(const Policy& policy, const crypto::P256Key& root);
SignedMessage sign(const Hello& hello, const crypto::P256Key& sig);
SignedMessage sign(const Roster& roster, const EndpointId& steward, const crypto::P256Key& sig);
SignedMessage sign(const SenderKey& sender_key, const EndpointId& sender, const crypto::P256Key& sig);
SignedMessage sign(const KeyAck& ack, std::string_view signer,
                   const crypto::P256Key& sig);  // kSignerRecorder for 255
SignedMessage sign(const Activated& activated, const EndpointId& sender, const crypto::P256Key& sig);
SignedMessage sign(const Progress& progress, const EndpointId& sender, const crypto::P256Key& sig);
SignedMessage sign(const LinkProof& proof, const EndpointId& steward, const crypto::P256Key& sig);

}  // namespace parlour::e2ee
