// WorkDirectory.swift — a folder for the files that tools hand to each other
// SPDX-License-Identifier: MIT

internal import CheckedArithmetic
import FoundationEssentials
import SystemPackage

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#endif

/// A new, empty directory that nobody else may enter; removed with all it holds.
struct WorkDirectory: ~Copyable {
  let path: FilePath
  private let leftover: UInt64

  init() throws(Rejection) {
    let parent = FilePath(absolute: FileManager.default.temporaryDirectory.path)
    var generator = SystemRandomNumberGenerator()
    let name = "purgatory-\(String(generator.next(), radix: 36))\(String(generator.next(), radix: 36))"
    let path = parent.appending(name)
    self.path = path
    do throws(Errno) {
      leftover = try Leftovers.withoutEnding { () throws(Errno) in
        guard mkdir(path.string, 0o700) == 0 else { throw Errno(rawValue: errno) }
        return Leftovers.add(.path(path))
      }
    } catch {
      throw Rejection(
        Problem(parent.string, "temporary folder", error: error).helped(
          "set TMPDIR to a folder that can be written to"))
    }
  }

  deinit {
    try? FileManager.default.removeItem(atPath: path.string)
    Leftovers.remove(leftover)
  }
}
