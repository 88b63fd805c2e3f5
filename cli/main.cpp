// SPDX-License-Identifier: Apache-2.0
#include "cli/session.hpp"

#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>
#include <iostream>

namespace {

std::size_t terminal_width() {
  winsize size{};
  constexpr std::size_t narrowest = 60;
  constexpr std::size_t widest = 140; // longer lines are hard to read
  if (ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0)
    return std::clamp<std::size_t>(size.ws_col, narrowest, widest);
  return flopcast::TextStyle{}.width;
}

} // namespace

int main(int argc, char **argv) {
  std::error_code ignored;
  const flopcast::Session session{.in = std::cin,
                                  .out = std::cout,
                                  .err = std::cerr,
                                  .executable =
                                      std::filesystem::read_symlink("/proc/self/exe", ignored),
                                  .out_is_terminal = isatty(STDOUT_FILENO) != 0,
                                  .width = terminal_width()};
  return flopcast::run_command_line(argc, argv, session);
}
