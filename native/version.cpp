#include "version.h"

namespace posewire {

int core_version() { return 1; }

}  // namespace posewire
