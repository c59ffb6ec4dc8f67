#include "vault/container.h"

#include <gtest/gtest.h>

#include <fstream>

#include "base/random.h"

namespace parlour::vault {
namespace {

namespace fs = std::filesystem;

class ContainerTest : public ::testing::Test {
 protected:
  void SetUp() override {
    std::string pattern = (fs::temp_directory_path() / "parlour-container-XXXXXX").string();
    ASSERT_NE(::mkdtemp(pattern.data()), nullptr);
    root_ = pattern;
  }
  void TearDown() override { fs::remove_all(root_); }

  ContainerFacts seal(ByteView content) {
    auto writer = ContainerWriter::create(root_ / "x", dek_, recording_, "a.webm");
    EXPECT_TRUE(writer);
    EXPECT_TRUE(writer->write_at(0, content));
    auto facts = writer->finish();
    EXPECT_TRUE(facts);
    return *facts;
  }

  fs::path root_;
  Bytes dek_ = Bytes(32, 7);
  recording::RecordingId recording_ = recording::RecordingId::from_bytes({1});
  SeededRandom random_{1};
};

TEST_F(ContainerTest, EverySizeAroundTheChunksIsReadBackByRange) {
  for (std::size_t size : {std::size_t{0}, std::size_t{1}, kContainerChunk - 1, kContainerChunk,
                           kContainerChunk + 1, 2 * kContainerChunk, 3 * kContainerChunk + 17}) {
    const Bytes content = random_.bytes(size);
    const ContainerFacts facts = seal(content);
    EXPECT_EQ(facts.bytes, size);
    EXPECT_EQ(facts.sha256, crypto::sha256(content));
    EXPECT_EQ(facts.stored_bytes, fs::file_size(root_ / "x"));
    auto reader = ContainerReader::open(root_ / "x", dek_, recording_, "a.webm");
    ASSERT_TRUE(reader);
    EXPECT_EQ(reader->size(), size);
    EXPECT_EQ(*reader->read(0, size + 100), content);
    for (std::size_t offset : {size / 3, size / 2, size}) {
      auto piece = reader->read(offset, 70'000);
      ASSERT_TRUE(piece);
      EXPECT_TRUE(
          equal(*piece, ByteView(content).subspan(offset, std::min<std::size_t>(70'000, size - offset))));
    }
  }
}

TEST_F(ContainerTest, AMuxerMayPatchItsHeaderButNotWhatIsSealed) {
  auto writer = ContainerWriter::create(root_ / "x", dek_, recording_, "a.webm");
  ASSERT_TRUE(writer);
  const Bytes block(50'000, 1);
  for (int i = 0; i < 5; ++i)
    ASSERT_TRUE(writer->write_at(static_cast<std::uint64_t>(i) * block.size(), block));
  ASSERT_TRUE(writer->write_at(10, as_bytes("patched")));
  EXPECT_EQ(writer->write_at(70'000, as_bytes("no")).error().code, "mux.order");
  EXPECT_EQ(writer->write_at(300'000, as_bytes("hole")).error().code, "mux.order");
  ASSERT_TRUE(writer->finish());
  auto reader = ContainerReader::open(root_ / "x", dek_, recording_, "a.webm");
  ASSERT_TRUE(reader);
  EXPECT_EQ(to_string(*reader->read(10, 7)), "patched");
}

TEST_F(ContainerTest, DamageCutsOtherKeysAndOtherNamesAreRefused) {
  const Bytes content = random_.bytes(200'000);
  seal(content);
  EXPECT_FALSE(ContainerReader::open(root_ / "x", Bytes(32, 8), recording_, "a.webm")->read(0, 10));
  EXPECT_FALSE(ContainerReader::open(root_ / "x", dek_, recording_, "b.webm")->read(0, 10));
  EXPECT_FALSE(ContainerReader::open(root_ / "x", dek_, recording::RecordingId::from_bytes({2}), "a.webm"));
  fs::resize_file(root_ / "x", kContainerHeader + 2 * (kContainerChunk + 16));
  auto cut = ContainerReader::open(root_ / "x", dek_, recording_, "a.webm");
  ASSERT_TRUE(cut);
  EXPECT_TRUE(cut->read(0, 10));
  EXPECT_FALSE(cut->read(kContainerChunk, 10));  // the last one there is not the final one
}

TEST_F(ContainerTest, WhatWasNotFinishedLeavesNothing) {
  {
    auto writer = ContainerWriter::create(root_ / "x", dek_, recording_, "a.webm");
    ASSERT_TRUE(writer->write_at(0, random_.bytes(100'000)));
  }
  EXPECT_TRUE(fs::is_empty(root_));
}

}  // namespace
}  // namespace parlour::vault
