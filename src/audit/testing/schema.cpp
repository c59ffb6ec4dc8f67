#include "testing/schema.h"

#include "audit/format/catalogue.h"
#include "base/json.h"

namespace parlour::audit::testing {
namespace {

Json reference(std::string_view name) {
  return JsonObject{{"$ref", "#/$defs/" + std::string(name)}};
}

Json or_null(Json schema) {
  return JsonObject{{"oneOf", JsonArray{std::move(schema), JsonObject{{"type", "null"}}}}};
}

Json closed_object(JsonObject properties, JsonArray required) {
  return JsonObject{{"type", "object"},
                    {"properties", std::move(properties)},
                    {"required", std::move(required)},
                    {"additionalProperties", false}};
}

Json words(std::string_view text) {
  JsonArray list;
  while (!text.empty()) {
    std::size_t end = std::min(text.find('|'), text.size());
    list.emplace_back(text.substr(0, end));
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return JsonObject{{"enum", std::move(list)}};
}

Json definitions() {
  Json count = JsonObject{{"type", "integer"}, {"minimum", 0}, {"maximum", (std::int64_t{1} << 53) - 1}};
  Json side = JsonObject{{"oneOf", JsonArray{reference("code"), reference("integer"), reference("personal"),
                                             JsonObject{{"type", "boolean"}}, JsonObject{{"type", "null"}}}}};
  return JsonObject{
      {"integer", count},
      {"boolean", JsonObject{{"type", "boolean"}}},
      {"code", JsonObject{{"type", "string"}, {"pattern", "^[A-Za-z0-9._:/+@=,-]{1,128}$"}}},
      {"codes", JsonObject{{"type", "array"}, {"maxItems", 64}, {"items", reference("code")}}},
      {"sha256", JsonObject{{"type", "string"}, {"pattern", "^[0-9a-f]{64}$"}}},
      {"ranges", JsonObject{{"type", "array"},
                            {"maxItems", 1000},
                            {"items", JsonObject{{"type", "array"},
                                                 {"items", reference("integer")},
                                                 {"minItems", 2},
                                                 {"maxItems", 2}}}}},
      {"diff", JsonObject{{"type", "array"},
                          {"maxItems", 256},
                          {"items", closed_object({{"path", reference("code")}, {"old", side}, {"new", side}},
                                                  {"path", "old", "new"})}}},
      {"personal",
       JsonObject{{"description",
                   "Commitment to a personal value: base64 of HMAC-SHA-256(salt, \"parlour/field/v1\" 0x00 "
                   "name 0x00 "
                   "value); salt and value live in an erasable row beside the log."},
                  {"type", "object"},
                  {"properties",
                   JsonObject{{"c", JsonObject{{"type", "string"}, {"pattern", "^[A-Za-z0-9+/]{43}=$"}}}}},
                  {"required", JsonArray{"c"}},
                  {"additionalProperties", false}}}};
}

Json event_schema(const EventRule& event) {
  JsonObject properties;
  JsonArray required;
  for (const FieldRule& field : event.fields) {
    properties.emplace_back(std::string(field.name),
                            field.one_of.empty() ? reference(to_text(field.kind)) : words(field.one_of));
    if (field.required) required.emplace_back(field.name);
  }
  JsonObject members{{"type", JsonObject{{"const", event.name}}},
                     {"data", closed_object(std::move(properties), std::move(required))}};
  if (event.about_meeting) members.emplace_back("meeting", reference("code"));
  return JsonObject{{"properties", std::move(members)}};
}

// Readable: an object or array that does not fit a line is spread over lines.
void write_pretty(std::string& out, const Json& value, std::size_t indent) {
  std::string flat = write_json(value);
  constexpr std::size_t kLine = 110;
  bool spreads =
      (value.is_object() && !value.as_object()->empty()) || (value.is_array() && !value.as_array()->empty());
  if (!spreads || indent + flat.size() <= kLine) {
    out += flat;
    return;
  }
  std::string pad(indent + 2, ' ');
  bool first = true;
  out += value.is_object() ? "{\n" : "[\n";
  auto next = [&] {
    if (!first) out += ",\n";
    first = false;
    out += pad;
  };
  if (const JsonObject* members = value.as_object()) {
    for (const JsonMember& member : *members) {
      next();
      out += json_quote(member.first) + ": ";
      write_pretty(out, member.second, indent + 2);
    }
  } else {
    for (const Json& item : *value.as_array()) {
      next();
      write_pretty(out, item, indent + 2);
    }
  }
  out += "\n" + std::string(indent, ' ') + (value.is_object() ? "}" : "]");
}

}  // namespace

std::string entry_schema() {
  Json actor = closed_object({{"kind", words("user|customer|api|system|operator")},
                              {"id", reference("code")},
                              {"session", or_null(reference("code"))},
                              {"on_behalf_of", or_null(reference("code"))},
                              {"device", reference("code")}},
                             {"kind", "id", "session", "on_behalf_of"});
  Json subject = closed_object({{"kind", reference("code")}, {"id", reference("code")}}, {"kind", "id"});
  JsonObject head{
      {"v", JsonObject{{"const", 1}}},
      {"brand", reference("code")},
      {"seq", reference("integer")},
      {"time",
       JsonObject{{"type", "string"},
                  {"pattern", "^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}\\.[0-9]{3}Z$"}}},
      {"mono_boot",
       closed_object({{"boot", reference("code")}, {"us", reference("integer")}}, {"boot", "us"})},
      {"type", reference("code")},
      {"actor", std::move(actor)},
      {"subject", or_null(std::move(subject))},
      {"meeting", or_null(reference("code"))},
      {"type_version", or_null(reference("code"))},
      {"cause", or_null(reference("code"))},
      {"outcome", words("ok|denied|failed")},
      {"reason", or_null(reference("code"))},
      {"data", JsonObject{{"type", "object"}}},
      {"custom", JsonObject{{"type", "object"}}}};
  JsonArray required;
  for (const JsonMember& member : head) required.emplace_back(member.first);
  JsonArray events;
  for (const EventRule& event : event_catalogue()) events.push_back(event_schema(event));
  Json schema = JsonObject{{"$schema", "https://json-schema.org/draft/2020-12/schema"},
                           {"title", "Parlour audit entry, version 1"},
                           {"description",
                            "One leaf of the audit log. The bytes are canonical JSON (RFC 8785), stored and "
                            "hashed as written. What a writer "
                            "may write; a verifier keeps members and events that it does not know."},
                           {"type", "object"},
                           {"properties", std::move(head)},
                           {"required", std::move(required)},
                           {"additionalProperties", false},
                           {"oneOf", std::move(events)},
                           {"$defs", definitions()}};
  std::string out;
  write_pretty(out, schema, 0);
  return out + "\n";
}

}  // namespace parlour::audit::testing
