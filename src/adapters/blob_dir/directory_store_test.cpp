#include "blob_dir/directory_store.h"

#include <gtest/gtest.h>
#include <sys/stat.h>

namespace parlour::blob_dir {
namespace {

namespace fs = std::filesystem;
using recording::StoreError;

class DirectoryStoreTest : public ::testing::Test {
 protected:
  void SetUp() override {
    std::string pattern = (fs::temp_directory_path() / "parlour-blob-XXXXXX").string();
    ASSERT_NE(::mkdtemp(pattern.data()), nullptr);
    root_ = pattern;
  }
  void TearDown() override { fs::remove_all(root_); }
  fs::path root_;
};

TEST_F(DirectoryStoreTest, WritesReadsCutsAndListsFiles) {
  auto store = DirectoryStore::open(root_ / "a" / "b");
  ASSERT_TRUE(store);
  {
    auto file = store->create("000000.seg");
    ASSERT_TRUE(file);
    ASSERT_TRUE((*file)->append(as_bytes("hello ")));
    ASSERT_TRUE((*file)->append(as_bytes("world")));
    ASSERT_TRUE((*file)->sync());
  }
  EXPECT_EQ(store->create("000000.seg").error(), StoreError::kExists);
  {
    auto again = store->reopen("000000.seg", 6);
    ASSERT_TRUE(again);
    ASSERT_TRUE((*again)->append(as_bytes("there")));
  }
  EXPECT_EQ(to_string(*store->read("000000.seg")), "hello there");
  auto files = store->list();
  ASSERT_TRUE(files);
  ASSERT_EQ(files->size(), 1u);
  EXPECT_EQ(files->front().size, 11u);
  ASSERT_TRUE(store->rename("000000.seg", "000001.seg"));
  EXPECT_EQ(store->read("000000.seg").error(), StoreError::kNotFound);
  ASSERT_TRUE(store->remove("000001.seg"));
  EXPECT_GT(*store->free_bytes(), 0u);
}

TEST_F(DirectoryStoreTest, KeepsFilesPrivateAndNamesInside) {
  auto store = DirectoryStore::open(root_ / "private");
  ASSERT_TRUE(store);
  ASSERT_TRUE(store->create("000000.seg"));
  struct stat info {};
  ASSERT_EQ(::stat((root_ / "private").c_str(), &info), 0);
  EXPECT_EQ(info.st_mode & 0777, 0700u);
  ASSERT_EQ(::stat((root_ / "private" / "000000.seg").c_str(), &info), 0);
  EXPECT_EQ(info.st_mode & 0777, 0600u);
  for (const char* name : {"../x", "/etc/passwd", "", ".", "..", "a/b"})
    EXPECT_EQ(store->read(name).error(), StoreError::kDenied) << name;
  fs::create_symlink("/etc/passwd", root_ / "private" / "000009.seg");
  EXPECT_FALSE(store->read("000009.seg"));
}

TEST_F(DirectoryStoreTest, LetsTheParentsGroupReadWhereThatIsWanted) {
  const mode_t before = ::umask(0027);
  ASSERT_EQ(::chmod(root_.c_str(), 02750), 0);
  auto store = DirectoryStore::open(root_ / "shared", Readers::kGroup);
  ASSERT_TRUE(store);
  ASSERT_TRUE(store->create("000000.seg"));
  ::umask(before);
  struct stat info {};
  ASSERT_EQ(::stat((root_ / "shared").c_str(), &info), 0);
  EXPECT_EQ(info.st_mode & 07777, 02750u);
  ASSERT_EQ(::stat((root_ / "shared" / "000000.seg").c_str(), &info), 0);
  EXPECT_EQ(info.st_mode & 0777, 0640u);
}

}  // namespace
}  // namespace parlour::blob_dir
