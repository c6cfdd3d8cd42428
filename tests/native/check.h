#pragma once

#include <cstdio>
#include <cstdlib>
#include <functional>
#include <string>
#include <vector>

// A test is a function with a name; a failed check ends the program with its place and text.
namespace check {

struct Test {
  std::string name;
  std::function<void()> body;
};

inline std::vector<Test>& tests() {
  static std::vector<Test> all;
  return all;
}

struct Register {
  Register(const char* name, std::function<void()> body) { tests().push_back({name, std::move(body)}); }
};

inline void require(bool holds, const char* text, const char* file, int line) {
  if (!holds) {
    std::fprintf(stderr, "%s:%d: %s does not hold\n", file, line, text);
    std::exit(1);
  }
}

}  // namespace check

#define TEST(name)                                           \
  static void name();                                        \
  static const check::Register register_##name(#name, name); \
  static void name()

#define REQUIRE(condition) check::require((condition), #condition, __FILE__, __LINE__)
