#include "mapped_read.h"

#include <sys/mman.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <cstdint>
#include <functional>
#include <mutex>
#include <system_error>

namespace posewire {
namespace {

thread_local MappedRead* current = nullptr;
thread_local bool is_forwarding = false;

struct sigaction previous{};

// What would have been done without this file. Whoever took the signal from us may forward it as well.
void forward(int signal, siginfo_t* details, void* context) {
  if (is_forwarding) {
    previous = {};
  }
  is_forwarding = true;
  if ((previous.sa_flags & SA_SIGINFO) != 0) {
    previous.sa_sigaction(signal, details, context);
  } else if (previous.sa_handler == SIG_DFL || previous.sa_handler == SIG_IGN) {
    sigaction(signal, &previous, nullptr);  // The same read will fail again.
  } else {
    previous.sa_handler(signal);
  }
  is_forwarding = false;
}

void on_bus_error(int signal, siginfo_t* details, void* context) {
  const int error = errno;
  if (current == nullptr || !current->replace(details->si_addr)) {
    forward(signal, details, context);
  }
  errno = error;
}

// Libraries take signals whenever they are loaded, Paddle for instance: so it is looked at for each read.
void catch_bus_errors() {
  static std::mutex changing;
  struct sigaction found{};
  const std::lock_guard lock(changing);
  if (sigaction(SIGBUS, nullptr, &found) == 0 && (found.sa_flags & SA_SIGINFO) != 0 &&
      found.sa_sigaction == on_bus_error) {
    return;
  }
  struct sigaction action{};
  action.sa_sigaction = on_bus_error;
  action.sa_flags = SA_SIGINFO | SA_ONSTACK;
  sigemptyset(&action.sa_mask);
  if (sigaction(SIGBUS, &action, &previous) != 0) {
    throw std::system_error(errno, std::generic_category(), "SIGBUS can not be caught");
  }
}

}  // namespace

MappedRead::MappedRead(const void* begin, std::size_t size)
    : begin_(static_cast<const char*>(begin)), end_(begin_ + size) {
  catch_bus_errors();
  current = this;
}

MappedRead::~MappedRead() { current = nullptr; }

bool MappedRead::replace(const void* address) {
  const auto* const place = static_cast<const char*>(address);
  if (std::less<>()(place, begin_) || !std::less<>()(place, end_)) {
    return false;
  }
  const auto page = static_cast<std::uintptr_t>(sysconf(_SC_PAGESIZE));
  const char* const first = place - reinterpret_cast<std::uintptr_t>(place) % page;
  is_whole_ = false;
  void* const zeros = mmap(const_cast<char*>(first), static_cast<std::size_t>(end_ - first), PROT_READ,
                           MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0);
  return zeros != MAP_FAILED;
}

}  // namespace posewire
