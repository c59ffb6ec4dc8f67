#include "e2ee/policy_draft.h"

#include <algorithm>

#include "base/encoding.h"
#include "base/id.h"

namespace parlour::e2ee {
namespace {

constexpr std::string_view kFormat = "parlour-policy-draft/1";

Unexpected<PolicyRefusal> refuse(std::string code, std::string text) {
  return fail(PolicyRefusal{std::move(code), std::move(text)});
}

std::optional<RecordRule> record_rule(std::string_view text) {
  if (text == "required") return RecordRule::kRequired;
  if (text == "optional") return RecordRule::kOptional;
  if (text == "never") return RecordRule::kNever;
  return std::nullopt;
}

std::optional<Kinds> kinds_from(const Json* json) {
  Kinds kinds;
  if (json == nullptr || json->as_array() == nullptr) return std::nullopt;
  for (const Json& kind : *json->as_array()) {
    if (kind == Json("a"))
      kinds.audio = true;
    else if (kind == Json("v"))
      kinds.pictures = true;
    else
      return std::nullopt;
  }
  return kinds;
}

// A setting of a type's document is {"value": …, …}.
const Json* setting(const Json& document, std::string_view section, std::string_view name) {
  const Json* part = document.find(section);
  const Json* found = part == nullptr ? nullptr : part->find(name);
  return found == nullptr ? nullptr : found->find("value");
}

// People compare 128 bits: 32 hex digits in groups of four.
std::string in_groups(const Hash256& hash) {
  const std::string hex = to_hex(hash).substr(0, 32);
  std::string out;
  for (std::size_t i = 0; i < hex.size(); i += 4) {
    if (i > 0) out += ' ';
    out += hex.substr(i, 4);
  }
  return out;
}

std::string only_hex_digits(std::string_view text) {
  std::string out;
  for (char c : text) {
    if (c == ' ' || c == '-' || c == ':') continue;
    out += c >= 'A' && c <= 'F' ? static_cast<char>(c - 'A' + 'a') : c;
  }
  return out;
}

}  // namespace

std::optional<PolicyType> make_policy_type(std::string type_id, std::int64_t version, std::string_view record,
                                           const Json* kinds_json, std::int64_t pause_max_s) {
  auto rule = record_rule(record);
  auto kinds = kinds_from(kinds_json);
  if (!rule || !kinds || !uuid_from_text(type_id) || version < 1 || version > 0xFFFFFFFF || pause_max_s < 0 ||
      pause_max_s > 0xFFFFFFFF)
    return std::nullopt;
  if ((*rule == RecordRule::kNever) != (*kinds == Kinds{})) return std::nullopt;
  return PolicyType{std::move(type_id), static_cast<std::uint32_t>(version), *rule, *kinds,
                    static_cast<std::uint32_t>(pause_max_s)};
}

std::optional<PolicyType> policy_type_of(std::string type_id, std::int64_t version, std::string_view text) {
  auto document = parse_json(text, {.bytes = 64 * 1024, .depth = 16, .values = 20'000});
  if (!document) return std::nullopt;
  const Json* rule = setting(*document, "recording", "rule");
  const Json* pause = setting(*document, "recording", "pause_max_s");
  const Json none = JsonArray{};
  const Json* kinds = setting(*document, "recording", "kinds");
  return make_policy_type(
      std::move(type_id), version, rule != nullptr && rule->is_string() ? *rule->as_string() : "",
      kinds == nullptr ? &none : kinds, pause != nullptr && pause->is_integer() ? *pause->as_integer() : 0);
}

std::string recorder_fingerprint(const P256Point& kem, const P256Point& sig) {
  return in_groups(crypto::sha256({kem, sig}));
}

std::string organisation_fingerprint(const P256Point& root) {
  return in_groups(crypto::sha256(root));
}

std::string key_name(const P256Point& public_key) {
  return to_hex(crypto::sha256(public_key)).substr(0, 16);
}

std::string write_policy_draft(const PolicyDraft& draft) {
  auto policy = parse_json(as_text(encode(draft.policy)));
  return write_json(JsonObject{{"format", kFormat},
                               {"organisation_key", to_hex(draft.root)},
                               {"policy", policy ? std::move(*policy) : Json()}});
}

Result<PolicyDraft, PolicyRefusal> parse_policy_draft(std::string_view text) {
  auto json = parse_json(text, {.bytes = kDraftSizeMax, .depth = 8, .values = 10'000});
  if (!json || json->string_or("format") != kFormat)
    return refuse("draft.form", "this is no draft of a Policy");
  PolicyDraft draft;
  auto root = from_hex(json->string_or("organisation_key"));
  if (!root || root->size() != draft.root.size() || !crypto::p256_is_point(*root))
    return refuse("draft.form", "the draft names no organisation key");
  std::copy(root->begin(), root->end(), draft.root.begin());
  const Json* body = json->find("policy");
  auto policy = parse_policy(as_bytes(write_json(body == nullptr ? Json() : *body)));
  if (!policy)
    return refuse("draft.form",
                  "the draft's Policy cannot be read: " + std::string(to_text(policy.error().fault)) + " " +
                      std::string(policy.error().member));
  draft.policy = std::move(*policy);
  return draft;
}

Result<std::string, PolicyRefusal> sign_policy_draft(const PolicyDraft& draft, const crypto::P256Key& key,
                                                     std::string_view fingerprint, UtcTime now) {
  if (key.public_key() != draft.root) return refuse("draft.key", "the draft is for another organisation key");
  const PolicyRecorder& rec = draft.policy.rec;
  if (rec.id != key_name(rec.kem))
    return refuse("draft.recorder", "the draft calls the recorder's key by another name");
  if (only_hex_digits(fingerprint) != only_hex_digits(recorder_fingerprint(rec.kem, rec.sig)))
    return refuse("draft.recorder", "the draft names a recorder with another fingerprint");
  if (rec.expires_s <= now.us / 1'000'000) return refuse("draft.expired", "the draft's time is over");
  const SignedMessage message = sign(draft.policy, key);
  if (message.body.size() > kBodySizeMax) return refuse("draft.size", "too many types for one Policy");
  return write_json(to_json(message));
}

Result<Policy, PolicyRefusal> read_signed_policy(std::string_view text, const P256Point& root) {
  auto message = parse_signed_message(text);
  if (!message || message->type != MessageType::kPolicy || message->signer != kSignerRoot)
    return refuse("policy.form", "not a signed Policy");
  if (!verify_signature(*message, root))
    return refuse("policy.signature", "the Policy is not signed by the organisation key");
  auto policy = parse_policy(message->body);
  if (!policy || !crypto::p256_is_point(policy->rec.kem) || !crypto::p256_is_point(policy->rec.sig) ||
      (policy->next_root && (!crypto::p256_is_point(*policy->next_root) || *policy->next_root == root)))
    return refuse("policy.form", "the Policy cannot be read");
  return std::move(*policy);
}

std::optional<Policy> policy_of_any_form(const SignedMessage& message) {
  if (message.type != MessageType::kPolicy) return std::nullopt;
  if (auto policy = parse_policy(message.body)) return std::move(*policy);
  auto earlier = parse_json(as_text(message.body), {.bytes = kBodySizeMax, .depth = 5, .values = 20'000});
  if (!earlier || !earlier->is_object() || earlier->find("staff") != nullptr ||
      earlier->find("next_root") != nullptr)
    return std::nullopt;
  earlier->set("staff", JsonArray{});
  earlier->set("next_root", Json());
  auto policy = parse_policy(as_bytes(write_json(*earlier)));
  return policy ? std::optional(std::move(*policy)) : std::nullopt;
}

Result<void, PolicyRefusal> check_next_policy(const Policy& next, const Policy* previous, UtcTime now) {
  const std::int64_t now_s = now.us / 1'000'000;
  if (now_s < next.rec.not_before_s) return refuse("policy.early", "the Policy is not valid yet");
  if (now_s >= next.rec.expires_s) return refuse("policy.expired", "the Policy's time is over");
  if (previous == nullptr || next == *previous) return {};
  if (next.version <= previous->version)
    return refuse("policy.older", "a Policy of version " + std::to_string(previous->version) +
                                      " is in force; this one is version " + std::to_string(next.version));
  for (const PolicyType& known : previous->types) {
    const PolicyType* again = next.find_type(known.type_id, known.version);
    if (again != nullptr && !(*again == known))
      return refuse("policy.changed", "a published type version never changes, and this Policy changes one");
  }
  return {};
}

}  // namespace parlour::e2ee
