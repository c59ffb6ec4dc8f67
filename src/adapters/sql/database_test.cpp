#include "sql/database.h"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include <filesystem>
#include <fstream>
#include <thread>

#include "parameters.h"

namespace parlour::sql {
namespace {

class TemporaryDirectory {
 public:
  TemporaryDirectory() {
    std::string name = (std::filesystem::temp_directory_path() / "parlour_sql_XXXXXX").string();
    path_ = mkdtemp(name.data());
  }
  ~TemporaryDirectory() { std::filesystem::remove_all(path_); }
  std::filesystem::path file() const { return path_ / "test.db"; }

 private:
  std::filesystem::path path_;
};

Database memory() {
  auto database = Database::open_in_memory();
  EXPECT_TRUE(database);
  return std::move(*database);
}

TEST(Parameters, AreRewrittenOutsideOfLiteralsNamesAndComments) {
  EXPECT_EQ(rewrite_parameters("select $2, $1"), "select ?2, ?1");
  EXPECT_EQ(rewrite_parameters("a=$10 and b='$1' and \"$2\"=[$3] -- $4\n and c=$5 /* $6 */"),
            "a=?10 and b='$1' and \"$2\"=[$3] -- $4\n and c=?5 /* $6 */");
  EXPECT_EQ(rewrite_parameters("doc->>'it''s $1' = a$1"), "doc->>'it''s $1' = a$1");
  EXPECT_EQ(rewrite_parameters("'open $1"), "'open $1");
}

TEST(Database, BindsParametersByNumberNotByFirstAppearance) {
  Database database = memory();
  auto got =
      database.query_one("select $2, $1", {"one", "two"}, [](Row& row) { return row.text(0) + row.text(1); });
  ASSERT_TRUE(got);
  EXPECT_EQ(**got, "twoone");
}

TEST(Database, RoundTripsEveryTypeAlsoNulBytes) {
  Database database = memory();
  ASSERT_TRUE(database.execute_script("create table t (i integer, s text, b blob, n text) strict"));
  Bytes blob{0, 1, 0, 255, 0};
  std::string text("a\0b", 3);
  std::int64_t large = -9'007'199'254'740'993;
  ASSERT_TRUE(database.execute("insert into t values ($1, $2, $3, $4)", {large, text, blob, nullptr}));
  bool seen = false;
  ASSERT_TRUE(database.query("select i, s, b, n from t", {}, [&](Row& row) {
    seen = true;
    EXPECT_EQ(row.integer(0), large);
    EXPECT_EQ(row.text(1), text);
    EXPECT_EQ(row.blob(2), blob);
    EXPECT_FALSE(row.optional_text(3));
  }));
  EXPECT_TRUE(seen);
}

TEST(Database, EmptyTextAndBlobAreNotNull) {
  Database database = memory();
  ASSERT_TRUE(database.execute_script("create table t (s text not null, b blob not null) strict"));
  ASSERT_TRUE(database.execute("insert into t values ($1, $2)", {std::string_view(), ByteView()}));
  auto got = database.query_one("select s, b from t", {},
                                [](Row& row) { return row.text(0).size() + row.blob(1).size(); });
  ASSERT_TRUE(got);
  EXPECT_EQ(**got, 0u);
}

TEST(Database, IdsTimesAndOptionalsRoundTrip) {
  using ThingId = Id<struct ThingTag>;
  SeededRandom random(1);
  ThingId id = ThingId::make(UtcTime{5}, random);
  Database database = memory();
  ASSERT_TRUE(database.execute_script("create table t (id blob primary key, at integer, other blob) strict"));
  ASSERT_TRUE(
      database.execute("insert into t values ($1, $2, $3)", {id, UtcTime{7}, std::optional<ThingId>()}));
  bool seen = false;
  ASSERT_TRUE(database.query("select id, at, other from t where id = $1", {id}, [&](Row& row) {
    seen = true;
    EXPECT_EQ(row.id<ThingId>(0), id);
    EXPECT_EQ(row.time(1), UtcTime{7});
    EXPECT_FALSE(row.optional_id<ThingId>(2));
  }));
  EXPECT_TRUE(seen);
}

TEST(Database, AskingForAnotherTypeFailsTheQuery) {
  Database database = memory();
  for (auto read : {+[](Row& row) { (void)row.integer(0); }, +[](Row& row) { (void)row.blob(0); },
                    +[](Row& row) { (void)row.text(1); }, +[](Row& row) { (void)row.text(2); },
                    +[](Row& row) { (void)row.bytes<3>(3); }}) {
    auto done = database.query("select 'text', null, 3, x'0102'", {}, read);
    ASSERT_FALSE(done);
    EXPECT_EQ(done.error().kind, SqlErrorKind::kType);
  }
  EXPECT_FALSE(database.query("select 1", {}, [](Row& row) { (void)row.integer(1); }));
}

TEST(Database, ErrorsAreNamed) {
  Database database = memory();
  ASSERT_TRUE(
      database.execute_script("create table a (id integer primary key, v text unique not null) strict;"
                              "create table b (a integer references a (id)) strict"));
  ASSERT_TRUE(database.execute("insert into a values (1, 'secret value')"));
  auto kind = [&](std::string_view sql, std::initializer_list<Value> values = {}) {
    auto done = database.execute(sql, values);
    EXPECT_FALSE(done) << sql;
    EXPECT_EQ(done.error().text.find("secret"), std::string::npos);
    return done.error().kind;
  };
  EXPECT_EQ(kind("insert into a values (1, 'x')"), SqlErrorKind::kUnique);
  EXPECT_EQ(kind("insert into a values (2, $1)", {"secret value"}), SqlErrorKind::kUnique);
  EXPECT_EQ(kind("insert into b values (7)"), SqlErrorKind::kForeignKey);
  EXPECT_EQ(kind("insert into a values (3, null)"), SqlErrorKind::kConstraint);
  EXPECT_EQ(kind("insert into nowhere values (3)"), SqlErrorKind::kStatement);
  EXPECT_EQ(kind("insert into a values ($1, $2)", {4}), SqlErrorKind::kStatement);
  EXPECT_EQ(kind("select 1"), SqlErrorKind::kStatement);
  EXPECT_EQ(kind("select \"no_such_column\""), SqlErrorKind::kStatement);
  EXPECT_EQ(kind("delete from a; delete from b"), SqlErrorKind::kStatement);
  EXPECT_EQ(kind(""), SqlErrorKind::kStatement);
}

TEST(Database, CountsChangedRows) {
  Database database = memory();
  ASSERT_TRUE(database.execute_script("create table t (i integer) strict"));
  EXPECT_EQ(*database.execute("insert into t values (1), (2), (3)"), 3);
  EXPECT_EQ(*database.execute("update t set i = 9 where i = 100"), 0);
  EXPECT_EQ(*database.execute("delete from t where i > 1"), 2);
  auto returned =
      database.query_all("update t set i = i + 1 returning i", {}, [](Row& row) { return row.integer(0); });
  ASSERT_TRUE(returned);
  EXPECT_EQ(*returned, std::vector<std::int64_t>{2});
}

TEST(Database, QueriesMayNestAlsoTheSameOne) {
  Database database = memory();
  ASSERT_TRUE(database.execute_script("create table t (i integer); insert into t values (1), (2), (3)"));
  int pairs = 0;
  std::string_view sql = "select i from t where i >= $1";
  ASSERT_TRUE(database.query(sql, {1}, [&](Row& row) {
    ASSERT_TRUE(database.query(sql, {row.integer(0)}, [&](Row&) { ++pairs; }));
  }));
  EXPECT_EQ(pairs, 6);
}

TEST(Database, KeepsWorkingPastTheStatementCache) {
  Database database = memory();
  for (int i = 0; i < 600; ++i) {
    auto got = database.query_one("select " + std::to_string(i), {}, [](Row& row) { return row.integer(0); });
    ASSERT_TRUE(got);
    EXPECT_EQ(**got, i);
  }
}

TEST(Database, QueryOneRefusesASecondRow) {
  Database database = memory();
  auto none = database.query_one("select 1 where 0", {}, [](Row& row) { return row.integer(0); });
  ASSERT_TRUE(none);
  EXPECT_FALSE(none->has_value());
  EXPECT_FALSE(
      database.query_one("select 1 union all select 2", {}, [](Row& row) { return row.integer(0); }));
}

TEST(Transaction, RollsBackUnlessCommitted) {
  Database database = memory();
  ASSERT_TRUE(database.execute_script("create table t (i integer) strict"));
  {
    auto transaction = Transaction::begin(database);
    ASSERT_TRUE(transaction);
    ASSERT_TRUE(database.execute("insert into t values (1)"));
    auto nested = Transaction::begin(database);
    ASSERT_FALSE(nested);
    EXPECT_EQ(nested.error().kind, SqlErrorKind::kStatement);
  }
  EXPECT_FALSE(database.in_transaction());
  {
    auto transaction = Transaction::begin(database);
    ASSERT_TRUE(transaction);
    ASSERT_TRUE(database.execute("insert into t values (2)"));
    ASSERT_TRUE(transaction->commit());
  }
  auto all = database.query_all("select i from t", {}, [](Row& row) { return row.integer(0); });
  EXPECT_EQ(*all, std::vector<std::int64_t>{2});
}

TEST(DatabaseFile, IsPrivateDurableAndWal) {
  TemporaryDirectory directory;
  {
    auto database = Database::open(directory.file());
    ASSERT_TRUE(database);
    auto setting = [&](std::string_view pragma) {
      std::string value;
      EXPECT_TRUE(database->query(pragma, {}, [&](Row& row) {
        value = pragma == "pragma journal_mode" ? row.text(0) : std::to_string(row.integer(0));
      }));
      return value;
    };
    EXPECT_EQ(setting("pragma journal_mode"), "wal");
    EXPECT_EQ(setting("pragma synchronous"), "2");
    EXPECT_EQ(setting("pragma foreign_keys"), "1");
    EXPECT_EQ(setting("pragma secure_delete"), "1");
    ASSERT_TRUE(database->execute_script("create table t (v text) strict; insert into t values ('kept')"));
    for (const char* suffix : {"", "-wal", "-shm"}) {
      struct stat status {};
      ASSERT_EQ(stat((directory.file().string() + suffix).c_str(), &status), 0) << suffix;
      EXPECT_EQ(status.st_mode & 0777, 0600u) << suffix;
    }
  }
  auto database = Database::open(directory.file());
  ASSERT_TRUE(database);
  auto kept = database->query_one("select v from t", {}, [](Row& row) { return row.text(0); });
  EXPECT_EQ(**kept, "kept");
}

TEST(DatabaseFile, ReaderSeesCommitsAndCannotWrite) {
  TemporaryDirectory directory;
  auto writer = Database::open(directory.file());
  ASSERT_TRUE(writer);
  ASSERT_TRUE(writer->execute_script("create table t (i integer) strict"));
  auto reader = Database::open(directory.file(), Database::Mode::kReadOnly);
  ASSERT_TRUE(reader);
  auto count = [&] {
    auto got = reader->query_one("select count(*) from t", {}, [](Row& row) { return row.integer(0); });
    return got ? **got : -1;
  };
  auto transaction = Transaction::begin(*writer);
  ASSERT_TRUE(transaction);
  ASSERT_TRUE(writer->execute("insert into t values (1)"));
  EXPECT_EQ(count(), 0);
  ASSERT_TRUE(transaction->commit());
  EXPECT_EQ(count(), 1);
  EXPECT_FALSE(reader->execute("insert into t values (2)"));
  auto view = Transaction::begin_read(*reader);
  ASSERT_TRUE(view);
  EXPECT_EQ(count(), 1);
  ASSERT_TRUE(writer->execute("insert into t values (2)"));
  EXPECT_EQ(count(), 1) << "a read transaction keeps its view";
}

TEST(DatabaseFile, DeletedBytesAreGoneAfterTruncatingTheWal) {
  TemporaryDirectory directory;
  auto database = Database::open(directory.file());
  ASSERT_TRUE(database);
  const std::string canary = "canary-7f3a9c-canary-7f3a9c";
  ASSERT_TRUE(database->execute_script("create table t (v text) strict"));
  ASSERT_TRUE(database->execute("insert into t values ($1)", {canary}));
  auto found = [&] {
    for (const char* suffix : {"", "-wal"}) {
      std::ifstream file(directory.file().string() + suffix, std::ios::binary);
      std::string bytes((std::istreambuf_iterator<char>(file)), {});
      if (bytes.find(canary) != std::string::npos) return true;
    }
    return false;
  };
  EXPECT_TRUE(found());
  ASSERT_TRUE(database->execute("delete from t"));
  ASSERT_TRUE(database->truncate_wal());
  EXPECT_FALSE(found());
}

TEST(DatabaseFile, RefusesWhatIsNoDatabase) {
  TemporaryDirectory directory;
  std::ofstream(directory.file()) << std::string(8192, 'x');
  auto database = Database::open(directory.file());
  ASSERT_FALSE(database);
  EXPECT_EQ(database.error().kind, SqlErrorKind::kCorrupt);
  EXPECT_FALSE(Database::open(directory.file() / "below" / "a.db"));
}

#ifndef NDEBUG
TEST(DatabaseDeathTest, BelongsToOneThread) {
  GTEST_FLAG_SET(death_test_style, "threadsafe");
  Database database = memory();
  ASSERT_TRUE(database.execute("create table t (i integer)"));
  EXPECT_DEATH(std::thread([&] { (void)database.execute("delete from t"); }).join(), "one thread");
}
#endif

}  // namespace
}  // namespace parlour::sql
