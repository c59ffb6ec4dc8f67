// The server's copy of a call's signed chain (e2ee.md 3 and 4), behind a port: app sees who is named and who
// has acknowledged, never a key. One object a call; the app thread.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/json.h"
#include "base/result.h"
#include "base/time.h"
#include "meeting/gate.h"
#include "meeting/ids.h"
#include "meeting/refusal.h"

namespace parlour::app {

struct HelloView {
  std::string ep;  // base64url
  std::uint8_t role = 0;
  std::string name;
  std::string renews;  // ep or ""
};
struct MemberView {
  std::uint8_t idx = 0;
  std::string ep;
  std::uint8_t role = 0;
};
struct RosterView {
  std::uint16_t epoch = 0;
  std::string hash;  // base64url, of the Roster's bytes
  std::string type_id;
  std::int64_t type_version = 0;
  std::uint8_t steward = 0;
  meeting::RosterMode mode = meeting::RosterMode::kOff;
  bool recorder = false;
  std::string reason;
  std::vector<MemberView> members;
};

struct Accepted {
  enum class Kind { kHello, kRoster, kSenderKey, kKeyAck, kActivated, kProgress, kLinkProof };
  Kind kind = Kind::kHello;
  std::string ep;                   // the signer's endpoint; "rec" for the recorder
  std::uint16_t epoch = 0;          // all but Hello
  std::optional<std::uint8_t> idx;  // signer, all but Hello
  bool repeated = false;            // the very same bytes were accepted before; nothing has changed
};

class CallRules {
 public:
  virtual ~CallRules() = default;
  // Checks one message in its context and takes it in. A refusal names the check that failed and changes
  // nothing.
  virtual Result<Accepted, meeting::Refusal> accept(const Json& message, Now now) = 0;
  // A Hello that no Roster names is taken out again: its page said another one, or is gone.
  virtual void forget_hello(const Json& message) = 0;
  // What accept() would find in it, without taking it in; nothing when it cannot be read.
  virtual std::optional<RosterView> read_roster(const Json& message) const = 0;
  virtual std::optional<HelloView> read_hello(const Json& message) const = 0;

  virtual std::optional<RosterView> roster() const = 0;  // the newest
  virtual std::optional<RosterView> roster_of(std::uint16_t epoch) const = 0;
  // Member 255 has acknowledged all commits of this sender in this epoch.
  virtual bool recorder_acknowledged(std::uint16_t epoch, std::uint8_t idx) const = 0;
  // The newest epoch for which this sender has said Activated; 0: none.
  virtual std::uint16_t activated_epoch(std::uint8_t idx) const = 0;
};

class CallRulesFactory {
 public:
  virtual ~CallRulesFactory() = default;
  // `policy`: the signed Policy message {t,k,b,s}. Refused when it does not verify under the organisation
  // key. Rosters of another meeting are refused later.
  virtual Result<std::unique_ptr<CallRules>, meeting::Refusal> make(const std::string& call,
                                                                    const meeting::MeetingId& meeting,
                                                                    const std::string& policy) = 0;
  virtual std::string root_fingerprint() const = 0;  // as people compare it; "" when unknown
  virtual std::string root_public_key() const = 0;   // base64url, 65 bytes; "" when unknown
};

}  // namespace parlour::app
