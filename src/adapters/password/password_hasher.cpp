#include "password/password_hasher.h"

#include <sodium.h>

#include <condition_variable>
#include <cstdlib>
#include <deque>
#include <mutex>
#include <thread>
#include <vector>

namespace parlour {
namespace {

void wipe(std::string& text) {
  sodium_memzero(text.data(), text.size());
}

struct Job {
  std::string password;
  std::optional<std::string> stored;  // for verify; nothing: unknown user
  PasswordHasher::HashDone hash_done;
  PasswordHasher::VerifyDone verify_done;  // one of the two is set
};

}  // namespace

struct PasswordHasher::Impl {
  explicit Impl(const Config& chosen) : config(chosen) {
    // Fails only where the system has no random numbers; nothing may go on then.
    if (sodium_init() < 0) std::abort();
    // What unknown users are compared with: a password that nobody knows, with the parameters of today.
    std::string nobody(32, '\0');
    randombytes_buf(nobody.data(), nobody.size());
    if (auto made = compute(nobody)) dummy = *made;
    wipe(nobody);
    for (std::size_t i = 0; i < config.threads; ++i) threads.emplace_back([this] { work(); });
  }

  ~Impl() {
    std::deque<Job> left;
    {
      std::lock_guard lock(mutex);
      stopping = true;
      left.swap(queue);
    }
    wake.notify_all();
    for (std::thread& thread : threads) thread.join();
    for (Job& job : left) {
      wipe(job.password);
      if (job.hash_done) job.hash_done(std::nullopt);
      if (job.verify_done) job.verify_done(Verdict::kStopped);
    }
  }

  bool push(Job job) {
    {
      std::lock_guard lock(mutex);
      if (stopping || queue.size() >= config.queue_limit) {
        wipe(job.password);
        return false;
      }
      queue.push_back(std::move(job));
    }
    wake.notify_one();
    return true;
  }

  void work() {
    while (true) {
      std::unique_lock lock(mutex);
      wake.wait(lock, [this] { return stopping || !queue.empty(); });
      if (stopping) return;
      Job job = std::move(queue.front());
      queue.pop_front();
      lock.unlock();
      if (job.hash_done) {
        auto stored = compute(job.password);
        wipe(job.password);
        job.hash_done(std::move(stored));
      } else {
        Verdict verdict = check(job.password, job.stored);
        wipe(job.password);
        job.verify_done(verdict);
      }
    }
  }

  std::optional<std::string> compute(const std::string& password) const {
    if (password.size() > kPasswordLimit) return std::nullopt;
    char out[crypto_pwhash_STRBYTES];
    if (crypto_pwhash_str_alg(out, password.data(), password.size(), config.passes, config.memory_bytes,
                              crypto_pwhash_ALG_ARGON2ID13) != 0)
      return std::nullopt;
    return std::string(out);
  }

  Verdict check(const std::string& password, const std::optional<std::string>& stored) const {
    // A password that is too long costs the same as any other wrong one.
    bool possible =
        stored.has_value() && password.size() <= kPasswordLimit && stored->size() < crypto_pwhash_STRBYTES;
    const std::string& against = possible ? *stored : dummy;
    std::string_view tried = std::string_view(password).substr(0, kPasswordLimit);
    bool equal = crypto_pwhash_str_verify(against.c_str(), tried.data(), tried.size()) == 0;
    if (!possible || !equal) return Verdict::kMismatch;
    bool old = crypto_pwhash_str_needs_rehash(against.c_str(), config.passes, config.memory_bytes) != 0;
    return old ? Verdict::kMatchRehash : Verdict::kMatch;
  }

  const Config config;
  std::string dummy;
  std::mutex mutex;
  std::condition_variable wake;
  std::deque<Job> queue;
  bool stopping = false;
  std::vector<std::thread> threads;
};

PasswordHasher::PasswordHasher() : PasswordHasher(Config()) {}
PasswordHasher::PasswordHasher(const Config& config) : impl_(std::make_unique<Impl>(config)) {}
PasswordHasher::~PasswordHasher() = default;

bool PasswordHasher::hash(std::string password, HashDone done) {
  return impl_->push(Job{std::move(password), std::nullopt, std::move(done), {}});
}

bool PasswordHasher::verify(std::string password, std::optional<std::string> stored, VerifyDone done) {
  return impl_->push(Job{std::move(password), std::move(stored), {}, std::move(done)});
}

}  // namespace parlour
