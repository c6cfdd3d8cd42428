#include <sys/mman.h>
#include <unistd.h>

#include <csignal>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <thread>
#include <vector>

#include "check.h"
#include "mapped_read.h"

using posewire::MappedRead;

namespace {

constexpr std::size_t size = 1 << 16;

// A file of ones that is mapped into memory, and the descriptor to change it.
struct Mapped {
  std::FILE* file = std::tmpfile();
  const std::uint8_t* bytes = nullptr;

  Mapped() {
    const std::vector<std::uint8_t> ones(size, 1);
    REQUIRE(std::fwrite(ones.data(), 1, size, file) == size && std::fflush(file) == 0);
    bytes = static_cast<const std::uint8_t*>(mmap(nullptr, size, PROT_READ, MAP_SHARED, fileno(file), 0));
    REQUIRE(bytes != MAP_FAILED);
  }
  Mapped(const Mapped&) = delete;
  Mapped& operator=(const Mapped&) = delete;
  ~Mapped() {
    munmap(const_cast<std::uint8_t*>(bytes), size);
    std::fclose(file);
  }

  void cut(std::size_t to) const { REQUIRE(ftruncate(fileno(file), static_cast<off_t>(to)) == 0); }

  std::size_t sum() const {
    std::size_t result = 0;
    for (std::size_t i = 0; i < size; ++i) {
      result += bytes[i];
    }
    return result;
  }
};

}  // namespace

TEST(test_mapped_read_of_a_file_that_stays_is_whole) {
  const Mapped mapped;
  const MappedRead read(mapped.bytes, size);
  REQUIRE(mapped.sum() == size);
  REQUIRE(read.is_whole());
}

TEST(test_mapped_read_of_a_file_that_is_cut_finds_zeros) {
  const Mapped mapped;
  const MappedRead read(mapped.bytes, size);
  mapped.cut(size / 2);
  REQUIRE(mapped.sum() == size / 2);
  REQUIRE(!read.is_whole());
}

TEST(test_mapped_read_holds_after_somebody_else_took_the_signal) {
  for (int turn = 0; turn < 2; ++turn) {
    REQUIRE(std::signal(SIGBUS, SIG_DFL) != SIG_ERR);
    const Mapped mapped;
    const MappedRead read(mapped.bytes, size);
    mapped.cut(0);
    REQUIRE(mapped.sum() == 0);
    REQUIRE(!read.is_whole());
  }
}

TEST(test_mapped_read_in_each_of_four_threads_finds_its_own_file_cut) {
  std::vector<std::thread> threads;
  threads.reserve(4);
  for (int i = 0; i < 4; ++i) {
    threads.emplace_back([i] {
      const Mapped mapped;
      const MappedRead read(mapped.bytes, size);
      if (i % 2 == 0) {
        mapped.cut(0);
      }
      REQUIRE(mapped.sum() == (i % 2 == 0 ? 0 : size));
      REQUIRE(read.is_whole() == (i % 2 != 0));
    });
  }
  for (std::thread& thread : threads) {
    thread.join();
  }
}
