// The event catalogue as data: every name that may be written to the log, and the fields of its `data`.
//
// A writer refuses names and fields that are not here, fields of another kind and missing required ones; a
// verifier keeps what it does not know. `personal` fields are written as commitments (commitment.h), never as
// text. There is no kind for free text on purpose: what a person typed is either personal or belongs
// elsewhere. Any thread.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>

namespace parlour::audit {

enum class FieldKind : std::uint8_t {
  kInteger,  // 0 … 2^53 − 1
  kBoolean,  //
  kCode,     // a word of our own making: 1–128 of A–Z a–z 0–9 . _ : / + @ = , - (see text.h)
  kSha256,   // 64 lower-case hex digits
  kRanges,  // [[from, to], …]: integers, from ≤ to, at most 1,000 pairs; milliseconds, since 1970 or since
            // the start
  kCodes,  // at most 64 codes
  kDiff,  // [{"path", "old", "new"}, …]: what was changed, field by field; old and new are codes, integers,
          // booleans, null or commitments
  kPersonal,  // a commitment
};
std::string_view to_text(FieldKind kind);

struct FieldRule {
  std::string_view name;
  FieldKind kind;
  bool required = false;
  std::string_view one_of = {};  // for kCode: the allowed words, with "|" between them; empty: any code
};
bool is_one_of(std::string_view words, std::string_view word);

struct EventRule {
  std::string_view name;
  std::span<const FieldRule> fields;
  bool about_meeting = false;  // head.meeting must be given

  const FieldRule* field(std::string_view field_name) const;
};

// Sorted by name.
std::span<const EventRule> event_catalogue();
// Null for an unknown name.
const EventRule* find_event(std::string_view name);

}  // namespace parlour::audit
