// Commands of the operator on the database of a home directory. They may run beside `parlour serve`: SQLite
// lets one write at a time, and the server follows what is committed.
#include <sys/stat.h>
#include <termios.h>
#include <unistd.h>

#include <fstream>
#include <iostream>
#include <iterator>

#include "commands.h"
#include "home.h"
#include "options.h"
#include "usage.h"

namespace parlour::bin {
namespace {

int say(const std::string& text, int status) {
  (status == 0 ? std::cout : std::cerr) << text << "\n";
  return status;
}

// A line of standard input that a terminal does not show.
class Unseen {
 public:
  Unseen() {
    if (::isatty(STDIN_FILENO) == 0 || ::tcgetattr(STDIN_FILENO, &before_) != 0) return;
    termios hidden = before_;
    hidden.c_lflag &= ~static_cast<tcflag_t>(ECHO);
    hidden_ = ::tcsetattr(STDIN_FILENO, TCSAFLUSH, &hidden) == 0;
  }
  ~Unseen() {
    if (hidden_) ::tcsetattr(STDIN_FILENO, TCSAFLUSH, &before_);
  }
  Unseen(const Unseen&) = delete;
  Unseen& operator=(const Unseen&) = delete;

  bool at_terminal() const { return hidden_; }
  std::string line(const char* question) const {
    if (hidden_) std::cerr << question << std::flush;
    std::string text;
    std::getline(std::cin, text);
    if (hidden_) std::cerr << "\n";
    return text;
  }

 private:
  termios before_{};
  bool hidden_ = false;
};

// At a terminal it is typed twice, because nobody sees it; from a pipe it is one line.
Result<std::string, std::string> read_password() {
  const Unseen input;
  std::string first = input.line("Password (not shown): ");
  if (input.at_terminal() && input.line("The same again: ") != first)
    return fail(std::string("The two were not the same. Nothing was changed."));
  return first;
}

int list_users(Home& place) {
  auto users = place.accounts().users(meeting::Actor::operator_at_console());
  if (!users) return say(users.error(), 1);
  for (const app::User& user : *users)
    std::cout << user.email.reveal() << "\t" << meeting::to_text(user.role) << "\t"
              << (user.disabled ? "disabled" : "enabled") << "\t" << user.name.reveal() << "\n";
  return 0;
}

int user(const std::string& verb, const Arguments& arguments) {
  const std::string words = usage_of("admin user");
  auto options = Options::read(arguments, {"home", "email", "name", "role"}, {"create"});
  if (!options) return say(options.error(), 1);
  if (!options->positional.empty()) return say("What is " + options->positional.front() + "?", 1);
  auto home = options->get("home");
  if (!home) return say("--home is needed.\n" + words, 1);
  auto email = options->get("email");
  if (!email && verb != "list") return say("--email is needed.\n" + words, 1);
  if (options->has("create") && verb != "add")
    return say("--create is for `user add` and `type publish`.", 1);
  auto opened = Home::open(*home, options->has("create"));
  if (!opened) return say(opened.error(), 1);
  Home& place = **opened;
  const meeting::Actor actor = meeting::Actor::operator_at_console();
  auto answer = [](const Result<void, std::string>& done, const char* good) {
    return done ? say(good, 0) : say(done.error(), 1);
  };
  if (verb == "list") return list_users(place);
  if (verb == "disable")
    return answer(place.accounts().disable_user(actor, *email),
                  "The account is disabled; its sessions end at once.");
  auto role = meeting::user_role_from_text(options->get_or("role", ""));
  if ((verb == "add" || verb == "role") && !role)
    return say("--role is agent, compliance or administrator.", 1);
  if (verb == "role")
    return answer(place.accounts().set_role(actor, *email, *role),
                  "The role is changed; sessions of the account end at once.");
  if (verb != "add" && verb != "password" && verb != "enable") return say(words, 1);
  auto password = read_password();
  if (!password) return say(password.error(), 1);
  if (verb == "password")
    return answer(place.accounts().set_password(actor, *email, *password), "The password is set.");
  if (verb == "enable")
    return answer(place.accounts().enable_user(actor, *email, *password),
                  "The account is enabled, with the new password.");
  auto made = place.accounts().create_user(actor, *email, options->get_or("name", ""), *role, *password);
  return made ? say(made->text(), 0) : say(made.error(), 1);
}

int list_types(Home& place) {
  for (const app::MeetingType& type : place.published_types())
    std::cout << type.id.text() << "\t" << type.version << "\t" << meeting::to_text(type.policy.recording)
              << "\n";
  return 0;
}

int type(const std::string& verb, const Arguments& arguments) {
  const std::string words = usage_of("admin type");
  auto options = Options::read(arguments, {"home", "id"}, {"new", "create"});
  if (!options) return say(options.error(), 1);
  auto home = options->get("home");
  if (!home) return say("--home is needed.\n" + words, 1);
  if (verb == "list") {
    auto opened = Home::open(*home);
    return opened ? list_types(**opened) : say(opened.error(), 1);
  }
  if (verb != "publish" || options->positional.size() != 1) return say(words, 1);
  if (options->has("new") && !options->has("id"))
    return say("--new goes with --id; without --id it is a new type anyhow.", 1);
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
  auto opened = Home::open(*home, options->has("create"));
  if (!opened) return say(opened.error(), 1);
  auto published =
      (*opened)->types().publish(meeting::Actor::operator_at_console(), *document, id, options->has("new"));
  if (!published) return say(published.error(), 1);
  std::cout << published->id.text() << " " << published->version << "\n";
  return 0;
}

}  // namespace

int admin(const Arguments& arguments) {
  if (arguments.size() < 2) return say(usage_of("admin"), 1);
  Arguments rest(arguments.begin() + 2, arguments.end());
  umask(0077);  // what a command makes first, the server would have made private
  try {
    if (arguments[0] == "user") return user(arguments[1], rest);
    if (arguments[0] == "type") return type(arguments[1], rest);
    if (arguments[0] == "policy") return policy(arguments[1], rest);
  } catch (const app::StoreFailure& failure) {
    return say(std::string("The database refused: ") + failure.what(), 1);
  }
  return say(usage_of("admin"), 1);
}

}  // namespace parlour::bin
