// The second pass's middle: frames of one stream are opened, each counter once and in order, and what depends
// on a lost picture is left out until the next key frame. One thread.
#pragma once

#include <functional>
#include <map>
#include <optional>

#include "e2ee/sframe.h"
#include "vault/assembler.h"
#include "vault/opening.h"
#include "vault/timeline.h"

namespace parlour::vault {

// What all streams of the recording share: keys by call and KID, and their accounts.
class KeyRing {
 public:
  KeyRing(const CallSet& calls, const KeyStore& keys) : calls_(calls), keys_(keys) {}

  using Place = std::pair<e2ee::CallId, e2ee::Kid>;
  enum class State { kReady, kPaused, kMissing };
  // The key of a KID in a call; null unless kReady.
  e2ee::SframeKey* find(const Place& place, State& state);
  KidAccount& account(const Place& place) { return accounts_[place]; }
  std::map<Place, KidAccount>& accounts() { return accounts_; }

 private:
  struct Slot {
    State state = State::kMissing;
    std::optional<e2ee::SframeKey> key;
  };
  const CallSet& calls_;
  const KeyStore& keys_;
  std::map<Place, Slot> slots_;
  std::map<Place, KidAccount> accounts_;
};

struct JudgedTrack {
  std::vector<Span> intervals;
  std::vector<Gap> skips;      // from a lost picture to the next key frame
  std::vector<Span> unopened;  // of frames that came and that the recorder's keys don't open
  std::uint64_t recovered = 0;
};

class StreamJudge {
 public:
  struct Context {
    const SurveyedStream& stream;
    StreamClock clock;
    std::string participant;
    MediaKind kind;
    KeyRing& ring;
    JudgedTrack& track;
    // The call that the stream's frames belong to.
    e2ee::CallId call;
    std::function<void(FrameFault)> fault;
    std::function<Result<void, VaultRefusal>(UtcTime at, bool key_frame, Bytes frame)> write;
  };
  explicit StreamJudge(Context context);

  Result<void, VaultRefusal> packet(const recording::PacketRecord& record);
  // A tick of the log.
  Result<void, VaultRefusal> advance(SteadyTime now);
  Result<void, VaultRefusal> finish();

 private:
  void frame(AssembledFrame frame);
  void note(std::string_view what, const e2ee::SframeHeader& header, UtcTime at);
  static void extend(std::vector<Span>& spans, UtcTime at);

  Context context_;
  FrameAssembler assembler_;
  std::uint64_t duplicates_noted_ = 0;
  struct Last {
    std::uint64_t counter = 0;
    std::int64_t ticks = 0;
  };
  std::map<e2ee::Kid, Last> last_;
  UtcTime last_at_;
  std::optional<e2ee::Kid> last_kid_;
  bool need_key_frame_ = true;
  std::optional<Gap> skipping_;
  Result<void, VaultRefusal> written_;
};

}  // namespace parlour::vault
