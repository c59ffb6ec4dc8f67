#include "app/archive_ledger.h"

#include <gtest/gtest.h>

namespace parlour::app {
namespace {

// Keeps what it is given; its "hash" is how much that was.
class Keeper final : public Hasher {
 public:
  explicit Keeper(Bytes& kept) : kept_(kept) {}
  void add(ByteView bytes) override { append(kept_, bytes); }
  std::array<std::uint8_t, 32> finish() override { return {static_cast<std::uint8_t>(kept_.size())}; }

 private:
  Bytes& kept_;
};

TEST(FaultA5, WhatWasSentOnceOrTwiceInAnyPiecesIsHashedOnceAndInOrder) {
  const Bytes file = to_bytes("a recording of two people");
  Bytes kept;
  ArchiveLedger ledger(std::make_unique<Keeper>(kept));
  auto send = [&](std::size_t from, std::size_t to) {
    ledger.sent(from, ByteView(file).subspan(from, to - from));
  };
  send(0, 5);
  send(3, 4);    // again
  send(0, 10);   // a connection that broke
  send(12, 20);  // leaves a hole: such a request is refused before
  EXPECT_EQ(ledger.bytes(), 10u);
  send(9, file.size());
  EXPECT_EQ(kept, file);
  EXPECT_EQ(ledger.close().bytes, file.size());
  EXPECT_EQ(ledger.close().sha256[0], file.size());
  send(0, file.size());
  EXPECT_EQ(kept, file) << "nothing counts after the end";
}

}  // namespace
}  // namespace parlour::app
