#include "usage.h"

namespace parlour::bin {
namespace {

struct Usage {
  std::string_view command, options, what;
};
constexpr Usage kUsage[] = {
    {"serve",
     "--home DIR [--host NAME] [--address IP] [--port N] [--media-address IP] [--media-port N] [--web DIR]\n"
     "      [--recordings DIR] [--vault SOCKET] [--vault-uid USER] [--organisation NAME] [--free-mib-min N]",
     "run the server; makes the home when there is none"},
    {"audit verify", "BUNDLE --key KEY [--key KEY]… [--since FILE] [--json]",
     "check an exported proof, offline"},
    {"admin user list", "--home DIR", "the accounts: address, role, state, name"},
    {"admin user add", "--home DIR [--create] --email E --name N --role R",
     "make an account; asks for the password, or takes it from standard input"},
    {"admin user password", "--home DIR --email E", "set a password; sessions of the account end"},
    {"admin user role", "--home DIR --email E --role R", "agent, compliance or administrator; sessions end"},
    {"admin user disable", "--home DIR --email E", "nobody logs in with it any more; sessions end"},
    {"admin user enable", "--home DIR --email E", "the account as it was, with a new password"},
    {"admin type list", "--home DIR", "the published versions: id, version, recording"},
    {"admin type publish", "--home DIR [--create] [--id ID [--new]] FILE",
     "publish a meeting type, or with --id the next version of one; --new: a new type of that id"},
    {"admin policy key", "--out FILE", "make an organisation key, on any machine"},
    {"admin policy draft", "--home DIR [--vault SOCKET] [--vault-uid USER] [--days N] --out FILE",
     "what is to be signed"},
    {"admin policy sign", "--key FILE --recorder FINGERPRINT [--out FILE] DRAFT", "sign it, on any machine"},
    {"admin policy install", "--home DIR [--vault SOCKET] [--vault-uid USER] SIGNED",
     "let the server use it"},
    {"version", "", "print the version"},
};

}  // namespace

std::string usage_of(std::string_view command) {
  std::string out;
  for (const Usage& usage : kUsage) {
    const bool fits =
        command.empty() || usage.command == command ||
        (usage.command.starts_with(command) && usage.command.substr(command.size()).starts_with(" "));
    if (!fits) continue;
    out += "  parlour " + std::string(usage.command) + (usage.options.empty() ? "" : " ") +
           std::string(usage.options) + "\n      " + std::string(usage.what) + "\n";
  }
  if (!out.empty()) out.pop_back();
  return out;
}

}  // namespace parlour::bin
