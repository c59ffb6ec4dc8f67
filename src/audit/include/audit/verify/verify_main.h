// The command `parlour audit verify BUNDLE --key KEY [--since FILE] [--json]`.
//
// KEY is a verifier key in its text form or the path of a file that holds one; --key may be given again for a
// successor. FILE is a checkpoint that was kept from before (also from a receipt or an older bundle).
#pragma once

#include <ostream>
#include <span>
#include <string>

#include "base/time.h"

namespace parlour::audit {

// `arguments`: what follows `parlour audit verify`. Returns the exit status. Reads the named files, nothing
// else.
int audit_verify_main(std::span<const std::string> arguments, UtcTime now, std::ostream& out,
                      std::ostream& err);

}  // namespace parlour::audit
