#include "sql/migrate.h"

#include <gtest/gtest.h>

#include <vector>

namespace parlour::sql {
namespace {

const Migration kFirst{1, "create table person (id integer primary key, name text not null) strict"};
const Migration kSecond{2,
                        "alter table person add column language text not null default 'en';"
                        "create table visit (person integer not null references person (id)) strict"};

Database memory() {
  auto database = Database::open_in_memory();
  EXPECT_TRUE(database);
  return std::move(*database);
}

std::int64_t count(Database& database, std::string_view sql) {
  auto got = database.query_one(sql, {}, [](Row& row) { return row.integer(0); });
  return got && *got ? **got : -1;
}

TEST(Migrate, CarriesDataOfTheVersionBefore) {
  Database database = memory();
  std::vector<Migration> before{kFirst};
  auto reached = migrate(database, before, UtcTime{1});
  ASSERT_TRUE(reached);
  EXPECT_EQ(*reached, 1);
  ASSERT_TRUE(database.execute("insert into person values (1, 'Ada')"));

  std::vector<Migration> after{kFirst, kSecond};
  reached = migrate(database, after, UtcTime{2});
  ASSERT_TRUE(reached);
  EXPECT_EQ(*reached, 2);
  auto row = database.query_one("select name, language from person", {},
                                [](Row& r) { return r.text(0) + "/" + r.text(1); });
  ASSERT_TRUE(row);
  EXPECT_EQ(**row, "Ada/en");
  EXPECT_EQ(count(database, "select applied_at from schema_migration where number = 2"), 2);
}

TEST(Migrate, AppliesEachOnce) {
  Database database = memory();
  std::vector<Migration> all{kFirst, kSecond};
  ASSERT_TRUE(migrate(database, all, UtcTime{1}));
  ASSERT_TRUE(migrate(database, all, UtcTime{2}));
  EXPECT_EQ(count(database, "select count(*) from schema_migration where applied_at = 1"), 2);
}

TEST(Migrate, AFailingOneLeavesNothingBehind) {
  Database database = memory();
  std::vector<Migration> all{kFirst, {2, "create table half (i integer); create table person (i integer)"}};
  EXPECT_FALSE(migrate(database, all, UtcTime{1}));
  EXPECT_EQ(count(database, "select count(*) from sqlite_schema where name = 'half'"), 0);
  EXPECT_EQ(count(database, "select max(number) from schema_migration"), 1);
  EXPECT_FALSE(database.in_transaction());
  EXPECT_EQ(count(database, "pragma foreign_keys"), 1);
}

TEST(Migrate, RefusesNewerDatabasesEditedHistoryAndGaps) {
  Database database = memory();
  std::vector<Migration> all{kFirst, kSecond};
  ASSERT_TRUE(migrate(database, all, UtcTime{1}));
  std::vector<Migration> older{kFirst};
  auto newer = migrate(database, older, UtcTime{2});
  ASSERT_FALSE(newer);
  EXPECT_EQ(newer.error().kind, SqlErrorKind::kMigration);
  std::vector<Migration> edited{kFirst, {2, "select 1"}};
  auto changed = migrate(database, edited, UtcTime{2});
  ASSERT_FALSE(changed);
  EXPECT_EQ(changed.error().kind, SqlErrorKind::kMigration);
  std::vector<Migration> gap{kFirst, kSecond, {4, "select 1"}};
  EXPECT_FALSE(migrate(database, gap, UtcTime{2}));
}

TEST(Migrate, MayRebuildATableThatOthersReferTo) {
  Database database = memory();
  std::vector<Migration> all{kFirst, kSecond};
  ASSERT_TRUE(migrate(database, all, UtcTime{1}));
  ASSERT_TRUE(database.execute("insert into person values (1, 'Ada', 'nl')"));
  ASSERT_TRUE(database.execute("insert into visit values (1)"));
  all.push_back({3,
                 "create table person_new (id integer primary key, name text not null) strict;"
                 "insert into person_new select id, name from person;"
                 "drop table person; alter table person_new rename to person"});
  ASSERT_TRUE(migrate(database, all, UtcTime{2}));
  EXPECT_EQ(count(database, "select count(*) from visit join person on person.id = visit.person"), 1);
  all.push_back({4, "delete from person"});
  auto dangling = migrate(database, all, UtcTime{3});
  ASSERT_FALSE(dangling);
  EXPECT_EQ(dangling.error().kind, SqlErrorKind::kMigration);
  EXPECT_EQ(count(database, "select count(*) from person"), 1);
}

TEST(Migrate, RefusesAScriptThatEndsTheTransaction) {
  Database database = memory();
  std::vector<Migration> all{{1, "create table t (i integer); commit"}};
  EXPECT_FALSE(migrate(database, all, UtcTime{1}));
  EXPECT_EQ(count(database, "select count(*) from schema_migration"), 0);
}

}  // namespace
}  // namespace parlour::sql
