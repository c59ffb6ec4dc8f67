// The vault end to end, in process: a call is synthesised with real keys and real media, sealed, opened, and
// looked at with ffprobe. Numbers in names are those of the end-to-end encryption's acceptance tests.
#include <gtest/gtest.h>

#include "test_world.h"
#include "vault_link/protocol.h"

namespace parlour::vault_test {
namespace {

class OpeningTest : public ::testing::Test {
 protected:
  static void SetUpTestSuite() {
    std::string pattern = (fs::temp_directory_path() / "parlour-media-XXXXXX").string();
    ASSERT_NE(::mkdtemp(pattern.data()), nullptr);
    folder_ = new fs::path(pattern);
    source_ = new World::Source;
    source_->opus = make_opus(*folder_, 6);
    source_->vp8 = make_vp8(*folder_, 6, 20, 20);
    ASSERT_GE(source_->opus.size(), 290u);
    ASSERT_EQ(source_->vp8.size(), 120u);
  }
  static void TearDownTestSuite() {
    fs::remove_all(*folder_);
    delete folder_;
    delete source_;
  }
  void SetUp() override {
    ::signal(SIGPIPE, SIG_IGN);
    agent_media_ = customer_media_ = *source_;
  }

  void begin(World& world) {
    world.introduce();
    world.start_part();
    world.run_epoch();
  }
  std::map<const Person*, World::Source*> both(World& world) {
    return {{world.agent, &agent_media_}, {world.customer, &customer_media_}};
  }
  void end(World& world) {
    world.tell_progress(true);
    world.clock.time_us += 100'000;
    world.close_part();
    world.open_recording();
  }

  // Every frame decodes, the person's own ones and the silence between them.
  void expect_playable(World& world, const Person& who, std::size_t audio, std::size_t video) {
    const fs::path file = world.play(who);
    ASSERT_FALSE(file.empty());
    const Probed probed = probe(file);
    const auto filled =
        static_cast<std::size_t>(world.rendition(who)->find("sound")->integer_or("filled_frames"));
    EXPECT_EQ(probed.audio_times.size(), audio + filled);
    EXPECT_EQ(probed.video_times.size(), video);
    EXPECT_EQ(probed.audio_decoded, audio + filled);
    EXPECT_EQ(probed.video_decoded, video);
    expect_without_holes(probed.audio_times);
  }
  // A player runs the sound behind a hole ahead, to the end of the file.
  static void expect_without_holes(const std::vector<double>& times) {
    for (std::size_t i = 0; i < times.size(); ++i)
      ASSERT_NEAR(times[i], 0.02 * static_cast<double>(i), 0.0011) << "frame " << i;
  }
  // Times of the person's own frames: those that are no silence of the vault's making.
  static std::vector<double> own_times(World& world, const Person& who, const std::vector<double>& times) {
    std::vector<double> own;
    const std::vector<std::pair<double, double>> filled = world.filled(who);
    for (double time : times)
      if (std::none_of(filled.begin(), filled.end(), [&](const auto& span) {
            return time * 1000 > span.first - 1 && time * 1000 < span.second - 1;
          }))
        own.push_back(time);
    return own;
  }

  static fs::path* folder_;
  static World::Source* source_;
  World::Source agent_media_, customer_media_;
};
fs::path* OpeningTest::folder_ = nullptr;
World::Source* OpeningTest::source_ = nullptr;

TEST_F(OpeningTest, E2ee18ACleanCallIsRebuiltFrameForFrameOnOneClock) {
  World world;
  begin(world);
  world.talk(both(world), 12);
  end(world);

  EXPECT_EQ(world.manifest.integer_or("coverage_permille"), 1000) << write_json(world.manifest);
  EXPECT_EQ(world.frame_faults(), 0u);
  EXPECT_TRUE(world.gaps(*world.agent, "audio").empty());
  EXPECT_TRUE(world.manifest.find("faults")->find("log")->as_array()->empty());
  EXPECT_TRUE(world.manifest.find("faults")->find("messages")->as_array()->empty());
  EXPECT_TRUE(world.manifest.find("sealed")->bool_or("chain_intact"));
  for (const Person* who : {world.agent, world.customer}) {
    EXPECT_EQ(world.frames(*who, "audio", "attested"), 600);
    EXPECT_EQ(world.frames(*who, "audio", "recovered"), 600);
    EXPECT_EQ(world.frames(*who, "video", "recovered"), 240);
    const fs::path file = world.play(*who);
    const Probed probed = probe(file);
    const std::vector<double> own_audio = own_times(world, *who, probed.audio_times);
    ASSERT_EQ(own_audio.size(), 600u);
    ASSERT_EQ(probed.audio_decoded, probed.audio_times.size());
    ASSERT_EQ(probed.video_decoded, 240u);
    expect_without_holes(probed.audio_times);
    EXPECT_LE(world.rendition(*who)->find("sound")->integer_or("filled_frames"), 2);
    EXPECT_EQ(world.rendition(*who)->integer_or("offset_ms"), 0);
    EXPECT_NEAR(probed.duration, 12, 0.1);
    const double offset = static_cast<double>(world.rendition(*who)->integer_or("offset_ms"));
    const double zero = static_cast<double>(world.manifest.integer_or("started_ms")) - kStartUs / 1000.0;
    for (const auto& [slot, times] :
         {std::pair<std::uint8_t, const std::vector<double>&>{0, own_audio},
          std::pair<std::uint8_t, const std::vector<double>&>{1, probed.video_times}}) {
      const auto& sent = world.sent_times[{who, slot}];
      ASSERT_EQ(sent.size(), times.size());
      for (std::size_t i = 0; i < times.size(); ++i) {
        const double error = zero + offset + times[i] * 1000 - static_cast<double>(sent[i]) / 1000;
        ASSERT_LT(std::abs(error), 30) << int{slot} << " " << i;  // the network's least delay is in it
      }
    }
  }
}

// FFmpeg's own reading of the file against the list in the manifest.
TEST_F(OpeningTest, FaultH3TheManifestSaysWhichBytesHoldWhichSecond) {
  World world;
  begin(world);
  world.talk(both(world), 12);
  end(world);
  const Json& rendition = *world.rendition(*world.agent);
  const JsonArray& numbers = *rendition.find("seconds")->as_array();
  ASSERT_EQ(numbers.size() % 2, 0u);
  std::vector<std::pair<std::uint64_t, std::uint64_t>> seconds;
  std::uint64_t end_of_last = 0;
  for (std::size_t i = 0; i < numbers.size(); i += 2) {
    const std::uint64_t from = end_of_last + static_cast<std::uint64_t>(*numbers[i].as_integer());
    seconds.emplace_back(from, from + static_cast<std::uint64_t>(*numbers[i + 1].as_integer()));
    end_of_last = seconds.back().second;
  }
  EXPECT_NEAR(static_cast<double>(seconds.size()), 12, 1);
  EXPECT_LT(end_of_last, static_cast<std::uint64_t>(rendition.integer_or("bytes")));
  const auto packets = packets_of(world.play(*world.agent));
  ASSERT_EQ(packets.size(), 840u);
  std::vector<std::pair<std::uint64_t, std::uint64_t>> found(seconds.size(), {~std::uint64_t{0}, 0});
  for (const PlacedPacket& packet : packets) {
    auto& span = found.at(static_cast<std::size_t>(packet.time));
    span = {std::min(span.first, packet.from), std::max(span.second, packet.to)};
  }
  for (std::size_t second = 0; second < seconds.size(); ++second) {
    ASSERT_LE(seconds[second].first, found[second].first) << second;
    EXPECT_LE(found[second].first - seconds[second].first, 16u) << "no more than the block's own head";
    EXPECT_GE(seconds[second].second, found[second].second) << second;
    EXPECT_LE(seconds[second].second - found[second].second, 4u) << second;
  }
}

// Each manifest of these tests is held to contracts/recording-manifest.schema.json (World::open_recording);
// here, that the contract refuses what it should.
TEST_F(OpeningTest, TheManifestIsAsItsContractSaysAndNoOther) {
  World world;
  begin(world);
  world.talk(both(world), 2);
  end(world);
  const Schema contract(PARLOUR_CONTRACTS "/recording-manifest.schema.json");
  ASSERT_EQ(contract.faults(world.signed_manifest), std::vector<std::string>{});
  for (const auto& [name, member] : *world.manifest.as_object()) {
    Json without = JsonObject{}, other = world.manifest;
    for (const auto& [kept, value] : *world.manifest.as_object())
      if (kept != name) without.set(kept, value);
    Json whole = world.signed_manifest;
    EXPECT_EQ(contract.faults(whole.set("manifest", without)).size(), 1u) << name;
    EXPECT_NE(contract.faults(whole.set("manifest", other.set(name, nullptr))).size(), 0u) << name;
  }
  Json more = world.manifest;
  Json whole = world.signed_manifest;
  EXPECT_EQ(contract.faults(whole.set("manifest", more.set("name", "Anna"))).size(), 1u);
  Json tracks = *world.manifest.find("tracks");
  tracks.as_array()->front().set("participant", "Anna");
  EXPECT_NE(contract.faults(whole.set("manifest", more.set("tracks", tracks))).size(), 1u);
}

TEST_F(OpeningTest, ACutOfThreeSecondsIsOneGapOfThreeSeconds) {
  World world;
  begin(world);
  world.talk(both(world), 4);
  world.talk(both(world), 3, nullptr,
             [&](const Person& who, std::uint8_t, std::size_t) { return &who != world.customer; });
  world.talk(both(world), 5);
  end(world);
  EXPECT_TRUE(world.gaps(*world.agent, "audio").empty());
  EXPECT_TRUE(world.gaps(*world.agent, "video").empty());
  for (const char* kind : {"audio", "video"}) {
    const JsonArray gaps = world.gaps(*world.customer, kind);
    ASSERT_EQ(gaps.size(), 1u) << kind << write_json(world.manifest);
    EXPECT_EQ(gaps[0].string_or("cause"), "network");
    const std::int64_t length = gaps[0].integer_or("to_ms") - gaps[0].integer_or("from_ms");
    EXPECT_NEAR(static_cast<double>(length), 3000, kind[0] == 'a' ? 50 : 300);
  }
  EXPECT_LT(world.manifest.integer_or("coverage_permille"), 1000);
  EXPECT_EQ(world.frames(*world.customer, "audio", "lost"), 150);
  EXPECT_EQ(world.frames(*world.customer, "audio", "attested"), 600);
  const auto skipped = world.frames(*world.customer, "video", "skipped");
  expect_playable(world, *world.customer, 450,
                  static_cast<std::size_t>(world.frames(*world.customer, "video", "recovered") - skipped));
}

TEST_F(OpeningTest, AMutedMinuteAndACameraSwitchedOffAreNoGap) {
  World world;
  begin(world);
  world.talk(both(world), 2);
  world.talk(both(world), 60,
             [&](const Person& who, std::uint8_t slot) { return &who != world.customer || slot != 1; });
  world.talk(both(world), 60,
             [&](const Person& who, std::uint8_t slot) { return &who != world.agent || slot != 0; });
  customer_media_.vp8_at = 0;  // a camera begins with a key frame
  world.talk(both(world), 2);
  end(world);
  EXPECT_EQ(world.manifest.integer_or("coverage_permille"), 1000);
  for (const Person* who : {world.agent, world.customer})
    for (const char* kind : {"audio", "video"}) EXPECT_TRUE(world.gaps(*who, kind).empty());
  EXPECT_EQ(world.track(*world.customer, "video")->find("intervals")->as_array()->size(), 2u);
  EXPECT_EQ(world.track(*world.agent, "audio")->find("intervals")->as_array()->size(), 2u);
}

TEST_F(OpeningTest, E2ee18WithTwoPerCentLossFramesAreThoseAttestedWithoutThoseNamed) {
  World world;
  begin(world);
  SeededRandom loss(3);
  std::size_t lost_audio = 0;
  world.talk(both(world), 20, nullptr, [&](const Person&, std::uint8_t slot, std::size_t) {
    const bool lost = loss.u32() % 100 < 2;
    lost_audio += lost && slot == 0 ? 1 : 0;
    return !lost;
  });
  end(world);
  EXPECT_EQ(world.frames(*world.agent, "audio", "lost") + world.frames(*world.customer, "audio", "lost"),
            static_cast<std::int64_t>(lost_audio));
  for (const Person* who : {world.agent, world.customer}) {
    EXPECT_EQ(world.frames(*who, "audio", "attested"), 1000);
    EXPECT_EQ(world.frames(*who, "audio", "attested"),
              world.frames(*who, "audio", "recovered") + world.frames(*who, "audio", "lost"));
    EXPECT_EQ(world.frames(*who, "video", "attested"),
              world.frames(*who, "video", "recovered") + world.frames(*who, "video", "lost"));
    EXPECT_GT(world.frames(*who, "video", "lost"), 0);
    for (const Json& gap : world.gaps(*who, "audio")) EXPECT_EQ(gap.string_or("cause"), "loss");
    expect_playable(world, *who, static_cast<std::size_t>(world.frames(*who, "audio", "recovered")),
                    static_cast<std::size_t>(world.frames(*who, "video", "recovered") -
                                             world.frames(*who, "video", "skipped")));
  }
}

TEST_F(OpeningTest, ACrashOfTheServerIsAGapOfTheServerAndTheNextPartGoesOn) {
  World world;
  begin(world);
  world.talk(both(world), 2);
  world.tell_progress(false);
  world.run_epoch();
  world.talk(both(world), 3);
  world.tell_progress(false);
  world.crash();
  // The browsers go on; the server is away for 4 s and comes back with the next part.
  world.on_packet = [](const recording::PacketRecord&) {};
  const std::int64_t crashed_at = world.clock.time_us;
  auto away = [&](double seconds) {
    const std::int64_t until = world.clock.time_us + static_cast<std::int64_t>(seconds * 1e6);
    for (; world.clock.time_us < until; world.clock.time_us += 20'000)
      for (const auto& who : world.people) world.send(*who, 0, source_->opus[0]);
  };
  away(4);
  world.on_packet = nullptr;
  world.start_part();
  agent_media_.vp8_at = customer_media_.vp8_at = 0;
  world.talk(both(world), 5);
  end(world);
  EXPECT_EQ(world.manifest.find("parts")->as_array()->size(), 2u);
  EXPECT_TRUE(world.manifest.find("parts")->as_array()->front().bool_or("recovered"));
  EXPECT_TRUE(world.manifest.find("faults")->find("log")->as_array()->empty());
  EXPECT_TRUE(world.manifest.find("faults")->find("messages")->as_array()->empty())
      << write_json(*world.manifest.find("faults"));
  const JsonArray gaps = world.gaps(*world.customer, "audio");
  ASSERT_EQ(gaps.size(), 1u);
  EXPECT_EQ(gaps[0].string_or("cause"), "server");
  EXPECT_NEAR(static_cast<double>(gaps[0].integer_or("to_ms") - gaps[0].integer_or("from_ms")), 4000, 100);
  EXPECT_NEAR(static_cast<double>(gaps[0].integer_or("from_ms") + world.manifest.integer_or("started_ms")),
              static_cast<double>(kStartUs + crashed_at) / 1000, 100);
  EXPECT_EQ(world.summary.find("intervals")->as_array()->size(), 2u);
  expect_playable(world, *world.customer, 500, 200);
}

// A server that stands still every few seconds: more spans than an entry of the log, and than a frame of the
// vault's socket, holds.
TEST_F(OpeningTest, FaultR1ARecordingOfThirteenHundredSpansIsOpened) {
  World world;
  begin(world);
  for (std::int64_t i = 0; i < 1300; ++i) {
    world.tick();
    for (const auto& who : world.people) world.send(*who, 0, source_->opus[0]);
    world.clock.time_us += 500'000;
    world.tick();
    world.clock.time_us += 2'100'000 + (i * 7919) % 1300 * 1000;
    world.next_tick_us = world.clock.time_us;
  }
  end(world);
  const JsonArray& present = *world.manifest.find("present")->as_array();
  EXPECT_GE(present.size(), 1300u);
  const JsonArray& intervals = *world.summary.find("intervals")->as_array();
  EXPECT_EQ(intervals.size(), 200u);
  EXPECT_LE(world.summary.find("gaps")->as_array()->size(), 240u);
  EXPECT_LT(write_json(world.vault->jobs().status(world.recording_id)).size(), vault_link::kJsonMax / 2);
  // Each span is in one of them, and what they hold besides is the shortest holes.
  const std::int64_t zero = world.manifest.integer_or("started_ms");
  auto time = [](const Json& pair, std::size_t which) { return *(*pair.as_array())[which].as_integer(); };
  std::size_t interval = 0;
  std::int64_t longest_joined = 0, shortest_left = INT64_MAX;
  for (std::size_t i = 0; i < present.size(); ++i) {
    const std::int64_t from = time(present[i], 0) + zero, to = time(present[i], 1) + zero;
    const std::int64_t hole = i == 0 ? 0 : from - (time(present[i - 1], 1) + zero);
    if (from > time(intervals[interval], 1) + 1) {
      ASSERT_LT(++interval, intervals.size());
      shortest_left = std::min(shortest_left, hole);
    } else {
      longest_joined = std::max(longest_joined, hole);
    }
    ASSERT_GE(from, time(intervals[interval], 0) - 1);
    ASSERT_LE(to, time(intervals[interval], 1) + 1);
  }
  EXPECT_LE(longest_joined, shortest_left + 1);
  EXPECT_NEAR(static_cast<double>(world.summary.integer_or("intervals_joined_ms")),
              static_cast<double>(longest_joined), 2);
}

TEST_F(OpeningTest, ARestartInATickIsAGapOfTheServerToo) {
  World world;
  begin(world);
  world.talk(both(world), 3);
  world.tell_progress(false);
  world.crash();
  world.on_packet = [](const recording::PacketRecord&) {};
  for (int i = 0; i < 35; ++i, world.clock.time_us += 20'000)
    for (const auto& who : world.people) world.send(*who, 0, source_->opus[0]);
  world.on_packet = nullptr;
  world.start_part();
  agent_media_.vp8_at = customer_media_.vp8_at = 0;
  world.talk(both(world), 3);
  end(world);
  const JsonArray gaps = world.gaps(*world.customer, "audio");
  ASSERT_EQ(gaps.size(), 1u);
  EXPECT_EQ(gaps[0].string_or("cause"), "server");
  EXPECT_NEAR(static_cast<double>(gaps[0].integer_or("to_ms") - gaps[0].integer_or("from_ms")), 700, 100);
}

TEST_F(OpeningTest, AnEpochOfWhichTheLogLacksTheMessagesIsAGapAndNoCoverage) {
  World world;
  begin(world);
  world.talk(both(world), 4);
  world.forgetful = true;
  world.run_epoch();
  agent_media_.vp8_at = customer_media_.vp8_at = 0;
  world.talk(both(world), 4);
  end(world);
  EXPECT_NEAR(static_cast<double>(world.manifest.integer_or("coverage_permille")), 500, 20);
  EXPECT_GT(world.frame_faults(), 400u);
  for (const Person* who : {world.agent, world.customer})
    for (const char* kind : {"audio", "video"}) {
      std::int64_t closed = 0;
      for (const Json& gap : world.gaps(*who, kind))
        if (gap.string_or("cause") == "storage")
          closed += gap.integer_or("to_ms") - gap.integer_or("from_ms");
      EXPECT_NEAR(static_cast<double>(closed), 4000, 150) << kind << write_json(world.manifest);
    }
}

TEST_F(OpeningTest, WithoutAFinalProgressTheTailIsCalledNotAttested) {
  World world;
  begin(world);
  world.talk(both(world), 6);
  world.tell_progress(false);
  world.talk(both(world), 4);
  world.close_part();
  world.open_recording();
  const JsonArray gaps = world.gaps(*world.agent, "audio");
  ASSERT_EQ(gaps.size(), 1u);
  EXPECT_EQ(gaps[0].string_or("cause"), "tail_not_attested");
  EXPECT_NEAR(static_cast<double>(gaps[0].integer_or("to_ms") - gaps[0].integer_or("from_ms")), 4000, 60);
  EXPECT_EQ(world.frames(*world.agent, "audio", "unattested"), 200);
  EXPECT_EQ(world.frames(*world.agent, "audio", "attested"), 300);
  EXPECT_EQ(world.manifest.integer_or("coverage_permille"), 1000);
  expect_playable(world, *world.agent, 500, 200);
}

TEST_F(OpeningTest, ASharedScreenIsAFileOfItsOwn) {
  World world;
  world.slots = {0, 1, 2};
  begin(world);
  world.talk(both(world), 2);
  const std::int64_t shared_at = world.clock.time_us;
  for (int i = 0; i < 40; ++i) {
    world.tick();
    world.send(*world.agent, 2, source_->vp8[static_cast<std::size_t>(i)]);
    world.clock.time_us += 50'000;
  }
  agent_media_.vp8_at = customer_media_.vp8_at = 0;
  end(world);
  EXPECT_EQ(world.manifest.integer_or("coverage_permille"), 1000);
  EXPECT_EQ(world.frames(*world.agent, "screen", "recovered"), 40);
  const Probed probed = probe(world.play(*world.agent, "screen"));
  EXPECT_EQ(probed.video_decoded, 40u);
  EXPECT_TRUE(probed.audio_times.empty());
  EXPECT_NEAR(static_cast<double>(world.rendition(*world.agent, "screen")->integer_or("offset_ms") +
                                  world.manifest.integer_or("started_ms")),
              static_cast<double>(kStartUs + shared_at) / 1000, 30);
  EXPECT_EQ(world.rendition(*world.customer, "screen"), nullptr);
}

TEST_F(OpeningTest, AChangeOfEpochIsSeamless) {
  World world;
  begin(world);
  world.talk(both(world), 4);
  world.run_epoch();
  world.talk(both(world), 4);
  world.run_epoch();
  world.talk(both(world), 4);
  end(world);
  EXPECT_EQ(world.manifest.integer_or("coverage_permille"), 1000)
      << write_json(*world.manifest.find("tracks"));
  EXPECT_EQ(world.frame_faults(), 0u);
  EXPECT_EQ(world.manifest.find("calls")->as_array()->front().find("rosters")->as_array()->size(), 3u);
  expect_playable(world, *world.customer, 600, 240);
}

TEST_F(OpeningTest, E2ee13APauseStaysClosedToTheVaultEvenWhenItsCiphertextIsStored) {
  World world;
  begin(world);
  world.talk(both(world), 4);
  world.run_epoch(e2ee::CallMode::kPaused);
  const std::int64_t paused_at = world.clock.time_us;
  world.talk(both(world), 3);  // a server that writes on in a pause
  world.run_epoch();
  const std::int64_t resumed_at = world.clock.time_us;
  world.talk(both(world), 4);
  end(world);
  const JsonArray& pauses = *world.manifest.find("pauses")->as_array();
  ASSERT_EQ(pauses.size(), 1u);
  const JsonArray& pause = *pauses[0].as_array();
  const double started = static_cast<double>(world.manifest.integer_or("started_ms"));
  EXPECT_NEAR(static_cast<double>(*pause[0].as_integer()) + started,
              static_cast<double>(kStartUs + paused_at) / 1000, 200);
  EXPECT_NEAR(static_cast<double>(*pause[1].as_integer()) + started,
              static_cast<double>(kStartUs + resumed_at) / 1000, 200);
  EXPECT_EQ(world.frames(*world.agent, "audio", "recovered"), 400);
  EXPECT_EQ(world.frames(*world.agent, "audio", "attested"), 400);
  EXPECT_EQ(world.frame_faults(), 0u);
  EXPECT_EQ(world.manifest.integer_or("coverage_permille"), 1000);
}

TEST_F(OpeningTest, E2ee19DeletedDoubledReorderedAndAlteredPacketsAreNamed) {
  World world;
  begin(world);
  int number = 0;
  const std::uint32_t agent_audio = world.stream_of(*world.agent, 0).info.stream;
  Bytes kept_header, kept_payload;
  world.on_packet = [&](const recording::PacketRecord& record) {
    if (record.stream != agent_audio) return world.put(record);
    ++number;
    if (number == 100) return;  // deleted
    if (number == 150) {        // doubled
      world.put(record);
      return world.put(record);
    }
    if (number == 200) {  // altered
      Bytes payload = to_bytes(record.payload);
      payload[payload.size() / 2] ^= 1;
      recording::PacketRecord altered = record;
      altered.payload = payload;
      return world.put(altered);
    }
    if (number == 300) {  // kept for later
      kept_header = to_bytes(record.rtp_header);
      kept_payload = to_bytes(record.payload);
      return;
    }
    if (number == 301) {  // and its frame put in another's place: a replay
      recording::PacketRecord replayed = record;
      replayed.payload = kept_payload;
      recording::PacketRecord original = record;
      original.sequence = record.sequence - 1;
      original.rtp_header = kept_header;
      original.payload = kept_payload;
      world.put(original);
      return world.put(replayed);
    }
    world.put(record);
  };
  world.talk(both(world), 10);
  end(world);
  std::multiset<std::string> faults;
  for (const Json& fault : *world.manifest.find("faults")->find("frames")->as_array())
    faults.insert(fault.string_or("what") + ":" + fault.string_or("counter"));
  EXPECT_EQ(faults.size(), 3u) << write_json(*world.manifest.find("faults"));
  EXPECT_EQ(faults.count("not_authentic:199"), 1u);
  EXPECT_EQ(faults.count("order:299"), 1u);
  EXPECT_EQ(world.frames(*world.agent, "audio", "attested"), 500);
  EXPECT_EQ(world.frames(*world.agent, "audio", "recovered"), 497);
  EXPECT_EQ(world.frames(*world.agent, "audio", "lost"), 3);
  EXPECT_EQ(world.gaps(*world.agent, "audio").size(), 3u);
  EXPECT_EQ(world.frames(*world.customer, "audio", "recovered"), 500);
}

TEST_F(OpeningTest, ADamagedSegmentCostsWhatIsDamagedAndIsNamed) {
  World world;
  begin(world);
  world.talk(both(world), 25);
  world.tell_progress(true);
  world.close_part();
  const vault::EntryProof proof = world.seal_entry();
  const fs::path second = world.root / "recordings" / world.recording_id.text() / "000001.seg";
  {
    std::fstream file(second, std::ios::in | std::ios::out | std::ios::binary);
    file.seekp(static_cast<std::streamoff>(fs::file_size(second) / 2));
    file.put('\x55');
  }
  auto started = world.vault->jobs().start(world.recording_id, proof, world.envelopes);
  ASSERT_TRUE(started);
  while (world.vault->jobs().status(world.recording_id).string_or("state") != "done")
    std::this_thread::sleep_for(std::chrono::milliseconds(2));
  const Bytes text = *world.vault->jobs().manifest(world.recording_id);
  world.manifest =
      *parse_json(as_text(text), {.bytes = 16 << 20, .depth = 32, .values = 1'000'000})->find("manifest");
  EXPECT_FALSE(world.manifest.find("sealed")->bool_or("chain_intact", true));
  bool named = false;
  for (const Json& fault : *world.manifest.find("faults")->find("log")->as_array())
    named = named || (fault.integer_or("segment") == 1 && fault.integer_or("offset") > 0);
  EXPECT_TRUE(named);
  const JsonArray gaps = world.gaps(*world.agent, "audio");
  ASSERT_EQ(gaps.size(), 1u);
  EXPECT_EQ(gaps[0].string_or("cause"), "storage");
  EXPECT_LE(world.frames(*world.agent, "audio", "lost"), 75);
  EXPECT_GT(world.frames(*world.agent, "audio", "recovered"), 1150);
}

TEST_F(OpeningTest, NoNameNoKeyAndNoPlainFrameIsInWhatLiesOnTheDisk) {
  World world;
  begin(world);
  world.talk(both(world), 3);
  end(world);
  const std::string frame = to_string(ByteView(source_->vp8[0]).subspan(20, 32));
  const std::string sound = to_string(ByteView(source_->opus[10]).subspan(5, 32));
  std::vector<std::string> secrets{"Canary Name", frame, sound};
  for (const auto& who : world.people)
    for (const auto& [key, base] : who->base_keys) secrets.push_back(to_string(base));
  for (const auto& [part, dek] : world.deks) secrets.push_back(to_string(dek));
  for (const auto& found : fs::recursive_directory_iterator(world.root)) {
    if (!found.is_regular_file()) continue;
    const std::string content = to_string(read_whole(found.path()));
    for (const std::string& secret : secrets)
      EXPECT_EQ(content.find(secret), std::string::npos) << found.path().filename();
  }
}

// A server that lies about which meeting it recorded: its log says of call A that it is a recording of
// meeting B. The entry is true to the log's key; what the steward signed is not what it says.
TEST_F(OpeningTest, FaultH9ACallIsOpenedOnlyAsARecordingOfTheMeetingThatItsRostersName) {
  World world;
  world.signed_meeting[15] ^= 1;
  begin(world);
  world.talk(both(world), 1);
  world.tell_progress(true);
  world.close_part();
  const Json refused = world.opening_outcome();
  EXPECT_EQ(refused.string_or("state"), "failed");
  EXPECT_EQ(refused.string_or("code"), "recording.other_meeting") << write_json(refused);
  EXPECT_NE(refused.string_or("text").find(uuid_to_text(world.signed_meeting)), std::string::npos);
  EXPECT_NE(refused.string_or("text").find(kMeeting), std::string::npos);
  EXPECT_FALSE(fs::exists(world.root / "vault" / "renditions" / world.recording_id.text()));
}

// Made by a program before this one: refused in words, not opened in half.
TEST_F(OpeningTest, ARecordingWhoseRostersNameNoMeetingIsRefused) {
  World world;
  begin(world);
  world.talk(both(world), 1);
  const e2ee::SignedMessage now = e2ee::sign(world.next_roster(), world.agent->hello.ep, world.agent->sig);
  auto body = parse_json(as_text(now.body));
  JsonObject earlier;
  for (const JsonMember& member : *body->as_object())
    if (member.first != "meeting") earlier.push_back(member);
  world.log_message(write_json(e2ee::to_json(e2ee::sign_message(
      e2ee::MessageType::kRoster, now.signer, to_bytes(write_json(Json(earlier))), world.agent->sig))));
  world.close_part();
  const Json refused = world.opening_outcome();
  EXPECT_EQ(refused.string_or("code"), "recording.earlier_form") << write_json(refused);
}

TEST_F(OpeningTest, AJobNeedsItsEntryItsEnvelopesAndRunsAgainWithoutHarm) {
  World world;
  begin(world);
  world.talk(both(world), 2);
  world.tell_progress(true);
  world.close_part();
  const vault::EntryProof sealed = world.seal_entry();
  auto code = [&](vault::EntryProof proof, std::vector<recording::PartEnvelope> envelopes) {
    auto started = world.vault->jobs().start(world.recording_id, proof, std::move(envelopes));
    return started ? std::string("started") : started.error().code;
  };
  vault::EntryProof altered = sealed;
  altered.entry.replace(altered.entry.find("\"segments\":"), 12, "\"segments\":9");
  EXPECT_EQ(code(altered, world.envelopes), "proof.invalid");
  vault::EntryProof foreign = sealed;
  foreign.checkpoint =
      audit::sign_checkpoint(world.vault->heads().last().checkpoint, crypto::Ed25519Key::generate());
  EXPECT_EQ(code(foreign, world.envelopes), "proof.checkpoint");
  EXPECT_EQ(code(world.play_entry("s"), world.envelopes), "job.entry");
  auto swapped = world.envelopes;
  swapped[0].ct[3] ^= 1;
  EXPECT_EQ(code(sealed, swapped), "job.envelopes");
  EXPECT_EQ(code(sealed, {}), "job.envelopes");

  world.open_recording();
  const std::string first = write_json(*world.manifest.find("tracks"));
  const auto envelope = world.envelope;
  auto made = [&] {
    return *from_hex(world.vault->jobs().status(world.recording_id).string_or("manifest_sha256"));
  };
  crypto::Hash256 manifest{};
  const Bytes hash = made();
  std::copy(hash.begin(), hash.end(), manifest.begin());
  // Only for what was stored: the key of anything else would be lost with it.
  auto other = world.vault->jobs().acknowledge(world.recording_id, crypto::sha256(as_bytes("another")));
  ASSERT_FALSE(other);
  EXPECT_EQ(other.error().code, "job.other");
  EXPECT_EQ(world.vault->jobs().status(world.recording_id).find("envelopes")->as_array()->size(), 1u);
  ASSERT_TRUE(world.vault->jobs().acknowledge(world.recording_id, manifest));
  EXPECT_TRUE(world.vault->jobs().acknowledge(world.recording_id, manifest)) << "and again";
  EXPECT_TRUE(world.vault->jobs().status(world.recording_id).find("envelopes")->as_array()->empty());
  world.open_vault();  // a restart
  EXPECT_EQ(world.vault->jobs().status(world.recording_id).string_or("state"), "done");
  world.open_recording();
  EXPECT_EQ(write_json(*world.manifest.find("tracks")), first);
  EXPECT_NE(world.envelope.ct, envelope.ct);
}

std::string opening_code(World& world) {
  const vault::EntryProof proof = world.seal_entry();
  auto started = world.vault->jobs().start(world.recording_id, proof, world.envelopes);
  if (!started) return started.error().code;
  Json status;
  do {
    status = world.vault->jobs().status(world.recording_id);
    std::this_thread::sleep_for(std::chrono::milliseconds(2));
  } while (status.string_or("state") == "queued" || status.string_or("state") == "running");
  return status.string_or("state") == "done" ? "done" : status.string_or("code");
}

// Of a server that does not bound what its media plane lets through.
TEST_F(OpeningTest, FaultH6ALogOfMoreStreamsThanAnyCallMakesFailsByName) {
  for (const std::size_t more : {std::size_t{0}, std::size_t{1}}) {
    World world;
    begin(world);
    world.talk(both(world), 1);
    while (world.streams.size() > 0 && world.next_stream() <= vault::kStreamsMax + more) {
      recording::StreamAddedRecord added = world.streams.begin()->second.info;
      added.stream = world.take_stream();
      world.put(added);
      world.put(recording::StreamRemovedRecord{added.stream, world.clock.now().steady});
    }
    world.tell_progress(true);
    world.clock.time_us += 100'000;
    world.close_part();
    EXPECT_EQ(opening_code(world), more == 0 ? "done" : "recording.streams");
  }
}

}  // namespace
}  // namespace parlour::vault_test
