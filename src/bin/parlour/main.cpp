// parlour: serve | audit verify | admin …
#include <cstdio>
#include <iostream>

#include "commands.h"

namespace {

constexpr const char* kUsage =
    "parlour - video calls between an organisation and its customers\n"
    "\n"
    "  parlour serve --home DIR [--port N] [--web DIR] [--vault SOCKET]   run the server\n"
    "  parlour audit verify BUNDLE --key KEY [--since FILE] [--json]      check an exported proof, offline\n"
    "  parlour admin user add --home DIR --email E --name N --role R      make an account (password on "
    "standard input)\n"
    "  parlour admin user password|disable --home DIR --email E\n"
    "  parlour admin type publish --home DIR [--id ID] FILE               publish a meeting type\n"
    "  parlour admin policy key --out FILE                                make an organisation key, on any "
    "machine\n"
    "  parlour admin policy draft --home DIR [--vault SOCKET] --out FILE  what is to be signed\n"
    "  parlour admin policy sign --key FILE --recorder FINGERPRINT DRAFT  sign it, on any machine\n"
    "  parlour admin policy install --home DIR [--vault SOCKET] SIGNED    let the server use it\n"
    "  parlour version\n";

}  // namespace

int main(int argc, char** argv) {
  std::vector<std::string> arguments(argv + 1, argv + argc);
  std::string command = arguments.empty() ? "" : arguments.front();
  if (!arguments.empty()) arguments.erase(arguments.begin());
  if (command == "serve") return parlour::bin::serve(arguments);
  if (command == "audit") return parlour::bin::audit(arguments);
  if (command == "admin") return parlour::bin::admin(arguments);
  if (command == "version" || command == "--version") {
    std::cout << "parlour " PARLOUR_VERSION "\n";
    return 0;
  }
  bool asked = command == "help" || command == "--help" || command == "-h";
  (asked ? std::cout : std::cerr) << kUsage;
  return asked ? 0 : 1;
}
