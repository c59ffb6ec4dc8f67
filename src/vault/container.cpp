#include "vault/container.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <utility>

#include "base/crc32.h"

namespace parlour::vault {
namespace {

constexpr std::size_t kStoredChunk = kContainerChunk + crypto::kGcmTagSize;

Bytes container_header(const recording::RecordingId& recording) {
  Bytes header;
  Writer(header).text("PARLREN1").u16(1).bytes(recording.bytes()).u32(kContainerChunk);
  return header;
}

ByteArray<12> container_nonce(std::uint32_t chunk, bool final) {
  ByteArray<12> nonce{};
  store_u32(nonce.data() + 7, chunk);
  nonce[11] = final ? 1 : 0;
  return nonce;
}

}  // namespace

Bytes rendition_info(const recording::RecordingId& recording, std::string_view rendition) {
  Bytes info;
  Writer(info).text("Parlour/1 rendition").u8(0).bytes(recording.bytes()).text(rendition);
  return info;
}

crypto::Secret rendition_file_key(ByteView dek, const recording::RecordingId& recording,
                                  std::string_view file) {
  Bytes info;
  Writer(info).text("Parlour/1 rendition file").bytes(recording.bytes()).text(file);
  crypto::Secret prk = crypto::hkdf_extract(crypto::HkdfHash::kSha256, {}, dek);
  return crypto::hkdf_expand(crypto::HkdfHash::kSha256, prk.view(), info, 32);
}

ContainerWriter::ContainerWriter(PendingFile file, crypto::AesGcm cipher, Bytes header)
    : file_(std::move(file)), cipher_(std::move(cipher)), header_(std::move(header)) {}
ContainerWriter::~ContainerWriter() {
  crypto::wipe(first_);
  crypto::wipe(current_);
}
ContainerWriter::ContainerWriter(ContainerWriter&&) noexcept = default;

Result<ContainerWriter, VaultRefusal> ContainerWriter::create(const std::filesystem::path& path, ByteView dek,
                                                              const recording::RecordingId& recording,
                                                              std::string_view name) {
  crypto::Secret key = rendition_file_key(dek, recording, name);
  auto cipher = crypto::AesGcm::create(key.view());
  if (!cipher) return refuse("vault.crypto", "the rendition's key could not be used");
  auto file = PendingFile::create(path);
  if (!file) return fail(file.error());
  Bytes header = container_header(recording);
  if (auto written = file->write_at(0, header); !written) return fail(written.error());
  return ContainerWriter(std::move(*file), std::move(*cipher), std::move(header));
}

Result<void, VaultRefusal> ContainerWriter::seal(std::uint32_t chunk, Bytes plaintext, bool final) {
  Bytes sealed = cipher_.seal(container_nonce(chunk, final), header_, plaintext);
  crypto::wipe(plaintext);
  return file_.write_at(kContainerHeader + std::uint64_t{chunk} * kStoredChunk, sealed);
}

Result<void, VaultRefusal> ContainerWriter::write_at(std::uint64_t offset, ByteView bytes) {
  while (!bytes.empty()) {
    const std::uint64_t number = offset / kContainerChunk;
    const std::size_t place = static_cast<std::size_t>(offset % kContainerChunk);
    const ByteView now = bytes.first(std::min(bytes.size(), kContainerChunk - place));
    if (offset > size_ || number > 0xFFFFFFFE)
      return refuse("mux.order", "the muxer left a hole in its output");
    if (number == 0) {
      if (first_.size() < place + now.size()) first_.resize(place + now.size());
      std::copy(now.begin(), now.end(), first_.begin() + static_cast<std::ptrdiff_t>(place));
    } else {
      if (number < current_number_) return refuse("mux.order", "the muxer went back behind its first 64 KiB");
      while (number > current_number_) {
        if (auto sealed = seal(current_number_, std::exchange(current_, {}), false); !sealed) return sealed;
        ++current_number_;
      }
      if (current_.size() < place + now.size()) current_.resize(place + now.size());
      std::copy(now.begin(), now.end(), current_.begin() + static_cast<std::ptrdiff_t>(place));
    }
    offset += now.size();
    size_ = std::max(size_, offset);
    bytes = bytes.subspan(now.size());
  }
  return {};
}

Result<ContainerFacts, VaultRefusal> ContainerWriter::finish(const std::function<void(ByteView)>& read_back) {
  const bool one_chunk = current_number_ == 1 && current_.empty();
  if (auto sealed = seal(0, std::exchange(first_, {}), one_chunk); !sealed) return fail(sealed.error());
  if (!one_chunk) {
    if (auto sealed = seal(current_number_, std::exchange(current_, {}), true); !sealed)
      return fail(sealed.error());
  }

  // Read back what was written: what is not readable now would not be readable in five years.
  ContainerFacts facts;
  crypto::Sha256 plain, stored;
  auto header = file_.read_at(0, kContainerHeader);
  if (!header) return fail(header.error());
  stored.update(*header);
  facts.stored_bytes = header->size();
  const std::uint32_t last = one_chunk ? 0 : current_number_;
  for (std::uint32_t chunk = 0; chunk <= last; ++chunk) {
    auto sealed = file_.read_at(kContainerHeader + std::uint64_t{chunk} * kStoredChunk, kStoredChunk);
    if (!sealed) return fail(sealed.error());
    stored.update(*sealed);
    auto opened = cipher_.open(container_nonce(chunk, chunk == last), header_, *sealed);
    if (!opened) return refuse("vault.readback", "what was written could not be read back");
    plain.update(*opened);
    facts.crc32 = parlour::crc32(*opened, facts.crc32);
    if (read_back) read_back(*opened);
    facts.bytes += opened->size();
    facts.stored_bytes += sealed->size();
    crypto::wipe(*opened);
  }
  if (facts.bytes != size_) return refuse("vault.readback", "what was written is shorter when read back");
  facts.sha256 = plain.finish();
  facts.stored_sha256 = stored.finish();
  if (auto committed = file_.commit(); !committed) return fail(committed.error());
  return facts;
}

ContainerReader::ContainerReader(int descriptor, crypto::AesGcm cipher, Bytes header,
                                 std::uint64_t stored_size)
    : descriptor_(descriptor),
      cipher_(std::move(cipher)),
      header_(std::move(header)),
      stored_size_(stored_size) {
  const std::uint64_t body = stored_size_ - kContainerHeader;
  chunks_ = static_cast<std::uint32_t>((body + kStoredChunk - 1) / kStoredChunk);
  size_ = body - std::uint64_t{chunks_} * crypto::kGcmTagSize;
}
ContainerReader::~ContainerReader() {
  if (descriptor_ >= 0) ::close(descriptor_);
}
ContainerReader::ContainerReader(ContainerReader&& other) noexcept
    : descriptor_(std::exchange(other.descriptor_, -1)),
      cipher_(std::move(other.cipher_)),
      header_(std::move(other.header_)),
      chunks_(other.chunks_),
      stored_size_(other.stored_size_),
      size_(other.size_) {}

Result<ContainerReader, VaultRefusal> ContainerReader::open(const std::filesystem::path& path, ByteView dek,
                                                            const recording::RecordingId& recording,
                                                            std::string_view name) {
  const int descriptor = ::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
  if (descriptor < 0) return refuse("rendition.missing", "the rendition is not there");
  crypto::Secret key = rendition_file_key(dek, recording, name);
  auto cipher = crypto::AesGcm::create(key.view());
  struct stat info {};
  Bytes header(kContainerHeader);
  const bool readable =
      cipher.has_value() && ::fstat(descriptor, &info) == 0 &&
      static_cast<std::size_t>(info.st_size) >= kContainerHeader + crypto::kGcmTagSize &&
      ::pread(descriptor, header.data(), header.size(), 0) == static_cast<ssize_t>(header.size()) &&
      header == container_header(recording);
  const std::uint64_t tail =
      readable ? (static_cast<std::uint64_t>(info.st_size) - kContainerHeader) % kStoredChunk : 0;
  if (!readable || (tail != 0 && tail < crypto::kGcmTagSize)) {
    ::close(descriptor);
    return refuse("rendition.damaged", "the rendition's container is damaged");
  }
  return ContainerReader(descriptor, std::move(*cipher), std::move(header),
                         static_cast<std::uint64_t>(info.st_size));
}

Result<Bytes, VaultRefusal> ContainerReader::chunk(std::uint32_t number) {
  const std::uint64_t offset = kContainerHeader + std::uint64_t{number} * kStoredChunk;
  Bytes sealed(static_cast<std::size_t>(std::min<std::uint64_t>(kStoredChunk, stored_size_ - offset)));
  std::size_t filled = 0;
  while (filled < sealed.size()) {
    const ssize_t got = ::pread(descriptor_, sealed.data() + filled, sealed.size() - filled,
                                static_cast<off_t>(offset + filled));
    if (got < 0 && errno == EINTR) continue;
    if (got <= 0) return refuse("rendition.damaged", "the rendition could not be read");
    filled += static_cast<std::size_t>(got);
  }
  auto opened = cipher_.open(container_nonce(number, number + 1 == chunks_), header_, sealed);
  if (!opened) return refuse("rendition.damaged", "the rendition is damaged, or its key is another one");
  return std::move(*opened);
}

Result<Bytes, VaultRefusal> ContainerReader::read(std::uint64_t offset, std::size_t length) {
  Bytes out;
  while (length > 0 && offset < size_) {
    auto content = chunk(static_cast<std::uint32_t>(offset / kContainerChunk));
    if (!content) return fail(content.error());
    const std::size_t place = static_cast<std::size_t>(offset % kContainerChunk);
    if (place >= content->size()) break;
    const std::size_t take = std::min(length, content->size() - place);
    append(out, ByteView(*content).subspan(place, take));
    offset += take;
    length -= take;
  }
  return out;
}

}  // namespace parlour::vault
