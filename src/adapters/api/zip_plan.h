// The layout of a ZIP (PKWARE APPNOTE 6.3) that is made while it is sent: all sizes and checksums are known
// beforehand, so that each byte's place is, and any part can be made at any time. Members are stored, nothing
// is compressed; from 4 GiB on the 64-bit records of the format are used. Small members stand in memory,
// large ones come from elsewhere. Any thread once finished.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/bytes.h"

namespace parlour::api {

class ZipPlan {
 public:
  // A stretch of the file: bytes that are here, or `size` bytes of member `source` from `offset` on.
  struct Piece {
    ByteView bytes;
    std::optional<std::size_t> source;  // number of the outside member, in the order of add_outside()
    std::uint64_t offset = 0;           // in that member
    std::uint64_t size = 0;
  };

  // Names of a–z 0–9 . - _ / and once each; callers' own.
  void add(std::string_view name, Bytes content);
  void add_outside(std::string_view name, std::uint64_t size, std::uint32_t crc32);
  // Once, when all members are there.
  void finish();

  std::uint64_t size() const { return size_; }
  // The longest piece that begins at `offset`, at most `length` long. `offset` inside the file.
  Piece at(std::uint64_t offset, std::uint64_t length) const;

 private:
  struct Member {
    std::string name;
    std::uint64_t size, begin;  // of its header
    std::uint32_t crc32;
  };
  struct Stretch {
    std::uint64_t begin, size;
    std::shared_ptr<const Bytes> bytes;
    std::optional<std::size_t> source;
  };
  void add_member(std::string_view name, std::uint64_t size, std::uint32_t crc32);
  void append_bytes(Bytes bytes);

  std::vector<Member> members_;
  std::vector<Stretch> stretches_;
  std::size_t outside_ = 0;
  std::uint64_t size_ = 0;
};

}  // namespace parlour::api
