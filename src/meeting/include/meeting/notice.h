// The notice of a meeting: what is recorded, why, how long it is kept, who can play it, in exact words made
// from the type's fields, so that printed terms are the enforced ones (ui.md, compliance.md). Pure.
#pragma once

#include <string>
#include <string_view>

#include "meeting/type_policy.h"

namespace parlour::meeting {

struct Notice {
  std::string text_id;   // names type, version and template; the hash is made by app over `text`
  int version = 3;       // of the template: 1 promised what nothing kept; 2 had no log in recorded types
  std::string language;  // "en" | "nl"
  std::string why, what, kept, who;
  std::string text;  // the full text, the one that is hashed
};

Notice make_notice(const MeetingType& type, std::string_view organisation, std::string_view language);

}  // namespace parlour::meeting
