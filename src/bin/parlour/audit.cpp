#include <iostream>

#include "audit/verify/verify_main.h"
#include "commands.h"
#include "runtime/executor.h"

namespace parlour::bin {

int audit(const Arguments& arguments) {
  if (arguments.empty() || arguments.front() != "verify") {
    std::cerr << "parlour audit verify BUNDLE --key KEY [--since FILE] [--json]\n";
    return 1;
  }
  runtime::SystemClock clock;
  std::vector<std::string> rest(arguments.begin() + 1, arguments.end());
  return audit::audit_verify_main(rest, clock.now().utc, std::cout, std::cerr);
}

}  // namespace parlour::bin
