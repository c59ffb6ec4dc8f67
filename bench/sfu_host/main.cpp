// sfu_host: Parlour's media plane alone, without signalling, accounts, recording or a database, for
// measurements.
//
// Environment: PORT (control, on 127.0.0.1), IP (address for media; default 127.0.0.1). The calls are /room,
// /publish, /subscribe, /resume and /reset with plain transport parameters instead of SDP. The ingress guard
// is on for tracks that name an SFrame key id (kid), so its cost is part of what is measured.
#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <future>
#include <map>
#include <mutex>
#include <optional>
#include <set>
#include <utility>

#include "base/encoding.h"
#include "control.h"
#include "crypto/certificate.h"
#include "crypto/random.h"
#include "rtc/sdp.h"
#include "udp/udp_host.h"

namespace {

using namespace parlour;

constexpr std::size_t kRoomMax = 1'000;  // a fan-out has more receivers than a call

std::optional<crypto::Hash256> read_fingerprint(std::string text) {
  std::erase(text, ':');
  std::transform(text.begin(), text.end(), text.begin(),
                 [](char c) { return c >= 'A' && c <= 'F' ? static_cast<char>(c - 'A' + 'a') : c; });
  const auto bytes = from_hex(text);
  crypto::Hash256 fingerprint;
  if (!bytes || bytes->size() != fingerprint.size()) return std::nullopt;
  std::copy(bytes->begin(), bytes->end(), fingerprint.begin());
  return fingerprint;
}

Json refusal(std::string_view why) {
  return JsonObject{{"error", why}};
}

class Host {
 public:
  Host(udp::UdpHost& media, const crypto::Certificate& certificate, std::string ip)
      : media_(media), fingerprint_(rtc::fingerprint_text(certificate.fingerprint())), ip_(std::move(ip)) {}

  Json handle(std::string_view path, const Json& body) {
    const auto room = static_cast<std::uint64_t>(body.integer_or("room"));
    const auto peer = static_cast<std::uint64_t>(body.integer_or("peer"));
    if (path == "/room") return add_room(room);
    if (path == "/publish") return publish(room, peer, body);
    if (path == "/subscribe") return subscribe(room, peer, body);
    if (path == "/resume") return resume(room, peer);
    if (path == "/reset") return reset();
    return refusal("no such call");
  }

 private:
  struct Subscriber {
    media::EndpointId endpoint;
    std::vector<media::EndpointId> feeds;
  };
  using PeerKey = std::pair<std::uint64_t, std::uint64_t>;  // room, peer

  // Runs on the shard's thread and waits for what it gives back.
  template <class F>
  auto on_shard(F command) {
    using R = decltype(command(std::declval<media::Shard&>(), Now{}));
    auto promise = std::make_shared<std::promise<R>>();
    auto result = promise->get_future();
    while (!media_.post(
        [promise, command](media::Shard& shard, Now now) { promise->set_value(command(shard, now)); })) {
      std::this_thread::sleep_for(std::chrono::milliseconds(1));
    }
    return result.get();
  }

  Json transport(const Result<rtc::IceCredentials, media::CommandError>& added) const {
    if (!added) return refusal(media::to_text(added.error()));
    return JsonObject{{"ufrag", added->ufrag},
                      {"pwd", added->pwd},
                      {"fingerprint", fingerprint_},
                      {"ip", ip_},
                      {"port", media_.local_address().port()}};
  }

  Json add_room(std::uint64_t room) {
    const auto added = on_shard([room](media::Shard& shard, Now) {
      media::RoomConfig config;
      config.endpoints_max = kRoomMax;
      return shard.add_room({room}, config);
    });
    if (!added) return refusal(media::to_text(added.error()));
    const std::lock_guard lock(mutex_);
    rooms_.insert(room);
    return JsonObject{};
  }

  Json publish(std::uint64_t room, std::uint64_t peer, const Json& body) {
    const auto fingerprint = read_fingerprint(body.string_or("fingerprint"));
    const Json* tracks = body.find("tracks");
    if (!fingerprint || tracks == nullptr || tracks->as_array() == nullptr)
      return refusal("fingerprint and tracks");
    media::PlainConfig config;
    config.fingerprint = *fingerprint;
    std::uint64_t kid = 0;
    for (const Json& track : *tracks->as_array()) {
      const bool video = track.string_or("kind") == "video";
      config.uplinks.push_back({video ? media::Slot::kCamera : media::Slot::kMicrophone,
                                video ? media::Codec::kVp8 : media::Codec::kOpus,
                                static_cast<std::uint32_t>(track.integer_or("ssrc")),
                                static_cast<std::uint8_t>(track.integer_or("pt"))});
      kid = std::max(kid, static_cast<std::uint64_t>(track.integer_or("kid")));
    }
    media::GuardConfig guard;
    guard.enabled = kid != 0;
    guard.index = static_cast<std::uint8_t>(kid >> 4);
    guard.newest_epoch = static_cast<std::uint16_t>(kid >> 12);
    const media::EndpointId endpoint{next_endpoint_.fetch_add(1)};
    {
      const std::lock_guard lock(mutex_);
      publishers_[{room, peer}] = endpoint;
    }
    return transport(on_shard([=](media::Shard& shard, Now now) {
      auto added = shard.add_plain_endpoint(endpoint, {room}, config, now.steady);
      if (added) static_cast<void>(shard.set_guard(endpoint, guard).has_value());
      return added;
    }));
  }

  Json subscribe(std::uint64_t room, std::uint64_t peer, const Json& body) {
    const auto fingerprint = read_fingerprint(body.string_or("fingerprint"));
    const Json* feeds = body.find("feeds");
    if (!fingerprint || feeds == nullptr || feeds->as_array() == nullptr)
      return refusal("fingerprint and feeds");
    media::PlainConfig config;
    config.fingerprint = *fingerprint;
    const media::EndpointId endpoint{next_endpoint_.fetch_add(1)};
    {
      const std::lock_guard lock(mutex_);
      for (const Json& feed : *feeds->as_array()) {
        const auto* number = feed.as_integer();
        const auto found =
            publishers_.find({room, number != nullptr ? static_cast<std::uint64_t>(*number) : 0});
        if (found == publishers_.end()) return refusal("no such feed");
        config.feeds.push_back(found->second);
      }
      subscribers_[{room, peer}] = {endpoint, config.feeds};
    }
    return transport(on_shard([=](media::Shard& shard, Now now) {
      return shard.add_plain_endpoint(endpoint, {room}, config, now.steady);
    }));
  }

  Json resume(std::uint64_t room, std::uint64_t peer) {
    Subscriber subscriber;
    {
      const std::lock_guard lock(mutex_);
      const auto found = subscribers_.find({room, peer});
      if (found == subscribers_.end()) return refusal("no such subscriber");
      subscriber = found->second;
    }
    const auto opened = on_shard([=](media::Shard& shard, Now) {
      for (const media::EndpointId feed : subscriber.feeds) {
        if (auto result = shard.set_route(feed, subscriber.endpoint, true); !result) return result;
      }
      return Result<void, media::CommandError>();
    });
    return opened ? Json(JsonObject{}) : refusal(media::to_text(opened.error()));
  }

  Json reset() {
    std::set<std::uint64_t> rooms;
    {
      const std::lock_guard lock(mutex_);
      rooms.swap(rooms_);
      publishers_.clear();
      subscribers_.clear();
    }
    on_shard([rooms](media::Shard& shard, Now now) {
      for (const std::uint64_t room : rooms) shard.remove_room({room}, now.steady);
      return true;
    });
    return JsonObject{};
  }

  udp::UdpHost& media_;
  std::string fingerprint_;
  std::string ip_;
  std::atomic<std::uint64_t> next_endpoint_ = 1;
  std::mutex mutex_;
  std::set<std::uint64_t> rooms_;
  std::map<PeerKey, media::EndpointId> publishers_;
  std::map<PeerKey, Subscriber> subscribers_;
};

std::string environment(const char* name, const char* fallback) {
  const char* value = std::getenv(name);
  return value != nullptr ? value : fallback;
}

int refuse_to_start(std::string_view why) {
  std::fprintf(stderr, "sfu_host: %.*s\n", static_cast<int>(why.size()), why.data());
  return 1;
}

}  // namespace

int main() {
  const std::string ip = environment("IP", "127.0.0.1");
  const int port = std::atoi(environment("PORT", "4200").c_str());
  const auto address = rtc::Address::parse_ip(ip, 0);
  if (!address || port <= 0 || port > 65535) return refuse_to_start("IP or PORT is not usable");
  const UtcTime now{std::chrono::duration_cast<std::chrono::microseconds>(
                        std::chrono::system_clock::now().time_since_epoch())
                        .count()};
  auto certificate = crypto::Certificate::make_self_signed("sfu-host", {}, now - 24h, 30 * 24h);
  if (!certificate) return refuse_to_start("no certificate");
  crypto::SystemRandom random;
  udp::UdpHostConfig config;
  config.bind = *address;
  config.certificate = &*certificate;
  config.random = &random;
  config.coalesce_max = Duration(std::atoi(environment("COALESCE_US", "1000").c_str()));
  auto media = udp::UdpHost::start(config, [](std::vector<media::Fact>) {});
  if (!media) return refuse_to_start(media.error());
  Host host(**media, *certificate, ip);
  const bench::ControlHandler handler = [&](std::string_view path, const Json& body) {
    return host.handle(path, body);
  };
  if (!bench::serve_control(static_cast<std::uint16_t>(port), handler)) {
    return refuse_to_start("the control port cannot be used");
  }
  return 0;
}
