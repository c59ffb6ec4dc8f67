// How fast passwords may be tried: per account, per known device of an account, per address.
//
// A try is counted when it starts, not when its answer is known, so that any number of simultaneous tries
// gets no more than one after the other would. Three books:
//   account  the account as seen by browsers that it does not know: four failures are forgiven, then the wait
//   doubles;
//            one failure fades every five minutes, so nobody stays locked out by what happened in the morning
//   device   a browser that has logged in to this very account before (a cookie of its own): a book for
//   itself, so that
//            strangers' tries never lock the owner out, and the owner's mistakes do not lock out the others
//   address  a rate for browsers that are not known: so many at once, so many a minute; it refills, it never
//   locks
// One thread. Bounded: when a book is full, what has faded goes, then what has failed least.
#pragma once

#include <optional>
#include <string>
#include <unordered_map>

#include "base/time.h"

namespace parlour::app {

class LogInGuard {
 public:
  static constexpr int kFreeFailures = 4;  // people mistype
  static constexpr Duration kWaitMax =
      15min;  // more would let an attacker keep an owner's new device out for long
  static constexpr Duration kFade = 5min;  // one failure less
  static constexpr int kAddressBurst = 20, kAddressPerMinute = 10;
  static constexpr std::size_t kEntriesMax = 50'000;  // in each book

  struct Who {
    std::string account;                // as typed, in lower case; need not exist
    std::string peer;                   // address or prefix
    std::optional<std::string> device;  // of this account, known by its cookie
  };
  // Nothing: the try is counted, go on and call taken_back() or failures() with its outcome. Else how long to
  // wait; the refused try is not counted.
  std::optional<Duration> start(const Who& who, SteadyTime now);
  // The password was right, or was not looked at.
  void taken_back(const Who& who, SteadyTime now);
  // Of the book that this try stands in, after it; and how long it has to wait now.
  int failures(const Who& who, SteadyTime now) const;
  Duration wait(const Who& who, SteadyTime now) const;
  std::size_t size() const { return entries_.size() + addresses_.size(); }

 private:
  struct Entry {
    int failures = 0;
    SteadyTime faded;  // up to here fading is reckoned
    SteadyTime until;  // no try before
  };
  struct Bucket {
    int tries = kAddressBurst;
    SteadyTime filled;
  };
  static std::string key_of(const Who& who);
  static void fade(Entry& entry, SteadyTime now);
  static void fill(Bucket& bucket, SteadyTime now);
  void make_room(SteadyTime now);

  std::unordered_map<std::string, Entry> entries_;
  std::unordered_map<std::string, Bucket> addresses_;
};

}  // namespace parlour::app
