#include "recording/recorder.h"

#include <gtest/gtest.h>

#include <condition_variable>
#include <mutex>

#include "recording/recovery.h"
#include "test_log.h"

namespace parlour::recording {
namespace {

class TestClock final : public Clock {
 public:
  Now now() const override {
    using namespace std::chrono;
    const auto steady = duration_cast<microseconds>(steady_clock::now().time_since_epoch()).count();
    return {{steady}, {1'800'000'000'000'000 + steady}};
  }
};

// Records facts, and waits for one of a kind.
class Facts {
 public:
  void operator()(const Fact& fact) {
    std::lock_guard lock(mutex_);
    facts_.push_back(fact);
    changed_.notify_all();
  }
  template <class F>
  std::optional<F> wait_for(std::size_t nth = 0,
                            std::chrono::milliseconds at_most = std::chrono::milliseconds(5000)) {
    std::unique_lock lock(mutex_);
    std::optional<F> found;
    changed_.wait_for(lock, at_most, [&] {
      std::size_t seen = 0;
      for (const Fact& fact : facts_)
        if (const F* match = std::get_if<F>(&fact); match != nullptr && seen++ == nth) found = *match;
      return found.has_value();
    });
    return found;
  }
  template <class F>
  std::size_t count() const {
    std::lock_guard lock(mutex_);
    std::size_t seen = 0;
    for (const Fact& fact : facts_) seen += std::holds_alternative<F>(fact) ? 1 : 0;
    return seen;
  }

 private:
  mutable std::mutex mutex_;
  std::condition_variable changed_;
  std::vector<Fact> facts_;
};

class RecorderTest : public ::testing::Test {
 protected:
  void start(RecorderConfig config = {}) {
    config.recording = test_recording();
    config.tick = std::chrono::milliseconds(20);
    recorder_ = std::make_unique<Recorder>(
        config, store_, clock_, random_,
        [this](ByteView info, ByteView dek) -> Result<SealedDek, crypto::CryptoError> {
          sealed_info_ = to_bytes(info);
          dek_ = to_bytes(dek);
          return SealedDek{"test", {}, {}};
        },
        [this](const Fact& fact) { facts_(fact); });
  }
  void accept(std::uint32_t part = 1) {
    ASSERT_TRUE(facts_.wait_for<EnvelopeReady>());
    recorder_->accept_envelope(dek_check(dek_, test_recording(), part));
    ASSERT_TRUE(facts_.wait_for<CaptureStarted>());
  }
  void stream() {
    media::StreamInfo info;
    info.stream = 7;
    info.sender_index = 1;
    info.ssrc = 1234;
    info.clock_rate = 48000;
    recorder_->on_stream_added(info, clock_.now().steady);
  }
  void packet(std::uint64_t sequence, std::size_t size = 100) {
    const Bytes header(12, 0x80), payload(size, 5);
    recorder_->on_packet(7, sequence, clock_.now().steady, header, payload);
  }
  std::vector<Record> read_all(std::uint32_t part = 1) {
    std::vector<Record> records;
    kept_ = store_.files();
    PartOpener opener(crypto::Secret(dek_), test_recording(), part);
    for (const auto& [name, file] : kept_)
      opener.open(file.bytes, [&](const Record& record) {
        records.push_back(record);  // its views end with this call
        if (const auto* mark = std::get_if<MarkRecord>(&record)) notes_.push_back(to_string(mark->note));
      });
    return records;
  }

  MemoryStore store_;
  TestClock clock_;
  SeededRandom random_{1};
  Facts facts_;
  Bytes sealed_info_, dek_;
  std::vector<std::string> notes_;
  std::map<std::string, MemoryStore::File> kept_;
  std::unique_ptr<Recorder> recorder_;
};

template <class R>
std::size_t count(const std::vector<Record>& records) {
  std::size_t n = 0;
  for (const Record& record : records) n += std::holds_alternative<R>(record) ? 1 : 0;
  return n;
}

TEST_F(RecorderTest, CapturesFromTheEnvelopeCheckToTheSeal) {
  start();
  recorder_->append_announcement("{\"t\":\"policy\"}", clock_.now().steady);
  accept();
  EXPECT_EQ(sealed_info_, dek_info(test_recording(), 1));
  stream();
  for (int i = 0; i < 50; ++i) packet(static_cast<std::uint64_t>(i));
  recorder_->on_sender_report(7, 1, 2, clock_.now().steady);
  auto first = facts_.wait_for<FirstPacket>();
  ASSERT_TRUE(first);
  EXPECT_EQ(first->stream.ssrc, 1234u);
  ASSERT_TRUE(facts_.wait_for<DurableUpTo>(3));
  recorder_->stop();
  auto stopped = facts_.wait_for<CaptureStopped>();
  ASSERT_TRUE(stopped);
  EXPECT_EQ(stopped->reason, StopReason::kRequested);
  EXPECT_EQ(stopped->dropped_packets, 0u);
  EXPECT_EQ(stopped->next.next_index, 1u);
  auto sealed = facts_.wait_for<SegmentSealed>();
  ASSERT_TRUE(sealed);
  EXPECT_EQ(sealed->segment.sha256, crypto::sha256(store_.files().at("000000.seg").bytes));
  const auto records = read_all();
  EXPECT_EQ(count<PacketRecord>(records), 50u);
  EXPECT_EQ(count<SenderReportRecord>(records), 1u);
  EXPECT_EQ(count<AnnouncementRecord>(records), 1u);
  EXPECT_TRUE(std::holds_alternative<AnnouncementRecord>(records.front()));
  EXPECT_GE(count<TickRecord>(records), 3u);
}

TEST_F(RecorderTest, AnEnvelopeThatDoesNotOpenStopsBeforeAByteIsWritten) {
  start();
  ASSERT_TRUE(facts_.wait_for<EnvelopeReady>());
  recorder_->accept_envelope({});
  auto stopped = facts_.wait_for<CaptureStopped>();
  ASSERT_TRUE(stopped);
  EXPECT_EQ(stopped->reason, StopReason::kEnvelopeRefused);
  EXPECT_TRUE(store_.files().empty());
}

TEST_F(RecorderTest, AFullDiskAtTheStartIsSaidAndNothingIsCaptured) {
  store_.set_free_bytes(1000);
  start();
  EXPECT_TRUE(facts_.wait_for<StorageLow>()->low);
  EXPECT_EQ(facts_.wait_for<CaptureStopped>()->reason, StopReason::kNoSpace);
}

TEST_F(RecorderTest, ADiskThatFillsUpIsSaidAndThatItHasRoomAgain) {
  start();
  accept();
  store_.set_free_bytes(1000);
  EXPECT_TRUE(facts_.wait_for<StorageLow>(0)->low);
  store_.set_free_bytes(1ull << 40);
  EXPECT_FALSE(facts_.wait_for<StorageLow>(1)->low);
}

TEST_F(RecorderTest, AWriteErrorEndsThePartAndRecoveryLetsTheNextGoOn) {
  start();
  accept();
  stream();
  packet(1);
  ASSERT_TRUE(facts_.wait_for<DurableUpTo>());
  store_.set_write_error(StoreError::kNoSpace);
  EXPECT_EQ(facts_.wait_for<WriteFailed>()->reason, StoreError::kNoSpace);
  EXPECT_EQ(facts_.wait_for<CaptureStopped>()->reason, StopReason::kWriteFailed);
  packet(2);  // harmless
  store_.set_write_error(std::nullopt);
  auto report = recover(store_, test_recording());
  ASSERT_TRUE(report);
  EXPECT_TRUE(report->cut);
  EXPECT_EQ(report->next.part, 2u);
}

TEST_F(RecorderTest, AStalledDiskShowsAsMissingDurabilityAndBlocksNobody) {
  start();
  accept();
  stream();
  ASSERT_TRUE(facts_.wait_for<DurableUpTo>());
  store_.stall(true);
  // The writer is now inside its next sync, or reaches it with its next tick.
  std::size_t before = facts_.count<DurableUpTo>();
  EXPECT_FALSE(facts_.wait_for<DurableUpTo>(before + 1, std::chrono::milliseconds(150)));
  // Nearly fills the queue while the disk stands still: a push that waited for the writer would never come
  // back.
  for (int i = 0; i < 5000; ++i) packet(static_cast<std::uint64_t>(i), 1200);
  store_.stall(false);
  EXPECT_TRUE(facts_.wait_for<DurableUpTo>(before + 2));
  recorder_->stop();
  ASSERT_TRUE(facts_.wait_for<CaptureStopped>());
  EXPECT_EQ(count<PacketRecord>(read_all()), 5000u);
}

TEST_F(RecorderTest, AFullQueueLosesPacketsButNamesTheGap) {
  RecorderConfig config;
  config.queue_bytes_max = 20'000;
  start(config);
  accept();
  stream();
  store_.stall(true);
  for (int i = 0; i < 1000; ++i) packet(static_cast<std::uint64_t>(i), 1000);
  store_.stall(false);
  auto overflow = facts_.wait_for<Overflow>();
  ASSERT_TRUE(overflow);
  EXPECT_GT(overflow->packets, 100u);
  recorder_->stop();
  auto stopped = facts_.wait_for<CaptureStopped>();
  ASSERT_TRUE(stopped);
  EXPECT_GT(stopped->dropped_packets, 0u);
  const auto records = read_all();
  EXPECT_EQ(count<PacketRecord>(records) + stopped->dropped_packets, 1000u);
  EXPECT_NE(std::find(notes_.begin(), notes_.end(), "overflow"), notes_.end());
}

TEST_F(RecorderTest, AMarkIsDurableAtOnce) {
  RecorderConfig config;
  start(config);
  accept();
  recorder_->mark(MarkKind::kConsent, "given", clock_.now());
  const std::size_t before = facts_.count<DurableUpTo>();
  ASSERT_TRUE(facts_.wait_for<DurableUpTo>(before));
  recorder_->stop();
  ASSERT_TRUE(facts_.wait_for<CaptureStopped>());
  EXPECT_EQ(count<MarkRecord>(read_all()), 1u);
}

TEST_F(RecorderTest, StoppedBeforeTheAnswerItLeavesNothing) {
  start();
  ASSERT_TRUE(facts_.wait_for<EnvelopeReady>());
  recorder_->stop();
  EXPECT_EQ(facts_.wait_for<CaptureStopped>()->reason, StopReason::kRequested);
  EXPECT_TRUE(store_.files().empty());
}

}  // namespace
}  // namespace parlour::recording
