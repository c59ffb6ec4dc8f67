#include "call_rules/call_rules.h"

#include <algorithm>

#include "base/encoding.h"
#include "e2ee/call_chain.h"
#include "e2ee/policy_draft.h"

namespace parlour::call_rules {
namespace {

using meeting::Refusal;

std::string text_of(const e2ee::EndpointId& ep) {
  return to_base64url(ep);
}

app::RosterView view_of(const e2ee::Roster& roster, const e2ee::Hash256& hash) {
  app::RosterView view;
  view.epoch = roster.epoch;
  view.hash = to_base64url(hash);
  view.type_id = roster.type_id;
  view.type_version = roster.type_version;
  view.steward = roster.steward;
  view.mode = roster.mode == e2ee::CallMode::kRecorded ? meeting::RosterMode::kRecorded
              : roster.mode == e2ee::CallMode::kPaused ? meeting::RosterMode::kPaused
                                                       : meeting::RosterMode::kOff;
  view.recorder = roster.rec.has_value();
  view.reason = roster.reason;
  for (const e2ee::RosterMember& member : roster.members)
    view.members.push_back({member.idx, text_of(member.ep), static_cast<std::uint8_t>(member.role)});
  return view;
}

app::HelloView view_of(const e2ee::Hello& hello) {
  return {text_of(hello.ep), static_cast<std::uint8_t>(hello.role), hello.name.reveal(),
          hello.renews ? text_of(*hello.renews) : ""};
}

class ChainRules final : public app::CallRules {
 public:
  explicit ChainRules(e2ee::CallChain chain) : chain_(std::move(chain)) {}

  Result<app::Accepted, Refusal> accept(const Json& json, Now now) override {
    auto message = e2ee::signed_message_from_json(json);
    if (!message)
      return fail(Refusal{
          "e2ee." + std::string(to_text(message.error().fault)), "This signed message cannot be read.", {}});
    auto taken = chain_.accept(*message, now.utc);
    if (!taken) {
      std::string code = "e2ee." + std::string(to_text(taken.error().fault));
      return fail(Refusal{
          code, "The signed message fails a check: " + std::string(to_text(taken.error().fault)) + ".", {}});
    }
    app::Accepted out;
    out.ep = message->signer;
    out.epoch = taken->epoch;
    out.repeated = taken->repeated;
    switch (taken->type) {
      case e2ee::MessageType::kPolicy:
        return fail(Refusal{"e2ee.policy", "A call's Policy is the server's to give.", {}});
      case e2ee::MessageType::kHello:
        out.kind = app::Accepted::Kind::kHello;
        break;
      case e2ee::MessageType::kRoster:
        out.kind = app::Accepted::Kind::kRoster;
        break;
      case e2ee::MessageType::kSenderKey:
        out.kind = app::Accepted::Kind::kSenderKey;
        break;
      case e2ee::MessageType::kKeyAck:
        out.kind = app::Accepted::Kind::kKeyAck;
        break;
      case e2ee::MessageType::kActivated:
        out.kind = app::Accepted::Kind::kActivated;
        break;
      case e2ee::MessageType::kProgress:
        out.kind = app::Accepted::Kind::kProgress;
        break;
      case e2ee::MessageType::kLinkProof:
        out.kind = app::Accepted::Kind::kLinkProof;
        break;
    }
    if (out.kind != app::Accepted::Kind::kHello) out.idx = taken->from;
    return out;
  }

  void forget_hello(const Json& json) override {
    auto message = e2ee::signed_message_from_json(json);
    if (message && message->type == e2ee::MessageType::kHello) chain_.forget_hello(message->hash());
  }

  std::optional<app::RosterView> read_roster(const Json& json) const override {
    auto message = e2ee::signed_message_from_json(json);
    if (!message || message->type != e2ee::MessageType::kRoster) return std::nullopt;
    auto roster = e2ee::parse_roster(message->body);
    if (!roster) return std::nullopt;
    return view_of(*roster, message->hash());
  }
  std::optional<app::HelloView> read_hello(const Json& json) const override {
    auto message = e2ee::signed_message_from_json(json);
    if (!message || message->type != e2ee::MessageType::kHello) return std::nullopt;
    auto hello = e2ee::parse_hello(message->body);
    if (!hello) return std::nullopt;
    return view_of(*hello);
  }

  std::optional<app::RosterView> roster() const override {
    const e2ee::EpochState* state = chain_.newest();
    return state == nullptr ? std::nullopt : std::optional(view_of(state->roster, state->roster_hash));
  }
  std::optional<app::RosterView> roster_of(std::uint16_t epoch) const override {
    const e2ee::EpochState* state = chain_.epoch(epoch);
    return state == nullptr ? std::nullopt : std::optional(view_of(state->roster, state->roster_hash));
  }
  bool recorder_acknowledged(std::uint16_t epoch, std::uint8_t idx) const override {
    return chain_.recorder_acknowledged(epoch, idx);
  }
  std::uint16_t activated_epoch(std::uint8_t idx) const override { return chain_.active_epoch(idx); }

 private:
  e2ee::CallChain chain_;
};

}  // namespace

Result<std::unique_ptr<app::CallRules>, Refusal> ChainRulesFactory::make(const std::string& call,
                                                                         const meeting::MeetingId& meeting,
                                                                         const std::string& policy) {
  auto refuse = [](std::string code) {
    return fail(Refusal{std::move(code), "The call cannot be opened.", {}});
  };
  if (!root_) return refuse("policy.no_root");
  auto id = from_base64url(call);
  if (!id || id->size() != 16) return refuse("call.malformed");
  e2ee::CallChain::Config config;
  config.root = *root_;
  e2ee::CallId call_id{};
  std::copy(id->begin(), id->end(), call_id.begin());
  config.call = call_id;
  config.meeting = meeting.bytes();
  auto message = e2ee::parse_signed_message(policy);
  if (!message) return refuse("policy.malformed");
  e2ee::CallChain chain(config);
  // The Policy's own times are judged with each Roster, by the Roster's time.
  auto taken = chain.accept(*message, UtcTime{});
  if (!taken) return refuse("policy." + std::string(to_text(taken.error().fault)));
  return std::unique_ptr<app::CallRules>(new ChainRules(std::move(chain)));
}

std::string ChainRulesFactory::root_public_key() const {
  return root_ ? to_base64url(*root_) : "";
}

std::string ChainRulesFactory::root_fingerprint() const {
  return root_ ? e2ee::organisation_fingerprint(*root_) : "";
}

}  // namespace parlour::call_rules
