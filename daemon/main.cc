#include "daemon/cli.h"

int main(int argc, char** argv) {
  return waxwing::run_cli(argc, argv);
}
