#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <iostream>
#include <memory>

#include "audit/verify/verify_main.h"
#include "commands.h"
#include "crypto/random.h"
#include "runtime/executor.h"
#include "usage.h"

namespace parlour::bin {
namespace {

// The bundle as the system gives it to us page by page, and takes it back.
class MappedBundle final : public audit::OpenedBundle {
 public:
  static std::unique_ptr<audit::OpenedBundle> open(const std::string& path, std::uint64_t bytes_max) {
    const int descriptor = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
    if (descriptor < 0) return nullptr;
    struct stat status {};
    std::unique_ptr<MappedBundle> bundle(new MappedBundle());
    bool good = ::fstat(descriptor, &status) == 0 && S_ISREG(status.st_mode) && status.st_size >= 0 &&
                static_cast<std::uint64_t>(status.st_size) <= bytes_max;
    if (good && status.st_size > 0) {
      const auto size = static_cast<std::size_t>(status.st_size);
      void* at = ::mmap(nullptr, size, PROT_READ, MAP_PRIVATE, descriptor, 0);
      good = at != MAP_FAILED;
      if (good) {
        bundle->at_ = at;
        bundle->size_ = size;
        ::madvise(at, size, MADV_SEQUENTIAL);
      }
    }
    ::close(descriptor);
    if (!good) return nullptr;
    return bundle;
  }
  ~MappedBundle() override {
    if (size_ > 0) ::munmap(at_, size_);
  }

  ByteView bytes() const override { return {static_cast<const std::uint8_t*>(at_), size_}; }
  // What is read again comes back from the file.
  void let_go() const override {
    if (size_ > 0) ::madvise(at_, size_, MADV_DONTNEED);
  }

 private:
  MappedBundle() = default;
  void* at_ = nullptr;
  std::size_t size_ = 0;
};

}  // namespace

int audit(const Arguments& arguments) {
  if (arguments.empty() || arguments.front() != "verify") {
    std::cerr << usage_of("audit") << "\n";
    return 1;
  }
  runtime::SystemClock clock;
  std::vector<std::string> rest(arguments.begin() + 1, arguments.end());
  crypto::SystemRandom random;
  return audit::audit_verify_main(rest, clock.now().utc, random, std::cout, std::cerr, MappedBundle::open);
}

}  // namespace parlour::bin
