// Fault A1 and A2: simulated browsers with real keys and real media, through the real media server, recorder
// and vault, on virtual time, with troubles drawn from a seed. Then each file is played as a viewer would:
// own tone against own flash, and the one person's against the other's, at each of them; and what was not
// there is named.
#include <gtest/gtest.h>

#include <atomic>
#include <condition_variable>
#include <cstdlib>
#include <mutex>

#include "flashes.h"
#include "recording/recorder.h"
#include "test_world.h"
#include "world.h"

namespace parlour::simulation {
namespace {

using media::Slot;
namespace fs = std::filesystem;

// Read by the recorder's writer while the test moves it.
class SharedClock final : public Clock {
 public:
  Now now() const override {
    const std::int64_t us = time_us;
    return {{us}, {vault_test::kStartUs + us}};
  }
  std::atomic<std::int64_t> time_us = 0;
};

struct Interval {
  std::int64_t from_us = 0, to_us = 0;  // server's steady time
};

// A person's media as they really were.
struct Truth {
  struct Made {
    Slot slot;
    std::int64_t captured_us;
  };
  std::map<std::pair<std::uint32_t, std::uint16_t>, Made> made;  // by SSRC and RTP sequence number
  std::set<std::int64_t> captured[2], delivered[2];              // moments; microphone, camera
};

struct Seat {
  vault_test::Person* who = nullptr;
  std::uint64_t browser = 0;
  bool large = false;  // resolution of the camera
  bool muted = false;
  std::vector<Interval> still;  // the microphone captures nothing
  std::vector<Interval> dark;   // the camera neither
  Truth truth;

  static bool inside(const std::vector<Interval>& spans, SteadyTime now) {
    return std::any_of(spans.begin(), spans.end(),
                       [&](const Interval& span) { return now.us >= span.from_us && now.us < span.to_us; });
  }
};

// Hands on to the recorder, and notes what came of whom.
class Tap final : public media::Sink {
 public:
  Tap(recording::Recorder& recorder, std::vector<std::unique_ptr<Seat>>& seats)
      : recorder_(recorder), seats_(seats) {}
  void on_stream_added(const media::StreamInfo& stream, SteadyTime now) override {
    recorder_.on_stream_added(stream, now);
  }
  void on_stream_removed(std::uint32_t stream, SteadyTime now) override {
    recorder_.on_stream_removed(stream, now);
  }
  void on_packet(std::uint32_t stream, std::uint64_t sequence, SteadyTime arrival, ByteView header,
                 ByteView payload) override {
    const std::pair<std::uint32_t, std::uint16_t> name{load_u32(header.data() + 8),
                                                       static_cast<std::uint16_t>(sequence)};
    for (auto& seat : seats_) {
      auto made = seat->truth.made.find(name);
      if (made != seat->truth.made.end())
        seat->truth.delivered[static_cast<int>(made->second.slot)].insert(made->second.captured_us);
    }
    recorder_.on_packet(stream, sequence, arrival, header, payload);
  }
  void on_sender_report(std::uint32_t stream, std::uint32_t rtp_time, std::uint64_t ntp,
                        SteadyTime arrival) override {
    recorder_.on_sender_report(stream, rtp_time, ntp, arrival);
  }

 private:
  recording::Recorder& recorder_;
  std::vector<std::unique_ptr<Seat>>& seats_;
};

class RecordedCall {
 public:
  RecordedCall(std::uint64_t seed, const FlashMedia& media)
      : random(seed), net(seed, NetworkConfig{0, kWay, 4ms}), media_(media) {
    vault.customer->clock_offset_us = 0;
    clock_to_now();
    vault.introduce();
    start_recorder();
    vault.run_epoch();
    seats.push_back(std::make_unique<Seat>());
    seats.back()->who = vault.agent;
    seats.push_back(std::make_unique<Seat>());
    seats.back()->who = vault.customer;
    for (auto& seat : seats) join(*seat);
    net.start_call({seats[0]->browser, seats[1]->browser});
    EXPECT_TRUE(net.shard->attach_sink(World::kRoom, tap_.get(), net.now));
    for (auto& seat : seats) admit(*seat);
    // People's computers do not know the time: one is an hour late.
    net.browser(seats[1]->browser).correct_clock(-1h);
    started_us = net.now.us;
  }

  // Things that happen at a moment of the call.
  void at(double second, std::function<void()> act) {
    acts_.emplace(started_us + static_cast<std::int64_t>(second * 1e6), std::move(act));
  }
  Browser& browser(const Seat& seat) { return net.browser(seat.browser); }

  void run(double seconds) {
    const std::int64_t end = started_us + static_cast<std::int64_t>(seconds * 1e6);
    while (net.now.us < end) {
      std::int64_t next = std::min(end, next_beat_);
      if (!acts_.empty()) next = std::min(next, acts_.begin()->first);
      if (next > net.now.us) net.run(Duration(next - net.now.us));
      clock_to_now();
      if (!acts_.empty() && acts_.begin()->first <= net.now.us) {
        auto act = acts_.extract(acts_.begin());
        act.mapped()();
      }
      if (net.now.us >= next_beat_) beat();
    }
  }

  // A page that is loaded anew: other keys of the call, the same person. `says_goodbye`: its last Progress
  // came.
  void reload(Seat& seat, bool says_goodbye, double away) {
    if (says_goodbye) tell_progress(*seat.who, true);
    net.remove(seat.browser);
    at((static_cast<double>(net.now.us - started_us)) / 1e6 + away, [this, &seat] {
      vault_test::Person& old = *seat.who;
      auto renewed = std::make_unique<vault_test::Person>();
      renewed->role = old.role;
      renewed->sig = std::move(*crypto::P256Key::from_private(old.sig.private_scalar().view()));
      renewed->idx = next_idx_++;
      renewed->hello = old.hello;
      vault.random.fill(renewed->hello.ep);
      vault.random.fill(renewed->hello.nonce);
      renewed->hello.renews = old.hello.ep;
      renewed->hello.kem = renewed->kem.public_key();
      renewed->hello_message = e2ee::sign(renewed->hello, renewed->sig);
      vault_test::Person* now = renewed.get();
      gone_.push_back(std::move(vault.people[old.idx == 0 ? 0 : 1]));
      vault.people[1] = std::move(renewed);
      vault.customer = now;
      seat.who = now;
      EXPECT_TRUE(vault.tell(now->hello_message));
      vault.run_epoch();
      for (auto& other : seats) guard(*other);
      join(seat);
      net.negotiate(seats[0]->browser);
      net.start_call({seats[0]->browser, seat.browser});
      admit(seat);
    });
  }

  void finish() {
    for (auto& seat : seats) browser(*seat).stop_media();
    net.run(500ms);
    clock_to_now();
    beat();
    vault.tell_progress(true);
    beat();
    net.shard->detach_sink(World::kRoom, net.now);
    recorder_->stop();
    wait([&] { return stopped_; });
    recorder_.reset();
    vault.open_recording();
    zero_us = vault.manifest.integer_or("started_ms") * 1000 - vault_test::kStartUs;
  }

  static constexpr Duration kWay = 20ms;

  SeededRandom random;
  vault_test::World vault;
  World net;
  std::vector<std::unique_ptr<Seat>> seats;
  std::int64_t started_us = 0;
  std::int64_t zero_us = 0;  // of the recording, on the server's steady clock

 private:
  void clock_to_now() { clock_.time_us = vault.clock.time_us = net.now.us; }

  void start_recorder() {
    auto opened = blob_dir::DirectoryStore::open(vault.root / "recordings" / vault.recording_id.text());
    ASSERT_TRUE(opened);
    vault.store = std::make_unique<blob_dir::DirectoryStore>(std::move(*opened));
    recording::RecorderConfig config;
    config.recording = vault.recording_id;
    config.free_bytes_min = 0;
    auto seal = [this](ByteView info, ByteView dek) -> Result<recording::SealedDek, crypto::CryptoError> {
      auto sealed = e2ee::hpke_seal(vault.vault->keys().compliance().public_key(), info, {}, dek);
      if (!sealed) return fail(crypto::CryptoError::kBadKey);
      recording::SealedDek made;
      made.key_id = vault.vault->keys().compliance_id();
      made.enc = sealed->enc;
      std::copy(sealed->ciphertext.begin(), sealed->ciphertext.end(), made.ct.begin());
      return made;
    };
    recorder_ = std::make_unique<recording::Recorder>(config, *vault.store, clock_, vault.random, seal,
                                                      [this](const recording::Fact& fact) { on_fact(fact); });
    tap_ = std::make_unique<Tap>(*recorder_, seats);
    wait([&] { return envelope_.has_value(); });
    vault.envelopes.push_back(*envelope_);
    auto check = vault.vault->dek_check(*envelope_);
    ASSERT_TRUE(check);
    recorder_->accept_envelope(*check);
    wait([&] { return capturing_; });
    for (const std::string& text : vault.messages) recorder_->append_announcement(text, net.now);
    vault.on_message = [this](const std::string& text) { recorder_->append_announcement(text, net.now); };
    next_beat_ = net.now.us;
    beat();
  }

  void on_fact(const recording::Fact& fact) {
    std::lock_guard lock(mutex_);
    if (const auto* ready = std::get_if<recording::EnvelopeReady>(&fact)) envelope_ = ready->envelope;
    if (std::holds_alternative<recording::CaptureStarted>(fact)) capturing_ = true;
    if (const auto* durable = std::get_if<recording::DurableUpTo>(&fact)) durable_us_ = durable->time.us;
    if (std::holds_alternative<recording::CaptureStopped>(fact)) stopped_ = true;
    changed_.notify_all();
  }
  template <class Condition>
  void wait(Condition condition) {
    std::unique_lock lock(mutex_);
    ASSERT_TRUE(changed_.wait_for(lock, std::chrono::seconds(30), condition));
  }

  // Virtual time passes faster than the writer's thread knows: it is woken twice a second, and waited for.
  void beat() {
    recorder_->mark(recording::MarkKind::kChapter, "beat", clock_.now());
    wait([&] { return durable_us_ >= clock_.time_us; });
    if (++beats_ % 20 == 0)
      for (auto& seat : seats) tell_progress(*seat->who, false);
    next_beat_ = std::max(next_beat_, net.now.us) + 500'000;
  }

  void tell_progress(vault_test::Person& who, bool final) {
    e2ee::Progress progress{vault.call,
                            vault.active_epoch,
                            vault.roster_hash,
                            who.idx,
                            vault.last_counters(who, vault.active_epoch),
                            final};
    if (!progress.last.empty()) {
      EXPECT_TRUE(vault.tell(e2ee::sign(progress, who.hello.ep, who.sig)));
    }
  }

  void join(Seat& seat) {
    seat.browser = next_browser_++;
    net.join(seat.browser, {.index = static_cast<std::uint8_t>(seat.who->idx + 100)});
    guard(seat);
    browser(seat).set_source([this, &seat](Slot slot, SteadyTime now) { return capture(seat, slot, now); });
  }
  void guard(Seat& seat) {
    (void)net.shard->set_guard({seat.browser}, {true, seat.who->idx, vault.active_epoch});
  }
  void admit(Seat& seat) { EXPECT_TRUE(net.shard->set_sink_allowed({seat.browser}, true, net.now)); }

  std::optional<Bytes> capture(Seat& seat, Slot slot, SteadyTime now) {
    if (Seat::inside(slot == Slot::kMicrophone ? seat.still : seat.dark, now)) return std::nullopt;
    auto [ssrc, last] = browser(seat).last_packet(slot);
    seat.truth.made[{ssrc, static_cast<std::uint16_t>(last + 1)}] = {slot, now.us};
    seat.truth.captured[static_cast<int>(slot)].insert(now.us);
    const Bytes& frame =
        slot == Slot::kMicrophone && seat.muted ? media_.silence() : media_.frame(slot, now, seat.large);
    return vault.seal(*seat.who, static_cast<std::uint8_t>(slot), frame);
  }

  const FlashMedia& media_;
  SharedClock clock_;
  std::unique_ptr<recording::Recorder> recorder_;
  std::unique_ptr<Tap> tap_;
  std::multimap<std::int64_t, std::function<void()>> acts_;
  std::vector<std::unique_ptr<vault_test::Person>> gone_;
  std::uint64_t next_browser_ = 1;
  std::uint8_t next_idx_ = 2;
  std::int64_t next_beat_ = 0;
  int beats_ = 0;

  std::mutex mutex_;
  std::condition_variable changed_;
  std::optional<recording::PartEnvelope> envelope_;
  bool capturing_ = false, stopped_ = false;
  std::int64_t durable_us_ = -1;
};

// ---- What is expected ----

// Flashes or tones of which nothing is missing: the frames of 300 ms before, and those of the first 100 ms.
// The even second at which it is, and the capture of its first frame.
struct Beginning {
  std::int64_t at_us, captured_us;
};
std::vector<Beginning> beginnings(const std::set<std::int64_t>& delivered, std::int64_t step) {
  std::vector<Beginning> found;
  if (delivered.empty()) return found;
  for (std::int64_t at = *delivered.begin() / 2'000'000 * 2'000'000; at < *delivered.rbegin();
       at += 2'000'000) {
    std::int64_t before = at - 320'000;
    bool whole = true;
    for (auto one = delivered.lower_bound(at - 320'000); one != delivered.end() && *one < at + 100'000;
         ++one) {
      whole = whole && *one - before <= step + 2'000;
      before = *one;
    }
    if (whole && at + 100'000 - before <= step + 2'000) found.push_back({at, *delivered.lower_bound(at)});
  }
  return found;
}

// Stretches without a frame, from the end of the one before to the next.
std::vector<Interval> holes(const std::set<std::int64_t>& delivered, std::int64_t step) {
  std::vector<Interval> found;
  for (auto one = delivered.begin(); one != delivered.end() && std::next(one) != delivered.end(); ++one)
    if (*std::next(one) - *one > step + 10'000) found.push_back({*one + step, *std::next(one)});
  return found;
}

double nearest(const std::vector<double>& values, double to) {
  double best = 1e12;
  for (double value : values)
    if (std::abs(value - to) < std::abs(best - to)) best = value;
  return best;
}

class RecordedTroubles : public ::testing::TestWithParam<int> {
 protected:
  static void SetUpTestSuite() {
    ::signal(SIGPIPE, SIG_IGN);
    std::string pattern = (fs::temp_directory_path() / "parlour-flashes-XXXXXX").string();
    ASSERT_NE(::mkdtemp(pattern.data()), nullptr);
    media_ = new FlashMedia(pattern);
    fs::remove_all(pattern);
  }
  static void TearDownTestSuite() { delete media_; }

  // Each tone and flash of each person is where it was made, own ones beside each other, and those of both.
  void expect_in_place(RecordedCall& call) {
    std::map<std::int64_t, std::vector<double>> of_moment;  // how late all that belongs to it was, ms
    std::size_t compared = 0;
    for (auto& seat : call.seats) {
      const std::string name = seat->who == call.vault.agent ? "agent" : "customer";
      const fs::path file = call.vault.play(*seat->who);
      ASSERT_FALSE(file.empty());
      const Watched seen = watch(file);
      const double offset = static_cast<double>(call.vault.rendition(*seat->who)->integer_or("offset_ms"));
      EXPECT_EQ(offset, 0) << name;
      for (int slot : {0, 1}) {
        const auto& all = slot == 0 ? seen.tones : seen.flashes;
        for (const Beginning& one : beginnings(seat->truth.delivered[slot], slot == 0 ? 20'000 : 40'000)) {
          if (slot == 0 && muted(*seat, one.at_us)) continue;
          const double expected = static_cast<double>(one.captured_us - call.zero_us) / 1000;
          const double error = nearest(all, expected) - expected;
          EXPECT_NEAR(error, 0, 60) << name << (slot == 0 ? " tone at " : " flash at ") << expected;
          of_moment[one.at_us].push_back(error);
          ++compared;
        }
      }
    }
    for (const auto& [at, found] : of_moment) {
      const auto [least, most] = std::minmax_element(found.begin(), found.end());
      EXPECT_LE(*most - *least, 60) << "at " << (at - call.started_us) / 1000 << " ms of the call";
    }
    EXPECT_GE(compared, 30u);
  }

  bool muted(const Seat& seat, std::int64_t at) const {
    auto span = muted_.find(&seat);
    return span != muted_.end() &&
           std::any_of(span->second.begin(), span->second.end(), [&](const Interval& one) {
             return at + 100'000 > one.from_us && at - 320'000 < one.to_us;
           });
  }

  // What was filled is what was missing: each hole is named, ± 20 ms, and nothing else is.
  void expect_named(RecordedCall& call) {
    constexpr double kWithin = 20 + 2;  // and the jitter of the least delayed packet
    const double way = static_cast<double>(RecordedCall::kWay.count()) / 1000;
    for (auto& seat : call.seats) {
      const std::string name = seat->who == call.vault.agent ? "agent" : "customer";
      const std::vector<Interval> missing = holes(seat->truth.delivered[0], 20'000);
      const auto filled = call.vault.filled(*seat->who);
      const double first = static_cast<double>(*seat->truth.delivered[0].begin() - call.zero_us) / 1000 + way;
      for (const Interval& hole : missing) {
        const double from = static_cast<double>(hole.from_us - call.zero_us) / 1000 + way;
        const double to = static_cast<double>(hole.to_us - call.zero_us) / 1000 + way;
        const bool named = std::any_of(filled.begin(), filled.end(), [&](const auto& span) {
          return std::abs(span.first - from) <= kWithin && std::abs(span.second - to) <= kWithin;
        });
        EXPECT_TRUE(named) << name << ": silence from " << from << " to " << to << " is not named";
      }
      for (const auto& [from, to] : filled) {
        const bool known =
            to <= first + kWithin || std::any_of(missing.begin(), missing.end(), [&](const Interval& hole) {
              return from + kWithin >= static_cast<double>(hole.from_us - call.zero_us) / 1000 + way &&
                     to - kWithin <= static_cast<double>(hole.to_us - call.zero_us) / 1000 + way;
            });
        EXPECT_TRUE(known) << name << ": " << from << " to " << to << " was filled, but nothing was missing";
      }
    }
  }

  // A trouble's hole in a person's sound is a gap of the account, too.
  void expect_gap(RecordedCall& call, const Seat& seat, std::int64_t from_us, std::int64_t to_us) {
    const auto& delivered = seat.truth.delivered[0];
    auto after = delivered.lower_bound(to_us), before = delivered.upper_bound(from_us);
    ASSERT_NE(after, delivered.end());
    ASSERT_NE(before, delivered.begin());
    const double way = static_cast<double>(RecordedCall::kWay.count()) / 1000;
    const double from = static_cast<double>(*std::prev(before) + 20'000 - call.zero_us) / 1000 + way;
    const double to = static_cast<double>(*after - call.zero_us) / 1000 + way;
    const JsonArray gaps = call.vault.gaps(*seat.who, "audio");
    EXPECT_TRUE(std::any_of(gaps.begin(), gaps.end(),
                            [&](const Json& gap) {
                              return std::abs(static_cast<double>(gap.integer_or("from_ms")) - from) <= 22 &&
                                     std::abs(static_cast<double>(gap.integer_or("to_ms")) - to) <= 22;
                            }))
        << "no gap from " << from << " to " << to << ": " << write_json(gaps);
    EXPECT_LT(call.vault.manifest.integer_or("coverage_permille"), 1000);
  }

  static FlashMedia* media_;
  std::map<const Seat*, std::vector<Interval>> muted_;
};
FlashMedia* RecordedTroubles::media_ = nullptr;

// Troubles follow each other with ten seconds in between, now of the one, now of the other, now of both.
TEST_P(RecordedTroubles, FaultA1A2EachToneLiesBesideItsFlashAndWhatWasMissingIsNamed) {
  const auto seed = static_cast<std::uint64_t>(GetParam());
  RecordedCall call(seed, *media_);
  SeededRandom& random = call.random;
  auto between = [&](double least, double most) {
    return least + (most - least) * (random.u32() % 1000) / 1000;
  };
  struct Expected {
    Seat* seat;
    std::int64_t from_us, to_us;
  };
  std::vector<Expected> gaps;
  std::string story;
  double second = between(6, 9);
  const int troubles = 2 + static_cast<int>(random.u32() % 2);
  for (int number = 0; number < troubles; ++number) {
    Seat& seat = *call.seats[random.u32() % 2];
    const double length = between(0.3, 7);
    auto us = [&](double at) { return call.started_us + static_cast<std::int64_t>(at * 1e6); };
    // The first trouble of seed n is of kind n, so that 40 seeds have each of them at least four times.
    switch (number == 0 ? seed % 9 : random.u32() % 9) {
      case 0:
        story += " a microphone stalls";
        seat.still.push_back({us(second), us(second + length)});
        gaps.push_back({&seat, us(second), us(second + length)});
        break;
      case 1:
      case 2: {
        const bool clock_too = random.u32() % 2 == 0;
        const double asleep = 1.5 + length * 1.5;
        story += clock_too ? " a computer sleeps" : " a browser is stopped";
        call.at(second, [&call, &seat, clock_too, asleep] {
          call.browser(seat).sleep_until(call.net.now + Duration(static_cast<std::int64_t>(asleep * 1e6)),
                                         clock_too, call.net.now);
        });
        gaps.push_back({&seat, us(second), us(second + asleep)});
        second += asleep;
        break;
      }
      case 3:
        story += " microphone and camera are unplugged and used again";
        seat.still.push_back({us(second), us(second + length)});
        seat.dark.push_back({us(second), us(second + length + 0.4)});
        gaps.push_back({&seat, us(second), us(second + length)});
        break;
      case 4:
        story += " packets are lost";
        call.at(second, [&call, loss = 1 + static_cast<int>(random.u32() % 5)] {
          call.net.network.set({loss, RecordedCall::kWay, 4ms});
        });
        call.at(second + length, [&call] { call.net.network.set({0, RecordedCall::kWay, 4ms}); });
        break;
      case 5:
        story += " the network is cut";
        call.at(second, [&call, &seat] { call.net.network.cut(call.browser(seat).address(), true); });
        call.at(second + length,
                [&call, &seat] { call.net.network.cut(call.browser(seat).address(), false); });
        gaps.push_back({&seat, us(second), us(second + length)});
        break;
      case 6:
        story += " the microphone stalls and the network is cut meanwhile";
        seat.still.push_back({us(second + length / 2), us(second + length * 1.5)});
        call.at(second, [&call, &seat] { call.net.network.cut(call.browser(seat).address(), true); });
        call.at(second + length,
                [&call, &seat] { call.net.network.cut(call.browser(seat).address(), false); });
        gaps.push_back({&seat, us(second), us(second + length * 1.5)});
        second += length / 2;
        break;
      case 7: {
        story += " the customer's page is loaded anew";
        const bool goodbye = random.u32() % 2 == 0;
        call.at(second,
                [&call, goodbye, away = between(0.7, 3)] { call.reload(*call.seats[1], goodbye, away); });
        second += 4;
        break;
      }
      default: {
        story += " the picture changes its size, the microphone is muted, the clock of the day corrected";
        call.at(second, [&call, &seat, by = between(-20, 20)] {
          seat.large = !seat.large;
          seat.muted = true;
          call.browser(seat).correct_clock(Duration(static_cast<std::int64_t>(by * 1e6)));
        });
        call.at(second + length, [&seat] { seat.muted = false; });
        muted_[&seat].push_back({us(second), us(second + length)});
      }
    }
    second += length + between(6, 9);
  }
  SCOPED_TRACE("seed " + std::to_string(seed) + ":" + story);
  call.run(second);
  call.finish();
  expect_in_place(call);
  expect_named(call);
  for (const Expected& gap : gaps) expect_gap(call, *gap.seat, gap.from_us, gap.to_us);
}

// Ten minutes with one packet lost in a hundred, and a cut of three seconds after the first minute: 36 s of
// sound an hour were run ahead of. Run by tests/e2e/cases, which say where to leave the file, for a browser
// to play.
class TenMinutes : public RecordedTroubles {};
TEST_P(TenMinutes, FaultA2SoundStaysBesideThePictureToTheEnd) {
  const char* folder = std::getenv("PARLOUR_LISTENING");
  if (folder == nullptr) GTEST_SKIP() << "no PARLOUR_LISTENING";
  RecordedCall call(600, *media_);
  call.net.network.set({1, RecordedCall::kWay, 4ms});
  Seat& customer = *call.seats[1];
  call.at(60, [&] { call.net.network.cut(call.browser(customer).address(), true); });
  call.at(63, [&] { call.net.network.cut(call.browser(customer).address(), false); });
  call.run(600);
  call.finish();
  expect_in_place(call);
  expect_named(call);
  const auto lost = call.vault.frames(*customer.who, "audio", "lost");
  const Json* sound = call.vault.rendition(*customer.who)->find("sound");
  EXPECT_GT(lost, 300);
  // And until the microphone was there.
  const auto [from, to] = call.vault.filled(*customer.who).front();
  const double before = from == 0 ? to / 20 : 0;
  EXPECT_NEAR(static_cast<double>(sound->integer_or("filled_frames")) - before, static_cast<double>(lost), 2);
  fs::copy_file(call.vault.root / call.vault.rendition(*customer.who)->string_or("name"),
                fs::path(folder) / "ten-minutes.webm", fs::copy_options::overwrite_existing);
}
INSTANTIATE_TEST_SUITE_P(Long, TenMinutes, ::testing::Values(600));

INSTANTIATE_TEST_SUITE_P(Seeds, RecordedTroubles, ::testing::Range(1, 41));

}  // namespace
}  // namespace parlour::simulation
