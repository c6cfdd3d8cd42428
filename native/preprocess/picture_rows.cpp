#include "preprocess/picture_rows.h"

#include <algorithm>

namespace posewire {

void PictureRows::open(const ImageView& image, int count) {
  image_ = image;
  made_ = nullptr;
  reserve(image.pixel_stride == 1 ? 0 : image.width, count);
}

void PictureRows::open(const LazyImage& image, int count) {
  image_ = {nullptr, image.width, image.height, 0, 0, 0};
  made_ = &image;
  reserve(image.row_width, count);
}

void PictureRows::read(int first, int count, std::array<std::vector<const std::uint8_t*>, 3>& rows) {
  const std::ptrdiff_t left = made_ != nullptr ? made_->left : 0;
  for (int tap = 0; tap < count; ++tap) {
    const int row = std::min(first + tap, image_.height - 1);
    const std::size_t slot = static_cast<std::size_t>(row) % copied_.size();
    if (image_.pixel_stride != 1 && copied_[slot] != row) {
      copy(row, slot);
    }
    for (std::size_t channel = 0; channel < 3; ++channel) {
      rows[channel][static_cast<std::size_t>(tap)] =
          image_.pixel_stride == 1
              ? image_.pixels + row * image_.row_stride + static_cast<std::ptrdiff_t>(channel) * image_.channel_stride
              : copies_[channel].data() + slot * row_width_ + left;
    }
  }
}

// Makes room for copies of so many rows.
void PictureRows::reserve(int row_width, int count) {
  row_width_ = static_cast<std::size_t>(row_width);
  copied_.assign(static_cast<std::size_t>(count), -1);
  for (std::vector<std::uint8_t>& copies : copies_) {
    copies.resize(std::max(copies.size(), copied_.size() * row_width_));
  }
}

void PictureRows::copy(int row, std::size_t slot) {
  std::array<std::uint8_t*, 3> to{};
  for (std::size_t channel = 0; channel < 3; ++channel) {
    to[channel] = copies_[channel].data() + slot * row_width_;
  }
  if (made_ != nullptr) {
    made_->make(made_->top + row, to);
  } else {
    const std::uint8_t* const from = image_.pixels + row * image_.row_stride;
    kernels_.split(from, image_.pixel_stride, image_.channel_stride, image_.width, to.data());
  }
  copied_[slot] = row;
}

}  // namespace posewire
