// Entropy of the machine.
#include "env/random.h"

#include <random>

namespace penstock {

uint64_t EntropySeed() {
  std::random_device device;
  return (static_cast<uint64_t>(device()) << 32) | device();
}

}  // namespace penstock
