// Checks a JSON value against one of the schemas in contracts/ (JSON Schema 2020-12, the keywords that they
// use). A keyword that is not known here is a fault: nothing is passed over.
#pragma once

#include <fstream>
#include <regex>
#include <string>
#include <vector>

#include "base/json.h"

namespace parlour::vault_test {

class Schema {
 public:
  explicit Schema(const std::string& file) {
    std::ifstream in(file, std::ios::binary);
    const std::string text((std::istreambuf_iterator<char>(in)), std::istreambuf_iterator<char>());
    if (auto read = parse_json(text, {.bytes = 1 << 20, .depth = 64, .values = 100'000})) root_ = *read;
  }

  // Empty: it is as the schema says.
  std::vector<std::string> faults(const Json& value) const {
    std::vector<std::string> out;
    if (!root_.is_object())
      out.push_back("the schema cannot be read");
    else
      check(root_, value, "", out);
    return out;
  }

 private:
  using Faults = std::vector<std::string>;

  static bool is_type(const std::string& type, const Json& value) {
    if (type == "object") return value.is_object();
    if (type == "array") return value.is_array();
    if (type == "string") return value.is_string();
    if (type == "integer") return value.is_integer();
    if (type == "boolean") return value.is_bool();
    return type == "null" && value.is_null();
  }

  void check(const Json& schema, const Json& value, const std::string& at, Faults& out) const {
    auto fault = [&](const std::string& what) { out.push_back((at.empty() ? "/" : at) + ": " + what); };
    if (!schema.is_object()) return fault("a schema that is no object");
    for (const auto& [keyword, rule] : *schema.as_object()) {
      if (keyword == "$ref") {
        const std::string name = rule.as_string()->substr(std::string("#/$defs/").size());
        const Json* definition = root_.find("$defs")->find(name);
        if (definition == nullptr)
          fault("the schema lacks " + name);
        else
          check(*definition, value, at, out);
      } else if (keyword == "type") {
        bool good = rule.is_string() && is_type(*rule.as_string(), value);
        if (rule.is_array())
          for (const Json& one : *rule.as_array()) good = good || is_type(*one.as_string(), value);
        if (!good) fault("not of type " + write_json(rule) + ": " + write_json(value).substr(0, 80));
      } else if (keyword == "const") {
        if (!(value == rule)) fault("not " + write_json(rule));
      } else if (keyword == "enum") {
        bool good = false;
        for (const Json& one : *rule.as_array()) good = good || value == one;
        if (!good) fault(write_json(value) + " is none of " + write_json(rule));
      } else if (keyword == "pattern") {
        if (value.is_string() && !std::regex_search(*value.as_string(), std::regex(*rule.as_string())))
          fault(write_json(value) + " does not match " + *rule.as_string());
      } else if (keyword == "minimum" || keyword == "maximum") {
        const std::int64_t* number = value.as_integer();
        if (number != nullptr &&
            (keyword == "minimum" ? *number < *rule.as_integer() : *number > *rule.as_integer()))
          fault("out of range: " + std::to_string(*number));
      } else if (keyword == "minItems" || keyword == "maxItems") {
        if (const JsonArray* list = value.as_array()) {
          const auto size = static_cast<std::int64_t>(list->size());
          if (keyword == "minItems" ? size < *rule.as_integer() : size > *rule.as_integer())
            fault(std::to_string(size) + " items");
        }
      } else if (keyword == "required") {
        for (const Json& name : *rule.as_array())
          if (value.is_object() && value.find(*name.as_string()) == nullptr)
            fault("lacks " + *name.as_string());
      } else if (keyword == "properties") {
        for (const auto& [name, inner] : *rule.as_object())
          if (const Json* member = value.find(name)) check(inner, *member, at + "/" + name, out);
      } else if (keyword == "additionalProperties") {
        check_others(schema, rule, value, at, out);
      } else if (keyword == "prefixItems" || keyword == "items") {
        check_items(schema, keyword, rule, value, at, out);
      } else if (keyword != "$schema" && keyword != "$id" && keyword != "$defs" && keyword != "title" &&
                 keyword != "description") {
        fault("the schema uses " + keyword + ", which this check does not know");
      }
    }
  }

  void check_others(const Json& schema, const Json& rule, const Json& value, const std::string& at,
                    Faults& out) const {
    if (!value.is_object()) return;
    const Json* named = schema.find("properties");
    for (const auto& [name, member] : *value.as_object()) {
      if (named != nullptr && named->find(name) != nullptr) continue;
      if (!rule.is_bool())
        check(rule, member, at + "/" + name, out);
      else if (!*rule.as_bool())
        out.push_back(at + "/" + name + ": not in the contract");
    }
  }

  void check_items(const Json& schema, const std::string& keyword, const Json& rule, const Json& value,
                   const std::string& at, Faults& out) const {
    const JsonArray* list = value.as_array();
    if (list == nullptr) return;
    const Json* prefix = schema.find("prefixItems");
    const std::size_t named = prefix == nullptr ? 0 : prefix->as_array()->size();
    for (std::size_t i = 0; i < list->size(); ++i) {
      const std::string place = at + "/" + std::to_string(i);
      if (keyword == "prefixItems") {
        if (i < named) check((*rule.as_array())[i], (*list)[i], place, out);
      } else if (i >= named) {
        if (!rule.is_bool())
          check(rule, (*list)[i], place, out);
        else if (!*rule.as_bool())
          out.push_back(place + ": not in the contract");
      }
    }
  }

  Json root_;
};

}  // namespace parlour::vault_test
