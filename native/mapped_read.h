#pragma once

#include <cstddef>

namespace posewire {

// Reading memory that shows a file which others may make smaller meanwhile, where the kernel would end
// the process (SIGBUS). While one is alive, its thread finds zeros in place of the pages that the file
// lost, in this mapping for good. So do Wayland's compositors (wl_shm_buffer_begin_access). A thread
// has one at a time.
class MappedRead {
 public:
  // Throws std::system_error where the signal can not be caught.
  MappedRead(const void* begin, std::size_t size);
  ~MappedRead();
  MappedRead(const MappedRead&) = delete;
  MappedRead& operator=(const MappedRead&) = delete;
  MappedRead(MappedRead&&) = delete;
  MappedRead& operator=(MappedRead&&) = delete;

  // Whether no page was missing when it was read.
  bool is_whole() const { return is_whole_; }

  // Puts zeros where the page of an address was, and all behind it; false if it is not of this read.
  // To be called by the handler of the signal.
  bool replace(const void* address);

 private:
  const char* begin_;
  const char* end_;
  volatile bool is_whole_ = true;
};

}  // namespace posewire
