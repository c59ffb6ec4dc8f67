// The sealed container of a rendition on disk: AES-256-GCM in chunks of 64 KiB, readable by range (design.md
// 9).
//
//   header  magic "PARLREN1" | version u16 | recording 16 B | chunk size u32 kContainerHeader chunk i 65,536
//   bytes of plaintext (the last one 0..65,536), encrypted, ‖ tag
//
// The file's key = HKDF(DEK, "Parlour/1 rendition file"‖recording‖name); nonce = 0^7‖i u32‖final u8; AAD =
// header. One DEK per rendition of a recording ("av" has one file per participant): destroying its envelope
// destroys them all. The final flag makes a cut container unreadable at its end rather than silently shorter.
#pragma once

#include <filesystem>
#include <functional>
#include <memory>
#include <string>

#include "crypto/aead.h"
#include "crypto/hash.h"
#include "recording/format/ids.h"
#include "vault/files.h"

namespace parlour::vault {

constexpr std::size_t kContainerChunk = 64 * 1024;
constexpr std::size_t kContainerHeader = 8 + 2 + 16 + 4;

// HPKE info of a rendition's envelope: "Parlour/1 rendition"‖0x00‖recording‖name of the rendition ("av").
Bytes rendition_info(const recording::RecordingId& recording, std::string_view rendition);
crypto::Secret rendition_file_key(ByteView dek, const recording::RecordingId& recording,
                                  std::string_view file);

struct ContainerFacts {
  std::uint64_t bytes = 0;
  std::uint64_t stored_bytes = 0;
  crypto::Hash256 sha256{};  // of the plaintext, computed while reading the sealed file back
  crypto::Hash256 stored_sha256{};
  std::uint32_t crc32 = 0;  // of the plaintext, as a ZIP that is made while it is sent needs it beforehand
};

// Takes plaintext by offset, as a muxer writes it: forward, and back into the first chunk (where a muxer
// patches its header at the end) for as long as the container is open. One thread.
class ContainerWriter {
 public:
  static Result<ContainerWriter, VaultRefusal> create(const std::filesystem::path& path, ByteView dek,
                                                      const recording::RecordingId& recording,
                                                      std::string_view name);
  ~ContainerWriter();
  ContainerWriter(ContainerWriter&&) noexcept;

  Result<void, VaultRefusal> write_at(std::uint64_t offset, ByteView bytes);
  // Seals what is left, reads the whole file back, and puts it in place. `read_back` sees the plaintext in
  // order.
  Result<ContainerFacts, VaultRefusal> finish(const std::function<void(ByteView)>& read_back = {});

 private:
  ContainerWriter(PendingFile file, crypto::AesGcm cipher, Bytes header);
  Result<void, VaultRefusal> seal(std::uint32_t chunk, Bytes plaintext, bool final);

  PendingFile file_;
  crypto::AesGcm cipher_;
  Bytes header_;
  Bytes first_;    // chunk 0 stays open until the end
  Bytes current_;  // chunk `current_number_` ≥ 1
  std::uint32_t current_number_ = 1;
  std::uint64_t size_ = 0;
};

// Reads ranges. One thread.
class ContainerReader {
 public:
  static Result<ContainerReader, VaultRefusal> open(const std::filesystem::path& path, ByteView dek,
                                                    const recording::RecordingId& recording,
                                                    std::string_view name);
  ~ContainerReader();
  ContainerReader(ContainerReader&&) noexcept;

  std::uint64_t size() const { return size_; }
  // Shorter only at the end of the content.
  Result<Bytes, VaultRefusal> read(std::uint64_t offset, std::size_t length);

 private:
  ContainerReader(int descriptor, crypto::AesGcm cipher, Bytes header, std::uint64_t stored_size);
  Result<Bytes, VaultRefusal> chunk(std::uint32_t number);

  int descriptor_;
  crypto::AesGcm cipher_;
  Bytes header_;
  std::uint32_t chunks_ = 0;
  std::uint64_t stored_size_ = 0;
  std::uint64_t size_ = 0;
};

}  // namespace parlour::vault
