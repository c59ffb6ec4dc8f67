// The use cases of parlour serve on virtual time: the shipped stores and audit log on a database in memory,
// the shipped call rules, and doubles where media, recorder and vault begin. People act through their pages,
// as browsers do.
//
//   World world;
//   auto [visit, ada, carl] = world.in_call("required");
//   EXPECT_TRUE(world.media.flows(carl->endpoint(), ada->endpoint()));
//
// When a world ends, its log is verified with the shipped verifier, and the kinds of its entries are kept for
// the test that holds the catalogue (catalogue_test.cpp).
#pragma once

#include <gtest/gtest.h>

#include <memory>

#include "app/accounts.h"
#include "app/audit_views.h"
#include "app/live_meetings.h"
#include "app/meetings.h"
#include "app/recording_jobs.h"
#include "app/recordings.h"
#include "app/types.h"
#include "audit/format/checkpoint.h"
#include "call_rules/call_rules.h"
#include "doubles.h"
#include "page.h"
#include "store_sqlite/audit_log.h"

namespace parlour::scenario {

struct Login {
  std::string token, csrf;
  meeting::Actor actor;
  std::string device_token;  // of this browser, from now on
};

struct Visit {
  meeting::MeetingId meeting = meeting::MeetingId::from_bytes({});
  meeting::ParticipantId customer = meeting::ParticipantId::from_bytes({});
  std::string link_token;
  std::string guest_token, csrf;  // after come()
};

class World {
 public:
  World();
  ~World();

  // --- people
  meeting::UserId add_user(const std::string& email, meeting::UserRole role);
  Login log_in(const std::string& email, const std::string& password = "correct horse battery");
  // The refusal's code, or "let in".
  std::string refused_log_in(const std::string& email, const std::string& password,
                             const std::string& peer = "192.0.2.9",
                             const std::optional<std::string>& device = std::nullopt);
  Login agent, compliance;

  // --- a meeting: `type` is "required" or "never"
  Visit schedule(const std::string& type);
  void come(Visit& visit);  // link, device check, notice
  void answer_notice(const Visit& visit, std::string_view act);
  std::unique_ptr<Page> staff_page(const Visit& visit, const Login& login, bool take_over = false);
  std::unique_ptr<Page> guest_page(Visit& visit);  // comes first where that has not been done
  struct Both {
    std::unique_ptr<Page> ada, carl;
  };
  Both both_enter(Visit& visit);
  // The steward signs a Roster of itself and the others; then keys, acknowledgements, switch; then frames are
  // decrypted.
  Json sign_roster(Page& steward, const std::vector<Page*>& others);
  void exchange_keys(const std::vector<Page*>& members);
  void exchange_rest(const std::vector<Page*>& members);  // acknowledgements and switch
  void connect(const std::vector<Page*>& members);
  void admit(Page& steward, const std::vector<Page*>& others);
  // All of it: a meeting with the adviser and the customer in their call.
  struct Call {
    Visit visit;
    std::unique_ptr<Page> ada, carl;
  };
  Call in_call(const std::string& type);

  // --- time, faults, looking
  void pass(Duration by) { time.advance(by); }
  void restart();  // kill -9 and start
  // Writes to this table fail until it is mended.
  void break_table(const std::string& table);
  void break_rows(const std::string& table, const std::string& which);  // only these, e.g. "NEW.kind = 'x'"
  void mend();
  void hide_table(const std::string& table);  // not even reads
  void show_tables();
  meeting::Meeting meeting(const Visit& visit) { return *store->load(visit.meeting); }
  std::vector<std::string> entries(const Visit& visit);          // kinds, in order
  std::size_t count(const Visit& visit, std::string_view type);  // of entries
  Json last_entry(std::string_view type);                        // null: none
  e2ee::CallChain chain_of(const std::string& call);             // from what is stored
  app::LiveMeetings& live() { return *live_; }
  std::weak_ptr<int> life() const { return life_; }
  int verify();  // the verifier's exit status over the whole log

  static const std::set<std::string>& emitted();  // by all worlds so far

  VirtualTime time;
  SeededRandom random{11};
  std::unique_ptr<store_sqlite::SqliteStore> store;
  store_sqlite::SqliteAuditLog log;
  PlainPasswords passwords{time};
  call_rules::ChainRulesFactory rules;
  MediaBook media{time};
  TickingRecorder recorder{time};
  TestVault vault{time, recorder};
  bool signer_up = true;
  int expected_verdict = 0;  // at the end
  bool store_may_fail = false;

  std::unique_ptr<app::Context> context;
  std::unique_ptr<app::Accounts> accounts;
  std::unique_ptr<app::Meetings> meetings;
  std::unique_ptr<app::Guests> guests;
  std::unique_ptr<app::Types> types;
  std::unique_ptr<app::Recordings> recordings;
  std::unique_ptr<app::RecordingJobs> jobs;
  std::unique_ptr<app::AuditViews> views;

 private:
  struct Sha256 final : app::Digest {
    std::array<std::uint8_t, 32> sha256(std::string_view text) override;
    std::unique_ptr<app::Hasher> begin() override;
  };
  struct TestLinkKey final : app::LinkKey {
    std::array<std::uint8_t, 32> mac(std::string_view message) override;
  };
  void build();
  void each(Duration period, const std::function<void()>& run);
  void publish(const std::string& rule);

  Sha256 digest_;
  TestLinkKey link_key_;
  std::unique_ptr<app::LiveMeetings> live_;
  std::shared_ptr<int> life_;  // of the running "process": its periodic work ends with it
  std::map<std::string, meeting::TypeId> types_;
  std::vector<std::string> hidden_;
  crypto::Ed25519Key signer_ = crypto::Ed25519Key::generate();
  audit::Checkpoint last_head_{"scenario/audit", 0, {}};
};

}  // namespace parlour::scenario
