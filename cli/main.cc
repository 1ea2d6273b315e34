#include "cli/commands.h"

int main(int argc, char** argv) { return stemma::cli::Main(argc, argv); }
