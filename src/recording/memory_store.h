// A SegmentStore in memory for tests: it can lose what was not synced, stall, and fill up.
#pragma once

#include <condition_variable>
#include <map>
#include <mutex>

#include "recording/store.h"

namespace parlour::recording {

class MemoryStore final : public SegmentStore {
 public:
  struct File {
    Bytes bytes;
    std::size_t synced = 0;
  };

  // As after loss of power: what was not synced is gone.
  void lose_unsynced() {
    std::lock_guard lock(mutex_);
    for (auto& [name, file] : files_) file.bytes.resize(file.synced);
  }
  void set_free_bytes(std::uint64_t free) {
    std::lock_guard lock(mutex_);
    free_ = free;
  }
  void set_write_error(std::optional<StoreError> error) {
    std::lock_guard lock(mutex_);
    error_ = error;
  }
  void stall(bool stalled) {
    std::lock_guard lock(mutex_);
    stalled_ = stalled;
    changed_.notify_all();
  }
  std::map<std::string, File> files() const {
    std::lock_guard lock(mutex_);
    return files_;
  }
  void put(const std::string& name, Bytes bytes) {
    std::lock_guard lock(mutex_);
    const std::size_t size = bytes.size();
    files_[name] = {std::move(bytes), size};
  }

  Result<std::unique_ptr<AppendFile>, StoreError> create(std::string_view name) override {
    std::unique_lock lock(mutex_);
    if (error_) return fail(*error_);
    if (files_.contains(std::string(name))) return fail(StoreError::kExists);
    files_[std::string(name)];
    return std::unique_ptr<AppendFile>(std::make_unique<Handle>(*this, std::string(name)));
  }
  Result<std::unique_ptr<AppendFile>, StoreError> reopen(std::string_view name, std::uint64_t size) override {
    std::unique_lock lock(mutex_);
    auto at = files_.find(std::string(name));
    if (at == files_.end()) return fail(StoreError::kNotFound);
    at->second.bytes.resize(size);
    return std::unique_ptr<AppendFile>(std::make_unique<Handle>(*this, std::string(name)));
  }
  Result<Bytes, StoreError> read(std::string_view name) override {
    std::lock_guard lock(mutex_);
    auto at = files_.find(std::string(name));
    if (at == files_.end()) return fail(StoreError::kNotFound);
    return at->second.bytes;
  }
  Result<void, StoreError> rename(std::string_view from, std::string_view to) override {
    std::lock_guard lock(mutex_);
    auto node = files_.extract(std::string(from));
    if (node.empty()) return fail(StoreError::kNotFound);
    node.key() = std::string(to);
    files_.insert(std::move(node));
    return {};
  }
  Result<void, StoreError> remove(std::string_view name) override {
    std::lock_guard lock(mutex_);
    if (files_.erase(std::string(name)) == 0) return fail(StoreError::kNotFound);
    return {};
  }
  Result<std::vector<FileInfo>, StoreError> list() override {
    std::lock_guard lock(mutex_);
    std::vector<FileInfo> infos;
    for (const auto& [name, file] : files_) infos.push_back({name, file.bytes.size(), {}});
    return infos;
  }
  Result<std::uint64_t, StoreError> free_bytes() override {
    std::lock_guard lock(mutex_);
    return free_;
  }

 private:
  class Handle final : public AppendFile {
   public:
    Handle(MemoryStore& store, std::string name) : store_(store), name_(std::move(name)) {}
    Result<void, StoreError> append(ByteView bytes) override {
      std::unique_lock lock(store_.mutex_);
      if (store_.error_) return fail(*store_.error_);
      parlour::append(store_.files_[name_].bytes, bytes);
      return {};
    }
    Result<void, StoreError> sync() override {
      std::unique_lock lock(store_.mutex_);
      store_.changed_.wait(lock, [&] { return !store_.stalled_; });
      if (store_.error_) return fail(*store_.error_);
      File& file = store_.files_[name_];
      file.synced = file.bytes.size();
      return {};
    }

   private:
    MemoryStore& store_;
    std::string name_;
  };

  mutable std::mutex mutex_;
  std::condition_variable changed_;
  std::map<std::string, File> files_;
  std::uint64_t free_ = 1ull << 40;
  std::optional<StoreError> error_;
  bool stalled_ = false;
};

}  // namespace parlour::recording
