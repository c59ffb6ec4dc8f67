// How the process's file descriptors are shared out: connections from outside never get those that the
// recorder, the database and the log need.
#pragma once

#include <cstddef>
#include <string>

#include "base/result.h"

namespace parlour::bin {

struct DescriptorBudget {
  std::size_t limit;        // of the process, after it was raised
  std::size_t connections;  // HTTPS and WebSocket connections together
  std::size_t per_address;  // of them, of one address (IPv6: of one /64)
};

// What is shared out of `limit` descriptors. The error is a sentence: too few to hold a call.
Result<DescriptorBudget, std::string> share_out(std::size_t limit);
// Raises the soft limit (RLIMIT_NOFILE) as far as the hard limit allows, then shares out.
Result<DescriptorBudget, std::string> reserve_descriptors();

}  // namespace parlour::bin
