// Commands of the operator on the database of a home directory. They may run beside `parlour serve`: SQLite
// lets one write at a time, and the server follows what is committed.
#include <sys/stat.h>

#include <fstream>
#include <iostream>
#include <iterator>

#include "commands.h"
#include "home.h"
#include "options.h"

namespace parlour::bin {
namespace {

int say(const std::string& text, int status) {
  (status == 0 ? std::cout : std::cerr) << text << "\n";
  return status;
}

int user(const std::string& verb, const Arguments& arguments) {
  auto options = Options::read(arguments, {"home", "email", "name", "role"});
  if (!options) return say(options.error(), 1);
  auto home = options->get("home");
  auto email = options->get("email");
  if (!home || !email) return say("--home and --email are needed.", 1);
  auto opened = Home::open(*home);
  if (!opened) return say(opened.error(), 1);
  Home& place = **opened;
  meeting::Actor actor = meeting::Actor::operator_at_console();
  auto password = [] {
    std::string line;
    std::getline(std::cin, line);
    return line;
  };
  if (verb == "add") {
    auto role = meeting::user_role_from_text(options->get_or("role", ""));
    if (!role) return say("--role is agent, compliance or administrator.", 1);
    auto made = place.accounts().create_user(actor, *email, options->get_or("name", ""), *role, password());
    return made ? say(made->text(), 0) : say(made.error(), 1);
  }
  if (verb == "password") {
    auto done = place.accounts().set_password(actor, *email, password());
    return done ? say("The password is set.", 0) : say(done.error(), 1);
  }
  if (verb == "disable") {
    auto done = place.accounts().disable_user(actor, *email);
    return done ? say("The account is disabled; its sessions end at once.", 0) : say(done.error(), 1);
  }
  return say("parlour admin user add|password|disable", 1);
}

int type(const std::string& verb, const Arguments& arguments) {
  auto options = Options::read(arguments, {"home", "id"});
  if (!options) return say(options.error(), 1);
  auto home = options->get("home");
  if (verb != "publish" || !home || options->positional.size() != 1)
    return say("parlour admin type publish --home DIR [--id ID] FILE", 1);
  std::ifstream file(options->positional.front());
  if (!file) return say("The file cannot be read: " + options->positional.front(), 1);
  std::string text((std::istreambuf_iterator<char>(file)), std::istreambuf_iterator<char>());
  auto document = parse_json(text);
  if (!document)
    return say("Not JSON at byte " + std::to_string(document.error().offset) + ": " +
                   std::string(document.error().reason),
               1);
  std::optional<app::TypeId> id;
  if (auto given = options->get("id")) {
    id = app::TypeId::from_text(*given);
    if (!id) return say("--id is not an id.", 1);
  }
  auto opened = Home::open(*home);
  if (!opened) return say(opened.error(), 1);
  auto published = (*opened)->types().publish(meeting::Actor::operator_at_console(), *document, id);
  if (!published) return say(published.error(), 1);
  std::cout << published->id.text() << " " << published->version << "\n";
  return 0;
}

}  // namespace

int admin(const Arguments& arguments) {
  if (arguments.size() < 2) return say("parlour admin user|type|policy …", 1);
  Arguments rest(arguments.begin() + 2, arguments.end());
  umask(0077);  // what a command makes first, the server would have made private
  try {
    if (arguments[0] == "user") return user(arguments[1], rest);
    if (arguments[0] == "type") return type(arguments[1], rest);
    if (arguments[0] == "policy") return policy(arguments[1], rest);
  } catch (const app::StoreFailure& failure) {
    return say(std::string("The database refused: ") + failure.what(), 1);
  }
  return say("parlour admin user|type|policy …", 1);
}

}  // namespace parlour::bin
