// The bounded queue between the shard's thread and the writer's: encoded records in one buffer, swapped as a
// whole.
//
// The lock is held for a copy of one record or for a swap, never across a write, so a push waits for
// microseconds at most and never for a disk. When the buffer is full, packets are counted and dropped;
// everything else (streams, marks, signed messages) has a reserve of its own size above the limit, because it
// is small and must not be lost.
#pragma once

#include <condition_variable>
#include <mutex>
#include <optional>
#include <vector>

#include "media/endpoint.h"
#include "recording/format/records.h"

namespace parlour::recording {

struct QueueBatch {
  Bytes encoded;
  std::uint32_t records = 0;
  bool durable_wanted = false;  // a mark is inside
  std::vector<std::pair<media::StreamInfo, SteadyTime>> first_packets;
  struct Lost {
    SteadyTime from, to;
    std::uint64_t packets = 0;
  };
  std::optional<Lost> lost;

  void clear();
};

class RecordQueue {
 public:
  explicit RecordQueue(std::size_t bytes_max) : bytes_max_(bytes_max) {}

  // Shard thread.
  void add_stream(const media::StreamInfo& stream, SteadyTime at);
  void remove_stream(std::uint32_t stream, SteadyTime at);
  void packet(const PacketRecord& record);
  void sender_report(const SenderReportRecord& record);
  // Any thread.
  void announcement(const AnnouncementRecord& record);
  void mark(const MarkRecord& record);
  void wake();
  // Packets are taken only while open; the rest always.
  void open_for_packets();
  void close();  // nothing is taken any more

  // Writer thread: waits until there is enough to write, a mark, a wake(), or `at_most` has passed; then
  // takes everything. `batch` should be the one taken before, cleared: the two buffers go to and fro.
  void wait(Duration at_most);
  void take(QueueBatch& batch);
  std::uint64_t dropped() const;

 private:
  struct Known {
    media::StreamInfo info;
    bool packet_seen = false;
  };
  template <class R>
  void push(const R& record, bool durable_wanted);

  const std::size_t bytes_max_;
  mutable std::mutex mutex_;
  std::condition_variable ready_;
  QueueBatch batch_;
  std::vector<Known> streams_;
  std::uint64_t dropped_ = 0;
  bool woken_ = false;
  bool packets_open_ = false;
  bool closed_ = false;
};

}  // namespace parlour::recording
