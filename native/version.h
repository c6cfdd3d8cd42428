// The interface version between the core and its bindings.
#pragma once

namespace posewire {

int core_version();

}  // namespace posewire
