#include "contract.h"

#include <algorithm>
#include <fstream>
#include <iterator>

namespace parlour::scenario {
namespace {

const Json& contract() {
  static const Json loaded = [] {
    std::ifstream file(PARLOUR_CONTRACTS "/signalling.schema.json");
    const std::string text{std::istreambuf_iterator<char>(file), {}};
    auto parsed = parse_json(text, {.bytes = 1 << 20, .depth = 64, .values = 100'000});
    return parsed ? *parsed : Json();
  }();
  return loaded;
}

const Json* defined(std::string_view name) {
  const Json* all = contract().find("$defs");
  return all == nullptr ? nullptr : all->find(name);
}

std::string fault(const Json& schema, const Json& value, const std::string& at);

std::string object_fault(const Json& schema, const Json& value, const std::string& at) {
  const JsonObject* members = value.as_object();
  if (members == nullptr) return at + ": no object";
  for (const Json& name : *schema.find("required")->as_array())
    if (value.find(*name.as_string()) == nullptr) return at + "/" + *name.as_string() + ": missing";
  const Json* properties = schema.find("properties");
  for (const auto& [name, member] : *members) {
    const Json* known = properties->find(name);
    if (known == nullptr) return at + "/" + name + ": not in the contract";
    if (std::string found = fault(*known, member, at + "/" + name); !found.empty()) return found;
  }
  return "";
}

// The few keywords that the contract uses.
std::string fault(const Json& schema, const Json& value, const std::string& at) {
  if (const std::string reference = schema.string_or("$ref"); !reference.empty())
    return fault(*defined(reference.substr(reference.rfind('/') + 1)), value, at);
  if (const Json* forms = schema.find("anyOf")) {
    for (const Json& form : *forms->as_array())
      if (fault(form, value, at).empty()) return "";
    return at + ": none of the allowed forms";
  }
  if (const Json* only = schema.find("const")) return value == *only ? "" : at + ": not " + write_json(*only);
  if (const Json* some = schema.find("enum")) {
    const JsonArray& allowed = *some->as_array();
    if (std::find(allowed.begin(), allowed.end(), value) != allowed.end()) return "";
    return at + ": " + write_json(value) + " is not one of " + write_json(*some);
  }
  const std::string type = schema.string_or("type");
  if (type == "object") return object_fault(schema, value, at);
  if (type == "array") {
    if (!value.is_array()) return at + ": no list";
    for (const Json& item : *value.as_array())
      if (std::string found = fault(*schema.find("items"), item, at); !found.empty()) return found;
    return "";
  }
  const bool fits = type == "string"    ? value.is_string()
                    : type == "integer" ? value.is_integer()
                    : type == "boolean" ? value.is_bool()
                                        : type == "null" && value.is_null();
  return fits ? "" : at + ": no " + type;
}

}  // namespace

std::string server_message_fault(const Json& message) {
  const Json* side = defined("ServerMessage");
  if (side == nullptr) return "the contract cannot be read";
  const std::string type = message.string_or("type");
  for (const Json& one : *side->find("oneOf")->as_array())
    if (one.find("properties")->find("type")->string_or("const") == type) return fault(one, message, type);
  return type + ": not in the contract";
}

}  // namespace parlour::scenario
