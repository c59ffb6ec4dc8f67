// The layout of C2SP tlog-tiles as pure functions: which tiles a tree has, what they are called, what is in
// them.
//
// A tile at level L, number N holds up to 256 consecutive hashes of tree level 8·L. Full tiles never change;
// the last tile of a level may be partial, and a partial tile of one width never changes either. Storage is
// elsewhere. Any thread.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "audit/format/merkle.h"
#include "base/bytes.h"

namespace parlour::audit {

constexpr unsigned kTileHeight = 8;
constexpr std::uint64_t kTileWidth = 256;

struct TileId {
  unsigned level = 0;                // of tiles: tile level L covers tree levels 8·L … 8·L+7
  std::uint64_t index = 0;           // N
  std::uint64_t width = kTileWidth;  // hashes inside, 1..256; fewer than 256 is a partial tile
  friend bool operator==(const TileId&, const TileId&) = default;
};

// "tile/0/x001/x234/067" or "tile/1/000.p/4".
std::string tile_path(const TileId& tile);
std::optional<TileId> parse_tile_path(std::string_view path);
// "tile/entries/000.p/15": the entries whose hashes are in level-0 tile N.
std::string entry_bundle_path(std::uint64_t index, std::uint64_t width);

// All tiles of a tree of `size` leaves, partial ones included, level by level.
std::vector<TileId> tiles_of(std::uint64_t size);
// The tiles to write when a tree grows: those of new_size that the tree of old_size did not have.
std::vector<TileId> tiles_for_growth(std::uint64_t old_size, std::uint64_t new_size);

// The bytes of a tile, width · 32; nothing when a node is missing.
std::optional<Bytes> make_tile(const TileId& tile, const NodeReader& read);

struct Tile {
  TileId id;
  Bytes bytes;
};
// What a sequencer stores after growing the tree: tiles_for_growth with their bytes. Nothing when a node is
// missing.
std::optional<std::vector<Tile>> make_tiles_for_growth(std::uint64_t old_size, std::uint64_t new_size,
                                                       const NodeReader& read);

// Reads nodes out of stored tiles of a tree of `size` leaves. The fetcher gives a tile's bytes by its id
// (with the width that this size has) and may give a full tile in place of a partial one; wrong lengths count
// as missing.
using TileFetcher = std::function<std::optional<Bytes>(const TileId&)>;
NodeReader reader_from_tiles(std::uint64_t size, TileFetcher fetch);

// Entry bundles: each entry with its length as a big-endian uint16 before it.
std::optional<Bytes> make_entry_bundle(std::span<const ByteView> entries);
std::optional<std::vector<ByteView>> parse_entry_bundle(ByteView bundle);

}  // namespace parlour::audit
