// GuestMemory.swift — the memory of a running machine, from the host's side
// SPDX-License-Identifier: MIT

import Foundation
import SystemPackage

/// The file that is a guest's RAM. What is written here is what the guest reads next, as if its memory were bad.
public struct GuestMemory: Sendable {
  public let file: FilePath
  /// The physical address of the file's first byte.
  let base: UInt64

  public init(file: FilePath, base: UInt64) {
    self.file = file
    self.base = base
  }

  /// Flips the lowest bit of one byte.
  public func flip(at address: UInt64) throws {
    try open { try flip($0, at: offset(of: address)) }
  }

  /// Flips the lowest bit of the first byte of each occurrence, in all of the RAM.
  ///
  /// - Returns: how many there were.
  public func flip(everywhere marker: [UInt8]) throws -> Int {
    precondition(!marker.isEmpty)
    return try open { descriptor in
      let found = try offsets(of: Data(marker), descriptor)
      for offset in found { try flip(descriptor, at: offset) }
      return found.count
    }
  }

  public func read(at address: UInt64, count: Int) throws -> [UInt8] {
    try open { descriptor in
      let bytes = try read(descriptor, at: offset(of: address), upTo: count)
      guard bytes.count == count else { throw ToolFailure(description: "the RAM ends before \(count) bytes") }
      return [UInt8](bytes)
    }
  }

  private func offset(of address: UInt64) throws -> Int64 {
    guard address >= base, let offset = Int64(exactly: address - base) else {
      throw ToolFailure(description: "0x\(String(address, radix: 16)) is below the RAM")
    }
    return offset
  }

  private func open<Result>(_ body: (FileDescriptor) throws -> Result) throws -> Result {
    let descriptor = try FileDescriptor.open(file, .readWrite)
    return try descriptor.closeAfter { try body(descriptor) }
  }

  private func flip(_ descriptor: FileDescriptor, at offset: Int64) throws {
    guard let byte = try read(descriptor, at: offset, upTo: 1).first else {
      throw ToolFailure(description: "no RAM at offset \(offset)")
    }
    try descriptor.writeAll(toAbsoluteOffset: offset, [byte ^ 1])
  }

  private func read(_ descriptor: FileDescriptor, at offset: Int64, upTo count: Int) throws -> Data {
    var bytes = Data(count: count)
    let length = try bytes.withUnsafeMutableBytes {
      try descriptor.read(fromAbsoluteOffset: offset, into: $0)
    }
    return bytes.prefix(length)
  }

  /// Where a marker begins. Reads what is there of the file, not its holes, in large pieces that overlap.
  private func offsets(of marker: Data, _ descriptor: FileDescriptor) throws -> [Int64] {
    let piece = 16 << 20
    var found: [Int64] = []
    var offset: Int64 = 0
    while let next = try? descriptor.seek(offset: offset, from: .nextData) {
      offset = next
      let bytes = try read(descriptor, at: offset, upTo: piece + marker.count - 1)
      var rest = bytes.startIndex
      while let range = bytes.range(of: marker, in: rest..<bytes.endIndex) {
        found.append(offset + Int64(range.lowerBound - bytes.startIndex))
        rest = range.upperBound
      }
      // Behind an occurrence that the overlap has, and the next piece would have again.
      offset += Int64(max(min(piece, bytes.count), rest - bytes.startIndex))
    }
    return found
  }
}

extension FileDescriptor.SeekOrigin {
  /// Linux' SEEK_DATA: to the next byte that is in no hole.
  fileprivate static var nextData: Self { Self(rawValue: 3) }
}
