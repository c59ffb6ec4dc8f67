#include "audit/format/entry.h"

#include <array>
#include <chrono>

#include "audit/format/canonical.h"

namespace parlour::audit {
namespace {

// Which members of the head have been seen, as bits: one comparison tells whether all were there.
enum HeadBit : std::uint32_t {
  kActor = 1u << 0,
  kBrand = 1u << 1,
  kCause = 1u << 2,
  kCustom = 1u << 3,
  kData = 1u << 4,
  kMeeting = 1u << 5,
  kMonoBoot = 1u << 6,
  kOutcome = 1u << 7,
  kReason = 1u << 8,
  kSeq = 1u << 9,
  kSubject = 1u << 10,
  kTime = 1u << 11,
  kType = 1u << 12,
  kTypeVersion = 1u << 13,
  kVersion = 1u << 14,
  kAll = (1u << 15) - 1,
};

bool is_object(std::string_view raw) {
  return !raw.empty() && raw.front() == '{';
}

// A member's value as the reader gave it. It was scanned just now, so whether its strings hold escapes is
// known.
struct RawValue {
  std::string_view raw;
  bool escaped;

  // The content of a string without escapes; nothing for everything else.
  std::optional<std::string_view> plain() const {
    if (escaped || raw.empty() || raw.front() != '"') return std::nullopt;
    return raw.substr(1, raw.size() - 2);
  }
  // A plain string, or null, which gives an empty view.
  bool plain_or_null(std::string_view& out) const {
    out = {};
    if (raw.front() == 'n') return true;  // "null" is all that begins so
    auto content = plain();
    if (content) out = *content;
    return content.has_value();
  }
};

// Takes one member of the head; the bit it stands for, 0 for a member that is not ours, or nothing when its
// value is of the wrong kind.
std::optional<std::uint32_t> take_member(EntryView& entry, std::string_view name, const RawValue& value) {
  const std::string_view raw = value.raw;
  auto when = [](bool good, std::uint32_t bit) { return good ? std::optional(bit) : std::nullopt; };
  std::string_view ignored;
  switch (name.front()) {
    case 'a':
      if (name != "actor") break;
      entry.actor = raw;
      return when(is_object(raw), kActor);
    case 'b':
      if (name != "brand") break;
      return when(value.plain().has_value(), kBrand);
    case 'c':
      if (name == "cause") return when(value.plain_or_null(ignored), kCause);
      if (name == "custom") return when(is_object(raw), kCustom);
      break;
    case 'd':
      if (name != "data") break;
      entry.data = raw;
      return when(is_object(raw), kData);
    case 'm':
      if (name == "meeting") return when(value.plain_or_null(entry.meeting), kMeeting);
      if (name == "mono_boot") return when(is_object(raw), kMonoBoot);
      break;
    case 'o':
      if (name != "outcome") break;
      entry.outcome = value.plain().value_or("");
      return when(entry.outcome == "ok" || entry.outcome == "denied" || entry.outcome == "failed", kOutcome);
    case 'r':
      if (name != "reason") break;
      return when(value.plain_or_null(ignored), kReason);
    case 's':
      if (name == "seq") {
        auto seq = plain_integer(raw);
        if (!seq || *seq < 0) return std::nullopt;
        entry.seq = static_cast<std::uint64_t>(*seq);
        return kSeq;
      }
      if (name == "subject") {
        entry.subject = raw;
        return when(is_object(raw) || raw == "null", kSubject);
      }
      break;
    case 't':
      if (name == "time") {
        auto time = parse_entry_time(value.plain().value_or(""));
        if (time) entry.time = *time;
        return when(time.has_value(), kTime);
      }
      if (name == "type") {
        entry.type = value.plain().value_or("");
        return when(!entry.type.empty(), kType);
      }
      if (name == "type_version") return when(value.plain_or_null(entry.type_version), kTypeVersion);
      break;
    case 'v':
      if (name != "v") break;
      return when(plain_integer(raw) == kEntryVersion, kVersion);
    default:
      break;
  }
  return 0;
}

}  // namespace

std::string_view to_text(ActorKind kind) {
  switch (kind) {
    case ActorKind::kUser:
      return "user";
    case ActorKind::kCustomer:
      return "customer";
    case ActorKind::kApi:
      return "api";
    case ActorKind::kSystem:
      return "system";
    case ActorKind::kOperator:
      return "operator";
  }
  return "";
}

std::string_view to_text(Outcome outcome) {
  switch (outcome) {
    case Outcome::kOk:
      return "ok";
    case Outcome::kDenied:
      return "denied";
    case Outcome::kFailed:
      return "failed";
  }
  return "";
}

std::optional<UtcTime> parse_entry_time(std::string_view text) {
  // The one fixed form by hand: this is read for every entry that is verified.
  constexpr std::string_view kForm = "dddd-dd-ddTdd:dd:dd.dddZ";
  if (text.size() != kForm.size()) return std::nullopt;
  std::array<int, kForm.size()> digit{};
  for (std::size_t i = 0; i < kForm.size(); ++i) {
    digit[i] = text[i] - '0';
    if (kForm[i] == 'd' ? digit[i] < 0 || digit[i] > 9 : text[i] != kForm[i]) return std::nullopt;
  }
  auto two = [&](std::size_t at) { return digit[at] * 10 + digit[at + 1]; };
  int hour = two(11), minute = two(14), second = two(17);
  using namespace std::chrono;
  year_month_day date{year(two(0) * 100 + two(2)), month(static_cast<unsigned>(two(5))),
                      day(static_cast<unsigned>(two(8)))};
  if (!date.ok() || hour > 23 || minute > 59 || second > 59) return std::nullopt;
  std::int64_t seconds =
      sys_days(date).time_since_epoch().count() * 86'400LL + hour * 3600 + minute * 60 + second;
  return UtcTime{(seconds * 1000 + two(20) * 10 + digit[22]) * 1000};
}

Result<EntryView, EntryFault> read_entry(std::string_view bytes) {
  if (bytes.size() > kEntryBytesMax) return fail(EntryFault{kEntryBytesMax, "longer than an entry may be"});
  EntryView entry;
  CanonicalReader reader(bytes);
  std::uint32_t seen = 0;
  std::string_view name;
  if (reader.open_object()) {
    while (reader.next_member(name)) {
      std::size_t at = reader.offset();
      const std::uint32_t escapes = reader.escapes();
      std::string_view raw = reader.value();
      if (reader.failed() || name.empty()) break;
      auto bit = take_member(entry, name, {raw, reader.escapes() != escapes});
      if (!bit) return fail(EntryFault{at, "a member of the head has a value of the wrong kind"});
      seen |= *bit;
    }
  }
  if (reader.failed()) return fail(EntryFault{reader.offset(), reader.reason()});
  if (!reader.done()) return fail(EntryFault{reader.offset(), "something after the entry"});
  if (seen != kAll) return fail(EntryFault{0, "a member of the head is missing"});
  entry.commitments = reader.commitments();
  return entry;
}

}  // namespace parlour::audit
