// Everything the use cases work with, built once by bin. References outlive the use cases. Thread: the app
// thread.
#pragma once

#include <string>

#include "app/audit_log.h"
#include "app/call_rules.h"
#include "app/media_plane.h"
#include "app/recorder.h"
#include "app/runtime.h"
#include "app/stores.h"
#include "app/vault.h"
#include "base/random.h"
#include "base/time.h"

namespace parlour::app {

struct Organisation {
  std::string name;               // shown to people
  std::string base_url;           // "https://localhost:8443": from configuration only, never from a request
  std::string contact_telephone;  // as it is printed; "": none is shown
};

struct Context {
  Organisation organisation;
  const Clock& clock;
  Random& random;
  Scheduler& scheduler;
  Digest& digest;
  LinkKey& link_key;
  Passwords& passwords;
  UnitOfWork& unit;
  MeetingStore& meetings;
  PeopleStore& people;
  SessionStore& sessions;
  TypeStore& types;
  CallStore& calls;
  RecordingStore& recordings;
  AuditLog& audit;
  Outbox& outbox;
  CallRulesFactory& call_rules;
  MediaPlane& media;
  Recorder& recorder;
  Vault& vault;
};

}  // namespace parlour::app
