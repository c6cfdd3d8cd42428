#include <cstdio>
#include <string>

#include "check.h"

// Runs every test, or those whose name contains the argument.
int main(int count, char** values) {
  const std::string wanted = count > 1 ? values[1] : "";
  int run = 0;
  for (const check::Test& test : check::tests()) {
    if (test.name.find(wanted) != std::string::npos) {
      std::printf("%s\n", test.name.c_str());
      std::fflush(stdout);
      test.body();
      ++run;
    }
  }
  std::printf("%d tests passed\n", run);
  return run > 0 ? 0 : 1;
}
