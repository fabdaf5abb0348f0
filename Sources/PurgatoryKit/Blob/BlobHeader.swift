// BlobHeader.swift — the arm64 Image header that a purgatory begins with
// SPDX-License-Identifier: MIT

internal import CheckedArithmetic
import PurgatoryABI

extension PurgatoryInfo {
  /// What is wrong with the header in front of the struct: its branch, and what a loader believes of it (booting.rst,
  /// "Call the kernel image").
  ///
  /// - Parameters:
  ///   - flat: the bytes that are loaded.
  ///   - bundleSize: the memory that a bundle takes at least; nil: it is the purgatory alone.
  ///   - memory: the memory that it takes, as something else than the struct says; nil: only the struct does.
  func headerFindings(
    _ flat: ArraySlice<UInt8>, bundleSize: UInt64? = nil, memory: UInt64? = nil
  ) -> [Finding] {
    let header = Array(flat.prefix(Self.blobOffset))
    var findings: [Finding] = []
    func report(_ field: String, found: UInt64, expected: String) {
      findings.append(
        Finding(
          .malformedELF, "header.\(field)", found: String(hex: found), expected: expected,
          help: "the header is damaged: build or copy the file again"))
    }
    func field(_ offset: Int) -> UInt64 { header.integer(at: offset) ?? 0 }

    let branch: UInt32 = header.integer(at: 0) ?? 0
    // B (Arm ARM, C6.2): 000101, then a signed distance in words.
    let distance = Int32(bitPattern: branch << 6) >> 4
    let code = Self.blobOffset + Self.size
    let end = Seal.offset(in: flat) ?? flat.count
    if branch >> 26 != 0b000101 || !(code..<end).contains(Int(distance)) {
      report("code0", found: UInt64(branch), expected: "a branch to the code behind the struct")
    }
    if field(0x08) != 0 { report("text_offset", found: field(0x08), expected: "0x0") }
    let imageSize = field(KernelImage.imageSizeOffset)
    if let bundleSize {
      if imageSize < bundleSize {
        report("image_size", found: imageSize, expected: "at least \(String(hex: bundleSize))")
      }
    } else if imageSize != memorySize, imageSize != memory {
      // Where these differ, memory_size is what is wrong, and reported.
      report("image_size", found: imageSize, expected: "\(String(hex: memorySize)), as memory_size has it")
    }
    // Bit 0: big-endian; bits 1 and 2: page size; bit 3: anywhere in memory.
    let flags = field(KernelImage.flagsOffset)
    if flags & ~0b0110 != KernelImage.anywhereFlag {
      report("flags", found: flags, expected: "0x8 and a page size")
    }
    for offset in [0x20, 0x28, 0x30] where field(offset) != 0 {
      report("res\((offset - 0x10) / 8)", found: field(offset), expected: "0x0")
    }
    let magic: UInt32 = header.integer(at: 0x38) ?? 0
    if magic != 0x644d_5241 { report("magic", found: UInt64(magic), expected: "\"ARM\\x64\"") }
    let peOffset: UInt32 = header.integer(at: 0x3c) ?? 0
    if peOffset != 0 { report("res5", found: UInt64(peOffset), expected: "0x0") }
    // A damaged header is said by itself.
    if findings.isEmpty, let fault = Seal.fault(in: flat) { findings.append(fault) }
    return findings
  }
}
