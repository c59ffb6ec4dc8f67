// How a Policy comes to be (e2ee.md 3): what is to be signed, the signature, and the judgement of what was
// signed. The vault uses it where it holds the organisation key; `parlour admin policy` where the operator
// does, perhaps on a machine that has nothing else of Parlour. Time is an argument. Any thread.
#pragma once

#include "base/time.h"
#include "e2ee/messages.h"

namespace parlour::e2ee {

struct PolicyRefusal {
  std::string code;  // "policy.older"; for programs
  std::string text;  // for people
};

// What is common to a type's document and to the operator's list: refused when rule and kinds contradict each
// other.
std::optional<PolicyType> make_policy_type(std::string type_id, std::int64_t version, std::string_view record,
                                           const Json* kinds, std::int64_t pause_max_s);
// What a published type version says in Policy: its document's recording section.
std::optional<PolicyType> policy_type_of(std::string type_id, std::int64_t version,
                                         std::string_view document);

// What people compare, so that nobody signs another recorder's keys: SHA-256 of kem‖sig, its first 16 bytes
// in hex, in groups of four. Written by `parlour-vault init` and `public`.
std::string recorder_fingerprint(const P256Point& kem, const P256Point& sig);
// The same of the organisation key: SHA-256 of its point. Browsers show it in these words too.
std::string organisation_fingerprint(const P256Point& root);
// How a key is named in the audit log and in Policy: 16 hex digits of SHA-256 of its public point.
std::string key_name(const P256Point& public_key);

// A Policy that waits for its signature, and the key that it waits for.
struct PolicyDraft {
  P256Point root{};
  Policy policy;
};
constexpr std::size_t kDraftSizeMax = 64 * 1024;
std::string write_policy_draft(const PolicyDraft& draft);
Result<PolicyDraft, PolicyRefusal> parse_policy_draft(std::string_view text);

// The signed message's text, {t,k,b,s}. `fingerprint` is what the operator knows of the recorder by another
// way than this draft; spaces and case don't count.
Result<std::string, PolicyRefusal> sign_policy_draft(const PolicyDraft& draft, const crypto::P256Key& key,
                                                     std::string_view fingerprint, UtcTime now);

// Form and signature; whether it may follow another is the next function's.
Result<Policy, PolicyRefusal> read_signed_policy(std::string_view message, const P256Point& root);
// A signed Policy of the present form or of the one before it (without `staff` and `next_root`), whoever
// signed it: which version was in force and what it listed. Only for making the next one; nobody else
// believes it.
std::optional<Policy> policy_of_any_form(const SignedMessage& message);
// `previous` null: the first one. A published type version never changes, versions rise, and its time is now.
Result<void, PolicyRefusal> check_next_policy(const Policy& next, const Policy* previous, UtcTime now);

}  // namespace parlour::e2ee
