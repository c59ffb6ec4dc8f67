#include "media_local/local_media_plane.h"

#include <gtest/gtest.h>

#include <future>

#include "crypto/random.h"

namespace parlour::media_local {
namespace {

class LocalMediaPlaneTest : public ::testing::Test {
 protected:
  LocalMediaPlaneTest()
      : certificate(std::move(
            *crypto::Certificate::make_self_signed("test", {}, {1'700'000'000'000'000}, 24h * 3650))) {
    config.bind = rtc::Address::v4({127, 0, 0, 1}, 0);
    config.certificate = &certificate;
    config.random = &random;
  }
  crypto::Certificate certificate;
  crypto::SystemRandom random;
  udp::UdpHostConfig config;
};

TEST_F(LocalMediaPlaneTest, AnswersEachCommandOnceAndInOrder) {
  auto plane = std::move(*LocalMediaPlane::start(config, {}));
  std::vector<std::string> replies;
  std::promise<Result<media::Offer, media::CommandError>> offer;
  plane->add_room({1}, {}, [&](auto result) { replies.push_back(result ? "room" : "no room"); });
  plane->add_room({1}, {},
                  [&](auto result) { replies.push_back(std::string(media::to_text(result.error()))); });
  plane->add_endpoint({5}, {1}, {},
                      [&](auto result) { replies.push_back(result ? "endpoint" : "no endpoint"); });
  plane->accept_answer({5}, 1, "v=0", [&](auto result) {
    replies.push_back(std::string(media::to_text(result.error().code)));
  });
  plane->make_offer({5}, [&](auto result) { offer.set_value(std::move(result)); });
  const auto made = offer.get_future().get();
  ASSERT_TRUE(made.has_value());
  EXPECT_NE(made->sdp.find("a=ice-lite"), std::string::npos);
  // The bound port is in the offer although the configuration did not know it.
  EXPECT_NE(made->sdp.find(" 127.0.0.1 " + std::to_string(plane->local_address().port()) + " typ host"),
            std::string::npos);
  EXPECT_EQ(replies, (std::vector<std::string>{"room", "already_there", "endpoint", "no_offer"}));
}

TEST_F(LocalMediaPlaneTest, SaysBusyAtOnceWhenTheQueueIsFull) {
  config.commands_max = 1;
  auto plane = std::move(*LocalMediaPlane::start(config, {}));
  std::promise<void> entered;
  std::promise<void> go_on;
  plane->add_room({1}, {}, [&](auto) {
    entered.set_value();
    go_on.get_future().wait();
  });
  entered.get_future().wait();
  std::promise<void> second;
  plane->add_room({2}, {}, [&](auto) { second.set_value(); });
  std::optional<media::CommandError> refused;
  plane->add_room({3}, {}, [&](auto result) { refused = result.error(); });
  EXPECT_EQ(refused, media::CommandError::kBusy);
  go_on.set_value();
  second.get_future().wait();
}

TEST_F(LocalMediaPlaneTest, CommandsWithoutAReplyAreRunToo) {
  auto plane = std::move(*LocalMediaPlane::start(config, {}));
  plane->add_room({1}, {}, nullptr);
  plane->add_endpoint({1}, {1}, {}, nullptr);
  std::promise<std::size_t> endpoints;
  plane->read_counters([&](const media::Counters&, std::size_t count) { endpoints.set_value(count); });
  EXPECT_EQ(endpoints.get_future().get(), 1u);
}

}  // namespace
}  // namespace parlour::media_local
