#include "store_sqlite/store.h"

namespace parlour::store_sqlite {

using namespace app;
using sql::Row;

namespace {
constexpr int kNotBuilt = -1;
}

void SqliteStore::put(const MeetingType& type, UtcTime published) {
  run("INSERT INTO type_version VALUES ($1,$2,$3,$4,$5)",
      {type.id, type.version, type.document, type.document_sha256, published});
}
std::vector<MeetingType> SqliteStore::types_by(std::string_view sql,
                                               std::initializer_list<sql::Value> values) {
  auto types = need(database_.query_all(sql, values, [](Row& row) {
    MeetingType out;
    out.id = row.id<TypeId>(0);
    out.version = static_cast<int>(row.integer(1));
    out.document = row.text(2);
    out.document_sha256 = row.text(3);
    auto document = parse_json(out.document);
    auto policy = document ? std::optional(meeting::parse_type_policy(*document)) : std::nullopt;
    if (policy && *policy)
      out.policy = **policy;
    else if (policy && policy->error().reason == meeting::kOptionalNotBuilt)
      out.version = kNotBuilt;
    else
      row.fail();  // a published document was valid when it was stored
    return out;
  }));
  // What could be published once and is not built is no type that anybody can use, and no reason to show
  // none.
  std::erase_if(types, [](const MeetingType& type) { return type.version == kNotBuilt; });
  return types;
}
std::vector<MeetingType> SqliteStore::latest() {
  return types_by(
      "SELECT id, version, document, sha256 FROM type_version t WHERE version = "
      "(SELECT max(version) FROM type_version o WHERE o.id = t.id) ORDER BY published",
      {});
}
std::vector<MeetingType> SqliteStore::all() {
  return types_by("SELECT id, version, document, sha256 FROM type_version ORDER BY published", {});
}
std::optional<MeetingType> SqliteStore::find(const TypeId& id, int version) {
  auto found = types_by(
      "SELECT id, version, document, sha256 FROM type_version WHERE id = $1 AND version = $2", {id, version});
  return found.empty() ? std::nullopt : std::optional(std::move(found.front()));
}
void SqliteStore::put_policy(std::string_view signed_message, UtcTime at) {
  run("INSERT INTO policy (message, at) VALUES ($1,$2)", {signed_message, at});
}
std::optional<std::string> SqliteStore::policy() {
  return need(database_.query_one("SELECT message FROM policy ORDER BY n DESC LIMIT 1", {},
                                  [](Row& row) { return row.text(0); }));
}

}  // namespace parlour::store_sqlite
