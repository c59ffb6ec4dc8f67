// contracts/audit-entry.schema.json as the catalogue has it; a test compares the two.
#pragma once

#include <string>

namespace parlour::audit::testing {

std::string entry_schema();

}  // namespace parlour::audit::testing
