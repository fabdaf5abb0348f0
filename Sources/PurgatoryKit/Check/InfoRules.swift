// InfoRules.swift — what a filled-in struct purgatory_info must satisfy, and what it lacks to be ready
// SPDX-License-Identifier: MIT

internal import CheckedArithmetic
import DeviceTree

extension PurgatoryInfo {
  /// Everything that the purgatory would refuse, or that would break the next kernel.
  ///
  /// - Parameter blobBase: where the blob will be, if that is known; a relative one is at 0 of its own addresses.
  public func findings(blobBase: UInt64? = nil) -> [Finding] {
    var findings: [Finding] = []
    func report(_ rule: Rule, _ place: String, found: String, expected: String) {
      // The rule's own remedy is about the struct; here it is there, and holds a wrong value.
      let help = rule == .infoSymbol ? "fill in a valid value with purgatory patch, or in the loader" : nil
      findings.append(Finding(rule, place, found: found, expected: expected, help: help))
    }
    let relative = flags.contains(.relative)
    if !kernelEntry.isMultiple(of: 4) {
      report(.infoSymbol, "kernel_entry", found: String(hex: kernelEntry), expected: "a multiple of 4")
    }
    if !resultAddress.isMultiple(of: Self.resultAlignment) {
      findings.append(
        Finding(
          .infoSymbol, "result_addr", found: String(hex: resultAddress),
          expected: "a multiple of \(Self.resultAlignment)",
          help: "let the loader leave it 0, or fill in an aligned address"))
    }
    if let fault = console?.fault {
      report(.infoSymbol, "console", found: fault.found, expected: fault.expected)
    }
    for (index, region) in usedRegions {
      if !region.base.isMultiple(of: Self.regionAlignment) {
        report(
          .infoSymbol, "region \(index)", found: "base \(String(hex: region.base))",
          expected: "a multiple of \(Self.regionAlignment)")
      }
      // Relative bases are offsets modulo 2^64: only the loader can tell whether their end wraps.
      if !relative, region.base.addingReportingOverflow(region.size).overflow {
        report(
          .infoSymbol, "region \(index)",
          found: "\(String(hex: region.base)) + \(String(hex: region.size)) bytes",
          expected: "an end below 2^64")
      }
    }

    var placed = usedRegions.map { (name: "region \($0.index)", region: $0.region) }
    if let base = relative ? 0 : blobBase {
      placed.append((name: "the purgatory", region: Region(base: base, size: memorySize)))
    }
    for (index, first) in placed.enumerated() {
      for second in placed[(index + 1)...] where first.region.overlaps(second.region) {
        report(
          .overlap, first.name,
          found: "\(first.region.addresses) overlaps \(second.name) at \(second.region.addresses)",
          expected: "memory of its own")
      }
    }

    // What is said is said before all is hashed. Relative regions are where the purgatory is.
    if let register = console?.dataRegister, !relative || blobBase != nil {
      for (name, region) in placed {
        let place = Region(base: region.base &+ (relative ? blobBase ?? 0 : 0), size: region.size)
        guard place.overlaps(register) else { continue }
        report(
          .overlap, "console", found: "\(register.addresses) is in \(name) at \(place.addresses)",
          expected: "a UART's register")
      }
    }

    // What is written after all was verified: of that only a device tree has room for it, and not in its header.
    if resultAddress != 0 {
      let result = Region(base: resultAddress, size: UInt64(Self.resultSize))
      if !relative, resultAddress.plus(result.size) == nil {
        report(.infoSymbol, "result_addr", found: String(hex: resultAddress), expected: "an end below 2^64")
      }
      if kernelEntry != 0, result.contains(kernelEntry),
        !usedRegions.contains(where: { $0.region.contains(kernelEntry) })
      {
        report(
          .overlap, "result_addr", found: "\(result.addresses), with kernel_entry in it",
          expected: "memory without code")
      }
      let header = UInt64(DeviceTree.headerSize)
      for (name, region) in placed where result.overlaps(region) {
        let offset = resultAddress &- region.base
        if dtbAddress != 0, name != "the purgatory", region.base == dtbAddress, !region.contains(kernelEntry),
          offset >= header, offset.plus(UInt64(Self.resultSize)).map({ $0 <= region.size }) == true
        {
          continue
        }
        report(
          .overlap, "result_addr",
          found: "\(result.addresses) overlaps \(name) at \(region.addresses)",
          expected: "a device tree's /chosen/\(Board.resultProperty), or memory that is not verified")
      }
    }

    if kernelEntry != 0, !usedRegions.isEmpty,
      !usedRegions.contains(where: { $0.region.contains(kernelEntry) })
    {
      report(
        .entryOutsideRegions, "kernel_entry", found: String(hex: kernelEntry),
        expected: "an address in a region")
    }
    if !dtbAddress.isMultiple(of: 8) {
      report(.dtb, "dtb_addr", found: String(hex: dtbAddress), expected: "a multiple of 8")
    }
    for (index, region) in usedRegions
    where dtbAddress != 0 && region.base == dtbAddress && region.size > UInt64(DeviceTree.maximumSize) {
      report(
        .dtb, "region \(index)", found: "a device tree of \(region.size) bytes", expected: "at most 2 MiB")
    }
    return findings
  }

  /// What is missing before the purgatory can boot something; empty: it is ready.
  public var missing: [String] {
    var missing: [String] = []
    if kernelEntry == 0 { missing.append("kernel_entry") }
    if !skipChecks {
      if usedRegions.isEmpty { missing.append("regions to verify") }
      if flags.isDisjoint(with: [.verifyRegions, .verifyCombined]) {
        missing.append("digests to verify with")
      }
    }
    return missing
  }
}

extension PurgatoryInfo.Region {
  /// Whether `address` lies in the region, modulo 2^64.
  func contains(_ address: UInt64) -> Bool { address &- base < size }

  /// Whether the two share a byte, modulo 2^64.
  func overlaps(_ other: Self) -> Bool {
    size != 0 && other.size != 0 && (contains(other.base) || other.contains(base))
  }

  /// `0xfirst-0xend`, the end not included.
  var addresses: String { "\(String(hex: base))-\(String(hex: base &+ size))" }
}
