#include "recording/recorder.h"

#include <atomic>
#include <condition_variable>
#include <mutex>
#include <optional>
#include <thread>

#include "queue.h"

namespace parlour::recording {

std::string_view to_text(StopReason reason) {
  switch (reason) {
    case StopReason::kRequested:
      return "requested";
    case StopReason::kNoSpace:
      return "no_space";
    case StopReason::kEnvelopeFailed:
      return "envelope_failed";
    case StopReason::kEnvelopeRefused:
      return "envelope_refused";
    case StopReason::kWriteFailed:
      return "write_failed";
  }
  return "unknown";
}

struct Recorder::Impl {
  Impl(const RecorderConfig& config_in, SegmentStore& store_in, const Clock& clock_in, Random& random_in,
       DekSealer seal_in, OnFact on_fact_in)
      : config(config_in),
        store(store_in),
        clock(clock_in),
        random(random_in),
        seal_dek(std::move(seal_in)),
        on_fact(std::move(on_fact_in)),
        queue(config_in.queue_bytes_max) {
    thread = std::thread([this] { run(); });
  }

  void run() {
    LogPosition next = config.position;
    const StopReason reason = capture(next);
    queue.close();
    on_fact(CaptureStopped{reason, next, queue.dropped()});
  }

  StopReason capture(LogPosition& next) {
    auto free = store.free_bytes();
    if (free && *free < config.free_bytes_min) {
      on_fact(StorageLow{true, *free});
      return StopReason::kNoSpace;
    }
    crypto::Secret dek(kDekSize);
    random.fill(dek.mutable_view());
    auto sealed = seal_dek(dek_info(config.recording, config.position.part), dek.view());
    if (!sealed) return StopReason::kEnvelopeFailed;
    on_fact(EnvelopeReady{{config.recording, config.position.part, sealed->key_id, sealed->enc, sealed->ct}});

    const crypto::Hash256 expected = dek_check(dek.view(), config.recording, config.position.part);
    {
      std::unique_lock lock(answer_mutex);
      answered.wait(lock, [&] { return answer || stopping; });
      if (!answer) return StopReason::kRequested;
      if (!crypto::equal_constant_time(*answer, expected)) return StopReason::kEnvelopeRefused;
    }

    LogWriter writer(store, config.recording, config.position, std::move(dek),
                     [&](const SegmentFact& fact) { on_fact(SegmentSealed{fact}); });
    if (auto opened = writer.open(clock.now()); !opened) return failed(opened.error());
    queue.open_for_packets();
    on_fact(CaptureStarted{config.position.part});
    auto written = write_until_stopped(writer);
    if (!written) return failed(written.error());
    if (auto closed = writer.close(); !closed) return failed(closed.error());
    next = writer.position();
    return StopReason::kRequested;
  }

  StopReason failed(StoreError error) {
    queue.close();
    on_fact(WriteFailed{error});
    return StopReason::kWriteFailed;
  }

  Result<void, StoreError> write_until_stopped(LogWriter& writer) {
    QueueBatch batch;
    SteadyTime next_tick = clock.now().steady;
    for (;;) {
      const bool last = stopping;
      if (!last) {
        const Duration left = next_tick - clock.now().steady;
        if (left > Duration(0)) queue.wait(left);
      }
      const Now now = clock.now();
      queue.take(batch);
      if (batch.records > 0)
        if (auto appended = writer.append(batch.encoded, batch.records, now); !appended) return appended;
      if (batch.lost) {
        if (auto noted = note_overflow(writer, *batch.lost, now); !noted) return noted;
      }
      for (const auto& [stream, at] : batch.first_packets) on_fact(FirstPacket{stream, at});

      const bool tick = now.steady >= next_tick;
      if (tick || last) {
        if (auto ticked = put(writer, TickRecord{now.steady, now.utc}, now); !ticked) return ticked;
        if (auto checked = check_space(); !checked) return checked;
        // A clock that jumped or a long stall does not make up for missed ticks.
        next_tick = std::max(next_tick + config.tick, now.steady);
      }
      if (tick || last || batch.durable_wanted) {
        if (auto synced = writer.sync(); !synced) return synced;
        on_fact(DurableUpTo{now.steady});
      }
      if (last) return {};
    }
  }

  template <class R>
  Result<void, StoreError> put(LogWriter& writer, const R& record, Now now) {
    Bytes encoded;
    encode(encoded, record);
    return writer.append(encoded, 1, now);
  }

  Result<void, StoreError> note_overflow(LogWriter& writer, const QueueBatch::Lost& lost, Now now) {
    const UtcTime began = now.utc - (now.steady - lost.from);
    MarkRecord mark{MarkKind::kGap, lost.from, began, as_bytes("overflow")};
    if (auto noted = put(writer, mark, now); !noted) return noted;
    on_fact(Overflow{lost.from, lost.to, lost.packets});
    return {};
  }

  Result<void, StoreError> check_space() {
    auto free = store.free_bytes();
    if (!free) return {};  // not knowing is no failure: a write that fails will say so
    const bool is_low = *free < config.free_bytes_min;
    if (is_low != low) on_fact(StorageLow{is_low, *free});
    low = is_low;
    return {};
  }

  const RecorderConfig config;
  SegmentStore& store;
  const Clock& clock;
  Random& random;
  DekSealer seal_dek;
  OnFact on_fact;
  RecordQueue queue;
  bool low = false;

  std::mutex answer_mutex;
  std::condition_variable answered;
  std::optional<crypto::Hash256> answer;
  std::atomic<bool> stopping = false;

  std::thread thread;
};

Recorder::Recorder(const RecorderConfig& config, SegmentStore& store, const Clock& clock, Random& random,
                   DekSealer seal_dek, OnFact on_fact)
    : impl_(std::make_unique<Impl>(config, store, clock, random, std::move(seal_dek), std::move(on_fact))) {}

Recorder::~Recorder() {
  stop();
  impl_->thread.join();
}

void Recorder::accept_envelope(const crypto::Hash256& check) {
  std::lock_guard lock(impl_->answer_mutex);
  if (!impl_->answer) impl_->answer = check;
  impl_->answered.notify_all();
}

void Recorder::stop() {
  {
    std::lock_guard lock(impl_->answer_mutex);
    impl_->stopping = true;
    impl_->answered.notify_all();
  }
  impl_->queue.wake();
}

void Recorder::append_announcement(std::string_view message, SteadyTime at) {
  impl_->queue.announcement({at, as_bytes(message)});
}

void Recorder::mark(MarkKind kind, std::string_view note, Now at) {
  impl_->queue.mark({kind, at.steady, at.utc, as_bytes(note)});
}

void Recorder::on_stream_added(const media::StreamInfo& stream, SteadyTime now) {
  impl_->queue.add_stream(stream, now);
}

void Recorder::on_stream_removed(std::uint32_t stream, SteadyTime now) {
  impl_->queue.remove_stream(stream, now);
}

void Recorder::on_packet(std::uint32_t stream, std::uint64_t sequence, SteadyTime arrival,
                         ByteView rtp_header, ByteView payload) {
  impl_->queue.packet({stream, sequence, arrival, rtp_header, payload});
}

void Recorder::on_sender_report(std::uint32_t stream, std::uint32_t rtp_time, std::uint64_t ntp,
                                SteadyTime arrival) {
  impl_->queue.sender_report({stream, rtp_time, ntp, arrival});
}

}  // namespace parlour::recording
