#include "world.h"

#include "audit/format/checkpoint.h"
#include "base/encoding.h"
#include "crypto/hash.h"
#include "meeting/notice.h"

namespace parlour::scenario {

using namespace app;
using meeting::Actor;
using meeting::UserRole;

namespace {

constexpr const char* kPassword = "correct horse battery";
constexpr const char* kOrigin = "scenario/audit";

std::set<std::string>& all_emitted() {
  static std::set<std::string> all;
  return all;
}

Json text(const char* words) {
  return JsonObject{{"value", JsonObject{{"en", words}, {"nl", words}}}};
}
Json setting(Json value) {
  return JsonObject{{"value", std::move(value)}, {"mode", "fixed"}};
}

Json type_document(const std::string& rule) {
  bool required = rule == "required";
  Json recording = JsonObject{{"rule", setting(rule)}};
  recording.set("kinds", setting(required ? JsonArray{Json("a"), Json("v")} : JsonArray{}));
  return JsonObject{{"title", JsonObject{{"en", "Advice"}, {"nl", "Advies"}}},
                    {"entry", JsonObject{}},
                    {"lobby", JsonObject{}},
                    {"notice", JsonObject{{"basis", setting(required ? "legal_duty" : "none")},
                                          {"why", text("because")},
                                          {"other_ways", text("by letter")}}},
                    {"recording", std::move(recording)},
                    {"steward", JsonObject{}},
                    {"retention", required ? JsonObject{{"recording_keep", setting("P7Y")},
                                                        {"recording_basis", setting("the law")}}
                                           : JsonObject{}}};
}

}  // namespace

std::array<std::uint8_t, 32> World::Sha256::sha256(std::string_view data) {
  return crypto::sha256(as_bytes(data));
}

// Not the real key, and no secret; what counts is that the same input gives the same output.
std::array<std::uint8_t, 32> World::TestLinkKey::mac(std::string_view message) {
  return crypto::hmac_sha256(as_bytes("link key of the scenarios"), {as_bytes(message)});
}

namespace {

class Sha256Hasher final : public Hasher {
 public:
  void add(ByteView bytes) override { hash_.update(bytes); }
  std::array<std::uint8_t, 32> finish() override { return hash_.finish(); }

 private:
  crypto::Sha256 hash_;
};

}  // namespace

std::unique_ptr<Hasher> World::Sha256::begin() {
  return std::make_unique<Sha256Hasher>();
}

World::World()
    : store(std::move(*store_sqlite::SqliteStore::open_in_memory(VirtualTime::kStart))),
      log(*store, time, random, "boot-1") {
  EXPECT_TRUE(log.load());
  rules.set_root(vault.root());
  log.set_signer(
      {[this](const store_sqlite::SignRequest& request,
              const std::function<void(store_sqlite::SignAnswer)>& done) {
         audit::Checkpoint next{kOrigin, request.size, request.root};
         bool consistent =
             last_head_.size == 0 || audit::heads_consistent(last_head_, next, request.consistency);
         EXPECT_TRUE(consistent);
         if (!signer_up || !consistent)
           return time.post([done] { done(fail(VaultFault{"vault.down", "the vault is not there"})); });
         last_head_ = next;
         time.post([done, note = audit::sign_checkpoint(next, signer_)] { done(note); });
       },
       [this](const std::function<void(store_sqlite::HeadAnswer)>& done) {
         if (!signer_up)
           return time.post([done] { done(fail(VaultFault{"vault.down", "the vault is not there"})); });
         store_sqlite::VaultHead last{last_head_.size, last_head_.root, ""};
         if (last.size > 0) last.note = audit::sign_checkpoint(last_head_, signer_);
         time.post([done, last] { done(last); });
       },
       kOrigin,
       {audit::make_verifier_key(kOrigin, signer_.public_key())}});
  build();
  for (const char* rule : {"required", "never"}) publish(rule);
  bool signed_policy = false;
  types->sign_policy([&](bool good) { signed_policy = good; });
  time.settle();
  EXPECT_TRUE(signed_policy);
  add_user("ada@example.org", UserRole::kAgent);
  add_user("olga@example.org", UserRole::kCompliance);
  agent = log_in("ada@example.org");
  compliance = log_in("olga@example.org");
}

World::~World() {
  EXPECT_TRUE(store_may_fail || time.store_failures == 0) << "an act was not written";
  mend();
  live_.reset();
  auto kinds = store->database().query_all("SELECT DISTINCT type FROM audit_entry", {},
                                           [](sql::Row& row) { return row.text(0); });
  for (const std::string& kind : *kinds) all_emitted().insert(kind);
  EXPECT_EQ(verify(), expected_verdict);
}

const std::set<std::string>& World::emitted() {
  return all_emitted();
}

void World::build() {
  life_ = std::make_shared<int>(0);
  context.reset(new Context{{"Example Bank", "https://localhost:8443"},
                            time,
                            random,
                            time,
                            digest_,
                            link_key_,
                            passwords,
                            *store,
                            *store,
                            *store,
                            *store,
                            *store,
                            *store,
                            *store,
                            log,
                            *store,
                            rules,
                            media,
                            recorder,
                            vault});
  accounts = std::make_unique<Accounts>(*context);
  meetings = std::make_unique<Meetings>(*context);
  guests = std::make_unique<Guests>(*context, *meetings);
  types = std::make_unique<Types>(*context);
  recordings = std::make_unique<Recordings>(*context);
  jobs = std::make_unique<RecordingJobs>(*context);
  views = std::make_unique<AuditViews>(*context);
  live_ = std::make_unique<LiveMeetings>(*context, *accounts, *guests, [this] { jobs->run_pending(); });
  meetings->on_cancelled = [this](const MeetingId& id) { live_->cancelled(id); };
  meetings->on_link_replaced = [this](const MeetingId& id) { live_->link_replaced(id); };
  vault.on_up_changed([this](bool up) { live_->on_vault_up(up); });
  // The rhythm of bin/parlour/serve.cpp.
  each(60s, [this] {
    if (log.news()) log.checkpoint([](bool) {});
  });
  each(60s, [this] { meetings->expire_old(); });
  each(60s, [this] { recordings->close_stale(); });
  each(2s, [this] { recordings->keep(); });
  each(2s, [this] { jobs->run_pending(); });
  each(2s, [this] { recordings->close_ended_sessions(); });
}

void World::each(Duration period, const std::function<void()>& run) {
  time.after(period, [this, period, run, life = std::weak_ptr<int>(life_)] {
    if (!life.lock()) return;
    each(period, run);
    run();
  });
}

void World::restart() {
  recorder.crash();
  live_.reset();
  build();
  live_->restore();
  recordings->close_left_open();
  time.settle();
}

void World::publish(const std::string& rule) {
  auto published = types->publish(Actor::operator_at_console(), type_document(rule), std::nullopt);
  ASSERT_TRUE(published) << published.error();
  types_.insert_or_assign(rule, published->id);
}

UserId World::add_user(const std::string& email, UserRole role) {
  auto made = accounts->create_user(Actor::operator_at_console(), email, email.substr(0, email.find('@')),
                                    role, kPassword);
  EXPECT_TRUE(made);
  return *made;
}

Login World::log_in(const std::string& email, const std::string& password) {
  Login out;
  accounts->log_in({email, password, "192.0.2.1", std::nullopt, std::nullopt},
                   [&](Result<SessionView, Accounts::LoginRefusal> session) {
                     ASSERT_TRUE(session) << session.error().refusal.code;
                     out = {session->token, session->csrf, session->actor(), session->device_token};
                   });
  time.settle();
  return out;
}

std::string World::refused_log_in(const std::string& email, const std::string& password,
                                  const std::string& peer, const std::optional<std::string>& device) {
  std::string code;
  accounts->log_in({email, password, peer, std::nullopt, device},
                   [&](Result<SessionView, Accounts::LoginRefusal> session) {
                     code = session ? "let in" : session.error().refusal.code;
                   });
  time.settle();
  return code;
}

Visit World::schedule(const std::string& type) {
  auto made = meetings->schedule(agent.actor, {.type = types_.at(type),
                                               .customer_name = "Carl Customer",
                                               .customer_email = "carl@example.net",
                                               .start = time.now().utc + 5min});
  EXPECT_TRUE(made);
  return Visit{made->view.meeting.id, made->view.meeting.customer()->id,
               made->link.substr(made->link.find('#') + 1), "", ""};
}

void World::come(Visit& visit) {
  auto opened = guests->open_link(visit.link_token, "en");
  ASSERT_TRUE(opened) << opened.error().code;
  visit.guest_token = opened->token;
  visit.csrf = opened->invitation.csrf;
  EXPECT_FALSE(guests->report_device(*guests->session(visit.guest_token), {"ok", "ok", "heard", "good"}));
  answer_notice(visit, "shown");
  answer_notice(visit, "acknowledged");
}

void World::answer_notice(const Visit& visit, std::string_view act) {
  auto session = guests->session(visit.guest_token);
  ASSERT_TRUE(session);
  auto invitation = guests->invitation(*session, "en");
  ASSERT_TRUE(invitation);
  meeting::NoticeRef seen{invitation->notice.text_id, invitation->notice.version, invitation->notice_sha256,
                          "en"};
  auto refusal = guests->notice(*session, act, seen);
  EXPECT_FALSE(refusal) << refusal->code;
}

std::unique_ptr<Page> World::staff_page(const Visit& visit, const Login& login, bool take_over) {
  auto page = std::make_unique<Page>(*this, true, login.token, "");
  page->enter(login.csrf, visit.meeting, take_over);
  return page;
}

std::unique_ptr<Page> World::guest_page(Visit& visit) {
  if (visit.guest_token.empty()) come(visit);
  auto page = std::make_unique<Page>(*this, false, "", visit.guest_token);
  page->enter(visit.csrf, std::nullopt);
  page->meeting = visit.meeting;
  return page;
}

World::Both World::both_enter(Visit& visit) {
  Both both;
  both.carl = guest_page(visit);
  both.carl->hello();
  both.ada = staff_page(visit, agent);
  both.ada->hello();
  return both;
}

Json World::sign_roster(Page& steward, const std::vector<Page*>& others) {
  return steward.sign_roster(others);
}

void World::exchange_keys(const std::vector<Page*>& members) {
  for (Page* page : members) page->sender_key();
  exchange_rest(members);
}

void World::exchange_rest(const std::vector<Page*>& members) {
  for (Page* page : members) page->acknowledge();
  for (Page* page : members) page->activate();
}

void World::connect(const std::vector<Page*>& members) {
  for (Page* page : members)
    page->say(JsonObject{
        {"type", "connected"}, {"call", page->call()}, {"epoch", chain_of(page->call()).newest_epoch()}});
}

void World::admit(Page& steward, const std::vector<Page*>& others) {
  Json answer = sign_roster(steward, others);
  ASSERT_EQ(answer.string_or("type"), "ok") << answer.string_or("code");
  std::vector<Page*> members{&steward};
  members.insert(members.end(), others.begin(), others.end());
  exchange_keys(members);
  pass(1s);
  connect(members);
}

World::Call World::in_call(const std::string& type) {
  Call call{schedule(type), nullptr, nullptr};
  Both both = both_enter(call.visit);
  admit(*both.ada, {both.carl.get()});
  call.ada = std::move(both.ada);
  call.carl = std::move(both.carl);
  return call;
}

void World::break_table(const std::string& table) {
  for (const char* act : {"INSERT", "UPDATE"})
    EXPECT_TRUE(store->database().execute_script("CREATE TEMP TRIGGER broken_" + std::string(act) + "_" +
                                                 table + " BEFORE " + act + " ON main." + table +
                                                 " BEGIN SELECT RAISE(ABORT, 'disk I/O error'); END"));
}
void World::break_rows(const std::string& table, const std::string& which) {
  EXPECT_TRUE(store->database().execute_script("CREATE TEMP TRIGGER broken_rows BEFORE INSERT ON main." +
                                               table + " WHEN " + which +
                                               " BEGIN SELECT RAISE(ABORT, 'disk I/O error'); END"));
}
void World::hide_table(const std::string& table) {
  hidden_.push_back(table);
  EXPECT_TRUE(store->database().execute_script("ALTER TABLE " + table + " RENAME TO hidden_" + table));
}
void World::show_tables() {
  for (const std::string& table : std::exchange(hidden_, {}))
    EXPECT_TRUE(store->database().execute_script("ALTER TABLE hidden_" + table + " RENAME TO " + table));
}
void World::mend() {
  auto names = store->database().query_all("SELECT name FROM temp.sqlite_master WHERE type = 'trigger'", {},
                                           [](sql::Row& row) { return row.text(0); });
  if (!names) return;
  for (const std::string& name : *names) (void)store->database().execute_script("DROP TRIGGER temp." + name);
}

std::vector<std::string> World::entries(const Visit& visit) {
  std::vector<std::string> out;
  for (const AuditEntry& entry : log.entries({.meeting = visit.meeting, .limit = 1000, .ascending = true}))
    out.push_back(entry.entry.string_or("type"));
  return out;
}
std::size_t World::count(const Visit& visit, std::string_view type) {
  std::vector<std::string> all = entries(visit);
  return static_cast<std::size_t>(std::count(all.begin(), all.end(), type));
}
Json World::last_entry(std::string_view type) {
  auto found = log.entries({.type = std::string(type), .limit = 1});
  return found.empty() ? Json() : found.front().entry;
}

e2ee::CallChain World::chain_of(const std::string& call) {
  e2ee::CallChain chain({vault.root(), std::nullopt, 0, e2ee::kEpochMax});
  auto policy = store->database().query_one("SELECT policy FROM call WHERE call = $1", {call},
                                            [](sql::Row& row) { return row.text(0); });
  EXPECT_TRUE(policy && *policy) << "no such call";
  EXPECT_TRUE(chain.accept(*e2ee::parse_signed_message(**policy), UtcTime{}));
  for (const CallStore::Message& message : store->messages(call))
    EXPECT_TRUE(chain.accept(*e2ee::parse_signed_message(message.message), message.at));
  return chain;
}

int World::verify() {
  signer_up = true;
  AuditVerdict verdict;
  log.verify([&verdict](AuditVerdict made) { verdict = std::move(made); });
  time.settle();
  for (const std::string& fault : verdict.faults) std::fprintf(stderr, "%s\n", fault.c_str());
  return verdict.exit;
}

}  // namespace parlour::scenario
