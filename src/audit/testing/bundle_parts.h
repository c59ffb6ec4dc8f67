// A bundle taken apart, changed, and packed again: what an attacker with a ZIP tool does.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "base/bytes.h"

namespace parlour::audit::testing {

struct BundleParts {
  std::vector<std::pair<std::string, Bytes>> members;  // entries.jsonl is empty here: see below
  std::vector<Bytes> entries;                          // its lines without their ends

  static BundleParts unpack(ByteView bundle);
  Bytes pack() const;

  Bytes& get(std::string_view name);
  void set(std::string_view name, Bytes bytes);  // replaces or adds
  void erase(std::string_view name);
  // Takes all heads away and puts this one in.
  void replace_head(std::string_view note);
};

}  // namespace parlour::audit::testing
