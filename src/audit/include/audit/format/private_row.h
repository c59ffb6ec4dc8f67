// The erasable side of a commitment: one row a committed value, in the database and in what a bundle
// discloses.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "audit/format/commitment.h"
#include "base/redacted.h"

namespace parlour::audit {

struct PrivateRow {
  std::uint64_t seq = 0;  // of the entry
  std::string field;      // name of the member of its `data`
  Salt salt{};
  Redacted<std::string> value;
};

// A line of private.jsonl, without the newline: canonical JSON {"field","salt","seq","value"}.
std::string private_row_to_line(const PrivateRow& row);
std::optional<PrivateRow> private_row_from_line(std::string_view line);

}  // namespace parlour::audit
