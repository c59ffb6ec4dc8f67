#include "world.h"

#include <gtest/gtest.h>

#include <algorithm>

namespace parlour::simulation {

namespace {

std::unique_ptr<crypto::Certificate> make_certificate(std::string_view name) {
  auto made = crypto::Certificate::make_self_signed(name, {}, {1'700'000'000'000'000}, 24h * 3650);
  return std::make_unique<crypto::Certificate>(std::move(*made));
}

}  // namespace

World::World(std::uint64_t seed, const NetworkConfig& network_config)
    : certificate(make_certificate("server")),
      browser_certificate(make_certificate("browser")),
      random(seed),
      network(seed ^ 0xABCDEF, network_config),
      seed_(seed) {
  media::ShardConfig config{certificate.get(), &random, {server}};
  shard = std::make_unique<media::Shard>(config);
  EXPECT_TRUE(shard->add_room(kRoom, {}).has_value());
}

Browser& World::join(std::uint64_t id, Browser::Config config) {
  EXPECT_TRUE(shard->add_endpoint({id}, kRoom, {}, now).has_value());
  if (config.index == 0) config.index = static_cast<std::uint8_t>(id);
  if (config.guarded) {
    EXPECT_TRUE(shard->set_guard({id}, {true, config.index, config.epoch}).has_value());
  }
  const auto address =
      rtc::Address::v4({198, 51, 100, static_cast<std::uint8_t>(id)}, static_cast<std::uint16_t>(5000 + id));
  browsers_[id] = std::make_unique<Browser>(*browser_certificate, address, seed_ * 1000 + id, config, now);
  return *browsers_[id];
}

void World::negotiate(std::uint64_t id) {
  const auto offer = shard->make_offer({id});
  ASSERT_TRUE(offer.has_value());
  lines_[id] = offer->downlinks;
  const std::string answer = browser(id).answer(offer->sdp, now);
  const auto accepted = shard->accept_answer({id}, offer->generation, answer, now);
  ASSERT_TRUE(accepted.has_value()) << media::to_text(accepted.error().code) << " "
                                    << (accepted.error().sdp ? rtc::to_text(accepted.error().sdp->code) : "")
                                    << " line " << (accepted.error().sdp ? accepted.error().sdp->line : 0)
                                    << "\n"
                                    << answer;
  drain();
}

void World::allow(std::uint64_t from, std::uint64_t to, bool allowed) {
  ASSERT_TRUE(shard->set_route({from}, {to}, allowed).has_value());
  drain();
  if (allowed) negotiate(to);
}

void World::allow_all() {
  for (auto& [from, sender] : browsers_) {
    for (auto& [to, receiver] : browsers_) {
      if (from == to) continue;
      ASSERT_TRUE(shard->set_route({from}, {to}, true).has_value());
    }
  }
  for (auto& [id, browser] : browsers_) negotiate(id);
}

void World::start_call(std::vector<std::uint64_t> ids) {
  for (const std::uint64_t id : ids) {
    if (!browsers_.contains(id)) join(id);
  }
  allow_all();
  ASSERT_TRUE(run_until([&] {
    return std::all_of(ids.begin(), ids.end(), [&](std::uint64_t id) { return browser(id).connected(); });
  }));
  for (const std::uint64_t id : ids) browser(id).start_media(now);
}

void World::remove(std::uint64_t id) {
  shard->remove_endpoint({id}, now);
  browsers_.erase(id);
  drain();
}

void World::inject(const rtc::Address& from, Bytes datagram) {
  shard->handle(from, datagram, now);
  drain();
}

ReceivedStream& World::heard(std::uint64_t to, std::uint64_t from, media::Slot slot) {
  for (const media::DownlinkLine& line : lines_[to]) {
    if (line.sender.value == from && line.slot == slot) return browser(to).stream(line.mid);
  }
  static ReceivedStream none;
  none = {};
  return none;
}

void World::drain() {
  media::OutputBatch& output = shard->output();
  for (const auto& packet : output.packets()) {
    network.send({server, packet.to, to_bytes(output.bytes(packet))}, now);
  }
  output.clear();
  for (media::Fact& fact : shard->take_facts()) facts.push_back(std::move(fact));
  for (auto& [id, browser] : browsers_) {
    for (Datagram& datagram : browser->take_outgoing()) network.send(std::move(datagram), now);
  }
}

bool World::step(SteadyTime until) {
  SteadyTime next = until;
  if (const auto due = shard->next_deadline()) next = std::min(next, *due);
  if (const auto due = network.next_arrival()) next = std::min(next, *due);
  for (auto& [id, browser] : browsers_) next = std::min(next, browser->next_deadline());
  now = std::max(now, next);
  while (auto datagram = network.take_arrived(now)) {
    if (datagram->to == server) {
      shard->handle(datagram->from, datagram->bytes, now);
    } else {
      for (auto& [id, browser] : browsers_) {
        if (browser->address() == datagram->to) browser->handle(datagram->bytes, now);
      }
    }
    drain();
  }
  if (const auto due = shard->next_deadline(); due && *due <= now) shard->on_deadline(now);
  for (auto& [id, browser] : browsers_) {
    if (browser->next_deadline() <= now) browser->on_deadline(now);
  }
  drain();
  return now < until;
}

void World::run(Duration time) {
  const SteadyTime until = now + time;
  while (step(until)) {
  }
}

bool World::run_until(const std::function<bool()>& condition, Duration limit) {
  const SteadyTime until = now + limit;
  while (!condition()) {
    if (!step(until)) return condition();
  }
  return true;
}

}  // namespace parlour::simulation
