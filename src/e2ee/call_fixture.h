// A call for tests: an organisation with its recorder, people with their keys, and a chain that they feed.
#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <deque>

#include "base/random.h"
#include "e2ee/call_chain.h"
#include "e2ee/call_code.h"
#include "e2ee/hpke.h"
#include "e2ee/key_wrap.h"

namespace parlour::e2ee::testing {

constexpr char kTypeId[] = "018f3c1e-7a50-7b3e-9c41-0123456789ab";
constexpr std::int64_t kStartS = 1'800'000'000;

struct Person {
  Role role = Role::kCustomer;
  std::uint8_t idx = 0;
  crypto::P256Key sig = crypto::P256Key::generate();
  crypto::P256Key kem = crypto::P256Key::generate();
  Hello hello;
  SignedMessage hello_message;

  RosterMember member() const {
    return {idx, hello.ep, role, sig.public_key(), kem.public_key(), hello_message.hash()};
  }
};

class TestCall {
 public:
  explicit TestCall(PolicyType type = {kTypeId, 3, RecordRule::kRequired, {true, true}, 600})
      : chain(CallChain::Config{root.public_key(), std::nullopt, 0, 16}), type_(std::move(type)) {
    random_.fill(call);
    policy = {"Example Bank",
              7,
              {type_},
              {"rec-1", rec_kem.public_key(), rec_sig.public_key(), kStartS - 1000, kStartS + 100'000}};
  }

  // ---- People
  Person& person(Role role) {
    Person& added = people_.emplace_back();
    added.role = role;
    added.idx = next_idx_++;
    make_hello(added, std::nullopt);
    return added;
  }
  // The same person after a reload: the kept signing key, everything else new.
  Person& renewed(const Person& old) {
    Person& added = people_.emplace_back();
    added.role = old.role;
    added.idx = next_idx_++;
    added.sig = std::move(*crypto::P256Key::from_private(old.sig.private_scalar().view()));
    make_hello(added, old.hello.ep);
    return added;
  }
  void make_hello(Person& who, std::optional<EndpointId> renews) {
    Hello& hello = who.hello;
    hello.call = call;
    random_.fill(hello.ep);
    random_.fill(hello.nonce);
    hello.role = who.role;
    hello.name = Redacted<std::string>(who.role == Role::kAgent ? "Ada Adviser" : "Carl Customer");
    hello.sig = who.sig.public_key();
    hello.kem = who.kem.public_key();
    hello.issued_at_ms = kStartS * 1000;
    hello.caps = {"vp8", "opus"};
    hello.renews = renews;
    who.hello_message = sign(hello, who.sig);
  }

  // ---- Messages
  Roster next_roster(std::initializer_list<const Person*> members, CallMode mode = CallMode::kRecorded) {
    Roster roster;
    roster.call = call;
    roster.meeting = meeting;
    roster.epoch = static_cast<std::uint16_t>(chain.newest_epoch() + 1);
    roster.type_id = type_.type_id;
    roster.type_version = type_.version;
    roster.policy = crypto::sha256(encode(policy));
    roster.prev = chain.newest() != nullptr
                      ? chain.newest()->roster_hash
                      : start_hash(call, roster.policy, roster.type_id, roster.type_version);
    roster.steward = (*members.begin())->idx;
    for (const Person* member : members) roster.members.push_back(member->member());
    roster.mode = mode;
    if (mode == CallMode::kRecorded) roster.rec = RosterRecorder{rec_kem.public_key(), rec_sig.public_key()};
    roster.reason = "test";
    roster.time_ms = now.us / 1000;
    return roster;
  }
  SenderKey sender_key(const Person& from, std::optional<Bytes> audio_for_recorder = std::nullopt) {
    const EpochState& state = *chain.newest();
    SenderKey key{call, state.roster.epoch, state.roster_hash, from.idx, {}, {}, {}};
    for (Kind kind : {Kind::kAudio, Kind::kPictures}) {
      KeyContext context{call, key.epoch, key.roster, key.from, kind};
      Bytes base = base_key(from, key.epoch, kind);
      (kind == Kind::kAudio ? key.commit_audio : key.commit_pictures) = commit_of(context, base);
      for (const RosterMember& member : state.roster.members) {
        if (member.idx != from.idx)
          key.wraps.push_back(*wrap_base_key(context, member.idx, member.kem, base));
      }
      if (state.roster.rec && type_.kinds.has(kind)) {
        key.wraps.push_back(*wrap_base_key(context, kRecorderIdx, state.roster.rec->kem, base));
      }
    }
    if (audio_for_recorder) spoil(key, *audio_for_recorder);
    std::sort(key.wraps.begin(), key.wraps.end(), [](const KeyWrap& a, const KeyWrap& b) {
      return std::pair(a.to, a.kind) < std::pair(b.to, b.kind);
    });
    return key;
  }
  static Bytes base_key(const Person& from, std::uint16_t epoch, Kind kind) {
    Bytes seed = to_bytes(from.hello.ep);
    Writer(seed).u16(epoch).u8(static_cast<std::uint8_t>(kind));
    return to_bytes(crypto::sha256(seed));
  }
  // What this member has opened of the others' newest keys.
  KeyAck ack(std::uint8_t from) {
    const EpochState& state = *chain.newest();
    KeyAck ack{call, state.roster.epoch, state.roster_hash, from, {}};
    for (const auto& [idx, sender] : state.senders) {
      if (idx == from || !sender.key) continue;
      for (Kind kind : {Kind::kAudio, Kind::kPictures}) {
        if (from == kRecorderIdx && !type_.kinds.has(kind)) continue;
        ack.have.push_back({idx, kind, sender.key->commit(kind)});
      }
    }
    return ack;
  }
  Activated activated(const Person& from, std::vector<CounterLast> last = {}) {
    const EpochState& state = *chain.newest();
    std::uint16_t epoch = state.roster.epoch;
    return {call,           epoch, state.roster_hash, from.idx, {{epoch, from.idx, 0}, {epoch, from.idx, 1}},
            std::move(last)};
  }
  Progress progress(const Person& from, std::uint16_t epoch, std::uint32_t counter, bool final = false) {
    return {call, epoch, chain.epoch(epoch)->roster_hash, from.idx, {{{epoch, from.idx, 0}, counter}}, final};
  }

  SignedMessage signed_by(const Person& who, const Roster& roster) {
    return sign(roster, who.hello.ep, who.sig);
  }
  SignedMessage signed_by(const Person& who, const SenderKey& key) {
    return sign(key, who.hello.ep, who.sig);
  }
  SignedMessage signed_by(const Person& who, const KeyAck& ack) {
    return sign(ack, signer_of(who.hello.ep), who.sig);
  }
  SignedMessage signed_by(const Person& who, const Activated& a) { return sign(a, who.hello.ep, who.sig); }
  SignedMessage signed_by(const Person& who, const Progress& p) { return sign(p, who.hello.ep, who.sig); }
  LinkProof link_proof(const Person& to, ByteView secret = as_bytes("sixteen letters.")) {
    const Hash256& roster = chain.newest()->roster_hash;
    return {call, roster, to.idx, link_proof_of_steward(secret, roster)};
  }
  SignedMessage signed_by(const Person& who, const LinkProof& p) { return sign(p, who.hello.ep, who.sig); }
  SignedMessage recorder_ack() { return sign(ack(kRecorderIdx), kSignerRecorder, rec_sig); }

  // ---- Feeding the chain
  Result<ChainEvent, ChainError> accept(const SignedMessage& message) { return chain.accept(message, now); }
  std::string outcome(const SignedMessage& message) {
    auto result = accept(message);
    return result ? "accepted" : std::string(to_text(result.error().fault));
  }
  // Policy and everybody's Hello.
  void introduce() {
    EXPECT_EQ(outcome(sign(policy, root)), "accepted");
    for (const Person& who : people_) EXPECT_EQ(outcome(who.hello_message), "accepted");
  }
  void exchange_keys(std::initializer_list<const Person*> members) {
    for (const Person* who : members) EXPECT_EQ(outcome(signed_by(*who, sender_key(*who))), "accepted");
    for (const Person* who : members) EXPECT_EQ(outcome(signed_by(*who, ack(who->idx))), "accepted");
    if (chain.newest()->roster.rec) {
      EXPECT_EQ(outcome(recorder_ack()), "accepted");
    }
  }
  // A whole epoch, from its Roster to everybody's Activated. The first member is the steward.
  void run_epoch(std::initializer_list<const Person*> members, CallMode mode = CallMode::kRecorded) {
    EXPECT_EQ(outcome(signed_by(**members.begin(), next_roster(members, mode))), "accepted");
    exchange_keys(members);
    for (const Person* who : members) EXPECT_EQ(outcome(signed_by(*who, activated(*who))), "accepted");
  }

  crypto::P256Key root = crypto::P256Key::generate();
  crypto::P256Key rec_kem = crypto::P256Key::generate();
  crypto::P256Key rec_sig = crypto::P256Key::generate();
  Policy policy;
  CallId call{};
  MeetingId meeting{0x01, 0x8f, 0x3c, 0x1e, 0x7a, 0x50, 0x7b, 0x3e, 0x9c, 0x41};
  UtcTime now{kStartS * 1'000'000};
  CallChain chain;

 private:
  // Puts another key than the committed one into the recorder's audio wrap, with the true commit as AAD, as a
  // client would that wants to spoil the recording.
  void spoil(SenderKey& key, ByteView other) {
    for (KeyWrap& wrap : key.wraps) {
      if (wrap.to != kRecorderIdx || wrap.kind != Kind::kAudio) continue;
      Bytes info = to_bytes("Parlour/1 sk");
      Writer(info).u8(0).bytes(key.call).u16(key.epoch).u8(key.from).u8(wrap.to).u8(1).bytes(key.roster);
      auto sealed = hpke_seal(rec_kem.public_key(), info, key.commit_audio, other);
      wrap.enc = sealed->enc;
      std::copy(sealed->ciphertext.begin(), sealed->ciphertext.end(), wrap.ciphertext.begin());
    }
  }

  PolicyType type_;
  SeededRandom random_{42};
  std::deque<Person> people_;
  std::uint8_t next_idx_ = 0;
};

// An adviser and a customer whose Hellos the chain has.
struct TwoPeople : TestCall {
  explicit TwoPeople(PolicyType type = {kTypeId, 3, RecordRule::kRequired, {true, true}, 600})
      : TestCall(std::move(type)), adviser(person(Role::kAgent)), customer(person(Role::kCustomer)) {
    introduce();
  }
  Person& adviser;
  Person& customer;
};

}  // namespace parlour::e2ee::testing
