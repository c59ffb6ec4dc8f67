// Reading the audit log: a meeting's story, the list of entries, the verifier's verdict, the bundle.
#pragma once

#include <map>

#include "app/act.h"

namespace parlour::app {

using meeting::Refusal;

struct EntryPage {
  std::vector<AuditEntry> items;
  std::optional<std::uint64_t> next;
  AuditHead head;
  std::map<std::string, std::string> names;  // id → name, as far as the reader may know
};

class AuditViews {
 public:
  explicit AuditViews(Context& context) : context_(context) {}

  Result<EntryPage, Refusal> timeline(const meeting::Actor& actor, const MeetingId& meeting);
  Result<EntryPage, Refusal> entries(const meeting::Actor& actor, AuditFilter filter);
  // A head is signed first, so that the verdict covers everything.
  void verify(const meeting::Actor& actor, std::function<void(Result<AuditVerdict, Refusal>)> done);
  void export_proof(const meeting::Actor& actor, const MeetingId& meeting,
                    std::function<void(Result<Bytes, Refusal>)> done);

 private:
  void add_names(EntryPage& page, const std::optional<MeetingId>& meeting);

  Context& context_;
};

}  // namespace parlour::app
