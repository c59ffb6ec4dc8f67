// Whether browsers will send media to what we announce. Chromium never tries a candidate on port 80 or 443 of
// a private or loopback address, nor one on any other port below 1024: its connection then stays "new" for
// ever, without an error on either side. So an installation that nobody could speak through does not start.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "rtc/address.h"

namespace parlour::bin {

// Of an inside network, a link or this machine (RFC 1918, 3927, 4193, 4291, 6598).
bool is_private(const rtc::Address& address);

// A browser may try this candidate.
bool is_tried(const rtc::Address& candidate);

// Why serve must not start with these, and what to give instead; nothing when a browser tries one of them.
std::optional<std::string> media_refusal(const std::vector<rtc::Address>& candidates);
// Those that are announced for nothing beside others that work.
std::vector<rtc::Address> not_tried(const std::vector<rtc::Address>& candidates);

}  // namespace parlour::bin
