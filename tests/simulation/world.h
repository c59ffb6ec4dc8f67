// One shard, one network, any number of simulated browsers, on one virtual clock.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <vector>

#include "browser.h"
#include "crypto/certificate.h"
#include "media/shard.h"
#include "network.h"

namespace parlour::simulation {

// What the recorder would have got.
class RecordingSink final : public media::Sink {
 public:
  struct Stream {
    media::StreamInfo info;
    bool removed = false;
    std::set<std::uint64_t> sequences;
    std::uint64_t packets = 0;
    std::uint64_t repeated = 0;
    std::uint64_t reports = 0;
  };
  void on_stream_added(const media::StreamInfo& stream, SteadyTime) override {
    streams[stream.stream].info = stream;
  }
  void on_stream_removed(std::uint32_t stream, SteadyTime) override { streams[stream].removed = true; }
  void on_packet(std::uint32_t stream, std::uint64_t sequence, SteadyTime, ByteView, ByteView) override {
    Stream& of = streams[stream];
    ++of.packets;
    if (!of.sequences.insert(sequence).second) ++of.repeated;
  }
  void on_sender_report(std::uint32_t stream, std::uint32_t, std::uint64_t, SteadyTime) override {
    ++streams[stream].reports;
  }
  std::uint64_t packets() const {
    std::uint64_t sum = 0;
    for (const auto& [id, stream] : streams) sum += stream.packets;
    return sum;
  }
  std::map<std::uint32_t, Stream> streams;
};

class World {
 public:
  explicit World(std::uint64_t seed = 1, const NetworkConfig& network = {});

  static constexpr media::RoomId kRoom{7};

  // A browser in the room with the guard set for its index; not yet negotiated.
  Browser& join(std::uint64_t id, Browser::Config config = {});
  // Offers and answers until nobody needs an offer. Signalling takes no time and loses nothing.
  void negotiate(std::uint64_t id);
  void allow(std::uint64_t from, std::uint64_t to, bool allowed = true);
  void allow_all();
  // Negotiates, connects and starts the media of everybody; routes as allow_all().
  void start_call(std::vector<std::uint64_t> ids);

  void run(Duration time);
  // Runs until the condition holds; false: not within the limit.
  bool run_until(const std::function<bool()>& condition, Duration limit = 10s);
  // A datagram that no browser has sent.
  void inject(const rtc::Address& from, Bytes datagram);

  Browser& browser(std::uint64_t id) { return *browsers_.at(id); }
  void remove(std::uint64_t id);
  // The stream of `from` in `slot` as `to` receives it.
  ReceivedStream& heard(std::uint64_t to, std::uint64_t from, media::Slot slot);
  template <class F>
  std::size_t count_facts(F&& matches) const {
    return static_cast<std::size_t>(std::count_if(facts.begin(), facts.end(), matches));
  }
  template <class T>
  std::vector<T> facts_of() const {
    std::vector<T> found;
    for (const media::Fact& fact : facts) {
      if (const T* is = std::get_if<T>(&fact)) found.push_back(*is);
    }
    return found;
  }

  SteadyTime now{1'000'000'000};
  std::unique_ptr<crypto::Certificate> certificate;
  std::unique_ptr<crypto::Certificate> browser_certificate;
  SeededRandom random;
  Network network;
  rtc::Address server = rtc::Address::v4({192, 0, 2, 1}, 443);
  std::unique_ptr<media::Shard> shard;
  std::vector<media::Fact> facts;

 private:
  void drain();
  bool step(SteadyTime until);

  std::map<std::uint64_t, std::unique_ptr<Browser>> browsers_;
  std::map<std::uint64_t, std::vector<media::DownlinkLine>> lines_;
  std::size_t facts_seen_ = 0;
  std::uint64_t seed_;
};

}  // namespace parlour::simulation
