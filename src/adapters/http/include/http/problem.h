// Errors as RFC 9457 problem details. What a person reads is written by us; texts of exceptions, libraries
// and SQL never get here.
#pragma once

#include <string_view>

#include "base/json.h"
#include "http/message.h"

namespace parlour::http {

// `name` is stable and for programs: "link-expired" gives the type "urn:parlour:problem:link-expired".
// `title` is the same for each occurrence, `detail` says what to do about this one (may be empty).
// `extra`: further members (the refused field, who could do it); must not be type, title, status or detail.
Response problem(int status, std::string_view name, std::string_view title, std::string_view detail = {},
                 JsonObject extra = {});

// The same bytes for "not yours" and "not there".
Response not_found();
Response method_not_allowed(std::string_view allow);
// Retry-After in seconds, rounded up.
Response too_many_requests(std::int64_t retry_after_seconds);
Response internal_error();

}  // namespace parlour::http
