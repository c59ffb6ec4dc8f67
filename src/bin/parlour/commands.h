// The subcommands of `parlour`, a file each. Arguments are what follows the subcommand's name; the result is
// the exit status. They print to standard output and error, for people.
#pragma once

#include <string>
#include <vector>

namespace parlour::bin {

using Arguments = std::vector<std::string>;

int serve(const Arguments& arguments);
int audit(const Arguments& arguments);                            // verify
int admin(const Arguments& arguments);                            // user, type, policy
int policy(const std::string& verb, const Arguments& arguments);  // key, draft, sign, install

}  // namespace parlour::bin
