// UBootEnvironment.swift — the flash in which U-Boot finds what to do
// SPDX-License-Identifier: MIT

/// Variables with a checksum before them (U-Boot include/env_internal.h), as qemu_arm64 has them in its second flash.
struct UBootEnvironment {
  let commands: [String]

  var bytes: [UInt8] {
    // The addresses are those of U-Boot's own environment, which this one replaces.
    let variables = [
      "bootdelay=0", "kernel_addr_r=0x40400000", "ramdisk_addr_r=0x48000000",
      "bootcmd=\(commands.joined(separator: "; "))",
    ]
    var data: [UInt8] = variables.flatMap { Array($0.utf8) + [UInt8(0)] }
    data += [UInt8](repeating: 0, count: (256 << 10) - 4 - data.count)
    let checksum = Self.crc32(data)
    let environment = (0..<4).map { UInt8(truncatingIfNeeded: checksum >> ($0 * 8)) } + data
    return environment + [UInt8](repeating: 0xff, count: (64 << 20) - environment.count)
  }

  private static func crc32(_ bytes: [UInt8]) -> UInt32 {
    ~bytes.reduce(~0) { crc, byte in
      (0..<8).reduce(crc ^ UInt32(byte)) { crc, _ in crc >> 1 ^ (crc & 1 == 1 ? 0xedb8_8320 : 0) }
    }
  }
}
