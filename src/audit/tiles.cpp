#include "audit/format/tiles.h"

#include <charconv>

namespace parlour::audit {
namespace {

constexpr unsigned kTileLevelMax = 63 / kTileHeight;

// How many hashes tree level 8·L has when the tree has `size` leaves.
std::uint64_t hashes_at(std::uint64_t size, unsigned tile_level) {
  return size >> (kTileHeight * tile_level);
}

std::string path_number(std::uint64_t number) {
  // Groups of three digits, each but the last with an x before it: 1234067 is "x001/x234/067".
  auto group = [](std::uint64_t value) {
    std::string digits = std::to_string(value);
    return std::string(3 - digits.size(), '0') + digits;
  };
  std::string path = group(number % 1000);
  for (number /= 1000; number > 0; number /= 1000) path = "x" + group(number % 1000) + "/" + path;
  return path;
}

std::string width_suffix(std::uint64_t width) {
  return width == kTileWidth ? std::string() : ".p/" + std::to_string(width);
}

std::optional<std::uint64_t> decimal(std::string_view text) {
  std::uint64_t value = 0;
  auto [end, code] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (text.empty() || code != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  return value;
}

}  // namespace

std::string tile_path(const TileId& tile) {
  return "tile/" + std::to_string(tile.level) + "/" + path_number(tile.index) + width_suffix(tile.width);
}

std::string entry_bundle_path(std::uint64_t index, std::uint64_t width) {
  return "tile/entries/" + path_number(index) + width_suffix(width);
}

std::optional<TileId> parse_tile_path(std::string_view path) {
  constexpr std::string_view kRoot = "tile/";
  if (path.size() > 100 || path.substr(0, kRoot.size()) != kRoot) return std::nullopt;
  std::string_view rest = path.substr(kRoot.size());
  std::size_t slash = rest.find('/');
  if (slash == std::string_view::npos) return std::nullopt;
  TileId tile;
  auto level = decimal(rest.substr(0, slash));
  if (!level || *level > kTileLevelMax) return std::nullopt;
  tile.level = static_cast<unsigned>(*level);
  rest.remove_prefix(slash + 1);
  if (std::size_t partial = rest.find(".p/"); partial != std::string_view::npos) {
    auto width = decimal(rest.substr(partial + 3));
    if (!width || *width == 0 || *width >= kTileWidth) return std::nullopt;
    tile.width = *width;
    rest = rest.substr(0, partial);
  }
  std::string digits;
  for (char c : rest)
    if (c >= '0' && c <= '9') digits.push_back(c);
  auto index = decimal(digits);
  if (!index) return std::nullopt;
  tile.index = *index;
  // One tile has one path: whatever was left out or written differently is no path.
  if (tile_path(tile) != path) return std::nullopt;
  return tile;
}

std::vector<TileId> tiles_of(std::uint64_t size) {
  return tiles_for_growth(0, size);
}

std::vector<TileId> tiles_for_growth(std::uint64_t old_size, std::uint64_t new_size) {
  std::vector<TileId> tiles;
  for (unsigned level = 0; level <= kTileLevelMax; ++level) {
    std::uint64_t before = hashes_at(old_size, level), after = hashes_at(new_size, level);
    if (after == 0) break;
    if (after <= before) continue;
    // Full tiles before the one that was being filled are there already; that one is written anew.
    for (std::uint64_t index = before / kTileWidth; index * kTileWidth < after; ++index)
      tiles.push_back({level, index, std::min(kTileWidth, after - index * kTileWidth)});
  }
  return tiles;
}

std::optional<Bytes> make_tile(const TileId& tile, const NodeReader& read) {
  Bytes bytes;
  bytes.reserve(tile.width * 32);
  for (std::uint64_t i = 0; i < tile.width; ++i) {
    auto node = read(kTileHeight * tile.level, tile.index * kTileWidth + i);
    if (!node) return std::nullopt;
    append(bytes, *node);
  }
  return bytes;
}

std::optional<std::vector<Tile>> make_tiles_for_growth(std::uint64_t old_size, std::uint64_t new_size,
                                                       const NodeReader& read) {
  std::vector<Tile> tiles;
  for (const TileId& id : tiles_for_growth(old_size, new_size)) {
    auto bytes = make_tile(id, read);
    if (!bytes) return std::nullopt;
    tiles.push_back({id, std::move(*bytes)});
  }
  return tiles;
}

NodeReader reader_from_tiles(std::uint64_t size, TileFetcher fetch) {
  return [size, fetch = std::move(fetch)](unsigned level, std::uint64_t index) -> std::optional<Hash256> {
    if (level >= 64) return std::nullopt;
    unsigned tile_level = level / kTileHeight, above = level % kTileHeight;
    if (tile_level > kTileLevelMax || index >= size >> level) return std::nullopt;
    // The node covers 2^above hashes of the tile level, all in one tile.
    std::uint64_t first = index << above, count = std::uint64_t{1} << above;
    TileId id{tile_level, first / kTileWidth, kTileWidth};
    id.width = std::min(kTileWidth, hashes_at(size, tile_level) - id.index * kTileWidth);
    auto bytes = fetch(id);
    if (!bytes || bytes->size() % 32 != 0 || bytes->size() < id.width * 32) return std::nullopt;
    CompactRange range;
    for (std::uint64_t i = 0; i < count; ++i) {
      Hash256 hash;
      std::memcpy(hash.data(), bytes->data() + (first % kTileWidth + i) * 32, 32);
      range.append(hash);
    }
    return range.root();
  };
}

std::optional<Bytes> make_entry_bundle(std::span<const ByteView> entries) {
  if (entries.size() > kTileWidth) return std::nullopt;
  Bytes bundle;
  Writer writer(bundle);
  for (ByteView entry : entries) {
    if (entry.size() > 0xFFFF) return std::nullopt;
    writer.u16(static_cast<std::uint16_t>(entry.size())).bytes(entry);
  }
  return bundle;
}

std::optional<std::vector<ByteView>> parse_entry_bundle(ByteView bundle) {
  std::vector<ByteView> entries;
  Reader reader(bundle);
  while (reader.remaining() > 0) {
    std::uint16_t size = reader.u16();
    ByteView entry = reader.take(size);
    if (reader.failed() || entries.size() == kTileWidth) return std::nullopt;
    entries.push_back(entry);
  }
  return entries;
}

}  // namespace parlour::audit
