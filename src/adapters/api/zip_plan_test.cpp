#include "zip_plan.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>

#include "audit/format/zip.h"
#include "base/crc32.h"
#include "base/random.h"

namespace parlour::api {
namespace {

// The file that a plan describes, in pieces of `step`; of an outside member byte i is its number plus i.
Bytes file_of(const ZipPlan& plan, std::uint64_t step) {
  Bytes out;
  while (out.size() < plan.size()) {
    const ZipPlan::Piece piece = plan.at(out.size(), step);
    EXPECT_GT(piece.size, 0u);
    EXPECT_LE(piece.size, step);
    if (piece.size == 0) break;
    if (!piece.source) append(out, piece.bytes);
    for (std::uint64_t i = 0; piece.source && i < piece.size; ++i)
      out.push_back(static_cast<std::uint8_t>(*piece.source + piece.offset + i));
  }
  return out;
}
Bytes outside(std::size_t number, std::size_t size) {
  Bytes out;
  for (std::size_t i = 0; i < size; ++i) out.push_back(static_cast<std::uint8_t>(number + i));
  return out;
}

TEST(FaultA5, AnyPartOfTheZipIsTheSameWheneverItIsMade) {
  ZipPlan plan;
  plan.add("play.html", to_bytes("<p>a page</p>"));
  plan.add_outside("tracks/a.webm", 1000, parlour::crc32(outside(0, 1000)));
  plan.add("empty.txt", {});
  plan.add_outside("tracks/b.webm", 3, parlour::crc32(outside(1, 3)));
  plan.finish();
  const Bytes whole = file_of(plan, 1 << 20);
  EXPECT_EQ(whole.size(), plan.size());
  for (std::uint64_t step : {1, 7, 64}) EXPECT_EQ(file_of(plan, step), whole);
  EXPECT_EQ(plan.at(plan.size(), 1).size, 0u);

  const auto read = audit::read_zip(whole);
  ASSERT_TRUE(read) << read.error().reason;
  ASSERT_EQ(read->size(), 4u);
  EXPECT_EQ((*read)[1].name, "tracks/a.webm");
  EXPECT_EQ(to_bytes((*read)[1].content), outside(0, 1000));
  for (const audit::ZipMember& member : *read) EXPECT_TRUE(audit::crc_matches(member)) << member.name;
}

// Another program reads it: sizes and places beyond 4 GiB stand in the 64-bit records. The files have holes
// where the large member is, so that they take no room.
TEST(FaultA5, AboveFourGibibytesTheSixtyFourBitRecordsAreUsed) {
  const std::uint64_t large = (std::uint64_t{5} << 30) + 17;
  ZipPlan plan;
  plan.add("first.txt", to_bytes("first"));
  plan.add_outside("tracks/large.webm", large, 0x12345678);
  plan.add("behind.txt", to_bytes("behind it"));
  plan.finish();
  std::string pattern = (std::filesystem::temp_directory_path() / "parlour-zip-XXXXXX").string();
  ASSERT_NE(::mkdtemp(pattern.data()), nullptr);
  const std::filesystem::path folder = pattern, file = folder / "large.zip";
  {
    std::ofstream out(file, std::ios::binary);
    for (std::uint64_t at = 0; at < plan.size();) {
      const ZipPlan::Piece piece = plan.at(at, plan.size());
      if (!piece.source) {
        out.seekp(static_cast<std::streamoff>(at));
        out.write(reinterpret_cast<const char*>(piece.bytes.data()),
                  static_cast<std::streamsize>(piece.bytes.size()));
      }
      at += piece.size;
    }
  }
  ASSERT_EQ(std::filesystem::file_size(file), plan.size());
  const std::string script =
      "import sys, zipfile\n"
      "z = zipfile.ZipFile(sys.argv[1])\n"
      "assert [i.filename for i in z.infolist()] == ['first.txt', 'tracks/large.webm', 'behind.txt']\n"
      "i = z.getinfo('tracks/large.webm')\n"
      "assert i.file_size == i.compress_size == int(sys.argv[2]) and i.CRC == 0x12345678, i\n"
      "assert z.read('first.txt') == b'first' and z.read('behind.txt') == b'behind it'\n"
      "assert z.open('tracks/large.webm').read(10) == bytes(10)\n";
  std::ofstream(folder / "check.py") << script;
  const std::string command =
      "python3 -B " + (folder / "check.py").string() + " " + file.string() + " " + std::to_string(large);
  EXPECT_EQ(std::system(command.c_str()), 0);
  std::filesystem::remove_all(folder);
}

}  // namespace
}  // namespace parlour::api
