// WindowAssigner: the arithmetic of windows over local milliseconds: which slices a window consists of and
// which windows a row belongs to. A slice is the largest piece that all windows share: the slide of HOP, the
// step of CUMULATE, the window itself of TUMBLE. Slices and windows are named by their end.
#pragma once

#include <cstdint>
#include <string>

#include "base/bytes.h"
#include "base/status.h"
#include "data/datetime.h"

namespace penstock {

enum class WindowShape : uint8_t { kTumble, kHop, kCumulate };

struct WindowAssigner {
  WindowShape shape = WindowShape::kTumble;
  int64_t size = 0;
  int64_t slide = 0;  // HOP: slide; CUMULATE: step; TUMBLE: size
  int64_t offset = 0;

  // The end of the slice a time falls into.
  int64_t SliceEnd(int64_t millis) const {
    int64_t length = shape == WindowShape::kTumble ? size : slide;
    return FloorDiv(millis - offset, length) * length + offset + length;
  }
  // The first and last window (by end) that contain the slice; windows in between are `slide` apart.
  int64_t FirstWindowEnd(int64_t slice_end) const { return slice_end; }
  int64_t LastWindowEnd(int64_t slice_end) const {
    switch (shape) {
      case WindowShape::kTumble: return slice_end;
      case WindowShape::kHop: return slice_end + size - slide;
      case WindowShape::kCumulate: return FloorDiv(slice_end - slide - offset, size) * size + offset + size;
    }
    return slice_end;
  }
  int64_t WindowStart(int64_t window_end) const {
    if (shape == WindowShape::kCumulate) return FloorDiv(window_end - 1 - offset, size) * size + offset;
    return window_end - size;
  }
  // The end of the first slice of a window.
  int64_t FirstSliceEnd(int64_t window_end) const {
    return WindowStart(window_end) + (shape == WindowShape::kTumble ? size : slide);
  }
  int64_t step() const { return shape == WindowShape::kTumble ? size : slide; }

  void Write(ByteWriter& out) const {
    out.Fixed(shape);
    out.Fixed(size);
    out.Fixed(slide);
    out.Fixed(offset);
  }
  static WindowAssigner Read(ByteReader& in) {
    WindowAssigner w;
    w.shape = in.Fixed<WindowShape>();
    w.size = in.Fixed<int64_t>();
    w.slide = in.Fixed<int64_t>();
    w.offset = in.Fixed<int64_t>();
    return w;
  }
};

}  // namespace penstock
