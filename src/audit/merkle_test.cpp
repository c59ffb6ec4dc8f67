// RFC 6962 trees and proofs, tiles; the whole published sets when PARLOUR_VECTORS names their folder.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>

#include "audit/format/merkle.h"
#include "audit/format/proof.h"
#include "audit/format/tiles.h"
#include "base/encoding.h"
#include "testing/vectors.h"

namespace parlour::audit {
namespace {

using testing::hash_from_hex;
using testing::read_vector_json;
using testing::vector_folder;

// The classical tree of 8 leaves of the RFC 6962 implementations.
const std::vector<std::string> kInputs = {
    "", "00", "10", "2021", "3031", "40414243", "5051525354555657", "606162636465666768696a6b6c6d6e6f"};
const std::vector<std::string> kRoots = {"e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
                                         "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
                                         "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
                                         "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
                                         "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
                                         "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
                                         "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
                                         "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
                                         "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328"};

MerkleTree tree_of_numbers(std::uint64_t size) {
  MerkleTree tree;
  for (std::uint64_t i = 0; i < size; ++i) tree.append(leaf_hash(as_bytes(std::to_string(i))));
  return tree;
}

TEST(Merkle, RootsOfTheEightLeafTreeAtEverySize) {
  MerkleTree tree;
  CompactRange range;
  EXPECT_EQ(to_hex(tree.root()), kRoots[0]);
  for (std::size_t i = 0; i < kInputs.size(); ++i) {
    Hash256 leaf = leaf_hash(*from_hex(kInputs[i]));
    tree.append(leaf);
    range.append(leaf);
    EXPECT_EQ(to_hex(tree.root()), kRoots[i + 1]);
    EXPECT_EQ(to_hex(range.root()), kRoots[i + 1]);
  }
  for (std::size_t size = 0; size <= kInputs.size(); ++size) {
    EXPECT_EQ(to_hex(tree.root(size)), kRoots[size]);
    EXPECT_EQ(root_from_nodes(size, tree.reader()), tree.root(size));
  }
}

TEST(Merkle, CompactRangeGoesOnWhereItWasStored) {
  CompactRange whole;
  for (std::uint64_t i = 0; i < 300; ++i) {
    auto restored = CompactRange::restore(whole.size(), whole.hashes());
    ASSERT_TRUE(restored);
    Hash256 leaf = leaf_hash(as_bytes(std::to_string(i)));
    whole.append(leaf);
    restored->append(leaf);
    ASSERT_EQ(whole.root(), restored->root());
  }
  EXPECT_FALSE(CompactRange::restore(3, {Hash256{}}));
}

TEST(Proof, EveryInclusionProofOfSmallTreesVerifiesAndNoOtherPlaceDoes) {
  MerkleTree tree = tree_of_numbers(40);
  for (std::uint64_t size = 1; size <= 40; ++size) {
    for (std::uint64_t index = 0; index < size; ++index) {
      auto proof = make_inclusion_proof(index, size, tree.reader());
      ASSERT_TRUE(proof);
      Hash256 leaf = *tree.node(0, index), root = tree.root(size);
      ASSERT_TRUE(verify_inclusion(index, size, leaf, *proof, root));
      ASSERT_FALSE(verify_inclusion(index + 1, size, leaf, *proof, root));
      ASSERT_FALSE(verify_inclusion(index, size, leaf, *proof, tree.root(size - 1)));
      Proof longer = *proof;
      longer.push_back(root);
      ASSERT_FALSE(verify_inclusion(index, size, leaf, longer, root));
      if (!proof->empty()) {
        Proof shorter(proof->begin(), proof->end() - 1);
        ASSERT_FALSE(verify_inclusion(index, size, leaf, shorter, root));
      }
    }
    EXPECT_FALSE(make_inclusion_proof(size, size, tree.reader()));
  }
}

TEST(Proof, EveryConsistencyProofOfSmallTreesVerifiesAndAnAlteredOneDoesNot) {
  MerkleTree tree = tree_of_numbers(40);
  for (std::uint64_t to = 1; to <= 40; ++to) {
    for (std::uint64_t from = 1; from <= to; ++from) {
      auto proof = make_consistency_proof(from, to, tree.reader());
      ASSERT_TRUE(proof);
      ASSERT_TRUE(verify_consistency(from, to, tree.root(from), tree.root(to), *proof));
      ASSERT_FALSE(verify_consistency(from, to, tree.root(from - 1), tree.root(to), *proof));
      for (std::size_t i = 0; i < proof->size(); ++i) {
        Proof altered = *proof;
        altered[i][7] ^= 1;
        ASSERT_FALSE(verify_consistency(from, to, tree.root(from), tree.root(to), altered));
      }
    }
    EXPECT_FALSE(make_consistency_proof(0, to, tree.reader()));
  }
  EXPECT_FALSE(verify_consistency(0, 1, empty_root(), tree.root(1), {}));
}

TEST(Proof, JsonFormComesBackAndRefusesOtherLengths) {
  MerkleTree tree = tree_of_numbers(11);
  auto proof = make_inclusion_proof(3, 11, tree.reader());
  EXPECT_EQ(proof_from_json(proof_to_json(*proof)), *proof);
  EXPECT_FALSE(proof_from_json(Json(JsonArray{Json("AAAA")})));
  EXPECT_FALSE(proof_from_json(Json(JsonArray{Json(1)})));
  EXPECT_FALSE(proof_from_json(Json("x")));
}

TEST(Tiles, PathsAreThoseOfTheSpecificationAndNothingElse) {
  EXPECT_EQ(tile_path({0, 1234067, 256}), "tile/0/x001/x234/067");
  EXPECT_EQ(tile_path({1, 0, 4}), "tile/1/000.p/4");
  EXPECT_EQ(entry_bundle_path(0, 15), "tile/entries/000.p/15");
  for (const TileId& tile : {TileId{0, 1234067, 256}, TileId{7, 999, 1}, TileId{3, 1000, 255}})
    EXPECT_EQ(parse_tile_path(tile_path(tile)), tile);
  for (const char* wrong :
       {"tile/0/67", "tile/0/0067", "tile/0/1/234/067", "tile/0/000.p/256", "tile/0/000.p/0",
        "tile/0/000.p/04", "tile/00/000", "tile/9/000", "tile/0/x000/001", "tile/0/000/", "tile/"})
    EXPECT_FALSE(parse_tile_path(wrong)) << wrong;
}

TEST(Tiles, GrowthWritesEachFullTileOnceAndPartialOnesAnew) {
  EXPECT_THAT(tiles_for_growth(255, 257),
              ::testing::ElementsAre(TileId{0, 0, 256}, TileId{0, 1, 1}, TileId{1, 0, 1}));
  EXPECT_THAT(tiles_for_growth(257, 257), ::testing::IsEmpty());
  EXPECT_THAT(tiles_for_growth(257, 258), ::testing::ElementsAre(TileId{0, 1, 2}));
  EXPECT_THAT(tiles_of(0), ::testing::IsEmpty());
}

TEST(Tiles, RootsAndProofsReadFromTilesEqualThoseOfTheTree) {
  MerkleTree tree = tree_of_numbers(70'000);
  std::map<std::string, Bytes> store;
  std::uint64_t before = 0;
  for (std::uint64_t size : {1, 255, 256, 300, 66'000, 70'000}) {
    auto tiles = make_tiles_for_growth(before, size, tree.reader());
    ASSERT_TRUE(tiles);
    for (Tile& tile : *tiles) store[tile_path(tile.id)] = tile.bytes;
    before = size;
    auto read = reader_from_tiles(size, [&](const TileId& id) -> std::optional<Bytes> {
      auto found = store.find(tile_path(id));
      return found == store.end() ? std::nullopt : std::optional(found->second);
    });
    EXPECT_EQ(root_from_nodes(size, read), tree.root(size));
    auto proof = make_inclusion_proof(size / 3, size, read);
    ASSERT_TRUE(proof);
    EXPECT_TRUE(verify_inclusion(size / 3, size, *tree.node(0, size / 3), *proof, tree.root(size)));
    auto consistency = make_consistency_proof(size / 2 + 1, size, read);
    ASSERT_TRUE(consistency);
    EXPECT_TRUE(
        verify_consistency(size / 2 + 1, size, tree.root(size / 2 + 1), tree.root(size), *consistency));
  }
}

TEST(Vectors, InclusionAndConsistencySetsAgree) {
  auto folder = vector_folder("merkle");
  if (!folder) GTEST_SKIP() << "PARLOUR_VECTORS is not set";
  // A hash of another length can't even be held: that alone refuses the case.
  auto hash = [](const Json& item, std::string_view name) {
    return testing::hash_from_base64(item.string_or(name));
  };
  auto proof_of = [](const Json& item) -> std::optional<Proof> {
    const Json* proof = item.find("proof");
    return proof == nullptr || proof->is_null() ? Proof{} : proof_from_json(*proof);
  };
  auto whole = [](const Json& item, std::string_view name) {
    const Json* value = item.find(name);
    return value->is_string() ? std::stoull(*value->as_string())
                              : static_cast<std::uint64_t>(*value->as_integer());
  };
  int cases = 0;
  Json inclusion = read_vector_json(*folder / "inclusion.json");
  for (const Json& item : *inclusion.as_array()) {
    auto root = hash(item, "root"), leaf = hash(item, "leafHash");
    auto proof = proof_of(item);
    bool good = root && leaf && proof &&
                verify_inclusion(whole(item, "leafIdx"), whole(item, "treeSize"), *leaf, *proof, *root);
    EXPECT_EQ(good, !item.bool_or("wantErr")) << item.string_or("name");
    ++cases;
  }
  EXPECT_EQ(cases, 98);
  Json consistency = read_vector_json(*folder / "consistency.json");
  for (const Json& item : *consistency.as_array()) {
    auto root1 = hash(item, "root1"), root2 = hash(item, "root2");
    // For equal sizes the set compares words that are no hashes; theirs stand for them.
    if (whole(item, "size1") == whole(item, "size2")) {
      root1 = crypto::sha256(as_bytes(item.string_or("root1")));
      root2 = crypto::sha256(as_bytes(item.string_or("root2")));
    }
    auto proof = proof_of(item);
    bool good = root1 && root2 && proof &&
                verify_consistency(whole(item, "size1"), whole(item, "size2"), *root1, *root2, *proof);
    EXPECT_EQ(good, !item.bool_or("wantErr")) << item.string_or("name");
    ++cases;
  }
  EXPECT_EQ(cases, 196);
}

TEST(Vectors, EightLeafTreeHasEveryNode) {
  auto folder = vector_folder("merkle");
  if (!folder) GTEST_SKIP() << "PARLOUR_VECTORS is not set";
  Json vectors = read_vector_json(*folder / "rfc6962-tree.json");
  MerkleTree tree;
  for (const Json& input : *vectors.find("leaf_inputs_hex")->as_array())
    tree.append(leaf_hash(*from_hex(*input.as_string())));
  const JsonArray& levels = *vectors.find("node_hashes_hex_by_level")->as_array();
  for (unsigned level = 0; level < levels.size(); ++level)
    for (std::size_t i = 0; i < levels[level].as_array()->size(); ++i)
      EXPECT_EQ(to_hex(*tree.node(level, i)), *(*levels[level].as_array())[i].as_string());
}

TEST(Vectors, LargeTreeHasTheSameRootsProofsAndTiles) {
  auto folder = vector_folder("merkle");
  if (!folder) GTEST_SKIP() << "PARLOUR_VECTORS is not set";
  Json vectors = read_vector_json(*folder / "own-large-tree.json");
  MerkleTree tree = tree_of_numbers(1100);
  for (const auto& [size, root] : *vectors.find("roots")->as_object())
    EXPECT_EQ(to_hex(tree.root(std::stoull(size))), *root.as_string()) << size;
  auto expected = [](const Json& item) {
    Proof proof;
    for (const Json& hash : *item.find("proof")->as_array())
      proof.push_back(hash_from_hex(*hash.as_string()));
    return proof;
  };
  for (const Json& item : *vectors.find("inclusion")->as_array()) {
    auto index = static_cast<std::uint64_t>(item.integer_or("index")),
         size = static_cast<std::uint64_t>(item.integer_or("size"));
    EXPECT_EQ(make_inclusion_proof(index, size, tree.reader()), expected(item)) << index << " of " << size;
  }
  for (const Json& item : *vectors.find("consistency")->as_array()) {
    auto from = static_cast<std::uint64_t>(item.integer_or("size1")),
         to = static_cast<std::uint64_t>(item.integer_or("size2"));
    EXPECT_EQ(make_consistency_proof(from, to, tree.reader()), expected(item)) << from << " to " << to;
  }
  const JsonObject& tiles = *vectors.find("tile_sha256_for_size_1100")->as_object();
  EXPECT_EQ(tiles_of(1100).size(), tiles.size());
  for (const auto& [path, hash] : tiles) {
    auto id = parse_tile_path(path);
    ASSERT_TRUE(id) << path;
    EXPECT_EQ(to_hex(crypto::sha256(*make_tile(*id, tree.reader()))), *hash.as_string()) << path;
  }
}

TEST(Vectors, ALogOfAnotherImplementationIsReadTileByTile) {
  auto folder = vector_folder("merkle");
  if (!folder) GTEST_SKIP() << "PARLOUR_VECTORS is not set";
  std::filesystem::path log = *folder / "tessera-log";
  for (std::uint64_t size = 1; size <= 15; ++size) {
    auto read = reader_from_tiles(size, [&](const TileId& id) -> std::optional<Bytes> {
      return testing::read_file(log / tile_path(id));
    });
    MerkleTree tree;
    Bytes bundle = testing::read_file(log / entry_bundle_path(0, size));
    auto entries = parse_entry_bundle(bundle);
    ASSERT_TRUE(entries);
    ASSERT_EQ(entries->size(), size);
    for (ByteView entry : *entries) tree.append(leaf_hash(entry));
    EXPECT_EQ(make_entry_bundle(*entries), bundle);
    EXPECT_EQ(root_from_nodes(size, read), tree.root());
    EXPECT_EQ(*make_tile({0, 0, size}, tree.reader()), testing::read_file(log / tile_path({0, 0, size})));
    // The heads that the log signed name the same roots (signatures: note_test.cpp).
    std::string head = to_string(testing::read_file(log / ("checkpoint." + std::to_string(size))));
    EXPECT_THAT(head,
                ::testing::HasSubstr("\n" + std::to_string(size) + "\n" + to_base64(tree.root()) + "\n"));
  }
}

}  // namespace
}  // namespace parlour::audit
