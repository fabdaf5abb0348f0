// Planted.swift — faults that are there on purpose: `make fuzz` has to find each, or it finds nothing
// SPDX-License-Identifier: MIT

/// What is written here has to be read first.
private nonisolated(unsafe) var sink: UInt8 = 0

extension Target {
  /// Not of the parsers: each has one fault, for inputs that begin with a word that the fuzzer has to come upon.
  static let planted = [
    planted("read") { bytes in
      let copy = UnsafeMutablePointer<UInt8>.allocate(capacity: bytes.count)
      copy.initialize(from: bytes, count: bytes.count)
      sink = copy[bytes.count]
      copy.deallocate()
    },
    planted("trap") { bytes in sink = bytes[0] + 255 },
    planted("leak") { bytes in UnsafeMutablePointer<Int>.allocate(capacity: 1000).initialize(to: bytes.count)
    },
    planted("heap") { bytes in
      var copies: [[UInt8]] = []
      for _ in 0..<65 { copies.append([UInt8](repeating: bytes[0], count: 1 << 20)) }
      require(copies.count == 65, "never said")
    },
    planted("hang") { bytes in
      while bytes.count < 1 << 20 { sink = sink &+ bytes[0] }
    },
  ]

  private static func planted(_ name: String, _ fault: @escaping @Sendable ([UInt8]) -> Void) -> Target {
    Target(name: "planted-\(name)", maximumLength: 16) { bytes in
      // One comparison after the other: the fuzzer sees how far it gets.
      if bytes.count > 3, bytes[0] == 0x42, bytes[1] == 0x55, bytes[2] == 0x47 { fault(bytes) }
    }
  }
}
