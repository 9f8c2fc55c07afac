// Runs one fuzz target over every file of the folders named behind it on the command line, without
// libFuzzer: so the seeds, and every input that once broke something, are part of each test run.

#include <cstdint>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>

// fuzz_targets.inc has TARGET(NAME) for each NAME_fuzz.cc, whose entry has the name of its file here.
#define TARGET(name) extern "C" int name##_fuzz(const std::uint8_t* data, std::size_t size);
#include "fuzz_targets.inc"
#undef TARGET

namespace {

struct Target {
  const char* name;
  int (*run)(const std::uint8_t* data, std::size_t size);
};

#define TARGET(name) {#name, name##_fuzz},
constexpr Target kTargets[] = {
#include "fuzz_targets.inc"
};
#undef TARGET

const Target* find(const char* name) {
  for (const Target& target : kTargets)
    if (std::strcmp(target.name, name) == 0) return &target;
  return nullptr;
}

}  // namespace

int main(int count, char** arguments) {
  const Target* target = count > 1 ? find(arguments[1]) : nullptr;
  if (!target) {
    std::fprintf(stderr, "usage: fuzz_replay TARGET FOLDER...\n");
    return 2;
  }
  int inputs = 0;
  for (int i = 2; i < count; ++i) {
    for (const auto& entry : std::filesystem::recursive_directory_iterator(arguments[i])) {
      if (!entry.is_regular_file()) continue;
      std::ifstream in(entry.path(), std::ios::binary);
      const std::string bytes((std::istreambuf_iterator<char>(in)), {});
      std::fprintf(stderr, "%s\n", entry.path().c_str());
      target->run(reinterpret_cast<const std::uint8_t*>(bytes.data()), bytes.size());
      ++inputs;
    }
  }
  std::printf("%d inputs\n", inputs);
  return inputs > 0 ? 0 : 1;
}
