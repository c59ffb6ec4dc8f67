// Commands of the shard: what is refused and by which name. Packets are in tests/simulation.
#include <gtest/gtest.h>

#include <set>

#include "crypto/dtls.h"
#include "media/shard.h"
#include "return_budget.h"
#include "rtc/stun.h"

namespace parlour::media {
namespace {

constexpr SteadyTime kNow{1'000'000};

class ShardTest : public ::testing::Test {
 protected:
  ShardTest()
      : certificate(std::move(
            *crypto::Certificate::make_self_signed("test", {}, {1'700'000'000'000'000}, 24h * 3650))),
        shard({&certificate, &random, {rtc::Address::v4({192, 0, 2, 1}, 443)}}) {
    EXPECT_TRUE(shard.add_room({1}, {}).has_value());
    EXPECT_TRUE(shard.add_room({2}, {}).has_value());
  }
  crypto::Certificate certificate;
  SeededRandom random{3};
  Shard shard;
};

TEST_F(ShardTest, NamesWhatDoesNotExistAndWhatIsThereAlready) {
  EXPECT_EQ(shard.add_room({1}, {}).error(), CommandError::kAlreadyThere);
  EXPECT_EQ(shard.add_endpoint({5}, {9}, {}, kNow).error(), CommandError::kUnknownRoom);
  EXPECT_TRUE(shard.add_endpoint({5}, {1}, {}, kNow).has_value());
  EXPECT_EQ(shard.add_endpoint({5}, {2}, {}, kNow).error(), CommandError::kAlreadyThere);
  EXPECT_EQ(shard.make_offer({6}).error(), CommandError::kUnknownEndpoint);
  EXPECT_EQ(shard.set_lease({9}, kNow).error(), CommandError::kUnknownRoom);
  EXPECT_EQ(shard.attach_sink({9}, nullptr, kNow).error(), CommandError::kUnknownRoom);
  EXPECT_EQ(shard.set_epochs_allowed({6}, {}).error(), CommandError::kUnknownEndpoint);
}

TEST_F(ShardTest, RoutesStayInsideARoomAndNeverLeadBack) {
  EXPECT_TRUE(shard.add_endpoint({5}, {1}, {}, kNow).has_value());
  EXPECT_TRUE(shard.add_endpoint({6}, {2}, {}, kNow).has_value());
  EXPECT_EQ(shard.set_route({5}, {6}, true).error(), CommandError::kNotSameRoom);
  EXPECT_EQ(shard.set_route({5}, {5}, true).error(), CommandError::kNotSameRoom);
  EXPECT_EQ(shard.set_route({5}, {7}, true).error(), CommandError::kUnknownEndpoint);
}

TEST_F(ShardTest, OffersListThreeLinesForEachSenderWhoseRouteWasOpened) {
  for (std::uint64_t id : {5, 6, 7}) EXPECT_TRUE(shard.add_endpoint({id}, {1}, {id != 7}, kNow).has_value());
  EXPECT_TRUE(shard.make_offer({5})->downlinks.empty());
  EXPECT_TRUE(shard.set_route({6}, {5}, true).has_value());
  EXPECT_TRUE(shard.set_route({7}, {5}, true).has_value());  // a listener sends nothing
  const auto offer = shard.make_offer({5});
  ASSERT_EQ(offer->downlinks.size(), 3u);
  std::set<std::string> mids;
  for (const DownlinkLine& line : offer->downlinks) {
    EXPECT_EQ(line.sender, EndpointId{6});
    mids.insert(line.mid);
  }
  EXPECT_EQ(mids, (std::set<std::string>{"3", "4", "5"}));
  EXPECT_EQ(offer->generation, 2u);
  // Closing a route keeps the lines, for it may open again.
  EXPECT_TRUE(shard.set_route({6}, {5}, false).has_value());
  EXPECT_EQ(shard.make_offer({5})->downlinks.size(), 3u);
  shard.remove_endpoint({6}, kNow);
  const auto parked = shard.make_offer({5});
  EXPECT_TRUE(parked->downlinks.empty());
  EXPECT_NE(parked->sdp.find("a=mid:5"), std::string::npos);
}

TEST_F(ShardTest, AListenerIsOfferedInactiveUplinks) {
  EXPECT_TRUE(shard.add_endpoint({5}, {1}, {false}, kNow).has_value());
  const auto offer = shard.make_offer({5});
  EXPECT_EQ(offer->sdp.find("a=recvonly"), std::string::npos);
  EXPECT_NE(offer->sdp.find("a=mid:0"), std::string::npos);
}

TEST_F(ShardTest, APlainEndpointHasNoSdpAndFeedsFromItsRoomOnly) {
  PlainConfig config;
  config.uplinks.push_back({Slot::kMicrophone, Codec::kOpus, 77, 111});
  EXPECT_TRUE(shard.add_plain_endpoint({5}, {1}, config, kNow).has_value());
  EXPECT_EQ(shard.make_offer({5}).error(), CommandError::kPlain);
  config.feeds = {{5}};
  EXPECT_EQ(shard.add_plain_endpoint({6}, {2}, config, kNow).error(), CommandError::kNotSameRoom);
  EXPECT_EQ(shard.endpoint_count(), 1u);
  EXPECT_TRUE(shard.add_plain_endpoint({6}, {1}, config, kNow).has_value());
}

TEST_F(ShardTest, RemovingARoomTakesItsEndpointsWithIt) {
  EXPECT_TRUE(shard.add_endpoint({5}, {1}, {}, kNow).has_value());
  EXPECT_TRUE(shard.add_endpoint({6}, {1}, {}, kNow).has_value());
  EXPECT_TRUE(shard.add_endpoint({7}, {2}, {}, kNow).has_value());
  EXPECT_TRUE(shard.set_route({5}, {6}, true).has_value());
  shard.remove_room({1}, kNow);
  EXPECT_EQ(shard.endpoint_count(), 1u);
  EXPECT_TRUE(shard.add_room({1}, {}).has_value());
}

TEST_F(ShardTest, AnIdleShardWithoutEndpointsHasNoDeadline) {
  EXPECT_FALSE(shard.next_deadline().has_value());
  EXPECT_TRUE(shard.add_endpoint({5}, {1}, {}, kNow).has_value());
  ASSERT_TRUE(shard.next_deadline().has_value());
  shard.remove_endpoint({5}, kNow);
  shard.on_deadline(kNow + 2s);
  EXPECT_FALSE(shard.next_deadline().has_value());
}

TEST_F(ShardTest, AnEndpointThatNeverComesIsReportedAsGone) {
  EXPECT_TRUE(shard.add_endpoint({5}, {1}, {}, kNow).has_value());
  SteadyTime now = kNow;
  std::vector<Fact> facts;
  while (now < kNow + 40s) {
    now = std::max(now + 1ms, *shard.next_deadline());
    shard.on_deadline(now);
    for (Fact& fact : shard.take_facts()) facts.push_back(std::move(fact));
  }
  ASSERT_EQ(facts.size(), 1u);
  EXPECT_EQ(std::get<Disconnected>(facts[0]).why, Absence::kGone);
}

// Faults of the review: an authenticated STUN check is not return routability.
class FaultH10 : public ShardTest {
 protected:
  FaultH10() {
    PlainConfig config;
    config.fingerprint = client_certificate.fingerprint();
    ice = *shard.add_plain_endpoint({5}, {1}, config, kNow);
    crypto::Dtls::Config client_config;
    client_config.role = crypto::DtlsRole::kClient;
    client_config.certificate = &client_certificate;
    client_config.peer_fingerprint = certificate.fingerprint();
    client.emplace(std::move(*crypto::Dtls::create(client_config, kNow)));
  }
  Bytes check() {
    rtc::StunBuilder builder(rtc::StunClass::kRequest, rtc::kStunBinding, {++transaction});
    builder.username(ice.ufrag + ":x").priority(1).ice_controlling(1).use_candidate();
    return builder.finish(as_bytes(ice.pwd));
  }
  void give(Bytes datagram) {
    received += datagram.size();
    shard.handle(victim, datagram, now);
    collect();
  }
  void collect() {
    for (const auto& packet : shard.output().packets()) {
      EXPECT_EQ(packet.to, victim);
      sent += packet.size;
      answers.push_back(to_bytes(shard.output().bytes(packet)));
    }
    shard.output().clear();
  }
  void pass(Duration time) {
    const SteadyTime until = now + time;
    while (shard.next_deadline() && *shard.next_deadline() <= until) {
      now = std::max(now, *shard.next_deadline());
      shard.on_deadline(now);
      collect();
    }
    now = until;
  }

  crypto::Certificate client_certificate{
      std::move(*crypto::Certificate::make_self_signed("client", {}, {1'700'000'000'000'000}, 24h * 3650))};
  rtc::IceCredentials ice;
  std::optional<crypto::Dtls> client;
  rtc::Address victim = rtc::Address::v4({203, 0, 113, 9}, 5353);
  SteadyTime now = kNow;
  std::uint8_t transaction = 0;
  std::size_t received = 0, sent = 0;
  std::vector<Bytes> answers;
};

TEST_F(FaultH10, AForgedClientHelloDrawsNoMoreThanThreeTimesItsBytes) {
  give(check());
  for (const Bytes& datagram : client->take_outgoing()) give(datagram);
  pass(70s);
  EXPECT_GT(sent, 0u);
  EXPECT_LE(sent, 3 * received);
  EXPECT_GT(shard.counters()[Drop::kNotProven], 0u);
}

TEST_F(FaultH10, TheBoundHoldsAtEachMomentWhateverIsRepeated) {
  for (int round = 0; round < 30; ++round) {
    give(check());
    EXPECT_LE(sent, 3 * received);
    client->on_deadline(client->next_deadline().value_or(now));
    for (const Bytes& datagram : client->take_outgoing()) {
      give(datagram);
      EXPECT_LE(sent, 3 * received);
    }
    pass(1s);
    EXPECT_LE(sent, 3 * received);
  }
}

TEST_F(FaultH10, AHandshakeThatIsFinishedIsBoundNoMore) {
  // The first two answers of the server are lost; what the client repeats pays for the server's repetitions.
  // Browsers check a path that is not connected yet at least twice a second.
  int lost = 2;
  for (int round = 0; round < 200 && client->state() != crypto::DtlsState::kConnected; ++round) {
    if (round % 10 == 0) give(check());
    if (client->next_deadline() && *client->next_deadline() <= now) client->on_deadline(now);
    for (const Bytes& datagram : client->take_outgoing()) give(datagram);
    for (const Bytes& datagram : std::exchange(answers, {})) {
      const bool is_dtls = !datagram.empty() && datagram[0] >= 20;
      if (is_dtls && lost-- <= 0) client->handle(datagram, now);
    }
    pass(50ms);
  }
  EXPECT_LE(now - kNow, 5s);
  ASSERT_EQ(client->state(), crypto::DtlsState::kConnected);
  const auto facts = shard.take_facts();
  EXPECT_TRUE(std::any_of(facts.begin(), facts.end(),
                          [](const Fact& fact) { return std::holds_alternative<Connected>(fact); }));
}

TEST(ReturnBudgetTest, ForgetsTheLeastRecentlyHeardAndPromisesItNothing) {
  ReturnBudget budget;
  const auto at = [](int port) { return rtc::Address::v4({192, 0, 2, 7}, static_cast<std::uint16_t>(port)); };
  EXPECT_FALSE(budget.take(at(1), 1));
  for (int port = 1; port <= 17; ++port) budget.received(at(port), 10);
  EXPECT_FALSE(budget.take(at(1), 1));
  EXPECT_TRUE(budget.take(at(2), 30));
  EXPECT_FALSE(budget.take(at(2), 1));
  budget.received(at(2), 1);
  EXPECT_TRUE(budget.take(at(2), 3));
  budget.prove();
  EXPECT_TRUE(budget.take(at(1), 5'000));
}

}  // namespace
}  // namespace parlour::media
