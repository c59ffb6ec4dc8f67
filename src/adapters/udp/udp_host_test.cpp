// The socket thread on the loopback interface: commands, answers, facts, and an end without loose ends.
#include "udp/udp_host.h"

#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <future>
#include <mutex>

#include "coalescing.h"
#include "crypto/random.h"
#include "rtc/stun.h"

namespace parlour::udp {
namespace {

constexpr auto kPatience = std::chrono::seconds(20);

crypto::Certificate make_certificate() {
  return std::move(*crypto::Certificate::make_self_signed("test", {}, {1'700'000'000'000'000}, 24h * 3650));
}

class UdpHostTest : public ::testing::Test {
 protected:
  UdpHostTest() : certificate(make_certificate()) {
    config.bind = rtc::Address::v4({127, 0, 0, 1}, 0);
    config.certificate = &certificate;
    config.random = &random;
  }
  std::unique_ptr<UdpHost> start(UdpHost::FactsHandler on_facts = {}) {
    auto host = UdpHost::start(config, std::move(on_facts));
    EXPECT_TRUE(host.has_value());
    return std::move(*host);
  }
  template <class F>
  auto ask(UdpHost& host, F command) {
    std::promise<decltype(command(std::declval<media::Shard&>(), Now{}))> promise;
    auto future = promise.get_future();
    EXPECT_TRUE(host.post([&](media::Shard& shard, Now now) { promise.set_value(command(shard, now)); }));
    EXPECT_EQ(future.wait_for(kPatience), std::future_status::ready);
    return future.get();
  }
  crypto::Certificate certificate;
  crypto::SystemRandom random;
  UdpHostConfig config;
};

// A blocking client socket.
class Client {
 public:
  explicit Client(std::uint16_t server_port) : descriptor_(::socket(AF_INET, SOCK_DGRAM, 0)) {
    sockaddr_in to{};
    to.sin_family = AF_INET;
    to.sin_port = htons(server_port);
    to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    const timeval patience{20, 0};
    ::setsockopt(descriptor_, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
    EXPECT_EQ(::connect(descriptor_, reinterpret_cast<sockaddr*>(&to), sizeof to), 0);
  }
  ~Client() { ::close(descriptor_); }
  void send(ByteView datagram) { EXPECT_EQ(try_send(datagram), static_cast<ssize_t>(datagram.size())); }
  // Fails when the port was closed meanwhile.
  ssize_t try_send(ByteView datagram) { return ::send(descriptor_, datagram.data(), datagram.size(), 0); }
  Bytes receive() {
    Bytes datagram(2048);
    const auto size = ::recv(descriptor_, datagram.data(), datagram.size(), 0);
    datagram.resize(size < 0 ? 0 : static_cast<std::size_t>(size));
    return datagram;
  }

 private:
  int descriptor_;
};

Bytes make_check(const rtc::IceCredentials& server) {
  rtc::StunBuilder check(rtc::StunClass::kRequest, rtc::kStunBinding, {1, 2, 3});
  check.username(server.ufrag + ":peer").priority(1).ice_controlling(1).use_candidate();
  return check.finish(as_bytes(server.pwd));
}

TEST_F(UdpHostTest, RunsCommandsInOrderOnItsOwnThread) {
  auto host = start();
  std::vector<int> order;
  std::promise<std::thread::id> done;
  for (int i = 0; i < 100; ++i) host->post([&order, i](media::Shard&, Now) { order.push_back(i); });
  host->post([&](media::Shard&, Now) { done.set_value(std::this_thread::get_id()); });
  EXPECT_TRUE(done.get_future().get() != std::this_thread::get_id());
  ASSERT_EQ(order.size(), 100u);
  EXPECT_TRUE(std::is_sorted(order.begin(), order.end()));
}

TEST_F(UdpHostTest, NoCommandWaitsForAnotherEvent) {
  // Commands that come while the thread takes the ones before: nothing else would wake it.
  std::atomic<int> done = 0;
  auto host = start();
  for (int round = 1; round <= 20'000; ++round) {
    for (int i = 0; i < 3; ++i) host->post([&done](media::Shard&, Now) { done.fetch_add(1); });
    const auto end = std::chrono::steady_clock::now() + 10s;
    while (done.load() < 3 * round) {
      ASSERT_LT(std::chrono::steady_clock::now(), end) << "forgotten in round " << round;
      std::this_thread::yield();
    }
  }
}

TEST_F(UdpHostTest, AnswersACheckOverTheSocket) {
  auto host = start();
  const auto ice = ask(*host, [](media::Shard& shard, Now now) {
    EXPECT_TRUE(shard.add_room({1}, {}).has_value());
    return *shard.add_plain_endpoint({1}, {1}, {}, now.steady);
  });
  Client client(host->local_address().port());
  client.send(make_check(ice));
  const Bytes answer = client.receive();
  const auto message = rtc::StunMessage::parse(answer);
  ASSERT_TRUE(message.has_value());
  EXPECT_EQ(message->message_class(), rtc::StunClass::kSuccess);
  EXPECT_TRUE(message->verify_integrity(as_bytes(ice.pwd)));
}

TEST_F(UdpHostTest, ADualStackSocketSpeaksToIpv4) {
  config.bind = *rtc::Address::parse_ip("::", 0);
  auto started = UdpHost::start(config, {});
  if (!started) GTEST_SKIP() << "no IPv6 here: " << started.error();
  auto& host = **started;
  const auto ice = ask(host, [](media::Shard& shard, Now now) {
    EXPECT_TRUE(shard.add_room({1}, {}).has_value());
    return *shard.add_plain_endpoint({1}, {1}, {}, now.steady);
  });
  Client client(host.local_address().port());
  client.send(make_check(ice));
  const Bytes answer = client.receive();
  const auto message = rtc::StunMessage::parse(answer);
  ASSERT_TRUE(message.has_value());
  EXPECT_TRUE(message->xor_mapped_address()->is_v4());
}

TEST_F(UdpHostTest, RefusesCommandsWhenTooManyWaitAndRunsTheOthers) {
  config.commands_max = 10;
  auto host = start();
  std::promise<void> entered;
  std::promise<void> go_on;
  auto may_go_on = go_on.get_future();
  host->post([&](media::Shard&, Now) {
    entered.set_value();
    may_go_on.wait();
  });
  entered.get_future().wait();
  std::atomic<int> ran = 0;
  int accepted = 0;
  for (int i = 0; i < 25; ++i) accepted += host->post([&](media::Shard&, Now) { ++ran; }) ? 1 : 0;
  EXPECT_EQ(accepted, 10);
  go_on.set_value();
  std::promise<void> done;
  while (!host->post([&](media::Shard&, Now) { done.set_value(); })) std::this_thread::yield();
  done.get_future().wait();
  EXPECT_EQ(ran, 10);
  EXPECT_GE(host->stats().commands_refused, 15u);
}

TEST_F(UdpHostTest, HandsFactsToItsHandler) {
  std::promise<media::Fact> promise;
  std::atomic<bool> first = true;
  auto host = start([&](std::vector<media::Fact> facts) {
    if (first.exchange(false)) promise.set_value(facts.at(0));
  });
  ask(*host, [](media::Shard& shard, Now now) {
    EXPECT_TRUE(shard.add_room({1}, {}).has_value());
    EXPECT_TRUE(shard.add_endpoint({1}, {1}, {}, now.steady).has_value());
    EXPECT_TRUE(shard.add_endpoint({2}, {1}, {}, now.steady).has_value());
    return shard.set_route({1}, {2}, true).has_value();
  });
  const media::Fact fact = promise.get_future().get();
  ASSERT_TRUE(std::holds_alternative<media::OfferNeeded>(fact));
  EXPECT_EQ(std::get<media::OfferNeeded>(fact).endpoint, media::EndpointId{2});
}

TEST_F(UdpHostTest, SaysWhyAnAddressCannotBeUsed) {
  auto host = start();
  config.bind = host->local_address();
  const auto second = UdpHost::start(config, {});
  ASSERT_FALSE(second.has_value());
  EXPECT_NE(second.error().find("cannot be used"), std::string::npos);
}

TEST_F(UdpHostTest, StopsWhileOthersPostAndDatagramsCome) {
  for (int round = 0; round < 20; ++round) {
    auto host = start();
    Client client(host->local_address().port());
    std::atomic<bool> stop = false;
    std::thread sender([&] {
      while (!stop) client.try_send(as_bytes("nothing that anybody knows"));
    });
    for (int i = 0; i < 50; ++i)
      host->post([](media::Shard& shard, Now) { static_cast<void>(shard.endpoint_count()); });
    host.reset();
    stop = true;
    sender.join();
  }
}

TEST(Coalescing, IsOffWhenIdleAndOnUnderLoad) {
  Coalescing coalescing(1ms);
  SteadyTime now{1'000'000};
  EXPECT_EQ(coalescing.pause(now), Duration::zero());
  for (int i = 0; i < 100; ++i) {
    now = now + 1ms;
    coalescing.note(1, now);
  }
  EXPECT_EQ(coalescing.pause(now), Duration::zero());
  for (int i = 0; i < 100; ++i) {
    now = now + 1ms;
    coalescing.note(10, now);
  }
  EXPECT_EQ(coalescing.pause(now), Coalescing::kPause);
  for (int i = 0; i < 100; ++i) {
    now = now + 1ms;
    coalescing.note(60, now);
  }
  EXPECT_EQ(coalescing.pause(now), Coalescing::kPauseHigh);
  EXPECT_EQ(coalescing.pause(now + 1s), Duration::zero());
}

TEST(Coalescing, NeverWaitsLongerThanAllowed) {
  Coalescing coalescing(Duration::zero());
  SteadyTime now{1'000'000};
  for (int i = 0; i < 100; ++i) {
    now = now + 1ms;
    coalescing.note(60, now);
  }
  EXPECT_EQ(coalescing.pause(now), Duration::zero());
}

}  // namespace
}  // namespace parlour::udp
