// The meeting type: one versioned policy document (design.md 5), with the sections that the first path needs.
//
// The document is JSON; each setting is {value, mode: "fixed"|"default", editable_by?, when?}. parse() names
// the first fault by its JSON pointer. Contradictions are refused when a version is published, e.g. a
// required recording that is kept for no time, or consent asked where the law demands the recording
// (compliance.md, head). Pure.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/json.h"
#include "base/result.h"
#include "base/time.h"
#include "meeting/ids.h"

namespace parlour::meeting {

enum class RecordingRule { kRequired, kNever };
std::string_view to_text(RecordingRule rule);

// A text in each language of the product.
struct Text {
  std::string en;
  std::string nl;
  const std::string& in(std::string_view language) const { return language == "nl" ? nl : en; }
  friend bool operator==(const Text&, const Text&) = default;
};

struct TypePolicy {
  Text title;
  // entry
  int duration_min = 45;
  int before_min = 15;  // the customer may enter so long before the start
  int after_min = 60;   // and so long after it
  int people_max = 4;
  // lobby
  bool device_check = true;
  int place_kept_min = 10;  // of who waits and whose telephone is locked, or whose network is gone
  // notice
  std::string notice_basis;  // "legal_duty" | "none": consent as a basis comes with the asked form
  Text notice_why;
  Text other_ways;
  // recording
  RecordingRule recording = RecordingRule::kNever;
  std::vector<std::string> kinds;  // "a", "v"
  int pause_max_s = 0;
  int loss_end_s = 120;  // a demanded recording that stays away so long ends the call
  int coverage_tolerance_ms = 10'000;
  // steward
  int hold_s = 300;  // how long the customer is held when the adviser is lost
  // retention
  std::string keep;  // ISO 8601 duration in years or days ("P7Y", "P30D"); "" when nothing is recorded
  std::string keep_basis;
};

struct PolicyFault {
  std::string pointer;  // JSON pointer of the setting
  std::string reason;
};

// Of a document that could be published before it was noticed that nobody can begin such a recording.
inline constexpr std::string_view kOptionalNotBuilt =
    "optional recording is not built yet: choose required or never";

Result<TypePolicy, PolicyFault> parse_type_policy(const Json& document);

// A published version: immutable. `document` is kept as written; its hash goes into meeting.started.
struct MeetingType {
  TypeId id = TypeId::from_bytes({});  // nil until it is published
  int version = 1;
  TypePolicy policy;
  std::string document;         // JSON as published
  std::string document_sha256;  // hex; names the policy in the audit log
};

// Civil calendar addition (29 February → 28 February), in UTC; `keep` as in TypePolicy.
std::optional<UtcTime> add_keep(UtcTime from, std::string_view keep);

}  // namespace parlour::meeting
