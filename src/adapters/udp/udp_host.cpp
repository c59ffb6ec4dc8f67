#include "udp/udp_host.h"

#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/prctl.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <chrono>
#include <cstring>
#include <ctime>
#include <mutex>
#include <optional>
#include <thread>
#include <utility>

#include "coalescing.h"
#include "socket.h"

namespace parlour::udp {

namespace {

// So many reads in a row before timers and commands get their turn.
constexpr int kReadsPerTurn = 16;

SteadyTime steady_now() {
  using namespace std::chrono;
  return {duration_cast<microseconds>(steady_clock::now().time_since_epoch()).count()};
}

Now both_now() {
  using namespace std::chrono;
  return {steady_now(), {duration_cast<microseconds>(system_clock::now().time_since_epoch()).count()}};
}

timespec to_timespec(Duration duration) {
  const auto us = std::max<std::int64_t>(duration.count(), 0);
  return {us / 1'000'000, us % 1'000'000 * 1'000};
}

class Descriptor {
 public:
  explicit Descriptor(int value) : value_(value) {}
  ~Descriptor() {
    if (value_ >= 0) ::close(value_);
  }
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  int value() const { return value_; }

 private:
  int value_;
};

}  // namespace

struct UdpHost::Impl {
  Impl(const UdpHostConfig& host_config, UdpSocket udp, FactsHandler handler)
      : config(host_config),
        socket(std::move(udp)),
        on_facts(std::move(handler)),
        shard(shard_config()),
        epoll(::epoll_create1(EPOLL_CLOEXEC)),
        wake(::eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC)),
        coalescing(host_config.coalesce_max) {}

  media::ShardConfig shard_config() const {
    media::ShardConfig made{config.certificate, config.random, config.candidates};
    if (made.candidates.empty()) made.candidates.push_back(socket.local_address());
    for (rtc::Address& candidate : made.candidates) {
      if (candidate.port() == 0) candidate = candidate.with_port(socket.local_address().port());
    }
    return made;
  }

  bool watch(int descriptor, std::uint32_t events) {
    epoll_event event{};
    event.events = events;
    event.data.fd = descriptor;
    return ::epoll_ctl(epoll.value(), EPOLL_CTL_ADD, descriptor, &event) == 0;
  }

  // Watched by its edges and never read: each ring wakes once. A reader could take the ring of a command that
  // it leaves in the queue, and the command would wait until something else happens.
  void ring() {
    const std::uint64_t one = 1;
    [[maybe_unused]] const auto written = ::write(wake.value(), &one, sizeof one);
  }

  void run() {
    // The default of 50 µs would be a twentieth of the whole coalescing time.
    ::prctl(PR_SET_TIMERSLACK, 1'000UL, 0UL, 0UL, 0UL);
    while (!stopping.load(std::memory_order_acquire)) {
      wait();
      wakeups.fetch_add(1, std::memory_order_relaxed);
      run_commands();
      read();
      if (const auto due = shard.next_deadline(); due) {
        if (const SteadyTime now = steady_now(); *due <= now) shard.on_deadline(now);
      }
      finish_turn();
    }
  }

  void wait() {
    if (const Duration pause = coalescing.pause(steady_now()); pause > Duration::zero()) {
      const timespec time = to_timespec(pause);
      ::clock_nanosleep(CLOCK_MONOTONIC, 0, &time, nullptr);
      return;  // what came meanwhile is read without asking first
    }
    std::array<epoll_event, 2> events;
    const auto due = shard.next_deadline();
    int count = 0;
    if (due) {
      const timespec timeout = to_timespec(*due - steady_now());
      count =
          ::epoll_pwait2(epoll.value(), events.data(), static_cast<int>(events.size()), &timeout, nullptr);
      if (count < 0 && errno == ENOSYS) {
        // Kernels before 5.11 know milliseconds only.
        const auto ms = static_cast<int>(timeout.tv_sec * 1'000 + timeout.tv_nsec / 1'000'000 + 1);
        ::epoll_wait(epoll.value(), events.data(), static_cast<int>(events.size()), ms);
      }
    } else {
      ::epoll_wait(epoll.value(), events.data(), static_cast<int>(events.size()), -1);
    }
  }

  void run_commands() {
    // First the flag, then the queue: whoever queues after this rings again.
    if (!commands_waiting.exchange(false, std::memory_order_acquire)) return;
    {
      const std::lock_guard lock(mutex);
      running.swap(commands);
    }
    for (Command& command : running) {
      command(shard, both_now());
      if (shard.output().filling()) flush();
    }
    running.clear();
  }

  void read() {
    std::size_t total = 0;
    for (int round = 0; round < kReadsPerTurn; ++round) {
      const std::size_t count = socket.receive();
      const SteadyTime now = steady_now();
      for (std::size_t i = 0; i < count; ++i) {
        shard.handle(socket.sender(i), socket.datagram(i), now);
        if (shard.output().filling()) flush();
      }
      total += count;
      if (count < UdpSocket::kBatch) break;
      flush();
    }
    coalescing.note(total, steady_now());
    datagrams_in.fetch_add(total, std::memory_order_relaxed);
  }

  void flush() {
    media::OutputBatch& batch = shard.output();
    if (batch.empty()) return;
    const std::size_t refused = socket.send(batch);
    datagrams_out.fetch_add(batch.size() - refused, std::memory_order_relaxed);
    if (refused > 0) send_failures.fetch_add(refused, std::memory_order_relaxed);
    batch.clear();
  }

  void finish_turn() {
    flush();
    std::vector<media::Fact> facts = shard.take_facts();
    if (!facts.empty() && on_facts) on_facts(std::move(facts));
  }

  UdpHostConfig config;
  UdpSocket socket;
  FactsHandler on_facts;
  media::Shard shard;
  Descriptor epoll;
  Descriptor wake;
  Coalescing coalescing;

  std::mutex mutex;
  std::vector<Command> commands;  // under mutex
  std::vector<Command> running;   // of the shard's thread
  std::atomic<bool> commands_waiting = false;
  std::atomic<bool> stopping = false;

  std::atomic<std::uint64_t> wakeups = 0;
  std::atomic<std::uint64_t> datagrams_in = 0;
  std::atomic<std::uint64_t> datagrams_out = 0;
  std::atomic<std::uint64_t> send_failures = 0;
  std::atomic<std::uint64_t> commands_refused = 0;

  std::thread thread;
};

Result<std::unique_ptr<UdpHost>, std::string> UdpHost::start(const UdpHostConfig& config,
                                                             FactsHandler on_facts) {
  auto socket = UdpSocket::open(config.bind);
  if (!socket) return fail(socket.error());
  auto impl = std::make_unique<Impl>(config, std::move(*socket), std::move(on_facts));
  if (impl->epoll.value() < 0 || impl->wake.value() < 0 || !impl->watch(impl->socket.descriptor(), EPOLLIN) ||
      !impl->watch(impl->wake.value(), EPOLLIN | EPOLLET)) {
    return fail(std::string("no epoll: ") + std::strerror(errno));
  }
  Impl& running = *impl;
  impl->thread = std::thread([&running] { running.run(); });
  return std::unique_ptr<UdpHost>(new UdpHost(std::move(impl)));
}

UdpHost::UdpHost(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}

UdpHost::~UdpHost() {
  impl_->stopping.store(true, std::memory_order_release);
  impl_->ring();
  impl_->thread.join();
}

bool UdpHost::post(Command command) {
  bool first = false;
  {
    const std::lock_guard lock(impl_->mutex);
    if (impl_->commands.size() >= impl_->config.commands_max) {
      impl_->commands_refused.fetch_add(1, std::memory_order_relaxed);
      return false;
    }
    impl_->commands.push_back(std::move(command));
    first = !impl_->commands_waiting.exchange(true, std::memory_order_release);
  }
  if (first) impl_->ring();
  return true;
}

rtc::Address UdpHost::local_address() const {
  return impl_->socket.local_address();
}

UdpHostStats UdpHost::stats() const {
  return {impl_->wakeups.load(), impl_->datagrams_in.load(), impl_->datagrams_out.load(),
          impl_->send_failures.load(), impl_->commands_refused.load()};
}

}  // namespace parlour::udp
