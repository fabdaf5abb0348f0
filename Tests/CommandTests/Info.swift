// Info.swift — struct purgatory_info as a loader of another language sees it: the numbers of docs/abi.md, not code
// SPDX-License-Identifier: MIT

/// Offsets into the struct (docs/abi.md).
enum Field {
  static let magic = 0x000
  static let version = 0x008
  static let size = 0x00c
  static let kernelEntry = 0x010
  static let dtbAddress = 0x018
  static let flags = 0x020
  static let consoleBase = 0x028
  static let consoleAccess = 0x030
  static let skipChecks = 0x034
  static let memorySize = 0x038
  static let regions = 0x040
  static let digests = 0x140
  static let digest = 0x340
  static let status = 0x360
  static let resultAddress = 0x378
  static let consoleData = 0x380
}

/// The bytes of a struct.
struct Info {
  static let offset = 0x40
  static let size = 0x390

  let bytes: [UInt8]

  /// Of a flat blob.
  init(flat: [UInt8]) {
    bytes = Array(flat[Self.offset..<Self.offset + Self.size])
  }

  func quad(_ field: Int) -> UInt64 { integer(bytes, field) }
  func long(_ field: Int) -> UInt32 { integer(bytes, field) }

  func region(_ index: Int) -> (base: UInt64, size: UInt64) {
    (quad(Field.regions + 16 * index), quad(Field.regions + 16 * index + 8))
  }

  /// Access, data, status, mask and ready of the UART.
  var console: [UInt32] {
    [long(Field.consoleAccess)] + (0..<4).map { long(Field.consoleData + 4 * $0) }
  }

  /// The digest of a region, in hexadecimal digits.
  func digest(_ index: Int) -> String { hex(Field.digests + 32 * index) }

  var combinedDigest: String { hex(Field.digest) }

  private func hex(_ offset: Int) -> String {
    bytes[offset..<offset + 32].map { String(UInt16($0) | 0x100, radix: 16).dropFirst() }.joined()
  }
}

/// The loadable bytes of a 64-bit little-endian ELF file with one PT_LOAD: what `objcopy -O binary` extracts.
func loadRange(ofELF elf: [UInt8]) -> Range<Int> {
  let headers = Int(clamping: integer(elf, 0x20) as UInt64)
  for index in 0..<Int(integer(elf, 0x38, as: UInt16.self)) {
    let header = headers + 56 * index
    guard integer(elf, header, as: UInt32.self) == 1 else { continue }
    let start = Int(clamping: integer(elf, header + 8) as UInt64)
    return start..<start + Int(clamping: integer(elf, header + 0x20) as UInt64)
  }
  return 0..<0
}
