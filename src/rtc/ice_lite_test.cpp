#include "rtc/ice_lite.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "rtc/testing/ice_controlling.h"
#include "test_bytes.h"

namespace parlour::rtc {
namespace {

using Kind = IceEvent::Kind;
using ::testing::ElementsAre;
using ::testing::IsEmpty;

const Address kServer = *Address::parse_ip("192.0.2.1", 443);
const Address kHome = *Address::parse_ip("198.51.100.7", 50000);
const Address kMobile = *Address::parse_ip("2001:db8::7", 50001);

class IceLiteTest : public ::testing::Test {
 protected:
  SeededRandom random{1};
  IceCredentials server_credentials = IceCredentials::make(random);
  IceCredentials browser_credentials = IceCredentials::make(random);
  IceLite ice{server_credentials, at_ms(0)};

  StunBuilder check() { return StunBuilder(StunClass::kRequest, kStunBinding, random.array<12>()); }
  Bytes good_check(bool use_candidate) {
    auto builder = check();
    builder.username(server_credentials.ufrag + ":" + browser_credentials.ufrag)
        .priority(1)
        .ice_controlling(7);
    if (use_candidate) builder.use_candidate();
    return builder.finish(as_bytes(server_credentials.pwd));
  }
  IceAnswer handle(const Bytes& datagram, const Address& from, SteadyTime now) {
    const auto message = StunMessage::parse(datagram);
    EXPECT_TRUE(message);
    return ice.handle(*message, from, now);
  }
  std::vector<Kind> events() {
    std::vector<Kind> kinds;
    for (const IceEvent& event : ice.take_events()) kinds.push_back(event.kind);
    return kinds;
  }
  std::optional<int> error_in(const IceAnswer& answer) {
    return StunMessage::parse(answer.response)->error_code();
  }
};

TEST_F(IceLiteTest, AnswersAControllingAgentAndConnects) {
  testing::IceControlling browser({browser_credentials, server_credentials, kServer}, kHome, random,
                                  at_ms(0));
  ice.set_remote_ufrag(browser_credentials.ufrag);
  for (const auto& sent : browser.take_outgoing()) {
    const auto answer = handle(sent.datagram, sent.from, at_ms(10));
    EXPECT_EQ(answer.verdict, IceVerdict::kAnswered);
    browser.handle(answer.response, at_ms(20));
  }
  EXPECT_TRUE(browser.connected());
  EXPECT_EQ(browser.mapped_address(), kHome);
  EXPECT_EQ(ice.selected(), kHome);
  EXPECT_THAT(events(), ElementsAre(Kind::kAddressAdded, Kind::kAddressSelected, Kind::kConnected));
}

TEST_F(IceLiteTest, SelectsOnlyOnNomination) {
  handle(good_check(false), kHome, at_ms(0));
  EXPECT_FALSE(ice.selected());
  EXPECT_TRUE(ice.knows(kHome));
  handle(good_check(true), kMobile, at_ms(1));
  EXPECT_EQ(ice.selected(), kMobile);
  EXPECT_THAT(events(), ElementsAre(Kind::kAddressAdded, Kind::kAddressAdded, Kind::kAddressSelected,
                                    Kind::kConnected));
}

TEST_F(IceLiteTest, FollowsANominationFromANewAddressAtOnce) {
  handle(good_check(true), kHome, at_ms(0));
  handle(good_check(true), kMobile, at_ms(100));
  EXPECT_EQ(ice.selected(), kMobile);
}

TEST_F(IceLiteTest, FollowsAReboundNatOnlyWhenTheOldAddressIsSilent) {
  handle(good_check(true), kHome, at_ms(0));
  handle(good_check(false), kMobile, at_ms(4000));
  EXPECT_EQ(ice.selected(), kHome);
  handle(good_check(false), kMobile, at_ms(5001));
  EXPECT_EQ(ice.selected(), kMobile);
}

TEST_F(IceLiteTest, NeverFollowsAnUnauthenticatedCheck) {
  handle(good_check(true), kHome, at_ms(0));
  events();
  auto builder = check();
  builder.username(server_credentials.ufrag + ":" + browser_credentials.ufrag).priority(1).use_candidate();
  const auto answer =
      handle(builder.finish(as_bytes("not the password, but long enough")), kMobile, at_ms(20'000));
  EXPECT_EQ(answer.verdict, IceVerdict::kUnauthenticated);
  EXPECT_EQ(error_in(answer), 401);
  EXPECT_EQ(ice.selected(), kHome);
  EXPECT_FALSE(ice.knows(kMobile));
  EXPECT_THAT(events(), IsEmpty());
  EXPECT_EQ(ice.refused(), 1u);
}

TEST_F(IceLiteTest, RefusesWrongRequestsWithTheCodesOfTheRfcs) {
  const std::string name = server_credentials.ufrag + ":" + browser_credentials.ufrag;
  const ByteView key = as_bytes(server_credentials.pwd);
  EXPECT_EQ(error_in(handle(check().username(name).priority(1).finish_without_integrity(), kHome, at_ms(0))),
            400);
  EXPECT_EQ(error_in(handle(check().priority(1).finish(key), kHome, at_ms(0))), 400);
  EXPECT_EQ(error_in(handle(check().username(name).finish(key), kHome, at_ms(0))), 400);
  EXPECT_EQ(error_in(handle(check().username("other:x").priority(1).finish(key), kHome, at_ms(0))), 401);
  EXPECT_EQ(
      error_in(handle(check().username(name).priority(1).ice_controlled(1).finish(key), kHome, at_ms(0))),
      487);
  const Bytes unknown =
      check().username(name).priority(1).attribute(static_cast<StunAttribute>(0x7001), {}).finish(key);
  EXPECT_EQ(error_in(handle(unknown, kHome, at_ms(0))), 420);
  ice.set_remote_ufrag("somebody");
  EXPECT_EQ(error_in(handle(good_check(true), kHome, at_ms(0))), 401);
  EXPECT_FALSE(ice.selected());
  EXPECT_THAT(events(), IsEmpty());
}

TEST_F(IceLiteTest, AnswersToStrangersAreNotLargerThanTheirRequests) {
  const Bytes request = check().username("a:b").finish_without_integrity();
  EXPECT_LE(handle(request, kHome, at_ms(0)).response.size(), request.size());
}

TEST_F(IceLiteTest, IgnoresResponsesAndIndications) {
  const Bytes indication =
      StunBuilder(StunClass::kIndication, kStunBinding, random.array<12>()).finish_without_integrity();
  EXPECT_EQ(handle(indication, kHome, at_ms(0)).verdict, IceVerdict::kIgnored);
  const Bytes allocate =
      StunBuilder(StunClass::kRequest, 0x003, random.array<12>()).finish_without_integrity();
  EXPECT_TRUE(handle(allocate, kHome, at_ms(0)).response.empty());
}

TEST_F(IceLiteTest, ReportsStalenessAfter5SecondsAndLossOfConsentAfter30) {
  handle(good_check(true), kHome, at_ms(0));
  events();
  EXPECT_EQ(ice.next_deadline(), at_ms(5000));
  ice.on_deadline(at_ms(4999));
  EXPECT_THAT(events(), IsEmpty());
  ice.on_deadline(at_ms(5000));
  EXPECT_THAT(events(), ElementsAre(Kind::kStale));
  EXPECT_EQ(ice.next_deadline(), at_ms(30'000));
  ice.on_deadline(at_ms(30'000));
  EXPECT_THAT(events(), ElementsAre(Kind::kDisconnected));
  EXPECT_FALSE(ice.selected());
  EXPECT_FALSE(ice.next_deadline());
  // A peer that had nominated comes back without having to nominate again.
  handle(good_check(false), kMobile, at_ms(31'000));
  EXPECT_EQ(ice.selected(), kMobile);
  EXPECT_THAT(events(), ElementsAre(Kind::kAddressAdded, Kind::kAddressSelected, Kind::kConnected));
}

TEST_F(IceLiteTest, MediaKeepsThePathFreshButIsNoConsent) {
  handle(good_check(true), kHome, at_ms(0));
  events();
  for (int ms = 0; ms < 30'000; ms += 1000) {
    ice.on_authentic_packet(kHome, at_ms(ms));
    ice.on_deadline(at_ms(ms));
    EXPECT_THAT(events(), IsEmpty());
  }
  ice.on_deadline(at_ms(30'000));
  EXPECT_THAT(events(), ElementsAre(Kind::kDisconnected));
}

TEST_F(IceLiteTest, SaysFreshAgainAfterStale) {
  handle(good_check(true), kHome, at_ms(0));
  ice.on_deadline(at_ms(6000));
  events();
  handle(good_check(false), kHome, at_ms(7000));
  EXPECT_THAT(events(), ElementsAre(Kind::kFresh));
}

TEST_F(IceLiteTest, GivesUpAPeerThatNeverComes) {
  EXPECT_EQ(ice.next_deadline(), at_ms(30'000));
  ice.on_deadline(at_ms(30'000));
  EXPECT_THAT(events(), ElementsAre(Kind::kDisconnected));
}

TEST_F(IceLiteTest, RemembersABoundedNumberOfAddresses) {
  handle(good_check(true), kHome, at_ms(0));
  for (std::uint16_t port = 1; port <= 1000; ++port) {
    handle(good_check(false), kMobile.with_port(port), at_ms(port));
  }
  EXPECT_EQ(ice.selected(), kHome);
  EXPECT_TRUE(ice.knows(kHome));
  std::size_t known = 0;
  for (std::uint16_t port = 1; port <= 1000; ++port) known += ice.knows(kMobile.with_port(port)) ? 1 : 0;
  EXPECT_EQ(known, kIceMaxAddresses - 1);
  std::size_t added = 0, forgotten = 0;
  for (const IceEvent& event : ice.take_events()) {
    added += event.kind == Kind::kAddressAdded ? 1 : 0;
    forgotten += event.kind == Kind::kAddressForgotten ? 1 : 0;
  }
  EXPECT_EQ(added - forgotten, kIceMaxAddresses);
}

TEST_F(IceLiteTest, RestartKeepsTheOldPathUntilTheNewOneIsNominated) {
  testing::IceControlling browser({browser_credentials, server_credentials, kServer}, kHome, random,
                                  at_ms(0));
  const auto exchange = [&](SteadyTime now) {
    for (const auto& sent : browser.take_outgoing())
      browser.handle(handle(sent.datagram, sent.from, now).response, now);
  };
  exchange(at_ms(0));
  const IceCredentials fresh_server = IceCredentials::make(random);
  const IceCredentials fresh_browser = IceCredentials::make(random);
  ice.restart(fresh_server);
  EXPECT_EQ(ice.previous_ufrag(), server_credentials.ufrag);
  EXPECT_EQ(handle(good_check(true), kHome, at_ms(100)).verdict, IceVerdict::kAnswered);
  EXPECT_EQ(ice.selected(), kHome);
  ice.set_remote_ufrag(fresh_browser.ufrag);
  browser.move_to(kMobile, at_ms(200));
  browser.take_outgoing();
  browser.restart(fresh_browser, fresh_server, at_ms(200));
  exchange(at_ms(200));
  EXPECT_TRUE(browser.connected());
  EXPECT_EQ(ice.selected(), kMobile);
  EXPECT_EQ(ice.previous_ufrag(), "");
  EXPECT_EQ(handle(good_check(true), kHome, at_ms(300)).verdict, IceVerdict::kUnauthenticated);
  EXPECT_EQ(ice.selected(), kMobile);
}

TEST(IceCredentials, AreLongRandomIceText) {
  SeededRandom random(1);
  const auto a = IceCredentials::make(random);
  const auto b = IceCredentials::make(random);
  EXPECT_TRUE(is_ice_text(a.ufrag, 12, 12));
  EXPECT_TRUE(is_ice_text(a.pwd, 32, 32));
  EXPECT_NE(a.ufrag, b.ufrag);
  EXPECT_NE(a.pwd, b.pwd);
  EXPECT_FALSE(is_ice_text("abc:", 4, 256));
  EXPECT_FALSE(is_ice_text("abc", 4, 256));
}

}  // namespace
}  // namespace parlour::rtc
