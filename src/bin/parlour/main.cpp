// parlour: serve | audit verify | admin …
#include <algorithm>
#include <iostream>

#include "commands.h"
#include "usage.h"

namespace {

constexpr const char* kTitle = "parlour - video calls between an organisation and its customers\n\n";

bool is_help(const std::string& word) {
  return word == "--help" || word == "-h";
}

// The longest command of these words that there is: `admin user add --email x --help` asks about `admin user
// add`.
std::string help_for(std::vector<std::string> words) {
  words.erase(
      std::find_if(words.begin(), words.end(), [](const std::string& word) { return word.starts_with("-"); }),
      words.end());
  for (; !words.empty(); words.pop_back()) {
    std::string command = words.front();
    for (std::size_t i = 1; i < words.size(); ++i) command += " " + words[i];
    if (std::string usage = parlour::bin::usage_of(command); !usage.empty()) return usage;
  }
  return kTitle + parlour::bin::usage_of("");
}

}  // namespace

int main(int argc, char** argv) {
  std::vector<std::string> arguments(argv + 1, argv + argc);
  const bool asked = (!arguments.empty() && arguments.front() == "help") ||
                     std::any_of(arguments.begin(), arguments.end(), is_help);
  if (asked) {
    if (arguments.front() == "help") arguments.erase(arguments.begin());
    std::cout << help_for(arguments) << "\n";
    return 0;
  }
  std::string command = arguments.empty() ? "" : arguments.front();
  if (!arguments.empty()) arguments.erase(arguments.begin());
  if (command == "serve") return parlour::bin::serve(arguments);
  if (command == "audit") return parlour::bin::audit(arguments);
  if (command == "admin") return parlour::bin::admin(arguments);
  if (command == "version" || command == "--version") {
    std::cout << "parlour " PARLOUR_VERSION "\n";
    return 0;
  }
  std::cerr << help_for({}) << "\n";
  return 1;
}
