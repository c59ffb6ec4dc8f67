// What people compare, and what a secret in a link proves. Any thread.
#pragma once

#include <array>
#include <string>

#include "e2ee/messages.h"

namespace parlour::e2ee {

// SHA-256 of the organisation key's 65-byte public point.
Hash256 root_fingerprint(const P256Point& root);

// Six groups of five digits that all screens of a call show. It changes with members, type and policy, not
// with pause and resume. Costs 100,000 rounds of PBKDF2 (tens of milliseconds): not for a media thread.
using CallCode = std::array<std::uint32_t, 6>;
CallCode call_code(const Hash256& root_fingerprint, const Roster& roster);
std::string to_text(const CallCode& code);  // "01234 56789 …"

// HMAC-SHA-256(link secret, "Parlour/1 link"‖0x00‖"C"‖bind) of the customer, and ‖"A"‖roster hash of the
// steward. The server never has a link's secret; these are for tests and for the other end of the browser's
// own code.
Hash256 link_proof_of_customer(ByteView link_secret, const Hash256& bind);
Hash256 link_proof_of_steward(ByteView link_secret, const Hash256& roster);

}  // namespace parlour::e2ee
