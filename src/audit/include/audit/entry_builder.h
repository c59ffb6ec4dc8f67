// Making an entry: the use case says what happened, the store says where in the log it stands, out come the
// bytes of the leaf and the private rows, which go into the same SQL transaction as the effect.
//
//   auto draft = EntryBuilder("link.opened").actor(...).meeting(id).set("kind", "customer")
//                    .personal("user_agent", agent);
//   auto made = draft.make(place, random);   // inside the transaction, place.seq from the locked head row
//
// Refused: names, fields and kinds that the catalogue does not have, missing required fields, head values
// that are not codes, entries beyond 16 KiB. A refusal is a fault of the caller: it must fail the transaction
// (no entry, no act). Personal text is made harmless (text.h), committed under a fresh salt, and never part
// of the bytes. One thread.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "audit/format/entry.h"
#include "audit/format/private_row.h"
#include "base/bytes.h"
#include "base/json.h"
#include "base/random.h"
#include "base/redacted.h"
#include "base/result.h"

namespace parlour::audit {

struct PrivateField {
  std::string name;
  Redacted<std::string> value;
};

struct MadeEntry {
  Bytes bytes;                           // the leaf; store and hash exactly these
  std::vector<PrivateRow> private_rows;  // audit_private(seq, field, salt, value)
};

struct MakeFault {
  std::string reason;  // names the field and the rule; holds no value
};

Result<MadeEntry, MakeFault> make_entry(const EntryHead& head, const EntryPlace& place, const Json& data,
                                        const std::vector<PrivateField>& private_fields, Random& random);

class EntryBuilder {
 public:
  explicit EntryBuilder(std::string_view type) { head_.type = type; }

  EntryBuilder& brand(std::string_view brand);
  EntryBuilder& actor(Actor actor);
  EntryBuilder& subject(std::string_view kind, std::string_view id);
  EntryBuilder& meeting(std::string_view id, std::string_view type_version = "");
  EntryBuilder& cause(std::string_view request_id);
  EntryBuilder& denied(std::string_view reason);
  EntryBuilder& failed(std::string_view reason);
  EntryBuilder& set(std::string_view field, Json value);
  EntryBuilder& personal(std::string_view field, std::string_view value);
  // Milliseconds; pairs (from, to).
  EntryBuilder& ranges(std::string_view field,
                       const std::vector<std::pair<std::int64_t, std::int64_t>>& ranges);
  EntryBuilder& hash(std::string_view field, const crypto::Hash256& hash);

  // The checks of make_entry that do not depend on the place; to be called before the transaction.
  Result<void, MakeFault> check() const;
  Result<MadeEntry, MakeFault> make(const EntryPlace& place, Random& random) const;

  const EntryHead& head() const { return head_; }

 private:
  EntryHead head_;
  Json data_ = JsonObject{};
  std::vector<PrivateField> private_fields_;
};

}  // namespace parlour::audit
