// A rule's "no": a value with a stable code, a sentence for people and who could do it instead
// (design.md 2.7).
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace parlour::meeting {

struct Refusal {
  std::string code;  // stable, e.g. "meeting.cancelled"; the web client has the sentence in each language
  std::string text;  // English, for API readers and logs; holds no personal data
  std::vector<std::string> who;  // roles that could, where that helps
};

}  // namespace parlour::meeting
