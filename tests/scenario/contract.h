// Whether what the server says to a page is what contracts/signalling.schema.json lets it say. Every message
// that a scenario's pages receive is looked at: a reason that the contract does not know has no words on any
// page.
#pragma once

#include <string>

#include "base/json.h"

namespace parlour::scenario {

// "" when the message is as the contract says; else where it is not.
std::string server_message_fault(const Json& message);

}  // namespace parlour::scenario
