// How often one person may do what costs others something: counted per person and kind of act, whatever
// socket it comes by, and kept beyond the meeting that it was said in, so that leaving and coming again gives
// nothing back. Time is passed in. Thread: the app thread.
#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <string>

#include "base/time.h"

namespace parlour::app {

// What is counted apart. A person's page of our own stays far below each.
enum class Talk : std::uint8_t {
  kAny,        // a message of any kind
  kEnter,      // a page comes in: rows, entries, an endpoint
  kResume,     // a socket comes back
  kHello,      // a signature to check, lists to send
  kSigned,     // any other signed message: stored, sent to everybody and to the vault
  kAnswer,     // SDP to read
  kRestart,    // an offer to make
  kSelf,       // the list of people to everybody
  kShare,      // an entry and a message to everybody
  kConnected,  // a look into the database
  kFailed,     // an entry
  kDesk,       // what only an adviser says: decline, second device
  kLink,       // the link is opened: a session
  kPage,       // a request of the customer's page
  kChange,     // one that writes: device check, notice, cancel
};
inline constexpr std::size_t kTalks = 15;

// `burst` at once, then one each `each`.
struct Allowance {
  int burst;
  Duration each;
};
constexpr Allowance allowance(Talk talk) {
  switch (talk) {
    case Talk::kAny:
      return {300, 50ms};
    case Talk::kEnter:
      return {12, 5s};
    case Talk::kResume:
      return {30, 2s};
    case Talk::kHello:
      return {16, 4s};
    case Talk::kSigned:
      return {200, 250ms};
    case Talk::kAnswer:
      return {60, 1s};
    case Talk::kRestart:
      return {40, 2s};
    case Talk::kSelf:
      return {20, 250ms};
    case Talk::kShare:
      return {10, 6s};
    case Talk::kConnected:
      return {30, 1s};
    case Talk::kFailed:
      return {20, 60s};
    case Talk::kDesk:
      return {30, 1s};
    case Talk::kLink:
      return {12, 5s};
    case Talk::kPage:
      return {60, 500ms};
    case Talk::kChange:
      return {30, 3s};
  }
  return {1, 1s};
}

class Rates {
 public:
  // Takes one; false: not now, and nothing is taken.
  bool take(const std::string& person, Talk talk, SteadyTime now) {
    if (people_.size() >= kPeopleMax) forget_idle(now);
    if (people_.size() >= kPeopleMax && !people_.contains(person)) people_.erase(people_.begin());
    // The time at which all is given back: one more is free while that lies at most a burst ahead.
    SteadyTime& free_at = people_[person][static_cast<std::size_t>(talk)];
    const Allowance allowed = allowance(talk);
    const SteadyTime from = free_at < now ? now : free_at;
    const SteadyTime next = from + allowed.each;
    if (next > now + allowed.each * allowed.burst) return false;
    free_at = next;
    return true;
  }
  std::size_t people() const { return people_.size(); }

 private:
  static constexpr std::size_t kPeopleMax = 20'000;  // some 3 MiB

  void forget_idle(SteadyTime now) {
    std::erase_if(people_, [&](const auto& entry) {
      for (SteadyTime free_at : entry.second)
        if (free_at > now) return false;
      return true;
    });
  }

  std::map<std::string, std::array<SteadyTime, kTalks>> people_;
};

}  // namespace parlour::app
