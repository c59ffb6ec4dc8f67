// The thread of a media shard: one UDP socket, one epoll, one clock.
//
// It reads and writes datagrams in batches (recvmmsg, sendmmsg), runs the shard's timers, runs commands that
// other threads post, and hands the shard's facts to one handler. Under load it lets datagrams gather for a
// moment before it reads them (a wake-up costs more than a packet); when little is going on, each one is
// handled at once.
//
// Threads: start(), post(), stats() and the destructor may be called from any thread but the shard's.
// Commands and the facts handler run on the shard's thread and must not block. After the destructor has
// returned nothing runs any more; commands that were still queued are dropped without being run.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "base/random.h"
#include "base/result.h"
#include "base/time.h"
#include "crypto/certificate.h"
#include "media/shard.h"
#include "rtc/address.h"

namespace parlour::udp {

struct UdpHostConfig {
  rtc::Address bind;                     // port 0: any free one; a v6 address takes IPv4 as well
  std::vector<rtc::Address> candidates;  // for offers; empty: the bound address. Port 0: the bound port
  const crypto::Certificate* certificate = nullptr;  // outlives the host
  Random* random = nullptr;                          // outlives the host; used on the shard's thread only
  Duration coalesce_max = 1ms;                       // zero: never wait for more datagrams
  std::size_t commands_max = 4096;                   // posted and not yet run
};

struct UdpHostStats {
  std::uint64_t wakeups = 0;
  std::uint64_t datagrams_in = 0;
  std::uint64_t datagrams_out = 0;
  std::uint64_t send_failures = 0;  // the kernel took a datagram back (no buffer, no route)
  std::uint64_t commands_refused = 0;
};

class UdpHost {
 public:
  using Command = std::function<void(media::Shard&, Now)>;
  using FactsHandler = std::function<void(std::vector<media::Fact>)>;

  // The error is a sentence for the operator (address in use, no such address).
  static Result<std::unique_ptr<UdpHost>, std::string> start(const UdpHostConfig& config,
                                                             FactsHandler on_facts);
  ~UdpHost();
  UdpHost(const UdpHost&) = delete;
  UdpHost& operator=(const UdpHost&) = delete;

  // In the order of posting. False: too many are waiting, it will not be run.
  bool post(Command command);
  rtc::Address local_address() const;
  UdpHostStats stats() const;

 private:
  struct Impl;
  explicit UdpHost(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace parlour::udp
