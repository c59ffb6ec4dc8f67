// The accepted messages of one call in their order, each parsed once, with what has to be found again kept
// beside it: nothing here looks through them for one. Hellos stand in it only once a Roster names them; who
// waits is not part of the call. Thread: the app thread.
#pragma once

#include <list>
#include <map>
#include <optional>
#include <string>

#include "app/stores.h"

namespace parlour::app {

class ChainIndex {
 public:
  struct Said {
    CallStore::Message stored;
    Json message;
    std::string kind;  // `t`
    std::string ep;    // of a Hello: whose
  };

  // A later Progress says what an earlier one of the same sender said, and takes its place.
  const Said& add(Said said) {
    const std::string& from = said.stored.from;
    if (said.kind == "Progress") {
      if (auto old = progress_.find(from); old != progress_.end()) {
        bytes_[from] -= old->second->stored.message.size();
        all_.erase(old->second);
      }
    }
    bytes_[from] += said.stored.message.size();
    last_row_ = said.stored.row;
    auto place = all_.insert(all_.end(), std::move(said));
    if (place->kind == "Hello") hellos_.insert_or_assign(place->ep, place);
    if (place->kind == "Roster") roster_ = place;
    if (place->kind == "Progress") progress_.insert_or_assign(place->stored.from, place);
    return *place;
  }

  const std::list<Said>& all() const { return all_; }
  std::int64_t last_row() const { return last_row_; }  // of the database; rows only rise
  const Said* hello(const std::string& ep) const {
    auto found = hellos_.find(ep);
    return found == hellos_.end() ? nullptr : &*found->second;
  }
  const Said* progress(const std::string& from) const {
    auto found = progress_.find(from);
    return found == progress_.end() ? nullptr : &*found->second;
  }
  const Said* last_roster() const { return roster_ ? &**roster_ : nullptr; }
  // What is kept of this sender, in bytes.
  std::size_t bytes(const std::string& from) const {
    auto found = bytes_.find(from);
    return found == bytes_.end() ? 0 : found->second;
  }

 private:
  using Place = std::list<Said>::const_iterator;
  std::list<Said> all_;
  std::map<std::string, Place> hellos_;    // by endpoint
  std::map<std::string, Place> progress_;  // by sender: the newest
  std::optional<Place> roster_;
  std::map<std::string, std::size_t> bytes_;  // by sender
  std::int64_t last_row_ = 0;
};

}  // namespace parlour::app
