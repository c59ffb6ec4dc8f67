// A ZIP container (PKWARE APPNOTE 6.3) of the plainest kind: members stored one after another, nothing
// compressed.
//
//   [local header, name, content] …  [central header, name] …  [end record]
//
// Every byte is accounted for: members lie end to end from offset 0 in the order of the directory, the two
// headers of a member agree in every field that both have, fields that only the directory has are the same
// for all members, there are no extra fields, comments, data descriptors, encryption or ZIP64, and nothing
// follows the end record. All of it is checked against the limits before any content is looked at. Any
// thread.
#pragma once

#include <cstdint>
#include <functional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "base/bytes.h"
#include "base/result.h"

namespace parlour::audit {

struct ZipLimits {
  std::uint64_t bytes = 0xFFFFFFFEu;  // of the whole container
  std::size_t members = 65'534;       // the format's own limit without ZIP64
  std::size_t name_bytes = 120;
  std::function<void()> trim = {};  // called after every few MiB that were looked at, of a mapped container
};

struct ZipMember {
  std::string name;
  ByteView content;         // into the container
  std::uint32_t crc32 = 0;  // as the headers say; crc_matches() computes
};

struct ZipFault {
  std::uint64_t offset;
  std::string reason;
};

// A name that is safe on every system: 1–120 of a–z A–Z 0–9 . _ - /, no empty, "." or ".." part, no "/" at an
// end.
bool is_safe_member_name(std::string_view name);

// Refuses a container with two members of one name (letters of both cases count as the same), or a name that
// is not safe.
Result<std::vector<ZipMember>, ZipFault> read_zip(ByteView container, const ZipLimits& limits = {});
// CRC-32 (ISO 3309) of the content against the headers. Finds torn copies; proves nothing.
bool crc_matches(const ZipMember& member);

// Writes such a container. Times are fixed (1980-01-01), so the same contents give the same bytes.
class ZipWriter {
 public:
  // False, and nothing written, for an unsafe or repeated name, or when a limit of the format is reached.
  bool add(std::string_view name, ByteView content);
  Bytes finish();  // once

 private:
  struct Entry {
    std::string name;
    std::uint32_t crc32;
    std::uint32_t size;
    std::uint32_t offset;
  };
  Bytes out_;
  std::vector<Entry> entries_;
  std::set<std::string> names_;  // in lower case
  std::uint64_t directory_bytes_ = 0;
};

}  // namespace parlour::audit
