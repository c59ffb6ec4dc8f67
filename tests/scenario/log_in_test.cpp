// How fast passwords can be guessed, and that guessing locks no owner out (fault H7).
#include "app/log_in_guard.h"
#include "world.h"

namespace parlour::scenario {
namespace {

using app::Accounts;
using app::LogInGuard;
using app::SessionView;
using meeting::Actor;

constexpr const char* kAda = "ada@example.org";
constexpr const char* kRight = "correct horse battery";

TEST(FaultH7, FourHundredSimultaneousGuessesGetNoMoreThanGuessesOneAfterTheOther) {
  World world;
  int before = world.passwords.verified, waits = 0;
  for (int i = 0; i < 400; ++i)
    world.accounts->log_in({kAda, "guess " + std::to_string(i), "192.0.2." + std::to_string(i % 200),
                            std::nullopt, std::nullopt},
                           [&](Result<SessionView, Accounts::LoginRefusal> session) {
                             ASSERT_FALSE(session);
                             waits += session.error().refusal.code == "login.wait";
                           });
  world.time.settle();
  EXPECT_EQ(world.passwords.verified - before, LogInGuard::kFreeFailures + 1);
  EXPECT_EQ(waits, 400 - LogInGuard::kFreeFailures - 1);
}

TEST(FaultH7, OneAddressAgainstManyAccountsIsSlowedByItsRateAndIsFreeAgainInAMinute) {
  World world;
  int before = world.passwords.verified;
  for (int i = 0; i < 100; ++i) world.refused_log_in("nobody" + std::to_string(i) + "@example.org", "guess");
  EXPECT_EQ(world.passwords.verified - before, LogInGuard::kAddressBurst);
  EXPECT_EQ(world.refused_log_in(kAda, kRight), "login.wait") << "the address";
  EXPECT_EQ(world.refused_log_in(kAda, kRight, "192.0.2.77"), "let in") << "another address";
  world.pass(6s);
  EXPECT_EQ(world.refused_log_in(kAda, kRight), "let in");
}

TEST(FaultH7, RightPasswordsDoNotUseUpTheAddressOfAnOffice) {
  World world;
  for (int i = 0; i < 100; ++i) EXPECT_EQ(world.refused_log_in(kAda, kRight), "let in");
}

TEST(FaultH7, TheOwnersBrowserIsNeverLockedOutByStrangers) {
  World world;
  ASSERT_FALSE(world.agent.device_token.empty());
  for (int i = 0; i < 60; ++i) {
    world.refused_log_in(kAda, "guess", "192.0.2." + std::to_string(i));
    world.pass(15min);
  }
  for (int i = 0; i < 20; ++i) world.refused_log_in(kAda, "guess", "198.51.100." + std::to_string(i));
  EXPECT_EQ(world.refused_log_in(kAda, kRight), "login.wait");
  EXPECT_EQ(world.refused_log_in(kAda, kRight, "192.0.2.9", world.agent.device_token), "let in");
}

TEST(FaultH7, AKnownBrowserIsNoWayToGuessFasterNorForAnotherAccount) {
  World world;
  int before = world.passwords.verified;
  for (int i = 0; i < 50; ++i) world.refused_log_in(kAda, "guess", "192.0.2.9", world.agent.device_token);
  EXPECT_EQ(world.passwords.verified - before, LogInGuard::kFreeFailures + 1);
  before = world.passwords.verified;
  for (int i = 0; i < 50; ++i)
    world.refused_log_in("olga@example.org", "guess", "192.0.2.9", world.agent.device_token);
  EXPECT_EQ(world.passwords.verified - before, LogInGuard::kFreeFailures + 1);
  world.pass(1min);
  EXPECT_EQ(world.refused_log_in("olga@example.org", kRight, "192.0.2.9", world.agent.device_token),
            "let in");
}

TEST(FaultH7, ANewPasswordAndADisabledAccountForgetTheBrowsers) {
  World world;
  auto device = world.agent.device_token;
  ASSERT_TRUE(world.accounts->set_password(Actor::operator_at_console(), kAda, "another long password"));
  for (int i = 0; i < 5; ++i) world.refused_log_in(kAda, "guess", "192.0.2." + std::to_string(i));
  EXPECT_EQ(world.refused_log_in(kAda, "another long password", "192.0.2.9", device), "login.wait");
}

TEST(FaultH7, FailuresFade) {
  LogInGuard guard;
  LogInGuard::Who who{kAda, "192.0.2.9", std::nullopt};
  SteadyTime now{};
  now = now + Duration(1h);
  for (int i = 0; i < 5; ++i) EXPECT_FALSE(guard.start(who, now));
  EXPECT_EQ(guard.start(who, now), Duration(2s));
  EXPECT_EQ(guard.failures(who, now + 5min), 4);
  EXPECT_EQ(guard.failures(who, now + 25min), 0);
  for (int i = 0; i < 5; ++i) EXPECT_FALSE(guard.start(who, now + 25min)) << "as on the first day";
}

TEST(FaultH7, AFloodOfAccountsAndAddressesIsBoundedAndForgetsTheLeastFirst) {
  LogInGuard guard;
  SteadyTime now{};
  now = now + Duration(1h);
  for (int i = 0; i < 5; ++i) guard.start({kAda, "192.0.2.9", std::nullopt}, now);
  for (int i = 0; i < 120'000; ++i)
    guard.start({"made up " + std::to_string(i), "peer " + std::to_string(i), std::nullopt}, now);
  EXPECT_LE(guard.size(), 2 * LogInGuard::kEntriesMax);
  EXPECT_EQ(guard.failures({kAda, "192.0.2.9", std::nullopt}, now), 5);
}

}  // namespace
}  // namespace parlour::scenario
