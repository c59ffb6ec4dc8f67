// CallChain: the verified state of one call. Every signed message goes through accept(); what is let through
// has been checked against everything that came before, so nobody can be added, replaced or recorded other
// than by the steward's and the organisation's signatures. Used by the server's roster check, for arming the
// guard and the gate, and by the vault, which goes through a recording's messages again before it uses a key.
//
// What it cannot see: who is connected (passed in where it matters), whether keys open (the recipients'
// KeyAcks say so), and whether a credential's proof is good.
//
// Sans-I/O; time is an argument: the arrival of the message. A refused message changes nothing. One thread.
#pragma once

#include <bitset>
#include <deque>
#include <map>
#include <optional>
#include <span>
#include <string_view>

#include "base/time.h"
#include "e2ee/messages.h"

namespace parlour::e2ee {

enum class ChainFault : std::uint8_t {
  kMalformed,  // see detail
  kSigner,     // `k` names nobody who may sign this
  kSignature,
  kOtherCall,
  kBadPoint,  // a key that is no point of the curve
  // Policy.
  kPolicyOlder,    // a version below one that was seen
  kPolicyChanged,  // a call keeps the Policy it began with
  // Hello.
  kRenewsForeign,  // renews an endpoint that has another `sig` or role
  // Roster.
  kEpochNotNext,
  kEpochPending,  // one epoch at a time
  kPrevious,      // `prev` is not the last Roster
  kPolicyUnknown,
  kTypeUnknown,    // the Policy does not list this type and version
  kTypeChanged,    // a call keeps its type
  kMeetingOther,   // the Roster is of another meeting than this call
  kHelloUnknown,   // a member without its Hello
  kMemberBind,     // a member's ep, role or keys are not its Hello's
  kMemberChanged,  // an endpoint that stays has another idx or other keys
  kMemberKinds,    // other kinds of keys than everybody gets: nothing uses that yet
  kIdxReused,
  kStewardNotMember,
  kStewardNotAgent,
  kRecorderMissing,     // `recorded` without rec
  kRecorderUnexpected,  // rec without `recorded`
  kRecorderKey,         // rec is not the Policy's
  kRecorderExpired,     // the Policy's rec does not cover the Roster's time
  kModeForbidden,       // the type does not allow this mode
  kPauseTooLong,
  kTime,  // goes back, or is far from now
  // SenderKey, KeyAck, Activated, Progress.
  kEpochUnknown,  // of a Roster that has not been seen
  kEpochOver,
  kRosterHash,  // names another Roster for this epoch
  kNotMember,
  kSenderKeyTwice,
  kWrapMissing,
  kWrapUnexpected,
  kRecorderWrapMissing,     // 255 is left out
  kRecorderWrapUnexpected,  // 255 is wrapped to without the Roster or beyond the type's kinds
  kNoSenderKey,
  kAckCommit,        // acknowledges a key that was not committed to, or that it must not have
  kNotAcknowledged,  // switches although the recorder has not acknowledged
  kActivatedTwice,
  kNotActivated,
  kForeignKid,  // a KID of another sender or epoch
  kCounterWentBack,
  // LinkProof.
  kLinkProofTo,     // not to a customer or guest of that Roster
  kLinkProofTwice,  // another one for the same Roster and person
};
std::string_view to_text(ChainFault fault);

struct ChainError {
  ChainFault fault;
  MessageError malformed{MessageFault::kForm, {}};  // with kMalformed
};

struct ChainEvent {
  MessageType type = MessageType::kPolicy;
  Hash256 hash{};
  std::uint16_t epoch = 0;  // 0 for Policy and Hello
  std::uint8_t from = 0;    // of SenderKey and later; of a Roster its steward
  bool repeated = false;    // the very same bytes were accepted before; nothing has changed
};

// What one member did in one epoch.
struct SenderState {
  std::optional<SenderKey> key;
  std::bitset<256> acknowledged_audio;  // by idx
  std::bitset<256> acknowledged_pictures;
  std::optional<Activated> activated;
  UtcTime activated_at{};
  std::optional<Progress> progress;  // the newest
  UtcTime progress_at{};

  bool acknowledged(std::uint8_t idx, Kind kind) const {
    return (kind == Kind::kAudio ? acknowledged_audio : acknowledged_pictures).test(idx);
  }
};

struct EpochState {
  Roster roster;
  Hash256 roster_hash{};
  UtcTime accepted_at{};
  std::map<std::uint8_t, SenderState> senders;    // one for each member
  std::map<std::uint8_t, LinkProof> link_proofs;  // by whom they are for

  const SenderState* sender(std::uint8_t idx) const;
};

class CallChain {
 public:
  struct Config {
    P256Point root{};            // the organisation key
    std::optional<CallId> call;  // absent: the first Roster's
    std::int64_t policy_version_min = 0;
    std::size_t epochs_kept = 8;                      // the vault keeps all (kEpochMax)
    std::optional<MeetingId> meeting = std::nullopt;  // absent: the first Roster's
  };
  // A connected member has 5 s to acknowledge; the next Roster may leave it out then. A little less, because
  // the steward's 5 s begin when it sends and ours when we receive.
  static constexpr Duration kPendingMax = 4500ms;
  static constexpr Duration kClockSkewMax = 24h;  // of a Roster's `t` against now
  static constexpr std::size_t kHellosMax = 512;  // the oldest that no Roster uses goes first

  explicit CallChain(const Config& config);

  Result<ChainEvent, ChainError> accept(const SignedMessage& message, UtcTime now);
  // A Hello that was taken back before a Roster named it. One that any kept Roster names stays.
  void forget_hello(const Hash256& hash);

  const std::optional<CallId>& call() const { return config_.call; }
  const std::optional<MeetingId>& meeting() const { return config_.meeting; }  // known after the first Roster
  const Policy* policy() const { return policy_ ? &*policy_ : nullptr; }
  const Hash256& policy_hash() const { return policy_hash_; }
  const PolicyType* type() const { return type_ ? &*type_ : nullptr; }  // after the first Roster

  std::uint16_t newest_epoch() const;                  // 0: no Roster yet
  const EpochState* newest() const;                    // null: no Roster yet
  const EpochState* epoch(std::uint16_t epoch) const;  // null: none, or no longer kept
  const std::deque<EpochState>& epochs() const { return epochs_; }
  const Hello* hello(const Hash256& hash) const;
  const Hello* hello_of(std::uint8_t idx) const;  // of a member of the newest Roster

  // Member 255 has acknowledged this sender's commits of every kind that the type records. False without rec.
  bool recorder_acknowledged(std::uint16_t epoch, std::uint8_t sender) const;
  // The recorder where the Roster has it, and everybody of `connected` (idx of members; others are ignored)
  // have acknowledged both commits of this sender: it may switch.
  bool all_acknowledged(std::uint16_t epoch, std::uint8_t sender,
                        std::span<const std::uint8_t> connected) const;
  // Every member of the epoch has sent its Activated.
  bool switched(std::uint16_t epoch) const;
  // The epoch that this sender last activated; 0: none.
  std::uint16_t active_epoch(std::uint8_t sender) const;
  // For the guard: the oldest epoch that this sender may still use (GuardContext::oldest_epoch).
  std::uint16_t oldest_epoch_in_use(std::uint8_t sender) const;
  // While paused: when the pause has to be over. The next Roster alone cannot see to it: the gate does.
  std::optional<UtcTime> pause_ends() const;

 private:
  using Verdict = Result<ChainEvent, ChainError>;
  struct PauseStart {
    UtcTime arrived{};
    std::int64_t time_ms = 0;
  };

  Verdict accept_policy(const SignedMessage& message);
  Verdict accept_hello(const SignedMessage& message);
  Verdict accept_roster(const SignedMessage& message, UtcTime now);
  Verdict accept_sender_key(const SignedMessage& message);
  Verdict accept_key_ack(const SignedMessage& message);
  Verdict accept_activated(const SignedMessage& message, UtcTime now);
  Verdict accept_progress(const SignedMessage& message, UtcTime now);
  Verdict accept_link_proof(const SignedMessage& message);

  std::optional<ChainFault> check_roster_place(const Roster& roster, UtcTime now) const;
  std::optional<ChainFault> check_roster_signature(const SignedMessage& message, const Roster& roster) const;
  std::optional<ChainFault> check_roster_members(const Roster& roster) const;
  std::optional<ChainFault> check_roster_mode(const Roster& roster, const PolicyType& type,
                                              UtcTime now) const;
  bool pending_after(const Roster& next, UtcTime now) const;
  std::optional<ChainFault> check_wraps(const SenderKey& key, const Roster& roster) const;
  std::optional<ChainFault> check_recorder_signature(const SignedMessage& message,
                                                     const EpochState& state) const;
  std::optional<ChainFault> check_member_signature(const SignedMessage& message, const EpochState& state,
                                                   std::uint8_t from) const;
  // The epoch that `body` belongs to, after call, epoch (at least `oldest`), Roster hash, membership and
  // signature.
  template <class Body>
  Result<EpochState*, ChainFault> sender_epoch(const SignedMessage& message, const Body& body,
                                               std::uint16_t oldest);
  std::optional<ChainFault> check_counters(const std::vector<CounterLast>& last, std::uint8_t from) const;
  EpochState* mutable_epoch(std::uint16_t epoch);
  void forget_oldest_hello();

  Config config_;
  std::optional<Policy> policy_;
  Hash256 policy_hash_{};
  std::optional<PolicyType> type_;
  struct KnownHello {
    Hash256 hash{};
    Hello hello;
  };
  std::deque<KnownHello> hellos_;  // oldest first
  std::deque<EpochState> epochs_;  // oldest first
  std::bitset<256> idx_used_;
  std::array<std::uint16_t, 256> active_epoch_{};
  std::optional<PauseStart> pause_;
};

}  // namespace parlour::e2ee
