#include "audit/entry_builder.h"

#include <algorithm>

#include "audit/format/catalogue.h"
#include "audit/format/text.h"
#include "base/encoding.h"

namespace parlour::audit {
namespace {

constexpr std::size_t kRangesMax = 1000, kCodesMax = 64, kDiffMax = 256;
constexpr std::int64_t kIntegerMax = (std::int64_t{1} << 53) - 1;

bool is_count(const Json& value) {
  const std::int64_t* integer = value.as_integer();
  return integer != nullptr && *integer >= 0 && *integer <= kIntegerMax;
}

bool is_code_json(const Json& value) {
  return value.is_string() && is_code(*value.as_string());
}

bool is_ranges(const Json& value) {
  const JsonArray* pairs = value.as_array();
  if (pairs == nullptr || pairs->size() > kRangesMax) return false;
  return std::all_of(pairs->begin(), pairs->end(), [](const Json& item) {
    const JsonArray* pair = item.as_array();
    return pair != nullptr && pair->size() == 2 && is_count((*pair)[0]) && is_count((*pair)[1]) &&
           *(*pair)[0].as_integer() <= *(*pair)[1].as_integer();
  });
}

bool is_diff_side(const Json& value) {
  return value.is_null() || value.is_bool() || is_count(value) || is_code_json(value) ||
         commitment_from_json(value).has_value();
}

bool is_diff(const Json& value) {
  const JsonArray* changes = value.as_array();
  if (changes == nullptr || changes->size() > kDiffMax) return false;
  return std::all_of(changes->begin(), changes->end(), [](const Json& item) {
    const JsonObject* change = item.as_object();
    const Json *path = item.find("path"), *before = item.find("old"), *after = item.find("new");
    return change != nullptr && change->size() == 3 && path != nullptr && is_code_json(*path) &&
           before != nullptr && is_diff_side(*before) && after != nullptr && is_diff_side(*after);
  });
}

bool fits(const FieldRule& rule, const Json& value) {
  switch (rule.kind) {
    case FieldKind::kInteger:
      return is_count(value);
    case FieldKind::kBoolean:
      return value.is_bool();
    case FieldKind::kCode:
      return is_code_json(value) && (rule.one_of.empty() || is_one_of(rule.one_of, *value.as_string()));
    case FieldKind::kSha256:
      return value.is_string() && is_sha256_hex(*value.as_string());
    case FieldKind::kRanges:
      return is_ranges(value);
    case FieldKind::kCodes: {
      const JsonArray* codes = value.as_array();
      return codes != nullptr && codes->size() <= kCodesMax &&
             std::all_of(codes->begin(), codes->end(), is_code_json);
    }
    case FieldKind::kDiff:
      return is_diff(value);
    case FieldKind::kPersonal:
      return false;  // comes as a PrivateField only
  }
  return false;
}

Unexpected<MakeFault> refuse(std::string_view what, std::string_view why) {
  // The name may come from a caller's mistake with outside text: it is made harmless like any.
  return fail(MakeFault{harmless_text(what, 80) + ": " + std::string(why)});
}

Result<void, MakeFault> check_head(const EntryHead& head, const EventRule& rule) {
  struct Member {
    std::string_view name, value;
    bool required;
  };
  const Subject subject = head.subject.value_or(Subject{});
  const Member members[] = {{"brand", head.brand, true},
                            {"actor.id", head.actor.id, true},
                            {"actor.session", head.actor.session, false},
                            {"actor.on_behalf_of", head.actor.on_behalf_of, false},
                            {"actor.device", head.actor.device, false},
                            {"subject.kind", subject.kind, head.subject.has_value()},
                            {"subject.id", subject.id, head.subject.has_value()},
                            {"meeting", head.meeting, rule.about_meeting},
                            {"type_version", head.type_version, head.type == "meeting.started"},
                            {"cause", head.cause, false},
                            {"reason", head.reason, head.outcome != Outcome::kOk}};
  for (const Member& member : members) {
    if (member.value.empty() ? member.required : !is_code(member.value))
      return refuse(member.name, member.value.empty() ? "must be given" : "not a code");
  }
  return {};
}

Result<void, MakeFault> check_data(const EventRule& rule, const Json& data,
                                   const std::vector<PrivateField>& private_fields) {
  const JsonObject* members = data.as_object();
  if (members == nullptr) return refuse("data", "not an object");
  auto given = [&](std::string_view name) {
    return data.find(name) != nullptr ||
           std::any_of(private_fields.begin(), private_fields.end(),
                       [&](const PrivateField& field) { return field.name == name; });
  };
  for (std::size_t i = 0; i < members->size(); ++i) {
    const auto& [name, value] = (*members)[i];
    const FieldRule* field = rule.field(name);
    if (field == nullptr) return refuse(name, "not a field of this event");
    if (field->kind == FieldKind::kPersonal) return refuse(name, "personal: must be committed");
    if (!fits(*field, value))
      return refuse(name, std::string("not a valid ") + std::string(to_text(field->kind)));
    for (std::size_t j = 0; j < i; ++j)
      if ((*members)[j].first == name) return refuse(name, "given twice");
  }
  for (std::size_t i = 0; i < private_fields.size(); ++i) {
    const std::string& name = private_fields[i].name;
    const FieldRule* field = rule.field(name);
    if (field == nullptr) return refuse(name, "not a field of this event");
    if (field->kind != FieldKind::kPersonal) return refuse(name, "not a personal field");
    for (std::size_t j = 0; j < i; ++j)
      if (private_fields[j].name == name) return refuse(name, "given twice");
  }
  for (const FieldRule& field : rule.fields)
    if (field.required && !given(field.name)) return refuse(field.name, "must be given");
  return {};
}

Result<void, MakeFault> check_entry(const EntryHead& head, const Json& data,
                                    const std::vector<PrivateField>& private_fields) {
  const EventRule* rule = find_event(head.type);
  if (rule == nullptr) return refuse(head.type, "not an event of the catalogue");
  if (auto checked = check_head(head, *rule); !checked) return checked;
  return check_data(*rule, data, private_fields);
}

Json text_or_null(const std::string& text) {
  return text.empty() ? Json() : Json(text);
}

}  // namespace

Result<MadeEntry, MakeFault> make_entry(const EntryHead& head, const EntryPlace& place, const Json& data,
                                        const std::vector<PrivateField>& private_fields, Random& random) {
  if (auto checked = check_entry(head, data, private_fields); !checked) return fail(checked.error());
  if (!is_code(place.boot)) return refuse("mono_boot.boot", "not a code");
  if (place.mono.us < 0 || place.mono.us > kIntegerMax) return refuse("mono_boot.us", "not a valid integer");
  if (place.seq > static_cast<std::uint64_t>(kIntegerMax)) return refuse("seq", "not a valid integer");

  MadeEntry made;
  Json full = data;
  for (const PrivateField& field : private_fields) {
    PrivateRow row;
    row.seq = place.seq;
    row.field = field.name;
    row.salt = random.array<32>();
    row.value = Redacted<std::string>(harmless_text(field.value.reveal()));
    full.set(field.name, commitment_to_json(commit_field(row.field, row.value.reveal(), row.salt)));
    made.private_rows.push_back(std::move(row));
  }
  JsonObject actor{{"id", head.actor.id},
                   {"kind", to_text(head.actor.kind)},
                   {"on_behalf_of", text_or_null(head.actor.on_behalf_of)},
                   {"session", text_or_null(head.actor.session)}};
  if (!head.actor.device.empty()) actor.emplace_back("device", head.actor.device);
  Json subject;
  if (head.subject) subject = JsonObject{{"id", head.subject->id}, {"kind", head.subject->kind}};
  std::string text =
      write_json_canonical(JsonObject{{"actor", std::move(actor)},
                                      {"brand", head.brand},
                                      {"cause", text_or_null(head.cause)},
                                      {"custom", JsonObject{}},
                                      {"data", std::move(full)},
                                      {"meeting", text_or_null(head.meeting)},
                                      {"mono_boot", JsonObject{{"boot", place.boot}, {"us", place.mono.us}}},
                                      {"outcome", to_text(head.outcome)},
                                      {"reason", text_or_null(head.reason)},
                                      {"seq", place.seq},
                                      {"subject", std::move(subject)},
                                      {"time", to_rfc3339(place.time)},
                                      {"type", head.type},
                                      {"type_version", text_or_null(head.type_version)},
                                      {"v", kEntryVersion}});
  // What a verifier would refuse must not be written: size and times beyond four-digit years end here.
  if (auto read = read_entry(text); !read) return refuse("entry", read.error().reason);
  made.bytes = to_bytes(text);
  return made;
}

EntryBuilder& EntryBuilder::brand(std::string_view brand) {
  head_.brand = brand;
  return *this;
}
EntryBuilder& EntryBuilder::actor(Actor actor) {
  head_.actor = std::move(actor);
  return *this;
}
EntryBuilder& EntryBuilder::subject(std::string_view kind, std::string_view id) {
  head_.subject = Subject{std::string(kind), std::string(id)};
  return *this;
}
EntryBuilder& EntryBuilder::meeting(std::string_view id, std::string_view type_version) {
  head_.meeting = id;
  head_.type_version = type_version;
  return *this;
}
EntryBuilder& EntryBuilder::cause(std::string_view request_id) {
  head_.cause = request_id;
  return *this;
}
EntryBuilder& EntryBuilder::denied(std::string_view reason) {
  head_.outcome = Outcome::kDenied;
  head_.reason = reason;
  return *this;
}
EntryBuilder& EntryBuilder::failed(std::string_view reason) {
  head_.outcome = Outcome::kFailed;
  head_.reason = reason;
  return *this;
}
EntryBuilder& EntryBuilder::set(std::string_view field, Json value) {
  data_.set(field, std::move(value));
  return *this;
}
EntryBuilder& EntryBuilder::personal(std::string_view field, std::string_view value) {
  private_fields_.push_back({std::string(field), Redacted<std::string>(std::string(value))});
  return *this;
}
EntryBuilder& EntryBuilder::ranges(std::string_view field,
                                   const std::vector<std::pair<std::int64_t, std::int64_t>>& ranges) {
  JsonArray pairs;
  for (const auto& [from, to] : ranges) pairs.emplace_back(JsonArray{Json(from), Json(to)});
  return set(field, std::move(pairs));
}
EntryBuilder& EntryBuilder::hash(std::string_view field, const crypto::Hash256& hash) {
  return set(field, to_hex(hash));
}

Result<void, MakeFault> EntryBuilder::check() const {
  return check_entry(head_, data_, private_fields_);
}

Result<MadeEntry, MakeFault> EntryBuilder::make(const EntryPlace& place, Random& random) const {
  return make_entry(head_, place, data_, private_fields_, random);
}

}  // namespace parlour::audit
