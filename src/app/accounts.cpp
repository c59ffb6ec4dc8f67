#include "app/accounts.h"

#include <algorithm>

#include "app/act.h"
#include "app/token.h"
#include "base/characters.h"

namespace parlour::app {
namespace {

std::string lower(std::string text) {
  std::transform(text.begin(), text.end(), text.begin(), [](unsigned char c) {
    return c < 128 ? static_cast<char>(std::tolower(c)) : static_cast<char>(c);
  });
  return text;
}

std::optional<std::string> password_fault(std::string_view password) {
  if (characters(password) >= 12) return std::nullopt;
  return "The password needs at least 12 characters.";
}

}  // namespace

std::optional<User> user_of(Context& context, const SessionRow& session) {
  UtcTime now = context.clock.now().utc;
  if (now >= session.created + kSessionAbsolute || now >= session.last_seen + kSessionIdle)
    return std::nullopt;
  std::optional<User> user = context.people.user(session.user);
  if (user && user->disabled) return std::nullopt;
  return user;
}

// A browser that has logged in to this very account before; nothing for any other account's.
std::optional<Hash> Accounts::known_device(const std::optional<std::string>& token,
                                           const std::optional<User>& user) {
  if (!token || token->empty() || token->size() > 100 || !user) return std::nullopt;
  Hash hash = context_.digest.sha256(*token);
  std::optional<UserId> owner = context_.sessions.device(hash);
  return owner && *owner == user->id ? std::optional(hash) : std::nullopt;
}

void Accounts::log_in(LogIn attempt, std::function<void(Result<SessionView, LoginRefusal>)> done) {
  attempt.email = lower(std::move(attempt.email));
  std::optional<User> user = context_.people.user_by_email(attempt.email);
  std::optional<Hash> device = known_device(attempt.device_token, user);
  LogInGuard::Who who{attempt.email, attempt.peer, device ? std::optional(to_hex(*device)) : std::nullopt};
  if (std::optional<Duration> wait = guard_.start(who, context_.clock.now().steady))
    return done(fail(LoginRefusal{{"login.wait", "Too many tries. Wait, then try again.", {}}, *wait}));
  std::optional<std::string> stored;
  if (user && !user->disabled) stored = user->password_hash;
  context_.passwords.verify(
      std::move(attempt.password), stored,
      [=, this, old_token = std::move(attempt.old_token)](Passwords::Verdict verdict) {
        SteadyTime now = context_.clock.now().steady;
        if (verdict == Passwords::Verdict::kBusy) {
          guard_.taken_back(who, now);
          return done(fail(
              LoginRefusal{{"login.busy", "The server is busy. Try again in a moment.", {}}, Duration(2s)}));
        }
        if (verdict != Passwords::Verdict::kMatch) {
          Duration wait = guard_.wait(who, now);
          note_failed(user, guard_.failures(who, now), wait);
          return done(fail(LoginRefusal{{"login.failed", "E-mail or password is not right.", {}}, wait}));
        }
        guard_.taken_back(who, now);
        done(begin_session(*user, old_token, device));
      });
}

SessionView Accounts::begin_session(const User& user, const std::optional<std::string>& old_token,
                                    const std::optional<Hash>& device) {
  UtcTime now = context_.clock.now().utc;
  Token token = make_token(context_);
  Token device_token;
  if (!device) device_token = make_token(context_);
  SessionRow row{.token_hash = token.hash,
                 .id = to_hex(context_.random.array<8>()),
                 .user = user.id,
                 .csrf = to_base64url(context_.random.array<18>()),
                 .created = now,
                 .last_seen = now};
  AuditRecord record;
  record.type = "auth.login";
  record.actor = SessionView{"", "", row.id, row.csrf, user, now}.actor();
  record.data.set("method", "password");
  Work work(context_.unit);
  // A new log-in never goes on with an old session of this browser (ASVS 7.2.4).
  if (old_token) context_.sessions.remove_session(context_.digest.sha256(*old_token));
  context_.sessions.put(row);
  context_.sessions.put_device(device ? *device : device_token.hash, user.id, now);
  context_.audit.append(record);
  work.commit();
  return SessionView{token.text, device_token.text, row.id, row.csrf, user, now + kAbsolute};
}

// Each failure, and once that the account has to wait from now on.
void Accounts::note_failed(const std::optional<User>& user, int failures, Duration wait) {
  AuditRecord record;
  record.type = "auth.login_failed";
  if (user) {
    record.actor.kind = meeting::ActorKind::kUser;
    record.actor.user = user->id;
  }
  record.outcome = "denied";
  record.reason = "credentials";
  AuditRecord locked = record;
  record.data.set("method", "password");
  locked.type = "auth.locked";
  locked.data.set("failures", failures);
  locked.data.set("until_ms", (context_.clock.now().utc + wait).us / 1000);
  Work work(context_.unit);
  context_.audit.append(record);
  if (failures == LogInGuard::kFreeFailures + 1) context_.audit.append(locked);
  work.commit();
}

std::optional<SessionView> Accounts::session(const std::string& token, Use use) {
  if (token.empty() || token.size() > 100) return std::nullopt;
  Hash hash = context_.digest.sha256(token);
  std::optional<SessionRow> row = context_.sessions.session(hash);
  if (!row) return std::nullopt;
  UtcTime now = context_.clock.now().utc;
  std::optional<User> user = user_of(context_, *row);
  if (!user) {
    end_session(*row);
    return std::nullopt;
  }
  if (use == Use::kActive && now - row->last_seen > Duration(30s)) context_.sessions.touch(hash, now);
  return SessionView{"", "", row->id, row->csrf, *user, std::min(row->created + kAbsolute, now + kIdle)};
}

// By a limit, or with its account: an entry says which, once, because the row goes with it.
void Accounts::end_session(const SessionRow& row) {
  UtcTime now = context_.clock.now().utc;
  AuditRecord record;
  record.type = "auth.logout";
  record.actor.kind = meeting::ActorKind::kUser;
  record.actor.user = row.user;
  record.actor.session = row.id;
  record.data.set("cause", now >= row.created + kAbsolute ? "absolute_limit"
                           : now >= row.last_seen + kIdle ? "idle"
                                                          : "account_closed");
  Work work(context_.unit);
  context_.sessions.remove_session(row.token_hash);
  context_.audit.append(record);
  work.commit();
}

void Accounts::log_out(const std::string& token) {
  std::optional<SessionView> view = session(token);
  if (!view) return;
  AuditRecord record;
  record.type = "auth.logout";
  record.actor = view->actor();
  Work work(context_.unit);
  context_.sessions.remove_session(context_.digest.sha256(token));
  context_.audit.append(record);
  work.commit();
}

Result<UserId, std::string> Accounts::create_user(const meeting::Actor& actor, const std::string& email,
                                                  const std::string& name, meeting::UserRole role,
                                                  const std::string& password) {
  if (auto refusal = meeting::allowed(actor, meeting::Action::kUserManage, {})) return fail(refusal->text);
  if (email.find('@') == std::string::npos || email.size() > 254 || !is_utf8(email))
    return fail(std::string("This is no e-mail address."));
  if (name.empty() || characters(name) > 100 || !is_utf8(name))
    return fail(std::string("A name of 1 to 100 characters is needed."));
  if (auto fault = password_fault(password)) return fail(*fault);
  if (context_.people.user_by_email(lower(email)))
    return fail(std::string("There is an account with this e-mail address."));
  std::optional<std::string> hash = context_.passwords.hash_now(password);
  if (!hash) return fail(std::string("The password could not be stored."));
  UtcTime now = context_.clock.now().utc;
  User user{
      UserId::make(now, context_.random), Redacted(lower(email)), Redacted(name), role, *hash, false, now};
  AuditRecord record;
  record.type = "user.created";
  record.actor = actor;
  record.subject = {"user", user.id.text()};
  record.data.set("roles", JsonArray{Json(meeting::to_text(role))});
  record.personal.push_back({"email", user.email, "user/" + user.id.text() + "/email"});
  record.personal.push_back({"name", user.name, "user/" + user.id.text() + "/name"});
  Work work(context_.unit);
  context_.people.put(user);
  context_.audit.append(record);
  work.commit();
  return user.id;
}

Result<void, std::string> Accounts::set_password(const meeting::Actor& actor, const std::string& email,
                                                 const std::string& password) {
  if (auto refusal = meeting::allowed(actor, meeting::Action::kUserManage, {})) return fail(refusal->text);
  if (auto fault = password_fault(password)) return fail(*fault);
  std::optional<User> user = context_.people.user_by_email(lower(email));
  if (!user) return fail(std::string("There is no account with this e-mail address."));
  std::optional<std::string> hash = context_.passwords.hash_now(password);
  if (!hash) return fail(std::string("The password could not be stored."));
  user->password_hash = *hash;
  AuditRecord record;
  record.type = "user.password_set";
  record.actor = actor;
  record.subject = {"user", user->id.text()};
  record.data.set("by", "operator");
  Work work(context_.unit);
  context_.people.put(*user);
  context_.sessions.remove_sessions_of(user->id);  // whoever knew the old password is out
  context_.sessions.remove_devices_of(user->id);
  context_.audit.append(record);
  work.commit();
  return {};
}

Result<void, std::string> Accounts::disable_user(const meeting::Actor& actor, const std::string& email) {
  if (auto refusal = meeting::allowed(actor, meeting::Action::kUserManage, {})) return fail(refusal->text);
  std::optional<User> user = context_.people.user_by_email(lower(email));
  if (!user) return fail(std::string("There is no account with this e-mail address."));
  user->disabled = true;
  AuditRecord record;
  record.type = "user.disabled";
  record.actor = actor;
  record.subject = {"user", user->id.text()};
  Work work(context_.unit);
  context_.people.put(*user);
  context_.sessions.remove_sessions_of(user->id);
  context_.sessions.remove_devices_of(user->id);
  context_.audit.append(record);
  work.commit();
  return {};
}

Result<void, std::string> Accounts::enable_user(const meeting::Actor& actor, const std::string& email,
                                                const std::string& password) {
  if (auto refusal = meeting::allowed(actor, meeting::Action::kUserManage, {})) return fail(refusal->text);
  std::optional<User> user = context_.people.user_by_email(lower(email));
  if (!user) return fail(std::string("There is no account with this e-mail address."));
  if (!user->disabled) return fail(std::string("The account is not disabled."));
  if (auto fault = password_fault(password)) return fail(*fault);
  std::optional<std::string> hash = context_.passwords.hash_now(password);
  if (!hash) return fail(std::string("The password could not be stored."));
  user->disabled = false;
  user->password_hash = *hash;
  AuditRecord record;
  record.type = "user.enabled";
  record.actor = actor;
  record.subject = {"user", user->id.text()};
  Work work(context_.unit);
  context_.people.put(*user);
  context_.audit.append(record);
  work.commit();
  return {};
}

Result<void, std::string> Accounts::set_role(const meeting::Actor& actor, const std::string& email,
                                             meeting::UserRole role) {
  if (auto refusal = meeting::allowed(actor, meeting::Action::kUserManage, {})) return fail(refusal->text);
  std::optional<User> user = context_.people.user_by_email(lower(email));
  if (!user) return fail(std::string("There is no account with this e-mail address."));
  if (user->role == role) return fail(std::string("The account has this role already."));
  AuditRecord record;
  record.type = "user.role_changed";
  record.actor = actor;
  record.subject = {"user", user->id.text()};
  record.data.set("old", meeting::to_text(user->role));
  record.data.set("new", meeting::to_text(role));
  user->role = role;
  Work work(context_.unit);
  context_.people.put(*user);
  context_.sessions.remove_sessions_of(user->id);
  context_.audit.append(record);
  work.commit();
  return {};
}

Result<std::vector<User>, std::string> Accounts::users(const meeting::Actor& actor) {
  if (auto refusal = meeting::allowed(actor, meeting::Action::kUserManage, {})) return fail(refusal->text);
  return context_.people.users();
}

}  // namespace parlour::app
