// FNV.swift — FNV-1a, by which the payload tells whether memory is as it was (Payload/windows.S)
// SPDX-License-Identifier: MIT

/// The 64-bit FNV-1a hash (Fowler, Noll, Vo).
func fnv1a(_ bytes: [UInt8]) -> UInt64 {
  bytes.withUnsafeBufferPointer { buffer in
    var hash: UInt64 = 0xcbf2_9ce4_8422_2325
    var index = 0
    while index < buffer.count {
      hash = (hash ^ UInt64(buffer[index])) &* 0x100_0000_01b3
      index += 1
    }
    return hash
  }
}
