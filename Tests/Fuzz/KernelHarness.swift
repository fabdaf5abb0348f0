// KernelHarness.swift — compressed data, and kernels in all that they are packed in
// SPDX-License-Identifier: MIT

import Decompression
import PurgatoryKit

/// Unpacked at once or a few bytes at a time, it is the same.
func fuzzCompression(_ bytes: [UInt8]) {
  guard let compression = Compression(of: bytes) else { return }
  let limit = 1 << 20
  func unpacked(by step: Int) -> [UInt8]? {
    var (rest, all) = (bytes[...], [UInt8]())
    do {
      let next = {
        defer { rest = rest.dropFirst(step) }
        return Array(rest.prefix(step))
      }
      try compression.decompress(next, limit: limit) { piece in all += piece }
    } catch {
      return nil
    }
    return all
  }
  let whole = unpacked(by: bytes.count)
  require(whole.map { $0.count <= limit } ?? true, "more than the limit")
  let inPieces = unpacked(by: max(1, bytes.count / 7))
  require(
    whole == inPieces, "\(whole?.count ?? -1) bytes, in pieces \(inPieces?.count ?? -1)")
}

/// What is found in it is in it, and an Image.
func fuzzKernel(_ bytes: [UInt8]) {
  guard let kernel = try? KernelFile(Contents(bytes, name: "kernel")) else { return }
  guard let header = try? kernel.image.prefix(64) else { return require(false, "no Image in it") }
  require(header.count == 64 && Array(header[0x38..<0x3c]) == Array("ARM\u{64}".utf8), "no Image")
  require(kernel.containers.count <= 4, "packed \(kernel.containers.count) times")
  _ = try? KernelImage(header: header, file: "kernel")
  _ = KernelImage.hasPEHeader((try? kernel.image.prefix(4096)) ?? [])
  _ = try? kernel.initrd?.digest()
  _ = try? kernel.deviceTree.map { try Board($0, file: "dtb") }
}
