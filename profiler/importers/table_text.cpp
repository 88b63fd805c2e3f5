// SPDX-License-Identifier: Apache-2.0
#include "profiler/importers/table_text.hpp"

#include "hardware/input/diagnostic.hpp"
#include "hardware/input/value.hpp"

#include <zlib.h>

#include <array>

namespace flopcast {
namespace {

/// Throws InputError if the bytes are no whole gzip stream.
std::string unpacked(const std::string &packed, const std::string &file) {
  z_stream stream{};
  constexpr int gzip_window = 15 + 16; // zlib: 16 more than the window's bits means gzip
  if (inflateInit2(&stream, gzip_window) != Z_OK)
    throw InputError({file, 0, 0}, "zlib does not start");
  stream.next_in = reinterpret_cast<Bytef *>(const_cast<char *>(packed.data()));
  stream.avail_in = static_cast<uInt>(packed.size());
  std::string text;
  std::array<char, 1 << 16> part{};
  int state = Z_OK;
  while (state == Z_OK) {
    stream.next_out = reinterpret_cast<Bytef *>(part.data());
    stream.avail_out = static_cast<uInt>(part.size());
    state = inflate(&stream, Z_NO_FLUSH);
    text.append(part.data(), part.size() - stream.avail_out);
  }
  inflateEnd(&stream);
  if (state != Z_STREAM_END)
    throw InputError({file, 0, 0}, "the file is not a whole gzip file; fetch it again");
  return text;
}

} // namespace

std::string table_text(const std::filesystem::path &path) {
  std::string text = read_file(path.string());
  return text.starts_with("\x1f\x8b") ? unpacked(text, path.string()) : text;
}

std::string table_beginning(const std::filesystem::path &path, std::size_t most) {
  // zlib hands plain files on as they are.
  gzFile_s *file = gzopen(path.c_str(), "rb");
  if (file == nullptr)
    return {};
  std::string text(most, '\0');
  const int read = gzread(file, text.data(), static_cast<unsigned>(most));
  gzclose_r(file);
  text.resize(read > 0 ? static_cast<std::size_t>(read) : 0);
  return text;
}

} // namespace flopcast
