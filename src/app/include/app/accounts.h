// Staff accounts and their sessions: log in, who is it, log out; accounts are made by an administrator's
// command.
//
// A session is a random token in a cookie; only its hash is stored. Idle and absolute limits, a CSRF token
// beside it, back-off per account, known device and address (log_in_guard.h), and the same answer and work
// for unknown users (ASVS 6.3.1, 6.3.8, 7.2).
#pragma once

#include "app/context.h"
#include "app/log_in_guard.h"
#include "meeting/access.h"

namespace parlour::app {

struct SessionView {
  std::string token;         // only from log_in(): goes into the cookie
  std::string device_token;  // the same, where the browser was not known to this account yet
  std::string id, csrf;
  User user;
  UtcTime expires;
  meeting::Actor actor() const {
    meeting::Actor out;
    out.kind = meeting::ActorKind::kUser;
    out.user = user.id;
    out.role = user.role;
    out.session = id;
    return out;
  }
};

// The user behind a stored session, while it is good: known, not disabled, within both limits.
constexpr Duration kSessionIdle = 30min;
constexpr Duration kSessionAbsolute = 12h;
std::optional<User> user_of(Context& context, const SessionRow& session);

class Accounts {
 public:
  static constexpr Duration kIdle = kSessionIdle;
  static constexpr Duration kAbsolute = kSessionAbsolute;

  explicit Accounts(Context& context) : context_(context) {}

  // Refusals: "login.failed" (one answer for everything that is wrong), "login.wait" with `retry_after`,
  // "login.busy".
  struct LoginRefusal {
    meeting::Refusal refusal;
    Duration retry_after{0};
  };
  struct LogIn {
    std::string email, password;
    std::string peer;                         // address or prefix
    std::optional<std::string> old_token;     // the session that this browser had
    std::optional<std::string> device_token;  // what an earlier log-in in this browser was given
  };
  void log_in(LogIn attempt, std::function<void(Result<SessionView, LoginRefusal>)> done);
  // Nothing: unknown, idle too long, too old, or the account was disabled. kActive extends the idle limit.
  enum class Use { kActive, kLook };
  std::optional<SessionView> session(const std::string& token, Use use = Use::kActive);
  void log_out(const std::string& token);

  // Commands of the operator. The error is a sentence.
  Result<UserId, std::string> create_user(const meeting::Actor& actor, const std::string& email,
                                          const std::string& name, meeting::UserRole role,
                                          const std::string& password);
  Result<void, std::string> set_password(const meeting::Actor& actor, const std::string& email,
                                         const std::string& password);
  Result<void, std::string> disable_user(const meeting::Actor& actor, const std::string& email);
  // The account as it was, with a password that is set anew: whoever knew the old one may be why it was
  // disabled.
  Result<void, std::string> enable_user(const meeting::Actor& actor, const std::string& email,
                                        const std::string& password);
  // Its sessions end: what they were allowed was the old role's.
  Result<void, std::string> set_role(const meeting::Actor& actor, const std::string& email,
                                     meeting::UserRole role);
  Result<std::vector<User>, std::string> users(const meeting::Actor& actor);

 private:
  std::optional<Hash> known_device(const std::optional<std::string>& token, const std::optional<User>& user);
  SessionView begin_session(const User& user, const std::optional<std::string>& old_token,
                            const std::optional<Hash>& device);
  void end_session(const SessionRow& row);
  void note_failed(const std::optional<User>& user, int failures, Duration wait);

  Context& context_;
  LogInGuard guard_;
};

}  // namespace parlour::app
